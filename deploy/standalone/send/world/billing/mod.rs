//! Users and organizations subscribe, pay, fall behind, change their minds and cancel.

mod lifecycle;
mod merchant;
mod payment;

pub use merchant::Merchant;

use super::{
    World,
    ids::Id,
    objects::billing::{Item, ItemData, Payer, Plan, Seats, Subscription, SubscriptionWithItems},
    population::{Company, Person},
    stage::{DAY, Stage},
};

const MONTH: i64 = 30 * DAY;

impl World {
    /// Someone subscribes to a plan and pays.
    pub(super) fn subscribe(&mut self) -> Option<()> {
        let mut subscription = self.draw_up(false)?;
        self.merchant.charge(&mut self.stage, &mut subscription, "checkout", true);
        self.stage.pause();
        subscription.set_item_status(0, "active", self.stage.now());
        tell_item(&mut self.stage, &subscription, 0, "subscriptionItem.active");
        self.activate(subscription);
        Some(())
    }

    /// Someone subscribes to try it first.
    pub(super) fn start_trial(&mut self) -> Option<()> {
        let mut subscription = self.draw_up(true)?;
        self.stage.pause();
        subscription.set_item_status(0, "active", self.stage.now());
        tell_item(&mut self.stage, &subscription, 0, "subscriptionItem.active");
        self.activate(subscription);
        Some(())
    }

    /// Ends the subscription of someone who goes away.
    pub(super) fn close_subscription(&mut self, id: Id) -> Option<()> {
        let mut subscription = self.subscriptions.remove(id)?;
        self.stage.pause();
        let now = self.stage.now();
        subscription.canceled_at.get_or_insert(now);
        for index in 0..subscription.items.len() {
            subscription.set_item_status(index, "ended", now);
            tell_item(&mut self.stage, &subscription, index, "subscriptionItem.ended");
        }
        subscription.ended_at = Some(now);
        tell(&mut self.stage, &mut subscription, "ended", "subscription.updated");
        if let Some(person) = subscription.payer.user_id.and_then(|id| self.people.get_mut(id)) {
            person.subscription = None;
        }
        if let Some(company) = subscription.payer.organization_id.and_then(|id| self.companies.get_mut(id)) {
            company.subscription = None;
        }
        Some(())
    }

    /// A subscription to some plan, not paid for yet.
    fn draw_up(&mut self, is_free_trial: bool) -> Option<Subscription> {
        let id = self.stage.id("csub_");
        let payer = self.find_payer(id)?;
        let now = self.stage.now();
        let plan = self.merchant.any_plan(&mut self.stage);
        let mut subscription = Subscription {
            id,
            status: "incomplete",
            active_at: None,
            canceled_at: None,
            ended_at: None,
            past_due_at: None,
            created_at: now,
            updated_at: now,
            latest_payment_id: None,
            payment_source: merchant::payment_source(&mut self.stage),
            payer,
            items: Vec::new(),
        };
        subscription.items.push(new_item(&mut self.stage, plan, "incomplete", is_free_trial));
        tell(&mut self.stage, &mut subscription, "incomplete", "subscription.created");
        tell_item(&mut self.stage, &subscription, 0, "subscriptionItem.created");
        tell_item(&mut self.stage, &subscription, 0, "subscriptionItem.incomplete");
        Some(subscription)
    }

    fn activate(&mut self, mut subscription: Subscription) {
        subscription.active_at = Some(self.stage.now());
        tell(&mut self.stage, &mut subscription, "active", "subscription.active");
        self.subscriptions.insert(subscription);
    }

    /// A user or an organization without a subscription, which is `subscription` from now on.
    fn find_payer(&mut self, subscription: Id) -> Option<Payer> {
        let now = self.stage.now();
        let id = self.stage.id("cpayer_");
        if self.stage.dice.chance(30) {
            let vacant = |company: &Company| company.subscription.is_none();
            let company = self.companies.find_mut(&mut self.stage.dice, vacant)?;
            company.subscription = Some(subscription);
            let organization = &company.organization;
            return Some(Payer {
                created_at: now,
                email: format!("billing@{}.example", organization.slug),
                first_name: "",
                id,
                image_url: organization.image_url.clone(),
                last_name: "",
                object: "commerce_payer",
                organization_id: Some(organization.id),
                organization_name: organization.name.clone(),
                updated_at: now,
                user_id: None,
            });
        }
        let vacant = |person: &Person| person.subscription.is_none() && person.is_free();
        let person = self.people.find_mut(&mut self.stage.dice, vacant)?;
        person.subscription = Some(subscription);
        let user = &person.user;
        Some(Payer {
            created_at: now,
            email: user.email().to_owned(),
            first_name: user.first_name.unwrap_or_default(),
            id,
            image_url: user.image_url.clone(),
            last_name: user.last_name.unwrap_or_default(),
            object: "commerce_payer",
            organization_id: None,
            organization_name: String::new(),
            updated_at: now,
            user_id: Some(user.id),
        })
    }
}

impl Subscription {
    fn set_item_status(&mut self, index: usize, status: &'static str, now: i64) {
        let item = &mut self.items[index];
        item.status = status;
        item.updated_at = now;
    }

    fn position(&self, status: &str) -> Option<usize> {
        self.items.iter().position(|item| item.status == status)
    }
}

fn new_item(stage: &mut Stage, plan: Plan, status: &'static str, is_free_trial: bool) -> Item {
    let now = stage.now();
    let (interval, length) = stage.dice.pick(&[("month", MONTH), ("annual", 12 * MONTH)]);
    let seats = plan.unit_prices.is_some().then(|| Seats { quantity: Some(stage.dice.below(40) as u32 + 1) });
    Item {
        created_at: now,
        id: stage.id("csub_item_"),
        interval,
        is_free_trial,
        object: "commerce_subscription_item",
        period_end: Some(now + length),
        period_start: now,
        plan_id: plan.id,
        plan,
        seats,
        status,
        updated_at: now,
    }
}

/// Says that a subscription has a status as of now.
fn tell(stage: &mut Stage, subscription: &mut Subscription, status: &'static str, event_type: &'static str) {
    stage.pause();
    subscription.status = status;
    subscription.updated_at = stage.now();
    stage.emit(event_type, &SubscriptionWithItems::from(&*subscription));
}

fn tell_item(stage: &mut Stage, subscription: &Subscription, index: usize, event_type: &'static str) {
    stage.emit(event_type, &ItemData::alone(&subscription.items[index], subscription));
}
