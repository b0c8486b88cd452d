//! Bodies that are not what was signed: changed, encoded in another way, cut off, too large.

use super::super::{
    exchange::{Answers, Call, Ending, Event, Exchange},
    flood::BODY_LIMIT,
    generator::Generator,
    request::Request,
};

/// A body other than the one that was signed.
pub fn changed(generator: &mut Generator) -> Exchange {
    let event = generator.event();
    let mut body = event.body.clone();
    let at = generator.dice.below(body.len());
    match generator.dice.below(8) {
        0 => body[at] ^= 1 << generator.dice.below(8),
        1 => body.truncate(at),
        2 => body.push(generator.dice.pick(b" \n\0}")),
        3 => body.insert(at, generator.dice.pick(b" \n\0}")),
        4 => drop(body.remove(at)),
        5 => body.clear(),
        6 => body = generator.event().body,
        _ => body = encoded(generator, &event.body).1,
    }
    if body == event.body {
        body.push(b' ');
    }
    let exchange =
        Exchange::new("a changed body").call(Call::bad("400 signature_mismatch"), sent(&event, body));
    generator.then_good(exchange)
}

/// A body in another encoding: as it was signed, or only after it was signed.
pub fn reencoded(generator: &mut Generator) -> Exchange {
    let mut event = generator.event();
    let (headers, body) = encoded(generator, &event.body);
    let (call, bytes) = if generator.dice.chance(50) {
        (Call::bad("400 signature_mismatch"), with_headers(&event, headers, body))
    } else {
        event.body.clone_from(&body);
        let bytes = with_headers(&event, headers, body);
        (Call { bad: true, ..Call::good(event) }, bytes)
    };
    let exchange = Exchange::new("an encoded body").call(call, bytes);
    generator.then_good(exchange)
}

/// A body that ends before its end.
pub fn cut_off(generator: &mut Generator) -> Exchange {
    let event = generator.event();
    let request = Request::of(&event);
    let (bytes, least) = if generator.dice.chance(50) {
        let request = request.measured();
        (request.bytes(), request.head().len())
    } else {
        let chunks = in_chunks(generator, &event.body, b"");
        let request = request.chunked(chunks);
        (request.bytes(), request.head().len())
    };
    let end = least + generator.dice.below(bytes.len() - least);
    Exchange::new("a body cut off")
        .call(Call::bad("400 body_unreadable").silent(), &bytes[..end])
        .ending(Ending::HalfClosed)
}

/// A length that is less than the body: what is left of it is no request.
pub fn understated(generator: &mut Generator) -> Exchange {
    let event = generator.event();
    let length = generator.dice.below(event.body.len());
    let request = Request::of(&event).with("Content-Length", length.to_string());
    let exchange = Exchange::new("a length too short")
        .call(Call::answered(Answers::Refusal), request.bytes())
        .ending(Ending::HalfClosed)
        .loose();
    generator.then_good(exchange)
}

/// A body over the limit, announced or not.
pub fn too_large(generator: &mut Generator) -> Exchange {
    let over = BODY_LIMIT + 1 + generator.magnitude(1 << 14);
    let event = generator.event_of(b"{}");
    let mut request = Request::post().signed(&event);
    let exchange = Exchange::new("a body too large");
    if generator.dice.chance(30) {
        request.body = b" ".repeat(over);
        let call = Call::bad("413 body_too_large").closing();
        let chunks = if generator.dice.chance(50) {
            in_chunks(generator, &request.body, b"")
        } else {
            [format!("{over:x}\r\n").as_bytes(), &request.body].concat()
        };
        // Else the server waits for the rest, for as long as it would for another request.
        return exchange.call(call, request.chunked(chunks).bytes()).ending(Ending::HalfClosed);
    }
    let lengths = [BODY_LIMIT as u64 + 1, over as u64, 1 << 31, 1 << 32, 1 << 63, u64::MAX];
    let length = *generator.one(&lengths);
    request = request.with("Content-Length", length.to_string());
    if generator.dice.chance(20) {
        request = request.with("Expect", "100-continue");
    }
    let sent = generator.magnitude(5_000);
    exchange.call(Call::bad("413 body_too_large").closing(), request.head()).send(b" ".repeat(sent))
}

/// The largest body there may be, or a usual one in chunks of any size: these are good.
pub fn unusual(generator: &mut Generator) -> Exchange {
    let bodies = [b" ".repeat(BODY_LIMIT), b"".into(), b"\0".into(), generator.bytes(300), generator.body()];
    let body = if generator.dice.chance(5) { bodies[0].clone() } else { generator.one(&bodies[1..]).clone() };
    let event = generator.event_of(body);
    let bytes = if generator.dice.chance(50) {
        Request::of(&event).measured().bytes()
    } else {
        let trailers: &[u8] =
            generator.dice.pick(&[b"", b"X-Trailer: x\r\n", b"Content-Length: 5\r\nsvix-id: x\r\n"]);
        let chunks = in_chunks(generator, &event.body, trailers);
        Request::of(&event).chunked(chunks).bytes()
    };
    let exchange = Exchange::new("an unusual good body").call(Call::good(event), bytes);
    generator.then_good(exchange)
}

/// The body in chunks, in every way in which a size may be written.
pub fn in_chunks(generator: &mut Generator, body: &[u8], trailers: &[u8]) -> Vec<u8> {
    let mut chunks = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at((generator.magnitude(rest.len().max(2)) + 1).min(rest.len()));
        let size = match generator.dice.below(4) {
            0 => format!("{:X}", chunk.len()),
            1 => format!("{:08x}", chunk.len()),
            _ => format!("{:x}", chunk.len()),
        };
        let extension: &str =
            generator.dice.pick(&["", "", "", "", ";", ";a", ";name=value", "; name=\"v\"", " ", "\t"]);
        chunks.extend_from_slice(format!("{size}{extension}\r\n").as_bytes());
        chunks.extend_from_slice(chunk);
        chunks.extend_from_slice(b"\r\n");
        rest = after;
    }
    chunks.extend_from_slice(generator.one::<&[u8]>(&[b"0", b"000", b"0;last"]));
    [&chunks[..], b"\r\n", trailers, b"\r\n"].concat()
}

fn sent(event: &Event, body: Vec<u8>) -> Vec<u8> {
    with_headers(event, vec![], body)
}

fn with_headers(event: &Event, headers: Vec<(&str, &str)>, body: Vec<u8>) -> Vec<u8> {
    let mut request = Request { body, ..Request::of(event) };
    for (name, value) in headers {
        request = request.with(name, value);
    }
    request.measured().bytes()
}

/// The text in another encoding, and the headers that say so.
fn encoded(generator: &mut Generator, text: &[u8]) -> (Vec<(&'static str, &'static str)>, Vec<u8>) {
    let characters = String::from_utf8_lossy(text).into_owned();
    let units = || characters.encode_utf16();
    let charset = |name: &'static str| vec![("Content-Type", name)];
    match generator.dice.below(6) {
        0 => {
            let bytes = units().flat_map(u16::to_le_bytes);
            (
                charset("application/json; charset=utf-16le"),
                [&b"\xff\xfe"[..], &bytes.collect::<Vec<_>>()].concat(),
            )
        }
        1 => (charset("application/json; charset=utf-16be"), units().flat_map(u16::to_be_bytes).collect()),
        2 => (charset("application/json"), [b"\xef\xbb\xbf", text].concat()),
        3 => (charset("application/json; charset=utf-7"), characters.replace('{', "+AHs-").into()),
        4 => (charset("application/json; charset=latin1"), [text, b"\xe9\xc3\x28\xff"].concat()),
        _ => (vec![("Content-Encoding", "gzip")], gzip(text)),
    }
}

/// As any decoder reads it, though nothing gets shorter.
fn gzip(text: &[u8]) -> Vec<u8> {
    let mut member = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    let blocks = text.chunks(usize::from(u16::MAX));
    let last = blocks.len() - 1;
    for (number, block) in blocks.enumerate() {
        let length = block.len() as u16;
        member.push(u8::from(number == last));
        member.extend_from_slice(&length.to_le_bytes());
        member.extend_from_slice(&(!length).to_le_bytes());
        member.extend_from_slice(block);
    }
    let crc = !text.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    member.extend_from_slice(&crc.to_le_bytes());
    member.extend_from_slice(&(text.len() as u32).to_le_bytes());
    member
}
