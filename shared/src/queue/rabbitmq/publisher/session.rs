//! One session: from a connection that is ready to the reason why it can no longer be relied on.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::{Stream, StreamExt};
use lapin::Event;

use super::{
    Live,
    flight::{Fate, Flight},
    line::{Group, Line, line},
    patience::Patience,
    refusals::Refusals,
};
use crate::{
    lifecycle::Check,
    queue::{
        PublishError, PublishLimits, QueueError,
        metrics::{LossKind, PublisherMetrics, State},
        rabbitmq::{BrokerUrl, Connected, Topology, explain},
    },
};

/// Messages in flight where deliveries share them. With one, the broker idles between a confirm and the next message;
/// with many, the messages are small and cost more than they must.
const SHARED_MESSAGES_IN_FLIGHT: usize = 4;
/// Messages in flight where each delivery has its own: RabbitMQ is at its best with 64 to 256.
const LONE_MESSAGES_IN_FLIGHT: usize = 256;

/// A connection in confirm mode, and what waits to be published on it.
pub(super) struct Session {
    connected: Connected,
    live: Arc<Live>,
    line: Line,
    flight: Flight,
    refusals: Refusals,
    most_in_flight: usize,
    metrics: PublisherMetrics,
}

/// Why a session ended.
#[derive(Debug)]
pub(super) struct Loss {
    pub(super) kind: LossKind,
    pub(super) reason: String,
}

impl Loss {
    fn new(kind: LossKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }
}

impl Session {
    /// Connects, in no more time than there is.
    pub(super) async fn open(
        time: Duration,
        url: &BrokerUrl,
        topology: &Topology,
        limits: &PublishLimits,
        metrics: &PublisherMetrics,
    ) -> Result<Self, QueueError> {
        let connected = Connected::open_within(time, url, topology, "clerk-mirror ingest").await?;
        connected.request_confirms().await?;
        let queue = topology.inbox.as_str().into();
        let flight = Flight::new(connected.channel.clone(), queue, limits.deadline, metrics.clone());
        let (entrance, line) = line(limits.waiting, limits.message_events, metrics.clone());
        let live = Arc::new(Live { entrance, blocked: false.into() });
        let most_in_flight =
            if limits.message_events > 1 { SHARED_MESSAGES_IN_FLIGHT } else { LONE_MESSAGES_IN_FLIGHT };
        let (refusals, metrics) = (Refusals::new(), metrics.clone());
        Ok(Self { connected, live, line, flight, refusals, most_in_flight, metrics })
    }

    /// Where deliveries enter.
    pub(super) fn live(&self) -> Arc<Live> {
        self.live.clone()
    }

    /// Publishes until the session can no longer be relied on.
    pub(super) async fn run(&mut self, patience: &Patience, check: &Check) -> Loss {
        let mut events = self.connected.events();
        loop {
            let (in_flight, blocked) = (self.flight.len(), self.live.blocked.load(Ordering::Relaxed));
            let silent = self.flight.silent(patience.with_silence());
            let lost = tokio::select! {
                biased;
                event = next(&mut events) => self.on_event(event, check),
                settled = self.flight.settled(), if in_flight > 0 => self.settle(settled),
                // A broker that blocks says so, and goes on once it can.
                () = silent, if in_flight > 0 && !blocked => {
                    Err(Loss::new(LossKind::ConfirmTimeout, "the broker is silent, and there are others"))
                }
                () = self.refusals.due() => self.try_another_channel().await,
                group = next_group(&mut self.line, in_flight), if in_flight < self.most_in_flight => {
                    self.flight.publish(group);
                    Ok(())
                }
            };
            if let Err(loss) = lost {
                return loss;
            }
        }
    }

    /// What is in flight is still settled by the channel that it was published on.
    async fn try_another_channel(&mut self) -> Result<(), Loss> {
        match self.connected.renew_channel().await {
            Ok(()) => {
                self.flight.publish_on(self.connected.channel.clone());
                Ok(())
            }
            Err(QueueError(reason)) => Err(Loss::new(LossKind::PublishFailed, reason)),
        }
    }

    /// Closes in good order if the broker still answers. Who still waits is told before that.
    pub(super) async fn close(self) {
        let Self { connected, line, flight, .. } = self;
        drop((line, flight));
        connected.close().await;
    }

    fn on_event(&mut self, event: Option<Event>, check: &Check) -> Result<(), Loss> {
        match event {
            Some(Event::ConnectionBlocked(reason)) => {
                tracing::warn!(reason, "the broker blocks publishing");
                self.live.blocked.store(true, Ordering::Relaxed);
                self.metrics.state(State::Blocked);
                check.fail(format!("blocked by the broker: {reason}"));
                self.line.all().answer(&Err(PublishError::Blocked));
            }
            Some(Event::ConnectionUnblocked) => {
                tracing::info!("the broker takes messages again");
                self.live.blocked.store(false, Ordering::Relaxed);
                self.metrics.state(State::Up);
                check.pass();
            }
            Some(Event::Error(error)) => return Err(Loss::new(LossKind::Closed, explain(&error))),
            Some(_) => {}
            None => return Err(Loss::new(LossKind::Closed, "connection closed")),
        }
        Ok(())
    }

    /// Tells those who wait for these messages, unless one of them shows that none of the confirms can be relied on.
    fn settle(&mut self, settled: Vec<(Group, Fate)>) -> Result<(), Loss> {
        let blocked = self.live.blocked.load(Ordering::Relaxed);
        if let Some(loss) = settled.iter().find_map(|(_, fate)| loss(fate, blocked)) {
            for (group, fate) in settled {
                group.answer(&Err(match fate {
                    Fate::Returned => PublishError::Refused("the queue is missing".into()),
                    Fate::Overdue => PublishError::TimedOut,
                    _ => PublishError::Unavailable,
                }));
            }
            return Err(loss);
        }
        if settled.iter().any(|(_, fate)| matches!(fate, Fate::Durable)) {
            self.refusals.taken();
        } else if settled.iter().any(|(_, fate)| matches!(fate, Fate::Refused)) {
            self.refusals.refused();
        }
        for (group, fate) in settled {
            group.answer(&match fate {
                Fate::Durable => Ok(()),
                Fate::Overdue => Err(PublishError::TimedOut),
                _ => Err(PublishError::Refused("negative confirm".into())),
            });
        }
        Ok(())
    }
}

/// At rest nobody waits for others; while messages are in flight, it takes a crowd to be sent before one of them is confirmed.
async fn next_group(line: &mut Line, in_flight: usize) -> Group {
    if in_flight == 0 { line.group().await } else { line.crowd().await }
}

async fn next(events: &mut (impl Stream<Item = Event> + Unpin)) -> Option<Event> {
    events.next().await
}

/// Whether this fate says something of the whole session.
fn loss(fate: &Fate, blocked: bool) -> Option<Loss> {
    match fate {
        Fate::Durable | Fate::Refused => None,
        // A broker that blocks says so, and goes on once it can.
        Fate::Overdue if blocked => None,
        Fate::Overdue => Some(Loss::new(LossKind::ConfirmTimeout, "the broker did not confirm in time")),
        // Another message may have been given this one's confirm: which one is not certain, so none of them counts.
        Fate::Returned => Some(Loss::new(LossKind::Returned, "a message came back: the queue is missing")),
        Fate::Failed(reason) => Some(Loss::new(LossKind::PublishFailed, reason)),
    }
}
