//! Messages on their way, until the broker has answered them.

use std::{
    future::{pending, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures_util::task::AtomicWaker;
use lapin::{BasicProperties, Channel, Confirmation, options::BasicPublishOptions, types::ShortString};
use tokio::time::{Instant, sleep_until, timeout};

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
    in_flight: InFlight,
    /// When a message left, if none was on its way before, or when the broker last answered one.
    last_news: Instant,
}

impl Flight {
    pub(super) fn new(
        channel: Channel,
        queue: ShortString,
        deadline: Duration,
        metrics: PublisherMetrics,
    ) -> Self {
        let (in_flight, last_news) = (InFlight::default(), Instant::now());
        Self { channel, queue, deadline, metrics, in_flight, last_news }
    }

    /// Publishes on another channel from now on.
    pub(super) fn publish_on(&mut self, channel: Channel) {
        self.channel = channel;
    }

    pub(super) fn len(&self) -> usize {
        self.in_flight.messages.len()
    }

    /// Publishes a group as one message; it leaves with the next call of [`Flight::settled`].
    pub(super) fn publish(&mut self, group: Group) {
        let (properties, body) = message(&group);
        let publishing = publish(self.channel.clone(), self.queue.clone(), properties, body);
        let deadline = self.deadline;
        let fate = Box::pin(async move { timeout(deadline, publishing).await.unwrap_or(Fate::Overdue) });
        let unconfirmed = self.metrics.sent(group.len());
        if self.len() == 0 {
            self.last_news = Instant::now();
        }
        self.in_flight.push(group, unconfirmed, fate);
    }

    /// Waits until the broker has answered at least one message, and takes all that it has answered.
    pub(super) async fn settled(&mut self) -> Vec<(Group, Fate)> {
        let settled = poll_fn(|context| self.in_flight.poll_settled(context)).await;
        self.last_news = Instant::now();
        let settle = |Settled { group, unconfirmed, fate }| {
            if matches!(fate, Fate::Durable) {
                self.metrics.confirmed(&unconfirmed);
            }
            (group, fate)
        };
        settled.into_iter().map(settle).collect()
    }

    /// Waits until the broker, with messages on their way to it, has answered nothing for so long; for ever without a limit.
    pub(super) fn silent(&self, limit: Option<Duration>) -> impl Future<Output = ()> + use<> {
        let since = self.last_news;
        async move {
            match limit {
                Some(limit) => sleep_until(since + limit).await,
                None => pending().await,
            }
        }
    }
}

#[derive(Default)]
struct InFlight {
    messages: Vec<Message>,
    /// Whoever waits in [`Flight::settled`].
    task: Arc<AtomicWaker>,
}

struct Message {
    group: Group,
    unconfirmed: Unconfirmed,
    fate: Pin<Box<dyn Future<Output = Fate> + Send>>,
    news: Arc<News>,
}

/// Whether there is something new of a message: of the hundreds that may be in flight, only those are looked at.
struct News {
    is_there: AtomicBool,
    task: Arc<AtomicWaker>,
}

impl Wake for News {
    fn wake(self: Arc<Self>) {
        self.is_there.store(true, Ordering::SeqCst);
        self.task.wake();
    }
}

struct Settled {
    group: Group,
    unconfirmed: Unconfirmed,
    fate: Fate,
}

impl InFlight {
    fn push(
        &mut self,
        group: Group,
        unconfirmed: Unconfirmed,
        fate: Pin<Box<dyn Future<Output = Fate> + Send>>,
    ) {
        let news = Arc::new(News { is_there: true.into(), task: self.task.clone() });
        self.messages.push(Message { group, unconfirmed, fate, news });
    }

    /// When the broker acknowledges several messages at once, lapin settles them in any order, and pins a message that came
    /// back to the first of them, whichever it was. One that is settled wrongly, as durable, is therefore settled after
    /// the one that has its return: whoever looks again until nothing new is found, finds that one too.
    fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<Vec<Settled>> {
        self.task.register(context.waker());
        let mut settled = Vec::new();
        loop {
            let before = settled.len();
            let mut index = 0;
            while let Some(message) = self.messages.get_mut(index) {
                let Poll::Ready(fate) = message.poll() else {
                    index += 1;
                    continue;
                };
                let Message { group, unconfirmed, .. } = self.messages.swap_remove(index);
                settled.push(Settled { group, unconfirmed, fate });
            }
            if settled.len() == before {
                break;
            }
        }
        if settled.is_empty() { Poll::Pending } else { Poll::Ready(settled) }
    }
}

impl Message {
    fn poll(&mut self) -> Poll<Fate> {
        if !self.news.is_there.swap(false, Ordering::SeqCst) {
            return Poll::Pending;
        }
        let waker = Waker::from(self.news.clone());
        self.fate.as_mut().poll(&mut Context::from_waker(&waker))
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
    use futures_util::FutureExt;
    use prometheus::Registry;
    use tokio::sync::oneshot;

    use super::*;

    fn in_flight(fates: impl IntoIterator<Item = Pin<Box<dyn Future<Output = Fate> + Send>>>) -> InFlight {
        let metrics = PublisherMetrics::register(&Registry::new()).unwrap();
        let mut in_flight = InFlight::default();
        for fate in fates {
            in_flight.push(Group::default(), metrics.sent(1), fate);
        }
        in_flight
    }

    #[test]
    fn a_confirm_is_not_believed_before_one_that_was_settled_earlier_is_seen() {
        let (settle, settled) = oneshot::channel();
        let first = settled.map(|fate| fate.unwrap()).boxed();
        // Both are settled between the first look at the one and the look at the other.
        let mut settle = Some(settle);
        let second = poll_fn(move |_| {
            settle.take().unwrap().send(Fate::Returned).unwrap();
            Poll::Ready(Fate::Durable)
        });
        let mut in_flight = in_flight([first, second.boxed(), std::future::pending().boxed()]);
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(settled) = in_flight.poll_settled(&mut context) else { panic!("two are settled") };
        assert!(matches!(
            settled[..],
            [Settled { fate: Fate::Durable, .. }, Settled { fate: Fate::Returned, .. }]
        ));
        assert_eq!(in_flight.messages.len(), 1);
        assert!(in_flight.poll_settled(&mut context).is_pending());
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_by_any_message() {
        let (settle, settled): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel()).unzip();
        let fates = settled.into_iter().map(|settled| settled.map(|fate| fate.unwrap()).boxed());
        let mut in_flight = in_flight(fates);
        for settle in settle.into_iter().rev() {
            let waiting = poll_fn(|context| in_flight.poll_settled(context));
            let settling = async { settle.send(Fate::Durable).unwrap() };
            let (settled, ()) = futures_util::future::join(waiting, settling).await;
            assert_eq!(settled.len(), 1);
        }
    }
}
