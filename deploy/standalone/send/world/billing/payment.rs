//! One attempt to be paid.

use super::{
    super::{
        objects::billing::{Amount, FailedReason, ItemData, PaymentAttempt, Subscription, Totals},
        stage::Stage,
    },
    Merchant,
};

const TAX_PERCENT: i64 = 20;

impl Merchant {
    /// Charges a subscription: the attempt is told of when it begins and when it has succeeded or failed.
    pub(super) fn charge(
        &self,
        stage: &mut Stage,
        subscription: &mut Subscription,
        charge_type: &'static str,
        succeeds: bool,
    ) {
        stage.pause();
        let now = stage.now();
        let payment_id = stage.id("cpay_");
        let subtotal: i64 = subscription
            .items
            .iter()
            .filter(|item| item.status != "upcoming")
            .map(|item| item.plan.amount)
            .sum();
        let tax = subtotal * TAX_PERCENT / 100;
        let mut attempt = PaymentAttempt {
            billing_date: now,
            charge_type,
            created_at: now,
            failed_at: None,
            failed_reason: None,
            gateway_external_id: stage.id("pi_"),
            id: stage.id("cpa_"),
            instance_id: stage.instance_id().to_owned(),
            invoice_id: stage.id("inv_"),
            object: "commerce_payment_attempt",
            paid_at: None,
            payee: self.payee,
            payer: &subscription.payer,
            payment_id,
            payment_source: &subscription.payment_source,
            statement_id: stage.id("stmt_"),
            status: "pending",
            subscription_items: subscription
                .items
                .iter()
                .map(|item| ItemData::within_payment(item, subscription))
                .collect(),
            totals: Totals {
                grand_total: Amount::dollars(subtotal + tax),
                subtotal: Amount::dollars(subtotal),
                tax_total: Amount::dollars(tax),
            },
            updated_at: now,
        };
        stage.emit("paymentAttempt.created", &attempt);
        stage.wait_for_person();
        let now = stage.now();
        attempt.updated_at = now;
        if succeeds {
            attempt.status = "paid";
            attempt.paid_at = Some(now);
        } else {
            attempt.status = "failed";
            attempt.failed_at = Some(now);
            attempt.failed_reason =
                Some(FailedReason { code: "card_declined", decline_code: "insufficient_funds" });
        }
        stage.emit("paymentAttempt.updated", &attempt);
        subscription.latest_payment_id = Some(payment_id);
    }
}
