//! Groups in which some bytes were changed.

use clerk_mirror::send::world::Dice;
use lapin::BasicProperties;
use shared::delivery::group;

use super::message::{Ends, Message, Row, content_name};
use crate::wire::{GROUP, delivery, user};

const COUNT: usize = 300;

/// Groups of a seed. What can still be read of them must be accounted for event by event, the others as a whole.
pub fn messages(seed: u64) -> Vec<Message> {
    (0..COUNT).map(|number| message(&mut Dice::new(seed, number as u64), number)).collect()
}

fn message(dice: &mut Dice, number: usize) -> Message {
    let deliveries: Vec<_> = (0..=dice.below(4))
        .map(|place| delivery(&format!("msg_mutated_{number}_{place}"), &user(20_000 + number)))
        .collect();
    let mut body = group::encode(deliveries.iter());
    for _ in 0..=dice.below(4) {
        let at = dice.below(body.len());
        match dice.below(4) {
            0 => body[at] ^= 1 << dice.below(8),
            1 => body[at] = dice.bytes::<1>()[0],
            2 => body.truncate(at + 1),
            _ => body.insert(at, dice.bytes::<1>()[0]),
        }
    }
    let ids = match group::decode(&body) {
        Ok(read) => read.into_iter().map(|delivery| delivery.svix_id).collect(),
        Err(_) => vec![content_name(&body)],
    };
    let mut rows: Vec<_> = ids.into_iter().map(|id| Row { id, ends: Ends::Either }).collect();
    rows.sort_by(|one, other| one.id.cmp(&other.id));
    rows.dedup_by(|one, other| one.id == other.id);
    let properties = BasicProperties::default().with_content_type(GROUP.into());
    Message { what: "a changed group", properties, body, rows }
}
