//! Signature headers that are missing, doubled, malformed or wrong, by themselves and together.

use super::super::{
    exchange::{Call, Event, Exchange},
    generator::Generator,
    request::Request,
};

type Headers = Vec<(String, Vec<u8>)>;

const OTHER_SECRET: &str = "whsec_YW5vdGhlciBzZWNyZXQ=";
const PARTS: [&str; 3] = ["id", "timestamp", "signature"];

/// What is wrong with one of the three headers, and when the edge can know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    /// Before the body is read, by the clock, or by the signature.
    stage: Stage,
    code: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Form,
    Clock,
    Signature,
}

/// One request in which at least one of the headers is wrong.
pub fn draw(generator: &mut Generator) -> Exchange {
    let mut event = generator.event();
    let family = if generator.dice.chance(70) { "svix" } else { "webhook" };
    let certain = generator.dice.below(PARTS.len());
    let wrong = [0, 1, 2].map(|part| part == certain || generator.dice.chance(25));

    let mut faults = Vec::new();
    let mut headers = Headers::new();
    let (id, fault) = if wrong[0] { id(generator, &event) } else { (vec![event.id.clone().into()], None) };
    faults.extend(fault);
    let (timestamp, fault) = if wrong[1] {
        timestamp(generator, &mut event)
    } else {
        (vec![event.timestamp.to_string().into()], None)
    };
    faults.extend(fault);
    let (signature, fault) =
        if wrong[2] { signature(generator, &event) } else { (vec![event.signature().into()], None) };
    faults.extend(fault);
    for (part, values) in PARTS.into_iter().zip([id, timestamp, signature]) {
        // Beside a wrong header of Clerk's name, a right one of the other name is no help.
        if family == "svix" && !values.is_empty() && generator.dice.chance(10) {
            headers.push((format!("webhook-{part}"), right(part, &event)));
        }
        headers.extend(values.into_iter().map(|value| (format!("{family}-{part}"), value)));
    }
    generator.shuffle(&mut headers);

    // The first that is looked at decides; a stage is looked at in the order of the headers.
    let first = faults.iter().map(|fault| fault.stage).min().expect("one at least is wrong");
    let code = faults.iter().find(|fault| fault.stage == first).expect("it is among them").code;
    let mut request = Request { body: event.body.clone(), ..Request::post() };
    for (name, value) in headers {
        request = request.with(cased(generator, &name), value);
    }
    let mut call = Call::bad(&format!("400 {code}"));
    call.may_close = first == Stage::Form;
    let exchange = Exchange::new("credentials").call(call, request.measured().bytes());
    generator.then_good(exchange)
}

fn right(part: &str, event: &Event) -> Vec<u8> {
    match part {
        "id" => event.id.clone().into(),
        "timestamp" => event.timestamp.to_string().into(),
        _ => event.signature().into(),
    }
}

/// Names of headers are the same in any case.
fn cased(generator: &mut Generator, name: &str) -> String {
    match generator.dice.below(6) {
        0 => name.to_uppercase(),
        1 => name[..1].to_uppercase() + &name[1..],
        _ => name.to_owned(),
    }
}

fn fault(stage: Stage, code: &'static str) -> Option<Fault> {
    Some(Fault { stage, code })
}

fn id(generator: &mut Generator, event: &Event) -> (Vec<Vec<u8>>, Option<Fault>) {
    let id = event.id.clone();
    match generator.dice.below(4) {
        0 => return (vec![], fault(Stage::Form, "id_missing")),
        1 => {
            let other = if generator.dice.chance(50) { id.clone() } else { generator.event().id };
            return (vec![id.into(), other.into()], fault(Stage::Form, "id_duplicated"));
        }
        _ => {}
    }
    let long = generator.dice.between(256, 4_000) as usize;
    let values: [Vec<u8>; 12] = [
        b"".into(),
        b".".into(),
        format!("{id}.1").into(),
        format!("{id} {id}").into(),
        format!("{id}, {id}").into(),
        format!("{id}\t").into_bytes().into_iter().chain(*b"x").collect(),
        format!("{id}é").into(),
        [id.as_bytes(), b"\xe9"].concat(),
        [id.as_bytes(), b"\xff\xfe"].concat(),
        format!("{id}\u{202e}").into(),
        "x".repeat(long).into(),
        ".".repeat(long).into(),
    ];
    (vec![generator.one(&values).clone()], fault(Stage::Form, "id_invalid"))
}

fn timestamp(generator: &mut Generator, event: &mut Event) -> (Vec<Vec<u8>>, Option<Fault>) {
    let now = event.timestamp;
    match generator.dice.below(6) {
        0 => return (vec![], fault(Stage::Form, "timestamp_missing")),
        1 => {
            let other = now + generator.dice.between(-1, 1);
            let values = vec![now.to_string().into(), other.to_string().into()];
            return (values, fault(Stage::Form, "timestamp_duplicated"));
        }
        2 => {
            let off = generator.dice.between(310, i64::from(i32::MAX));
            let times = [0, -1, -now, i64::MIN, generator.now - 310, generator.now - off];
            event.timestamp = *generator.one(&times);
            return (vec![event.timestamp.to_string().into()], fault(Stage::Clock, "timestamp_too_old"));
        }
        3 => {
            let off = generator.dice.between(320, i64::from(i32::MAX));
            let times = [i64::MAX, now * 1000, generator.now + 320, generator.now + off];
            event.timestamp = *generator.one(&times);
            return (vec![event.timestamp.to_string().into()], fault(Stage::Clock, "timestamp_too_new"));
        }
        _ => {}
    }
    let values: [Vec<u8>; 15] = [
        b"".into(),
        b"now".into(),
        b"-".into(),
        b"-0".into(),
        b"NaN".into(),
        format!("+{now}").into(),
        format!("0{now}").into(),
        format!("{now}.0").into(),
        format!("{now}e0").into(),
        format!("{now:#x}").into(),
        format!("{now} {now}").into(),
        format!("{now}, {now}").into(),
        format!("{now}00000000000").into(),
        "１７００００００００".into(),
        [now.to_string().as_bytes(), b"\xa0"].concat(),
    ];
    (vec![generator.one(&values).clone()], fault(Stage::Form, "timestamp_invalid"))
}

fn signature(generator: &mut Generator, event: &Event) -> (Vec<Vec<u8>>, Option<Fault>) {
    let right = event.signature();
    let mac = right.trim_start_matches("v1,");
    match generator.dice.below(8) {
        0 => return (vec![], fault(Stage::Form, "signature_missing")),
        1 => return (vec![right.clone().into(), right.into()], fault(Stage::Form, "signature_duplicated")),
        2 => {
            let padding = generator.magnitude(60_000) + 4_096;
            let values =
                [[right.as_bytes(), b" \xff"].concat(), format!("{right} {}", "x".repeat(padding)).into()];
            let value = generator.one(&values).clone();
            return (vec![value], fault(Stage::Form, "signature_invalid"));
        }
        3 | 4 => {
            let values: [Vec<u8>; 15] = [
                b"".into(),
                b"v1".into(),
                b"v1,".into(),
                mac.into(),
                format!("v2,{mac}").into(),
                format!("v1a,{mac}").into(),
                format!("V1,{mac}").into(),
                format!("v1 {mac}").into(),
                format!("v1={mac}").into(),
                format!("v1,{}", mac.trim_end_matches('=')).into(),
                format!("v1,{}", &mac[..40]).into(),
                format!("v1,{mac}{mac}").into(),
                format!("v1,{mac},v1,{mac}").into(),
                format!("v1,\"{mac}\"").into(),
                "v1, ".repeat(generator.magnitude(1_000) + 1).trim_end().into(),
            ];
            return (vec![generator.one(&values).clone()], fault(Stage::Signature, "signature_invalid"));
        }
        _ => {}
    }
    let of = |id: &str, timestamp: i64, body: &[u8]| {
        Event { id: id.to_owned(), timestamp, body: body.to_vec() }.signature()
    };
    let Event { id, timestamp, body } = event;
    let doubled = [&body[..], body].concat();
    let mut values = vec![
        event.signature_by(OTHER_SECRET),
        of(&format!("{id}x"), *timestamp, body),
        of(id, timestamp.wrapping_add(1), body),
        of(id, *timestamp, &doubled),
        of(id, *timestamp, b""),
        of("", 0, body),
        format!("v1,{}", "A".repeat(43) + "="),
    ];
    let many = values.join(" ").repeat(generator.dice.below(10) + 1).replace("=v1", "= v1");
    values.push(many);
    let value = generator.one(&values).clone().into_bytes();
    (vec![value], fault(Stage::Signature, "signature_mismatch"))
}
