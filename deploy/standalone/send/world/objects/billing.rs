//! Subscriptions, their items, and attempts to be paid for them.

use serde::{Serialize, Serializer};

use super::super::ids::Id;

#[derive(Debug)]
pub struct Subscription {
    pub id: Id,
    pub status: &'static str,
    pub active_at: Option<i64>,
    pub canceled_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub past_due_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
    pub latest_payment_id: Option<Id>,
    pub payment_source: PaymentSource,
    pub payer: Payer,
    pub items: Vec<Item>,
}

/// A subscription as events show it.
#[derive(Serialize)]
pub struct SubscriptionWithItems<'a> {
    pub active_at: Option<i64>,
    pub canceled_at: Option<i64>,
    pub created_at: i64,
    pub ended_at: Option<i64>,
    pub id: Id,
    pub items: Vec<ItemData<'a>>,
    pub latest_payment_id: Option<Id>,
    pub object: &'static str,
    pub past_due_at: Option<i64>,
    pub payer: &'a Payer,
    pub payer_id: Id,
    pub payment_source_id: Option<Id>,
    pub status: &'static str,
    pub updated_at: i64,
}

impl<'a> From<&'a Subscription> for SubscriptionWithItems<'a> {
    fn from(subscription: &'a Subscription) -> Self {
        Self {
            active_at: subscription.active_at,
            canceled_at: subscription.canceled_at,
            created_at: subscription.created_at,
            ended_at: subscription.ended_at,
            id: subscription.id,
            items: subscription.items.iter().map(ItemData::within_subscription).collect(),
            latest_payment_id: subscription.latest_payment_id,
            object: "commerce_subscription",
            past_due_at: subscription.past_due_at,
            payer: &subscription.payer,
            payer_id: subscription.payer.id,
            payment_source_id: Some(subscription.payment_source.id),
            status: subscription.status,
            updated_at: subscription.updated_at,
        }
    }
}

/// One plan for one period of time.
#[derive(Debug, Serialize)]
pub struct Item {
    pub created_at: i64,
    pub id: Id,
    pub interval: &'static str,
    pub is_free_trial: bool,
    pub object: &'static str,
    pub period_end: Option<i64>,
    pub period_start: i64,
    pub plan: Plan,
    pub plan_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<Seats>,
    pub status: &'static str,
    pub updated_at: i64,
}

/// An item as events show it: alone it names its subscription and payer, within a subscription neither.
#[derive(Serialize)]
pub struct ItemData<'a> {
    #[serde(flatten)]
    item: &'a Item,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<&'a Payer>,
    subscription_id: Option<Id>,
}

impl<'a> ItemData<'a> {
    pub fn alone(item: &'a Item, subscription: &'a Subscription) -> Self {
        Self { item, payer: Some(&subscription.payer), subscription_id: Some(subscription.id) }
    }

    pub fn within_payment(item: &'a Item, subscription: &Subscription) -> Self {
        Self { item, payer: None, subscription_id: Some(subscription.id) }
    }

    pub fn within_subscription(item: &'a Item) -> Self {
        Self { item, payer: None, subscription_id: None }
    }
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Plan {
    pub amount: i64,
    pub currency: &'static str,
    pub id: Id,
    pub is_recurring: bool,
    pub name: &'static str,
    pub slug: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_prices: Option<&'static [UnitPrice]>,
}

#[derive(Debug, Serialize)]
pub struct UnitPrice {
    pub block_size: i64,
    pub name: &'static str,
    pub tiers: &'static [Tier],
}

#[derive(Debug, Serialize)]
pub struct Tier {
    pub amount_per_block: i64,
    pub currency: &'static str,
    pub ends_after_block: Option<i64>,
    pub starts_at_block: i64,
}

#[derive(Debug, Serialize)]
pub struct Seats {
    pub quantity: Option<u32>,
}

/// Who pays: a user or an organization. The id of the other is sent as the empty text.
#[derive(Debug, Serialize)]
pub struct Payer {
    pub created_at: i64,
    pub email: String,
    pub first_name: &'static str,
    pub id: Id,
    pub image_url: String,
    pub last_name: &'static str,
    pub object: &'static str,
    #[serde(serialize_with = "id_or_empty")]
    pub organization_id: Option<Id>,
    pub organization_name: String,
    pub updated_at: i64,
    #[serde(serialize_with = "id_or_empty")]
    pub user_id: Option<Id>,
}

fn id_or_empty<S: Serializer>(id: &Option<Id>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(id.as_ref().map_or("", Id::as_str))
}

#[derive(Debug, Serialize)]
pub struct PaymentSource {
    pub card_type: Option<&'static str>,
    pub gateway: &'static str,
    pub gateway_external_account_id: Option<String>,
    pub gateway_external_id: Id,
    pub id: Id,
    pub last4: Option<String>,
    pub payment_method: &'static str,
    pub status: &'static str,
}

#[derive(Serialize)]
pub struct PaymentAttempt<'a> {
    pub billing_date: i64,
    pub charge_type: &'static str,
    pub created_at: i64,
    pub failed_at: Option<i64>,
    pub failed_reason: Option<FailedReason>,
    pub gateway_external_id: Id,
    pub id: Id,
    pub instance_id: String,
    pub invoice_id: Id,
    pub object: &'static str,
    pub paid_at: Option<i64>,
    pub payee: Payee,
    pub payer: &'a Payer,
    pub payment_id: Id,
    pub payment_source: &'a PaymentSource,
    pub statement_id: Id,
    pub status: &'static str,
    pub subscription_items: Vec<ItemData<'a>>,
    pub totals: Totals,
    pub updated_at: i64,
}

#[derive(Serialize)]
pub struct FailedReason {
    pub code: &'static str,
    pub decline_code: &'static str,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Payee {
    pub gateway_external_id: Id,
    pub gateway_status: &'static str,
    pub gateway_type: &'static str,
    pub id: Id,
}

#[derive(Serialize)]
pub struct Totals {
    pub grand_total: Amount,
    pub subtotal: Amount,
    pub tax_total: Amount,
}

#[derive(Serialize)]
pub struct Amount {
    pub amount: i64,
    pub amount_formatted: String,
    pub currency: &'static str,
    pub currency_symbol: &'static str,
}

impl Amount {
    /// An amount in US cents.
    pub fn dollars(cents: i64) -> Self {
        Self {
            amount: cents,
            amount_formatted: format!("${}.{:02}", cents / 100, cents % 100),
            currency: "USD",
            currency_symbol: "$",
        }
    }
}
