//! Messages that are no event, or an event with something wrong about it.

use lapin::{
    BasicProperties,
    types::{AMQPValue, DecimalValue, FieldArray, FieldTable},
};

use super::{
    message::{Message, properties_of, text},
    trial::MEGABYTE,
};
use crate::wire::{GROUP, delivery, user};

const NOT_JSON: &str = "not JSON";
const NO_OBJECT: &str = "not a JSON object";
const NO_TYPE: &str = "`type` is missing";

/// All of them, each under ids of its own, the largest of so many bytes.
pub fn messages(largest: usize) -> Vec<Message> {
    let mut messages = bodies(largest);
    messages.extend(properties());
    messages.extend(credentials());
    messages.extend(oddities(largest));
    messages
}

fn none() -> BasicProperties {
    BasicProperties::default()
}

/// Contents of every kind, without any property.
fn bodies(largest: usize) -> Vec<Message> {
    let garbage: Vec<u8> = (0..=255).rev().cycle().take(1000).collect();
    let enormous: Vec<u8> = (0..largest).map(|at| (at % 251) as u8).collect();
    let event = user(900);
    vec![
        Message::garbage("empty", none(), "", NOT_JSON),
        Message::garbage("garbage", none(), garbage, NOT_JSON),
        Message::garbage("much garbage", none(), enormous, NOT_JSON),
        Message::garbage("a megabyte of NULs", none(), vec![0; MEGABYTE], NOT_JSON),
        Message::garbage("a megabyte of white space", none(), vec![b' '; MEGABYTE], NOT_JSON),
        Message::garbage("a megabyte of open brackets", none(), vec![b'['; MEGABYTE], NOT_JSON),
        Message::garbage("a megabyte of open braces", none(), r#"{"a":"#.repeat(MEGABYTE / 5), NOT_JSON),
        Message::garbage("a megabyte of one number", none(), vec![b'7'; MEGABYTE], NOT_JSON),
        Message::garbage(
            "a megabyte of members",
            none(),
            format!("{{{}}}", r#""a":1,"#.repeat(MEGABYTE / 6).trim_end_matches(',')),
            NO_TYPE,
        ),
        Message::garbage("a NUL", none(), "\0", NOT_JSON),
        Message::garbage(
            "UTF-16",
            none(),
            event.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
            NOT_JSON,
        ),
        Message::garbage("a byte order mark", none(), format!("\u{feff}{event}"), NOT_JSON),
        Message::garbage(
            "gzip",
            none(),
            &b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0"[..],
            NOT_JSON,
        ),
        Message::garbage("a number", none(), "7", NO_OBJECT),
        Message::forged("an event that nobody signed", none(), event),
    ]
}

/// Properties that say nothing, or something else.
fn properties() -> Vec<Message> {
    let id = |id: &str| none().with_message_id(id.into());
    let long = "i".repeat(255);
    let mut headers = FieldTable::default();
    for number in 0..2_000 {
        headers.insert(format!("x-{number}").into(), text("x".repeat(20)));
    }
    let crowd = none().with_headers(headers);
    let all = id("msg_all_properties")
        .with_content_type("x".repeat(255).into())
        .with_content_encoding("gzip".into())
        .with_priority(255)
        .with_correlation_id("\0".into())
        .with_reply_to("nobody".into())
        .with_timestamp(u64::MAX)
        .with_type("user.created\n".into())
        .with_app_id("\u{202e}".into())
        .with_cluster_id("x".into())
        .with_delivery_mode(1);
    vec![
        Message::garbage("an empty id", id(""), "an empty id", NOT_JSON),
        Message::garbage("the longest id", id(&long), "the longest id", NOT_JSON),
        Message::garbage("an id of spaces", id("   "), "an id of spaces", NOT_JSON),
        Message::garbage(
            "an id with a quote",
            id("msg_'; DROP TABLE users; --"),
            "an id with a quote",
            NOT_JSON,
        ),
        Message::garbage("an id beyond ASCII", id("msg_\u{1f525}\u{202e}"), "an id beyond ASCII", NOT_JSON),
        Message::garbage("an id of two lines", id("msg_1\r\nmsg_2"), "an id of two lines", NOT_JSON),
        Message::garbage("all properties", all, "all properties", NOT_JSON),
        Message::garbage("two thousand headers", crowd, "two thousand headers", NOT_JSON),
        Message::garbage(
            "another type of content",
            none().with_content_type("text/html".into()),
            "<p>",
            NOT_JSON,
        ),
        Message::garbage(
            "almost the type of a group",
            none().with_content_type(GROUP.to_uppercase().into()),
            "almost",
            NOT_JSON,
        ),
        Message::forged("the type of a group", none().with_content_type(GROUP.into()), user(901)),
    ]
}

/// Signed events whose signature has suffered.
fn credentials() -> Vec<Message> {
    let forgeries: [(&'static str, &'static str, AMQPValue); 14] = [
        ("timestamp of text", "svix-timestamp", text("1700000000")),
        ("timestamp of 32 bits", "svix-timestamp", AMQPValue::LongInt(1)),
        ("timestamp as a time", "svix-timestamp", AMQPValue::Timestamp(1_700_000_000)),
        ("timestamp that is true", "svix-timestamp", AMQPValue::Boolean(true)),
        ("timestamp of nothing", "svix-timestamp", AMQPValue::Void),
        ("least timestamp", "svix-timestamp", AMQPValue::LongLongInt(i64::MIN)),
        ("greatest timestamp", "svix-timestamp", AMQPValue::LongLongInt(i64::MAX)),
        ("empty signature", "svix-signature", text("")),
        ("signature of bytes", "svix-signature", text(b"v1,\xff\xfe".to_vec())),
        ("signature of a number", "svix-signature", AMQPValue::LongLongInt(1)),
        ("signature of an array", "svix-signature", AMQPValue::FieldArray(FieldArray::default())),
        ("signature of a table", "svix-signature", AMQPValue::FieldTable(nested(20))),
        ("signature of 100 kB", "svix-signature", text("v1,".repeat(33_000))),
        ("signature of another", "svix-signature", text(delivery("another", "{}").svix_signature)),
    ];
    let forged = forgeries.into_iter().enumerate().map(|(number, (what, name, value))| {
        let delivery = delivery(&format!("msg_forged_{number}"), &user(910 + number));
        Message::forged(what, properties_of(&delivery, &[(name, value)]), delivery.body.to_vec())
    });
    let unsigned = delivery("msg_no_headers", &user(909));
    let bare = none().with_message_id("msg_no_headers".into());
    forged.chain([Message::forged("no headers", bare, unsigned.body.to_vec())]).collect()
}

/// Signed events with something about them that is of no account.
fn oddities(largest: usize) -> Vec<Message> {
    let decimal = AMQPValue::DecimalValue(DecimalValue { scale: 255, value: u32::MAX });
    let values: [(&'static str, &'static str, AMQPValue); 15] = [
        ("received of text", "received-at", text("yesterday")),
        ("received of a table", "received-at", AMQPValue::FieldTable(nested(3))),
        ("received of a decimal", "received-at", decimal),
        ("received before all", "received-at", AMQPValue::LongLongInt(i64::MIN)),
        ("received after all", "received-at", AMQPValue::LongLongInt(i64::MAX)),
        ("received long ago", "received-at", AMQPValue::LongLongInt(-1)),
        ("a trace of a number", "traceparent", AMQPValue::Double(0.1)),
        ("a trace of bytes", "traceparent", text(b"\xff".repeat(10_000))),
        ("deep headers", "x-deep", AMQPValue::FieldTable(nested(60))),
        ("a count of deliveries", "deliveries", AMQPValue::LongLongInt(i64::MAX)),
        ("deaths of text", "x-death", text("of boredom")),
        ("deaths of nothing", "x-death", AMQPValue::FieldArray(FieldArray::default())),
        ("a first death of a number", "x-first-death-reason", AMQPValue::Float(1.0)),
        ("a suspect", "x-delivery-count", AMQPValue::LongLongInt(i64::MAX)),
        ("a count before all", "x-delivery-count", AMQPValue::LongLongInt(i64::MIN)),
    ];
    let odd = values.into_iter().enumerate().map(|(number, (what, name, value))| {
        let delivery = delivery(&format!("msg_odd_{number}"), &user(930 + number));
        Message::applied(what, properties_of(&delivery, &[(name, value)]), &delivery)
    });
    let large = user(960).replace("user_960", &format!("user_960\",\"bio\":\"{}", "x".repeat(largest)));
    let large = delivery("msg_large", &large);
    odd.chain([Message::applied("a large signed event", properties_of(&large, &[]), &large)]).collect()
}

fn nested(depth: usize) -> FieldTable {
    (0..depth).fold(FieldTable::default(), |inner, _| {
        let mut table = FieldTable::default();
        table.insert("x".into(), AMQPValue::FieldTable(inner));
        table
    })
}
