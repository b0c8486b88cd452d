//! What becomes of a subscription.

use super::{
    super::{World, objects::billing::Subscription},
    new_item, tell, tell_item,
};

impl World {
    /// A period ends, the next is paid for.
    pub(in super::super) fn renew(&mut self) -> Option<()> {
        let subscription = self.subscriptions.find_mut(&mut self.stage.dice, is_active)?;
        let index = subscription.position("active")?;
        self.merchant.charge(&mut self.stage, subscription, "recurring", true);
        let item = &mut subscription.items[index];
        let length = item.period_end.map_or(super::MONTH, |end| end - item.period_start);
        let start = item.period_end.unwrap_or(item.period_start);
        item.period_start = start;
        item.period_end = Some(start + length);
        item.is_free_trial = false;
        item.updated_at = self.stage.now();
        tell_item(&mut self.stage, subscription, index, "subscriptionItem.updated");
        tell(&mut self.stage, subscription, "active", "subscription.updated");
        Some(())
    }

    /// A payment fails, and the subscription is past due.
    pub(in super::super) fn fail_payment(&mut self) -> Option<()> {
        let subscription = self.subscriptions.find_mut(&mut self.stage.dice, is_active)?;
        let index = subscription.position("active")?;
        self.merchant.charge(&mut self.stage, subscription, "recurring", false);
        let now = self.stage.now();
        subscription.set_item_status(index, "past_due", now);
        tell_item(&mut self.stage, subscription, index, "subscriptionItem.pastDue");
        subscription.past_due_at = Some(now);
        tell(&mut self.stage, subscription, "past_due", "subscription.pastDue");
        Some(())
    }

    /// A payment that had failed succeeds after all.
    pub(in super::super) fn recover_payment(&mut self) -> Option<()> {
        let past_due = |subscription: &Subscription| subscription.status == "past_due";
        let subscription = self.subscriptions.find_mut(&mut self.stage.dice, past_due)?;
        let index = subscription.position("past_due")?;
        self.merchant.charge(&mut self.stage, subscription, "recurring", true);
        subscription.set_item_status(index, "active", self.stage.now());
        tell_item(&mut self.stage, subscription, index, "subscriptionItem.active");
        subscription.past_due_at = None;
        tell(&mut self.stage, subscription, "active", "subscription.active");
        Some(())
    }

    /// A trial is about to end.
    pub(in super::super) fn announce_end_of_trial(&mut self) -> Option<()> {
        let on_trial = |subscription: &Subscription| subscription.items.iter().any(|item| item.is_free_trial);
        let subscription = self.subscriptions.find_mut(&mut self.stage.dice, on_trial)?;
        let index = subscription.items.iter().position(|item| item.is_free_trial)?;
        subscription.items[index].updated_at = self.stage.now();
        tell_item(&mut self.stage, subscription, index, "subscriptionItem.freeTrialEnding");
        Some(())
    }

    /// A change of plan is arranged for the end of the period.
    pub(in super::super) fn schedule_change(&mut self) -> Option<()> {
        let plan = self.merchant.any_plan(&mut self.stage);
        let subscription = self.subscriptions.find_mut(&mut self.stage.dice, |subscription| {
            is_active(subscription)
                && subscription.items.len() == 1
                && subscription.items[0].plan_id != plan.id
        })?;
        let mut item = new_item(&mut self.stage, plan, "upcoming", false);
        if let Some(start) = subscription.items[0].period_end {
            item.period_end = item.period_end.map(|end| start + end - item.period_start);
            item.period_start = start;
        }
        subscription.items.push(item);
        tell_item(&mut self.stage, subscription, 1, "subscriptionItem.created");
        tell_item(&mut self.stage, subscription, 1, "subscriptionItem.upcoming");
        tell(&mut self.stage, subscription, "active", "subscription.updated");
        Some(())
    }

    /// The change is called off.
    pub(in super::super) fn abandon_change(&mut self) -> Option<()> {
        let subscription = self.subscriptions.find_mut(&mut self.stage.dice, has_upcoming)?;
        let index = subscription.position("upcoming")?;
        subscription.set_item_status(index, "abandoned", self.stage.now());
        tell_item(&mut self.stage, subscription, index, "subscriptionItem.abandoned");
        subscription.items.remove(index);
        let status = subscription.status;
        tell(&mut self.stage, subscription, status, "subscription.updated");
        Some(())
    }

    /// The change takes place.
    pub(in super::super) fn start_change(&mut self) -> Option<()> {
        let subscription = self
            .subscriptions
            .find_mut(&mut self.stage.dice, |found| is_active(found) && has_upcoming(found))?;
        let next = subscription.position("upcoming")?;
        let last = subscription.position("active")?;
        let now = self.stage.now();
        subscription.set_item_status(last, "ended", now);
        tell_item(&mut self.stage, subscription, last, "subscriptionItem.ended");
        subscription.set_item_status(next, "active", now);
        tell_item(&mut self.stage, subscription, next, "subscriptionItem.active");
        subscription.items.remove(last);
        tell(&mut self.stage, subscription, "active", "subscription.updated");
        Some(())
    }

    /// A subscription is cancelled: it runs on to the end of the period.
    pub(in super::super) fn cancel_subscription(&mut self) -> Option<()> {
        let single = |found: &Subscription| is_active(found) && found.items.len() == 1;
        let subscription = self.subscriptions.find_mut(&mut self.stage.dice, single)?;
        let index = subscription.position("active")?;
        let now = self.stage.now();
        subscription.canceled_at = Some(now);
        subscription.set_item_status(index, "canceled", now);
        tell_item(&mut self.stage, subscription, index, "subscriptionItem.canceled");
        tell(&mut self.stage, subscription, "canceled", "subscription.updated");
        Some(())
    }

    /// That end comes.
    pub(in super::super) fn end_subscription(&mut self) -> Option<()> {
        let canceled = |subscription: &Subscription| subscription.status == "canceled";
        let id = self.subscriptions.find(&mut self.stage.dice, canceled)?.id;
        self.close_subscription(id)
    }
}

fn is_active(subscription: &Subscription) -> bool {
    subscription.status == "active"
}

fn has_upcoming(subscription: &Subscription) -> bool {
    subscription.position("upcoming").is_some()
}
