//! Where deliveries wait for the next message, and are grouped.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot};

use crate::{
    delivery::{Delivery, group::framed_len},
    queue::{PublishError, metrics::PublisherMetrics},
};

/// Before they are compressed. At some dozens of events the broker's cost a message no longer shows; and it bounds what a
/// worker holds in memory, whose prefetch counts messages. A larger delivery has a message of its own.
const MESSAGE_BYTES: usize = 96 * 1024;
/// So many are worth a message of their own while others are in flight; fewer wait for a confirm, and share the next one.
const CROWD: usize = 32;

/// A delivery, and who waits for it to be durable.
pub(super) struct Waiting {
    pub(super) delivery: Delivery,
    pub(super) answer: oneshot::Sender<Result<(), PublishError>>,
}

/// Deliveries that share a message.
#[derive(Default)]
pub(super) struct Group(Vec<Waiting>);

impl Group {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn deliveries(&self) -> impl ExactSizeIterator<Item = &Delivery> + Clone {
        self.0.iter().map(|waiting| &waiting.delivery)
    }

    /// Tells everybody who waits.
    pub(super) fn answer(self, result: &Result<(), PublishError>) {
        for waiting in self.0 {
            // Whoever no longer waits will send again.
            let _ = waiting.answer.send(result.clone());
        }
    }
}

/// The end of the line where deliveries enter.
pub(super) struct Entrance {
    line: mpsc::Sender<Waiting>,
    crowd: Arc<Crowd>,
    metrics: PublisherMetrics,
}

/// Tells when so many wait. Nobody is woken for less.
struct Crowd {
    size: usize,
    there: Notify,
}

impl Entrance {
    /// Takes a place in the line; what is returned resolves once the delivery is durable or refused.
    pub(super) fn enter(
        &self,
        delivery: Delivery,
    ) -> Result<oneshot::Receiver<Result<(), PublishError>>, PublishError> {
        let (answer, answered) = oneshot::channel();
        // Counted first, so that the gauge is never below zero.
        self.metrics.waiting(1);
        self.line.try_send(Waiting { delivery, answer }).map_err(|error| {
            self.metrics.waiting(-1);
            match error {
                mpsc::error::TrySendError::Full(_) => PublishError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => PublishError::Unavailable,
            }
        })?;
        if self.line.max_capacity() - self.line.capacity() >= self.crowd.size {
            self.crowd.there.notify_one();
        }
        Ok(answered)
    }
}

/// A line with room for so many deliveries, which share messages by at most `message_events`.
pub(super) fn line(room: usize, message_events: usize, metrics: PublisherMetrics) -> (Entrance, Line) {
    let (sender, receiver) = mpsc::channel(room);
    let crowd = Arc::new(Crowd { size: CROWD.min(message_events), there: Notify::new() });
    let entrance = Entrance { line: sender, crowd: crowd.clone(), metrics: metrics.clone() };
    (entrance, Line { receiver, next: None, message_events, crowd, metrics })
}

/// The end of the line where groups leave. When it is dropped, everybody who still waits is told.
pub(super) struct Line {
    receiver: mpsc::Receiver<Waiting>,
    /// Did not fit into the last group.
    next: Option<Waiting>,
    message_events: usize,
    crowd: Arc<Crowd>,
    metrics: PublisherMetrics,
}

impl Line {
    /// Waits until so many wait that they are worth a message although others are in flight, and takes those that fit.
    /// Dropping the future loses nothing.
    pub(super) async fn crowd(&mut self) -> Group {
        while self.next.is_none() && self.receiver.len() < self.crowd.size {
            self.crowd.there.notified().await;
        }
        self.group().await
    }

    /// Waits for a delivery and takes those with it that are there and fit. Dropping the future loses nothing.
    pub(super) async fn group(&mut self) -> Group {
        loop {
            let first = match self.next.take() {
                Some(waiting) => waiting,
                None => match self.receiver.recv().await {
                    Some(waiting) => self.left(waiting),
                    // The entrance is kept for as long as the session.
                    None => std::future::pending().await,
                },
            };
            let group = self.fill(first);
            if group.len() > 0 {
                return group;
            }
        }
    }

    /// Takes everybody who waits now.
    pub(super) fn all(&mut self) -> Group {
        let mut all: Vec<Waiting> = self.next.take().into_iter().collect();
        while let Ok(waiting) = self.receiver.try_recv() {
            all.push(self.left(waiting));
        }
        Group(all)
    }

    fn fill(&mut self, first: Waiting) -> Group {
        let mut group = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(waiting) = next {
            bytes += framed_len(&waiting.delivery);
            if !group.is_empty() && bytes > MESSAGE_BYTES {
                self.next = Some(waiting);
                break;
            }
            // Who has gone away meanwhile was not told anything, and sends again.
            if waiting.answer.is_closed() {
                bytes -= framed_len(&waiting.delivery);
            } else {
                group.push(waiting);
            }
            if group.len() == self.message_events {
                break;
            }
            next = self.receiver.try_recv().ok().map(|waiting| self.left(waiting));
        }
        Group(group)
    }

    fn left(&self, waiting: Waiting) -> Waiting {
        self.metrics.waiting(-1);
        waiting
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.receiver.close();
        self.all();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::FutureExt;
    use prometheus::Registry;

    use super::*;

    type Answer = oneshot::Receiver<Result<(), PublishError>>;

    fn a_line(room: usize, message_events: usize) -> (Entrance, Line) {
        line(room, message_events, PublisherMetrics::register(&Registry::new()).unwrap())
    }

    fn enter(entrance: &Entrance, svix_id: &str, bytes: usize) -> Result<Answer, PublishError> {
        entrance.enter(Delivery {
            svix_id: svix_id.into(),
            svix_timestamp: 0,
            svix_signature: String::new(),
            received_at: 0,
            traceparent: None,
            body: Bytes::from(vec![b' '; bytes]),
        })
    }

    fn group(line: &mut Line) -> Vec<String> {
        let group = line.group().now_or_never().unwrap_or_default();
        group.deliveries().map(|delivery| delivery.svix_id.clone()).collect()
    }

    #[test]
    fn a_lone_delivery_leaves_at_once_and_those_who_wait_leave_together() {
        let (entrance, mut line) = a_line(10, 3);
        let _first = enter(&entrance, "1", 1).unwrap();
        assert_eq!(group(&mut line), ["1"]);
        let _rest: Vec<_> = ["2", "3", "4", "5"].map(|id| enter(&entrance, id, 1).unwrap()).into();
        assert_eq!(group(&mut line), ["2", "3", "4"]);
        assert_eq!(group(&mut line), ["5"]);
        assert!(group(&mut line).is_empty());
    }

    #[test]
    fn while_others_are_in_flight_it_takes_a_crowd_and_every_crowd_is_heard_of() {
        let (entrance, mut line) = a_line(100, 64);
        let crowd = |line: &mut Line| line.crowd().now_or_never().map_or(0, |group| group.len());
        let enter_some =
            |count| -> Vec<_> { (0..count).map(|_| enter(&entrance, "1", 1).unwrap()).collect() };
        let mut answers = enter_some(CROWD - 1);
        assert_eq!(crowd(&mut line), 0);
        answers.extend(enter_some(1));
        assert_eq!(crowd(&mut line), CROWD);
        answers.extend(enter_some(2 * CROWD));
        assert_eq!(crowd(&mut line), 2 * CROWD);
        assert_eq!(crowd(&mut line), 0);
        answers.extend(enter_some(1));
        assert_eq!(group(&mut line).len(), 1, "at rest nobody waits for others");
    }

    #[tokio::test]
    async fn whoever_waits_for_a_crowd_is_woken_by_it() {
        let (entrance, mut line) = a_line(100, 64);
        let entering = async {
            let mut answers = Vec::new();
            for _ in 0..CROWD {
                tokio::task::yield_now().await;
                answers.push(enter(&entrance, "1", 1).unwrap());
            }
            answers
        };
        let (crowd, _answers) = futures_util::future::join(line.crowd(), entering).await;
        assert_eq!(crowd.len(), CROWD);
    }

    #[test]
    fn where_each_has_its_own_message_one_is_a_crowd() {
        let (entrance, mut line) = a_line(10, 1);
        let _answer = enter(&entrance, "1", 1).unwrap();
        assert_eq!(line.crowd().now_or_never().map(|group| group.len()), Some(1));
    }

    #[test]
    fn a_group_is_bounded_by_bytes_and_a_large_delivery_is_alone() {
        let (entrance, mut line) = a_line(10, 10);
        let sizes =
            [("1", MESSAGE_BYTES / 2), ("2", MESSAGE_BYTES / 3), ("3", MESSAGE_BYTES), ("4", 1), ("5", 1)];
        let _answers: Vec<_> = sizes.map(|(id, bytes)| enter(&entrance, id, bytes).unwrap()).into();
        assert_eq!(group(&mut line), ["1", "2"]);
        assert_eq!(group(&mut line), ["3"]);
        assert_eq!(group(&mut line), ["4", "5"]);
    }

    #[test]
    fn who_has_gone_away_is_not_published() {
        let (entrance, mut line) = a_line(10, 2);
        let mut answers: Vec<_> = ["1", "2", "3"].map(|id| enter(&entrance, id, 1).unwrap()).into();
        drop(answers.remove(0));
        assert_eq!(group(&mut line), ["2", "3"]);
        drop(enter(&entrance, "4", 1));
        assert!(group(&mut line).is_empty());
    }

    #[test]
    fn a_full_line_refuses_at_once() {
        let (entrance, mut line) = a_line(2, 1);
        let _answers = [enter(&entrance, "1", 1).unwrap(), enter(&entrance, "2", 1).unwrap()];
        assert_eq!(enter(&entrance, "3", 1).unwrap_err(), PublishError::Overloaded);
        group(&mut line);
        enter(&entrance, "4", 1).unwrap();
    }

    #[test]
    fn when_the_line_ends_everybody_is_told_and_nobody_is_counted() {
        let registry = Registry::new();
        let (entrance, mut line) = line(9, 2, PublisherMetrics::register(&registry).unwrap());
        let waiting = || {
            let families = registry.gather();
            let family = families.iter().find(|family| family.name() == "clerk_mirror_ingest_waiting_events");
            family.unwrap().get_metric()[0].get_gauge().get_value()
        };
        let large = MESSAGE_BYTES;
        let answers: Vec<_> = ["1", "2", "3"].map(|id| enter(&entrance, id, large).unwrap()).into();
        group(&mut line);
        assert_eq!(waiting(), 1.0);
        drop(line);
        assert_eq!(waiting(), 0.0);
        assert!(answers.into_iter().all(|answer| answer.now_or_never().unwrap().is_err()));
        assert_eq!(enter(&entrance, "4", 1).unwrap_err(), PublishError::Unavailable);
        assert_eq!(waiting(), 0.0);
    }
}
