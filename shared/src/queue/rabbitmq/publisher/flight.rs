//! Messages on their way, until the broker has answered them.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use lapin::{BasicProperties, Channel, Confirmation, options::BasicPublishOptions, types::ShortString};
use tokio::time::timeout;

use super::line::Group;
use crate::{
    delivery::group,
    queue::{
        metrics::{PublisherMetrics, Unconfirmed},
        rabbitmq::{explain, message},
    },
};

/// What became of a message.
#[derive(Debug)]
pub(super) enum Fate {
    /// The broker has it, for good.
    Durable,
    /// The broker said no to it.
    Refused,
    /// No answer in time.
    Overdue,
    /// The message, or another of this channel, could not be put into the queue.
    Returned,
    /// It could not be sent, or was rejected with its channel.
    Failed(String),
}

/// Publishes on one channel and follows each message. Nobody else may publish on that channel: lapin numbers a message
/// before it queues its frames, so two tasks at once could exchange the confirms of their messages.
pub(super) struct Flight {
    channel: Channel,
    queue: ShortString,
    deadline: Duration,
    metrics: PublisherMetrics,
    messages: InFlight,
}

impl Flight {
    pub(super) fn new(
        channel: Channel,
        queue: ShortString,
        deadline: Duration,
        metrics: PublisherMetrics,
    ) -> Self {
        Self { channel, queue, deadline, metrics, messages: InFlight(Vec::new()) }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.0.len()
    }

    /// Publishes a group as one message; it leaves with the next call of [`Flight::settled`].
    pub(super) fn publish(&mut self, group: Group) {
        let (properties, body) = message(&group);
        let publishing = publish(self.channel.clone(), self.queue.clone(), properties, body);
        let deadline = self.deadline;
        let fate = Box::pin(async move { timeout(deadline, publishing).await.unwrap_or(Fate::Overdue) });
        let unconfirmed = self.metrics.sent(group.len());
        self.messages.0.push(Message { group, unconfirmed, fate });
    }

    /// Waits until the broker has answered at least one message, and takes all that it has answered.
    pub(super) async fn settled(&mut self) -> Vec<(Group, Fate)> {
        let settled = poll_fn(|context| self.messages.poll_settled(context)).await;
        let settle = |Settled { group, unconfirmed, fate }| {
            if matches!(fate, Fate::Durable) {
                self.metrics.confirmed(&unconfirmed);
            }
            (group, fate)
        };
        settled.into_iter().map(settle).collect()
    }
}

struct InFlight(Vec<Message>);

struct Message {
    group: Group,
    unconfirmed: Unconfirmed,
    fate: Pin<Box<dyn Future<Output = Fate> + Send>>,
}

struct Settled {
    group: Group,
    unconfirmed: Unconfirmed,
    fate: Fate,
}

impl InFlight {
    /// When the broker acknowledges several messages at once, lapin settles them in any order, and pins a message that came
    /// back to the first of them, whichever it was. One that is settled wrongly, as durable, is therefore settled after
    /// the one that has its return: whoever looks again until nothing new is found, finds that one too.
    fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<Vec<Settled>> {
        let mut settled = Vec::new();
        loop {
            let before = settled.len();
            let mut index = 0;
            while let Some(message) = self.0.get_mut(index) {
                let Poll::Ready(fate) = message.fate.as_mut().poll(context) else {
                    index += 1;
                    continue;
                };
                let Message { group, unconfirmed, .. } = self.0.swap_remove(index);
                settled.push(Settled { group, unconfirmed, fate });
            }
            if settled.len() == before {
                break;
            }
        }
        if settled.is_empty() { Poll::Pending } else { Poll::Ready(settled) }
    }
}

/// One delivery is a plain message, more share one.
fn message(group: &Group) -> (BasicProperties, Vec<u8>) {
    let mut deliveries = group.deliveries();
    match (deliveries.next(), deliveries.len()) {
        (Some(alone), 0) => (message::properties(alone), alone.body.to_vec()),
        _ => (message::group_properties(group.len()), group::encode(group.deliveries())),
    }
}

async fn publish(channel: Channel, queue: ShortString, properties: BasicProperties, body: Vec<u8>) -> Fate {
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let confirmed =
        async { channel.basic_publish("".into(), queue, options, &body, properties).await?.await };
    match confirmed.await {
        Ok(Confirmation::Ack(None)) => Fate::Durable,
        Ok(Confirmation::Nack(None)) => Fate::Refused,
        Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_))) => Fate::Returned,
        Ok(Confirmation::NotRequested) => Fate::Failed("the channel is not in confirm mode".into()),
        Err(error) => Fate::Failed(explain(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::FutureExt;
    use prometheus::Registry;

    use super::*;

    #[test]
    fn a_confirm_is_not_believed_before_one_that_was_settled_earlier_is_seen() {
        let metrics = PublisherMetrics::register(&Registry::new()).unwrap();
        let mut looked_at = false;
        // Settled between the first look at it and the look at the second.
        let first = poll_fn(move |_| match std::mem::replace(&mut looked_at, true) {
            false => Poll::Pending,
            true => Poll::Ready(Fate::Returned),
        });
        let fates: [Pin<Box<dyn Future<Output = Fate> + Send>>; 3] =
            [first.boxed(), async { Fate::Durable }.boxed(), std::future::pending().boxed()];
        let message = |fate| Message { group: Group::default(), unconfirmed: metrics.sent(1), fate };
        let mut in_flight = InFlight(fates.map(message).into());
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(settled) = in_flight.poll_settled(&mut context) else { panic!("two are settled") };
        assert!(matches!(
            settled[..],
            [Settled { fate: Fate::Durable, .. }, Settled { fate: Fate::Returned, .. },]
        ));
        assert_eq!(in_flight.0.len(), 1);
        assert!(in_flight.poll_settled(&mut context).is_pending());
    }
}
