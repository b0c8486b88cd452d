//! What is no HTTP, or not the HTTP that is spoken here.

use super::super::{
    exchange::{Answers, Call, Ending, Exchange},
    generator::Generator,
    request::Request,
};

/// A protocol whose clients knock at every port.
pub fn protocols(generator: &mut Generator) -> Exchange {
    let random = generator.bytes(200);
    let hello = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &random].concat();
    let rest = generator.magnitude(2_000);
    let greetings: [Vec<u8>; 18] = [
        hello.clone(),
        [&hello[..], &random, &random].concat(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".into(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\x40\0\x01\x05\0\0\0\x01".into(),
        b"SSH-2.0-OpenSSH_9.2\r\n".into(),
        b"EHLO mail.example\r\nMAIL FROM:<a@b>\r\n".into(),
        b"*1\r\n$4\r\nPING\r\n".into(),
        b"AMQP\0\0\x09\x01".into(),
        b"\0\0\0\x08\x04\xd2\x16\x2f".into(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nPOST /webhooks/clerk HTTP/1.1\r\n\r\n".into(),
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\0\x01\0\x02".into(),
        b"\x10\x2a\0\x04MQTT\x04\x02\0\x3c".into(),
        b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0".into(),
        b"\xffSMB\x72\0\0\0\0".into(),
        b"GET / HTTP/0.9\r\n\r\n".into(),
        b"GET /\r\n".into(),
        b"RTSP/1.0 200 OK\r\n\r\n".into(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".into(),
    ];
    let bytes = [&generator.one(&greetings)[..], &generator.bytes(rest)].concat();
    unheard("another protocol", bytes)
}

/// Bytes, or characters, with no meaning.
pub fn random(generator: &mut Generator) -> Exchange {
    let length = generator.magnitude(4_000) + 1;
    let bytes = match generator.dice.below(4) {
        0 => generator.text(length).into(),
        1 => generator.dice.bytes::<1>().repeat(length),
        2 => {
            // Of what heads are made of.
            const WORDS: [&str; 16] = [
                "POST",
                "GET",
                " ",
                "/",
                "/webhooks/clerk",
                "HTTP/1.1",
                "\r\n",
                "\r\n\r\n",
                "\n",
                ":",
                "Host",
                "x",
                "Content-Length",
                "5",
                "Transfer-Encoding",
                "chunked",
            ];
            (0..length / 4 + 1).flat_map(|_| generator.dice.pick(&WORDS).bytes()).collect()
        }
        _ => generator.bytes(length),
    };
    unheard("noise", bytes)
}

/// A wish to speak another protocol. It is not heard; the request is what it is.
pub fn upgrades(generator: &mut Generator) -> Exchange {
    let event = generator.event();
    let request = Request::of(&event).measured();
    let exchange = Exchange::new("an upgrade");
    if generator.dice.chance(50) {
        let request = request
            .with("Connection", "Upgrade, HTTP2-Settings")
            .with("Upgrade", "h2c")
            .with("HTTP2-Settings", "AAMAAABkAAQAAP__");
        let call = Call { bad: true, ..Call::good(event) };
        let exchange = exchange.call(call.closing(), request.bytes());
        return generator.then_good(exchange);
    }
    let upgrade = |request: Request| {
        request
            .with("Connection", "Upgrade")
            .with("Upgrade", "websocket")
            .with("Sec-WebSocket-Version", "13")
            .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    if generator.dice.chance(50) {
        let request = Request { method: b"GET".into(), body: vec![], ..Request::post() };
        let call = Call::bad("405 method_not_allowed").closing();
        return exchange.call(call, upgrade(request).bytes()).ending(Ending::HalfClosed);
    }
    // Whatever follows is for the server the new protocol.
    let call =
        Call::one_of(&["200 accepted", "400 signature_mismatch", "400 body_unreadable"]).carrying(event);
    exchange.call(call.closing(), upgrade(request).bytes()).ending(Ending::HalfClosed)
}

fn unheard(family: &'static str, bytes: Vec<u8>) -> Exchange {
    Exchange::new(family)
        .call(Call::answered(Answers::Refusal).silent(), bytes)
        .ending(Ending::HalfClosed)
        .loose()
}
