//! Requests whose length two readers might see differently. In each is another one, whole and signed, which is no request of
//! its own: were it accepted, it would have been smuggled past whoever stands in front.

use super::super::{
    exchange::{Answers, Call, Ending, Exchange},
    generator::Generator,
    request::Request,
};
use super::content::in_chunks;

const REFUSED: &str = "400";

/// Two lengths, or none that can be.
pub fn lengths(generator: &mut Generator) -> Exchange {
    let inner = inner(generator);
    let event = generator.event_of(inner);
    let length = event.body.len();
    let request = Request::of(&event);
    let chunked = [b"0\r\n\r\n", &event.body[..]].concat();
    let both = |first: &str, second: &str| {
        let values =
            [("Content-Length", chunked.len().to_string()), ("Transfer-Encoding", "chunked".to_owned())];
        let mut request = Request { body: chunked.clone(), ..request.clone() };
        for name in [first, second] {
            let (name, value) = values.iter().find(|(given, _)| *given == name).unwrap();
            request = request.with(*name, &**value);
        }
        request
    };
    let request = match generator.dice.below(10) {
        0 => both("Content-Length", "Transfer-Encoding"),
        1 => both("Transfer-Encoding", "Content-Length"),
        2 => request.with("Content-Length", "0").with("Content-Length", length.to_string()),
        3 => request.clone().measured().with("Content-Length", "0"),
        4 => request.measured().with("content-length", length.to_string()),
        5 => {
            let version = Request { version: b"HTTP/1.0".into(), ..request };
            version.chunked(chunked)
        }
        6 => request.with("Content-Length", format!("\r\n {length}")),
        _ => {
            let values = [
                format!("+{length}"),
                format!("-{length}"),
                format!("{length},{length}"),
                format!("{length}, 0"),
                format!("{length} 0"),
                format!("{length}.0"),
                format!("{length:#x}"),
                format!("{length}e0"),
                format!("\"{length}\""),
                format!("{length};0"),
                "".to_owned(),
                "-1".to_owned(),
                "18446744073709551616".to_owned(),
                "9".repeat(generator.magnitude(200) + 21),
                "٥".to_owned(),
                "0\u{b}".to_owned(),
            ];
            request.with("Content-Length", &**generator.one(&values))
        }
    };
    refused(generator, "two lengths", &request)
}

/// Transfer encodings that are not `chunked`, or not so that everybody sees it.
pub fn encodings(generator: &mut Generator) -> Exchange {
    let inner = inner(generator);
    let event = generator.event_of(inner);
    let mut request = Request::of(&event);
    request.body = [b"0\r\n\r\n", &event.body[..]].concat();
    let values: [&[u8]; 24] = [
        b"",
        b",",
        b"chunked,",
        b",chunked",
        b"chunked, chunked",
        b"chunked,identity",
        b"identity",
        b"identity, chunked",
        b"gzip",
        b"gzip, chunked",
        b"chunked, gzip",
        b"xchunked",
        b"chunkedx",
        b"chunk",
        b"chunked;q=1",
        b"\"chunked\"",
        b"'chunked'",
        b"chu\tnked",
        b"chunked\xe9",
        b"\xffchunked",
        b"chunked\x0b",
        b"chunked\0",
        b"c h u n k e d",
        b"\r\n chunked",
    ];
    let names: [&[u8]; 5] = [
        b"Transfer-Encoding ",
        b"Transfer-Encoding\t",
        b" Transfer-Encoding",
        b"Transfer-Encoding\0",
        b"Transfer Encoding",
    ];
    let smuggled = match generator.dice.below(5) {
        0 => request.with(*generator.one(&names), "chunked"),
        1 => {
            // In the end of another header's line, or what may pass for one.
            let line: &str = generator.dice.pick(&[
                "x\rTransfer-Encoding: chunked",
                "x\0\r\nTransfer-Encoding: chunked",
                "x\r\r\nTransfer-Encoding: chunked",
            ]);
            request.with("X-A", line)
        }
        2 => request.with("X-A", "x\nTransfer-Encoding: chunked").measured(),
        3 => request.with("Transfer-Encoding", "chunked").with("Transfer-Encoding", *generator.one(&values)),
        _ => request.with("Transfer-Encoding", *generator.one(&values)),
    };
    let smuggled = if generator.dice.chance(30) { smuggled.measured() } else { smuggled };
    refused(generator, "transfer encodings", &smuggled)
}

/// Chunks that are none.
pub fn chunks(generator: &mut Generator) -> Exchange {
    let event = generator.event();
    let (inner, good) = (inner(generator), in_chunks(generator, &event.body, b""));
    let size = event.body.len();
    let sizes = [
        "".to_owned(),
        "-1".to_owned(),
        format!("-{size:x}"),
        format!("+{size:x}"),
        format!("0x{size:x}"),
        format!(" {size:x}"),
        format!("{size:x} 0"),
        format!("{size:x}g"),
        format!("{size:x}\n"),
        format!("{size:x}\r"),
        format!("{size:x};a\n"),
        format!("{size:x};\0"),
        format!("{size:x}\0"),
        format!("{size:x},0"),
        "f".repeat(17),
        "f".repeat(generator.magnitude(300) + 17),
        "10000000000000000".to_owned(),
        "zz".to_owned(),
        "é".to_owned(),
        ";".to_owned(),
        "{".to_owned(),
    ];
    let wrong_size = format!("{}\r\n", generator.one(&sizes));
    let data = &event.body[..];
    let broken: Vec<u8> = match generator.dice.below(6) {
        0 => [format!("{:x}\r\n", size - 1).as_bytes(), data, b"\r\n0\r\n\r\n"].concat(),
        1 => [format!("{size:x}\r\n").as_bytes(), data, b"0\r\n\r\n"].concat(),
        2 => [format!("{size:x}\r\n").as_bytes(), data, b"\n0\n\n"].concat(),
        3 => [format!("{size:x}\n").as_bytes(), data, b"\r\n0\r\n\r\n"].concat(),
        4 => {
            let tail = b"\r\n".len();
            [&good[..good.len() - tail], b"\r\r"].concat()
        }
        _ => [wrong_size.as_bytes(), data, b"\r\n0\r\n\r\n"].concat(),
    };
    let request = Request::of(&event).chunked([broken, inner].concat());
    Exchange::new("broken chunks")
        .call(Call::bad("400 body_unreadable").closing(), request.bytes())
        .ending(Ending::HalfClosed)
}

/// A chunk of a size that nobody will ever send.
pub fn endless_chunk(generator: &mut Generator) -> Exchange {
    let inner = inner(generator);
    let event = generator.event_of(inner);
    let size: &str = generator.dice.pick(&[
        "ffffffffffffffff",
        "7fffffffffffffff",
        "80000000",
        "fffffff",
        "00000000fffffffff",
    ]);
    let request = Request::of(&event).chunked([format!("{size}\r\n").as_bytes(), &event.body].concat());
    Exchange::new("an endless chunk")
        .call(Call::bad("400 body_unreadable").silent(), request.bytes())
        .ending(Ending::HalfClosed)
}

/// A good request without the end of its last chunk: what follows is its trailers.
pub fn swallowed(generator: &mut Generator) -> Exchange {
    let (event, inner) = (generator.event(), inner(generator));
    let mut chunks = in_chunks(generator, &event.body, b"");
    chunks.truncate(chunks.len() - 2);
    let request = Request::of(&event).chunked([chunks, inner].concat()).bytes();
    Exchange::new("a request in the trailers")
        .call(Call { bad: true, ..Call::good(event) }, request)
        .call(Call::answered(Answers::Refusal).silent(), b"")
        .ending(Ending::HalfClosed)
}

/// A refused request whose body is a good one.
pub fn hidden(generator: &mut Generator) -> Exchange {
    let inner = inner(generator);
    let event = generator.event_of(inner);
    let request = Request::of(&event);
    let (answer, request) = match generator.dice.below(5) {
        0 => ("400 id_missing", request.without("svix-id")),
        1 => ("400 signature_missing", request.without("svix-signature")),
        2 => ("400 timestamp_invalid", request.without("svix-timestamp").with("svix-timestamp", "x")),
        3 => ("405 method_not_allowed", Request { method: b"PUT".into(), ..request }),
        _ => ("404 not_found", Request { target: b"/".into(), ..request }),
    };
    let request = if generator.dice.chance(50) {
        request.measured()
    } else {
        let chunks = in_chunks(generator, &event.body, b"");
        request.chunked(chunks)
    };
    let exchange = Exchange::new("a request in a body").call(Call::bad(answer).closing(), request.bytes());
    generator.then_good(exchange)
}

/// A good request, to be inside another.
fn inner(generator: &mut Generator) -> Vec<u8> {
    let event = generator.event();
    Request::of(&event).closing().measured().bytes()
}

/// The request is refused, and nothing after it is read.
fn refused(generator: &mut Generator, family: &'static str, request: &Request) -> Exchange {
    let after = inner(generator);
    Exchange::new(family).call(Call::bad(REFUSED).closing(), request.bytes()).send(after)
}
