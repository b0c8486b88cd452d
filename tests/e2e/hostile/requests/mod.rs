//! What bad clients send, by family.

mod content;
mod credentials;
mod framing;
mod heads;
mod noise;
mod sequences;
mod slow;

use std::time::Duration;

use super::{exchange::Exchange, generator::Generator};

/// The numbers from here on are those of slow clients.
pub const FIRST_SLOW: u64 = 1 << 40;

/// From one piece of a request to its next.
const PAUSE: Duration = Duration::from_millis(1);

type Draw = fn(&mut Generator) -> Exchange;

/// How often each comes, among a hundred.
const FAMILIES: [(usize, Draw); 24] = [
    (18, credentials::draw),
    (6, content::changed),
    (5, content::reencoded),
    (3, content::cut_off),
    (2, content::understated),
    (1, content::too_large),
    (3, content::unusual),
    (7, framing::lengths),
    (7, framing::encodings),
    (5, framing::chunks),
    (1, framing::endless_chunk),
    (2, framing::swallowed),
    (4, framing::hidden),
    (4, heads::methods),
    (4, heads::targets),
    (2, heads::versions),
    (4, heads::headers),
    (1, heads::sizes),
    (4, noise::protocols),
    (4, noise::random),
    (1, noise::upgrades),
    (3, sequences::pipelined),
    (9, sequences::mutated),
    (3, sequences::abandoned),
];

/// The exchange of a number.
pub fn exchange(seed: u64, number: u64) -> Exchange {
    let mut generator = Generator::new(seed, number);
    if number >= FIRST_SLOW {
        return slow::draw(&mut generator);
    }
    let total: usize = FAMILIES.iter().map(|(weight, _)| weight).sum();
    let mut at = generator.dice.below(total);
    let drawn = FAMILIES.iter().find(|(weight, _)| {
        let found = at < *weight;
        at = at.saturating_sub(*weight);
        found
    });
    let (_, draw) = drawn.expect("less than all weights together");
    let exchange = draw(&mut generator);
    if generator.dice.chance(10) { fragmented(exchange, &mut generator) } else { exchange }
}

/// The same in pieces, wherever they end.
fn fragmented(mut exchange: Exchange, generator: &mut Generator) -> Exchange {
    for piece in std::mem::take(&mut exchange.pieces) {
        let mut rest = piece.bytes;
        let mut after = piece.after;
        for _ in 0..generator.dice.below(5) {
            let tail = rest.split_off(generator.dice.below(rest.len() + 1));
            exchange = exchange.send_after(after, rest);
            (rest, after) = (tail, PAUSE);
        }
        exchange = exchange.send_after(after, rest);
    }
    exchange
}
