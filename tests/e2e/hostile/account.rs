//! What was answered, held against what is in the queue.

use std::collections::{BTreeMap, HashMap};

use shared::delivery::Delivery;

use super::{exchange::Event, generator::exchange_of};

/// How many of some events are in the queue, each once at most.
#[derive(Debug)]
pub struct Claim {
    events: Vec<Event>,
    least: usize,
    most: usize,
}

impl Claim {
    /// So many of these, whichever they are.
    pub fn so_many(events: Vec<&Event>, count: usize) -> Self {
        Self { events: events.into_iter().cloned().collect(), least: count, most: count }
    }

    /// It may be there.
    pub fn perhaps(event: &Event) -> Self {
        Self { events: vec![event.clone()], least: 0, most: 1 }
    }
}

/// All claims, each with the number of its exchange.
#[derive(Debug, Default)]
pub struct Account(Vec<(u64, Claim)>);

impl Account {
    /// Adds what follows from an exchange.
    pub fn add(&mut self, exchange: u64, claims: Vec<Claim>) {
        self.0.extend(claims.into_iter().map(|claim| (exchange, claim)));
    }

    /// What is wrong with the queue, each with the number of the exchange it comes from, if that is known.
    pub fn settle(&self, queued: &[Delivery]) -> Vec<(Option<u64>, String)> {
        let mut held: HashMap<&str, Vec<&Delivery>> = HashMap::new();
        for delivery in queued {
            held.entry(&delivery.svix_id).or_default().push(delivery);
        }
        let mut wrong = Vec::new();
        for (exchange, Claim { events, least, most }) in &self.0 {
            let mut count = 0;
            for event in events {
                let deliveries = held.remove(&*event.id).unwrap_or_default();
                count += deliveries.len().min(1);
                if deliveries.len() > 1 {
                    wrong.push((
                        Some(*exchange),
                        format!("{} times in the queue: {}", deliveries.len(), event.id),
                    ));
                }
                if !deliveries.iter().all(|delivery| is_as_sent(delivery, event)) {
                    wrong.push((Some(*exchange), format!("not as it was signed: {}", event.id)));
                }
            }
            if !(*least..=*most).contains(&count) {
                let ids: BTreeMap<_, _> = events.iter().map(|event| (&event.id, ())).collect();
                wrong.push((
                    Some(*exchange),
                    format!("{count} in the queue, not {least} to {most}, of {ids:?}"),
                ));
            }
        }
        let strays = held.into_keys();
        wrong.extend(strays.map(|id| (exchange_of(id), format!("in the queue, and never accepted: {id}"))));
        wrong
    }
}

fn is_as_sent(delivery: &Delivery, event: &Event) -> bool {
    delivery.svix_timestamp == event.timestamp
        && delivery.body == event.body
        && delivery.svix_signature.contains(&event.signature())
}
