//! Clients that take their time.

use std::time::Duration;

use super::super::{
    exchange::{Call, Exchange},
    generator::Generator,
    request::Request,
};

/// From one byte to the next: a good request of this pace arrives in time, all others never end.
const DRIP: Duration = Duration::from_millis(100);
/// More than anybody waits for.
const DROPS: usize = 600;

/// One request that stalls or trickles in.
pub fn draw(generator: &mut Generator) -> Exchange {
    let event = generator.event_of(b"{}");
    let request = Request::of(&event).measured();
    let (head, bytes) = (request.head(), request.bytes());
    let exchange = Exchange::new("slow");
    match generator.dice.below(8) {
        0 => {
            let cut = generator.dice.below(head.len());
            exchange.call(Call::bad("408").closing(), &head[..cut])
        }
        1 | 2 => {
            let endless = [&head[..head.len() - 2], b"X-Endless: "].concat();
            drip(exchange.call(Call::bad("408").closing(), b""), &endless, b"x")
        }
        3 => {
            let long = Request::of(&event).with("Content-Length", "100000");
            exchange.call(Call::bad("408 body_timeout").closing(), long.head()).send(b"{")
        }
        4 => {
            let long = Request::of(&event).with("Content-Length", "100000");
            drip(exchange.call(Call::bad("408 body_timeout").closing(), long.head()), b"", b" ")
        }
        5 => {
            let chunked = Request::of(&event).chunked(b"");
            drip(exchange.call(Call::bad("408 body_timeout").closing(), chunked.head()), b"", b"1\r\n \r\n")
        }
        6 => {
            // The first is answered; nobody says anything to half a second one.
            let exchange = exchange.call(Call::bad("400 id_missing"), Request::post().bytes());
            let cut = generator.dice.below(head.len() - 1) + 1;
            exchange.call(Call::bad("408").silent(), b"").send_after(DRIP, &head[..cut])
        }
        _ => {
            // Slow, and good all the same: all of it within a second or two.
            let mut exchange = exchange.call(Call { bad: true, ..Call::good(event) }, b"");
            for piece in bytes.chunks(bytes.len() / 12 + 1) {
                exchange = exchange.send_after(DRIP, piece);
            }
            generator.then_good(exchange)
        }
    }
}

/// Sends the first bytes one by one, then the others for ever.
fn drip(mut exchange: Exchange, first: &[u8], endless: &[u8]) -> Exchange {
    for byte in first.iter().chain(endless.iter().cycle()).take(DROPS) {
        exchange = exchange.send_after(DRIP, [*byte]);
    }
    exchange
}
