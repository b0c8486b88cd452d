//! Who is paid, and for what.

use super::super::{
    objects::billing::{Payee, PaymentSource, Plan, Tier, UnitPrice},
    stage::Stage,
};

const SEAT_PRICES: &[UnitPrice] = &[UnitPrice {
    block_size: 1,
    name: "seats",
    tiers: &[
        Tier { amount_per_block: 0, currency: "USD", ends_after_block: Some(5), starts_at_block: 1 },
        Tier { amount_per_block: 900, currency: "USD", ends_after_block: None, starts_at_block: 6 },
    ],
}];

/// The application as a seller.
#[derive(Debug)]
pub struct Merchant {
    pub(super) plans: [Plan; 3],
    pub(super) payee: Payee,
}

impl Merchant {
    pub fn new(stage: &mut Stage) -> Self {
        let mut plan = |slug, name, amount, unit_prices| Plan {
            amount,
            currency: "USD",
            id: stage.id("cplan_"),
            is_recurring: true,
            name,
            slug,
            unit_prices,
        };
        Self {
            plans: [
                plan("shore", "Shore", 1_200, None),
                plan("reef", "Reef", 4_900, None),
                plan("open-sea", "Open Sea", 19_900, Some(SEAT_PRICES)),
            ],
            payee: Payee {
                gateway_external_id: stage.id("acct_"),
                gateway_status: "active",
                gateway_type: "stripe",
                id: stage.id("cpayee_"),
            },
        }
    }

    pub fn any_plan(&self, stage: &mut Stage) -> Plan {
        stage.dice.pick(&self.plans)
    }
}

/// A card someone pays with.
pub fn payment_source(stage: &mut Stage) -> PaymentSource {
    PaymentSource {
        card_type: Some(stage.dice.pick(&["visa", "mastercard", "amex"])),
        gateway: "stripe",
        gateway_external_account_id: None,
        gateway_external_id: stage.id("pm_"),
        id: stage.id("cps_"),
        last4: Some(format!("{:04}", stage.dice.below(10_000))),
        payment_method: "card",
        status: "active",
    }
}
