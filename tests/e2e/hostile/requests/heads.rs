//! Other methods, targets and versions, and heads that are too large or no heads.

use super::super::{
    exchange::{Answers, Call, Ending, Exchange},
    generator::Generator,
    request::{PATH, Request},
};

/// The server's own limits.
const MOST_HEADERS: usize = 96;
const LARGEST_HEAD: usize = 128 * 1024;
/// The limit is looked at between reads: what is over it by less than is read at once may come through whole.
const TOO_LARGE_HEAD: usize = 2 * LARGEST_HEAD;
const LONGEST_TARGET: usize = 65_534;

/// Another method.
pub fn methods(generator: &mut Generator) -> Exchange {
    let length = generator.magnitude(30_000) + 1;
    let token = generator.token(length);
    let methods = [
        "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "PRI", "BREW", "post", "Post",
        "POSTX", "XPOST", "M-SEARCH", "_", "!", &token,
    ];
    let malformed =
        ["PO ST", "P\u{e9}ST", "POST\t", "\"POST\"", "P(ST", "POST:", "", "\u{feff}POST", "\0POST", "P\0ST"];
    let event = generator.event();
    let mut request = Request::of(&event).measured();
    let exchange = Exchange::new("a method");
    match generator.dice.below(10) {
        0 => {
            request.method = b"HEAD".into();
            let call = Call { head: true, ..Call::bad("405").closing() };
            let exchange = exchange.call(call, request.bytes());
            generator.then_good(exchange)
        }
        1 => {
            // What follows a CONNECT belongs to the tunnel.
            request.method = b"CONNECT".into();
            let call = if generator.dice.chance(50) {
                Call::bad("405 method_not_allowed")
            } else {
                request.target = b"db.example:5432".into();
                Call::bad("404 not_found")
            };
            exchange.call(call.closing(), request.bytes()).ending(Ending::HalfClosed)
        }
        2 | 3 => {
            request.method = generator.one(&malformed).as_bytes().to_vec();
            exchange.call(Call::bad("400").closing(), request.bytes())
        }
        _ => {
            request.method = generator.one(&methods).as_bytes().to_vec();
            let exchange = exchange.call(Call::bad("405 method_not_allowed").closing(), request.bytes());
            generator.then_good(exchange)
        }
    }
}

/// Another target, or the same one written in another way.
pub fn targets(generator: &mut Generator) -> Exchange {
    let event = generator.event();
    let request = Request::of(&event).measured();
    let exchange = Exchange::new("a target");
    let length = generator.magnitude(LONGEST_TARGET - 100);
    let long = generator.token(length);
    match generator.dice.below(4) {
        0 => {
            let same = [
                format!("http://edge.example{PATH}"),
                format!("HTTP://x:1{PATH}?x"),
                format!("ftp://user@x{PATH}"),
                format!("{PATH}?"),
                format!("{PATH}?../..&%00=%"),
                format!("{PATH}?{long}"),
                format!("{PATH}#x"),
                format!("://x{PATH}"),
            ];
            let target = generator.one(&same).clone().into();
            let exchange =
                exchange.call(Call { bad: true, ..Call::good(event) }, Request { target, ..request }.bytes());
            generator.then_good(exchange)
        }
        1 => {
            let malformed: [&[u8]; 13] = [
                b"",
                b"webhooks/clerk",
                b"/webhooks/clerk x",
                b"/webhooks/cl\0erk",
                b"/webhooks/clerk\x7f",
                b"/webhooks/\xff",
                b"http://",
                b"http:///webhooks/clerk",
                b"/webhooks/clerk\t",
                b"\\webhooks\\clerk",
                b"?",
                b"#",
                b"/<script>",
            ];
            let target = generator.one(&malformed).to_vec();
            exchange.call(Call::bad("400").closing(), Request { target, ..request }.bytes())
        }
        _ => {
            let others = [
                "/".to_owned(),
                "*".to_owned(),
                "x:80".to_owned(),
                "//".to_owned(),
                format!("/{PATH}"),
                format!("{PATH}/"),
                format!("{PATH}/x"),
                format!("{PATH}."),
                format!("{PATH};x=y"),
                format!("{PATH}%20"),
                format!("{PATH}%00"),
                format!("{PATH}%"),
                format!("{PATH}%zz"),
                format!("/.{PATH}"),
                format!("/x/..{PATH}"),
                format!("/%2e%2e{PATH}"),
                "/webhooks//clerk".to_owned(),
                "/webhooks%2fclerk".to_owned(),
                "/WEBHOOKS/CLERK".to_owned(),
                "/webhooks".to_owned(),
                "/metrics".to_owned(),
                "/healthz".to_owned(),
                "/../../etc/passwd".to_owned(),
                format!("/?{PATH}"),
                format!("/{long}"),
                format!("http://x/{long}"),
                "http://x".to_owned(),
                "/webhooks/clerk/..".to_owned(),
                "/%c0%af".to_owned(),
                "/{{7*7}}".replace(['{', '}'], "%7b"),
            ];
            let target = generator.one(&others).clone().into();
            let exchange =
                exchange.call(Call::bad("404 not_found").closing(), Request { target, ..request }.bytes());
            generator.then_good(exchange)
        }
    }
}

/// Another version, or none.
pub fn versions(generator: &mut Generator) -> Exchange {
    let versions: [&[u8]; 16] = [
        b"HTTP/0.9",
        b"HTTP/1",
        b"HTTP/1.",
        b"HTTP/1.2",
        b"HTTP/1.9",
        b"HTTP/1.10",
        b"HTTP/2",
        b"HTTP/2.0",
        b"HTTP/3.0",
        b"HTTP/11",
        b"http/1.1",
        b"HTTPS/1.1",
        b"HTTP/1.1 ",
        b"HTTP 1.1",
        b"ICY",
        b"",
    ];
    let event = generator.event();
    let version = generator.one(&versions).to_vec();
    let request = Request { version, ..Request::of(&event).measured() };
    Exchange::new("a version").call(Call::bad("400").closing(), request.bytes())
}

/// No head at all, because of one of its headers.
pub fn headers(generator: &mut Generator) -> Exchange {
    let event = generator.event();
    let request = Request::of(&event).measured();
    let head = request.head();
    let lines: [&[u8]; 22] = [
        b"no colon",
        b": no name",
        b":",
        b" leading: space",
        b"\tleading: tab",
        b"trailing : space",
        b"in side: space",
        b"(x): x",
        b"x@y: x",
        b"\xe9: x",
        b"\0: x",
        b"x: \0",
        b"x: \x01",
        b"x: \x7f",
        b"x: a\rb",
        b"x: y\r\n folded",
        b"x: y\r\n\tfolded",
        b"x\r: y",
        b"\r",
        b"{}: x",
        b"Host: another",
        b"Host: edge.example",
    ];
    let exchange = Exchange::new("a header");
    let bytes = match generator.dice.below(8) {
        0 => request.without("Host").bytes(),
        1 => {
            // Ends of lines as they are not to be; some readers take them for the same.
            let (from, to): (&str, &str) = generator.dice.pick(&[
                ("\r\n", "\r"),
                ("\r\n", "\n\r"),
                ("\r\n", "\r\r\n"),
                ("\r\n", "\0\n"),
            ]);
            let head = String::from_utf8(head).unwrap().replace(from, to);
            let bytes = [head.as_bytes(), &request.body].concat();
            return exchange
                .call(Call::answered(Answers::Refusal).silent(), bytes)
                .ending(Ending::HalfClosed)
                .loose();
        }
        2 => {
            let head = String::from_utf8(head).unwrap().replace("\r\n", "\n");
            let call = Call { bad: true, ..Call::good(event) };
            let exchange = exchange.call(call, [head.as_bytes(), &request.body].concat());
            return generator.then_good(exchange);
        }
        _ => {
            let line = generator.one(&lines);
            let first = head.windows(2).position(|window| window == b"\r\n").unwrap() + 2;
            let (before, after) = head.split_at(first);
            [before, line, b"\r\n", after, &request.body].concat()
        }
    };
    exchange.call(Call::bad("400").closing(), bytes)
}

/// A head that is too large, or as large as it may be.
pub fn sizes(generator: &mut Generator) -> Exchange {
    let event = generator.event();
    let mut request = Request::of(&event).measured();
    let own = request.headers.len();
    let exchange = Exchange::new("a large head");
    match generator.dice.below(6) {
        0 => {
            for number in 0..MOST_HEADERS - own + 1 + generator.magnitude(2_000) {
                request = request.with(format!("x-{number}"), "");
            }
        }
        1 => {
            let (value, name) =
                (generator.magnitude(LARGEST_HEAD), generator.magnitude(LONGEST_TARGET - 100) + 1);
            let name = generator.token(name);
            request = request.with(name, "x".repeat(TOO_LARGE_HEAD + value));
        }
        2 => {
            let each = TOO_LARGE_HEAD / (MOST_HEADERS - own) + 1 + generator.magnitude(1_000);
            for number in 0..MOST_HEADERS - own {
                request = request.with(format!("x-{number}"), "x".repeat(each));
            }
        }
        3 => {
            // All that arrives before the limit is a part of the first line.
            let target =
                [PATH.as_bytes(), b"?", &b"x".repeat(LARGEST_HEAD + generator.magnitude(LARGEST_HEAD))]
                    .concat();
            request.target = target;
            return exchange.call(Call::one_of(&["431", "400"]).closing(), request.bytes());
        }
        4 => {
            request.target =
                [PATH.as_bytes(), b"?", &b"x".repeat(LONGEST_TARGET + generator.magnitude(50_000))].concat();
            return exchange.call(Call::bad("400").closing(), request.bytes());
        }
        _ => {
            let number = MOST_HEADERS - own - 1;
            for number in 0..number {
                request = request.with(format!("x-{number}"), "x".repeat(1_200));
            }
            let exchange = exchange.call(Call { bad: true, ..Call::good(event) }, request.bytes());
            return generator.then_good(exchange);
        }
    }
    exchange.call(Call::bad("431").closing(), request.bytes())
}
