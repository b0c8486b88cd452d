//! Several requests on one connection, requests that were changed at random, and clients that go away.

use super::super::{
    exchange::{Answers, Call, Ending, Event, Exchange},
    generator::Generator,
    request::Request,
};
use super::content::in_chunks;

/// Good and bad requests one behind the other, and noise at the end.
pub fn pipelined(generator: &mut Generator) -> Exchange {
    let mut exchange = Exchange::new("pipelined");
    for _ in 0..generator.dice.between(2, 24) {
        let event = generator.event();
        let request = Request::of(&event);
        exchange = match generator.dice.below(7) {
            0 => exchange.call(bare("400 id_missing"), Request::post().bytes()),
            1 => exchange.call(
                bare("404 not_found"),
                Request { method: b"GET".into(), target: b"/x".into(), ..Request::post() }.bytes(),
            ),
            2 => exchange.call(
                bare("405 method_not_allowed"),
                Request { method: b"PUT".into(), ..Request::post() }.bytes(),
            ),
            3 => {
                let body = [&event.body[..], b" "].concat();
                exchange.call(bare("400 signature_mismatch"), Request { body, ..request }.measured().bytes())
            }
            4 => {
                let chunks = in_chunks(generator, &event.body, b"");
                exchange.call(Call::good(event), request.chunked(chunks).bytes())
            }
            _ => exchange.call(Call::good(event), request.measured().bytes()),
        };
    }
    if generator.dice.chance(50) {
        return generator.then_good(exchange);
    }
    let length = generator.magnitude(500) + 1;
    let noise = [&b"\0"[..], &generator.bytes(length)].concat();
    let exchange = exchange.call(bare("400").closing(), noise);
    generator.then_good(exchange)
}

/// A good request in which a few bytes were changed.
pub fn mutated(generator: &mut Generator) -> Exchange {
    let event = generator.event();
    let request = Request::of(&event);
    let mut bytes = if generator.dice.chance(30) {
        let chunks = in_chunks(generator, &event.body, b"");
        request.chunked(chunks).bytes()
    } else {
        request.measured().bytes()
    };
    for _ in 0..generator.magnitude(6) + 1 {
        mutate(generator, &mut bytes);
    }
    let exchange = Exchange::new("mutated")
        .call(Call::answered(Answers::Any).silent().carrying(event), bytes)
        .ending(Ending::HalfClosed)
        .loose();
    generator.then_good(exchange)
}

fn mutate(generator: &mut Generator, bytes: &mut Vec<u8>) {
    const TELLING: [&[u8]; 14] = [
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\0",
        b" ",
        b":",
        b",",
        b"0",
        b"-",
        b"\xff",
        b"\xc3\xa9",
        b"svix-id: x\r\n",
        b"%",
    ];
    // Half of them where it matters most.
    let within = if generator.dice.chance(50) { bytes.len().min(300) } else { bytes.len() };
    let at = generator.dice.below(within);
    let end = (at + generator.magnitude(40) + 1).min(bytes.len());
    match generator.dice.below(8) {
        _ if bytes.is_empty() => bytes.push(b'x'),
        0 | 1 => bytes[at] ^= 1 << generator.dice.below(8),
        2 => bytes[at] = generator.dice.bytes::<1>()[0],
        3 | 4 => drop(bytes.splice(at..at, generator.dice.pick(&TELLING).iter().copied())),
        5 => drop(bytes.drain(at..end)),
        6 => {
            let copy = bytes[at..end].to_vec();
            let to = generator.dice.below(bytes.len());
            drop(bytes.splice(to..to, copy));
        }
        _ => bytes[at..end].reverse(),
    }
}

/// A client that is gone in the midst of its request, or as soon as it has sent it.
pub fn abandoned(generator: &mut Generator) -> Exchange {
    let event = generator.event();
    let mut bytes = Request::of(&event).measured().bytes();
    let whole = generator.dice.chance(30);
    if !whole {
        bytes.truncate(generator.dice.below(bytes.len()));
    }
    let ending = generator.dice.pick(&[Ending::Gone, Ending::Reset]);
    Exchange::new("abandoned").call(perhaps(event, whole), bytes).ending(ending)
}

fn perhaps(event: Event, whole: bool) -> Call {
    let call = Call::answered(Answers::Any).silent();
    if whole { call.carrying(event) } else { call }
}

fn bare(answer: &str) -> Call {
    Call::bad(answer)
}
