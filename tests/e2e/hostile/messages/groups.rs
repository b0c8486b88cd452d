//! Messages that say that they are several events.

use bytes::Bytes;
use clerk_mirror::send::world::Dice;
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use shared::delivery::{Delivery, group};

use super::message::{Ends, Message, Row};
use crate::wire::{GROUP, delivery, user};

const NOT_JSON: &str = "not JSON";
/// The version, and the length of what follows once it is decompressed.
const HEAD: usize = 5;

/// All of them, each under ids of its own, the largest of so many bytes.
pub fn messages(largest: usize) -> Vec<Message> {
    let mut messages = broken(largest);
    messages.extend(strange());
    messages
}

fn group_of(count: i64) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("deliveries".into(), AMQPValue::LongLongInt(count));
    BasicProperties::default().with_delivery_mode(2).with_content_type(GROUP.into()).with_headers(headers)
}

/// Deliveries that nobody else's events are about.
fn some(name: &str) -> Vec<Delivery> {
    (0..3)
        .map(|number| {
            let body = user(number).replace("user_", &format!("user_{name}_"));
            delivery(&format!("msg_{name}_{number}"), &body)
        })
        .collect()
}

/// The deliveries' rows, all of which end in the same way.
fn rows(deliveries: &[Delivery], ends: Ends) -> Vec<Row> {
    deliveries.iter().map(|delivery| Row { id: delivery.svix_id.clone(), ends }).collect()
}

/// Bytes that are no group.
fn broken(largest: usize) -> Vec<Message> {
    let whole = |name: &str| group::encode(some(name).iter());
    let changed = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut group = whole(name);
        change(&mut group);
        group
    };
    let claiming =
        |length: u32| move |group: &mut Vec<u8>| group[1..HEAD].copy_from_slice(&length.to_be_bytes());
    let bodies: Vec<(&'static str, Vec<u8>)> = vec![
        ("an empty group", vec![]),
        ("a version alone", vec![1]),
        ("half a length", vec![1, 0, 0]),
        ("nothing compressed", vec![1, 0, 0, 0, 0]),
        ("garbage", [&[1, 0, 0, 1, 0][..], &b"\xff\xfe\xfd".repeat(300)].concat()),
        ("version 0", changed("version_0", &|group| group[0] = 0)),
        ("version 2", changed("version_2", &|group| group[0] = 2)),
        ("version 255", changed("version_255", &|group| group[0] = 255)),
        ("more than it holds", changed("more", &|group| group[4] = group[4].wrapping_add(1))),
        ("less than it holds", changed("less", &|group| group[4] = group[4].wrapping_sub(1))),
        ("4 GiB that it does not hold", changed("4_gib", &claiming(u32::MAX))),
        ("16 MiB that it does not hold", changed("16_mib", &claiming(16 << 20))),
        ("the beginning of a group", changed("beginning", &|group| group.truncate(group.len() / 2))),
        ("a group and more", changed("and_more", &|group| group.extend_from_slice(b"more"))),
        ("a group in a group", {
            let inner = whole("inner");
            [&[1][..], &(inner.len() as u32).to_be_bytes(), &lz4_flex::block::compress(&inner)].concat()
        }),
        ("lengths that lead out of it", frames(&[0xff; 64])),
        ("an id that is no text", frames(&[&[0, 0, 0, 2, 0xff, 0xfe][..], &[0; 32]].concat())),
        ("half a delivery", frames(&[0, 0, 0, 1, b'x', 0, 0, 0])),
        ("much garbage", [&[1, 0, 0xf0, 0, 0][..], &b"\xff\x01".repeat(largest / 2)].concat()),
    ];
    let broken = bodies.into_iter().map(|(what, body)| Message::garbage(what, group_of(3), body, NOT_JSON));
    let named = group_of(3).with_message_id("msg_named".into());
    let untyped = BasicProperties::default();
    broken
        .chain([
            Message::garbage("a broken group with a name", named, "no group", NOT_JSON),
            Message::garbage("a group without its type", untyped, whole("untyped"), NOT_JSON),
        ])
        .collect()
}

/// Groups of which a little becomes very much; those of another number are others.
pub fn bombs(number: usize) -> Vec<Message> {
    let alone = Delivery { body: vec![0; (16 << 20) - 300 - number].into(), ..delivery("msg_bomb", "") };
    let bare = |id: String| Delivery {
        svix_id: id,
        svix_signature: String::new(),
        body: Bytes::new(),
        ..delivery("msg_bare", "")
    };
    let many: Vec<_> = (0..100_000).map(|id| bare(format!("{number}{id}"))).collect();
    vec![
        Message::garbage(
            "half a million empty deliveries",
            group_of(1),
            frames(&vec![0; (16 << 20) - 32 * number]),
            "",
        ),
        Message::garbage("one delivery of 16 MiB", group_of(1), group::encode([alone].iter()), ""),
        Message::garbage("a hundred thousand deliveries", group_of(1), group::encode(many.iter()), ""),
    ]
}

/// Groups with deliveries that no edge has received.
fn strange() -> Vec<Message> {
    let named = |id: &str| vec![delivery(id, &user(1_100)), delivery("msg_beside", &user(1_101))];
    let ids = [
        ("an empty id", String::new()),
        ("an id with a dot", "msg.1".to_owned()),
        ("an id with a NUL", "msg_\0".to_owned()),
        ("an id of 256 characters", "i".repeat(256)),
        ("an id of 50 kB", incompressible(50_000)),
    ];
    let strange = ids
        .into_iter()
        .map(|(what, id)| Message::garbage(what, group_of(2), group::encode(named(&id).iter()), NOT_JSON));
    let forged: Vec<_> = some("group_forged")
        .into_iter()
        .map(|delivery| Delivery { svix_timestamp: delivery.svix_timestamp + 1, ..delivery })
        .collect();
    let counted = some("count_that_lies");
    let twice = [some("twice"), some("twice")].concat();
    let alone = some("suspects");
    let mut suspect = group_of(3).headers().clone().unwrap_or_default();
    suspect.insert("x-delivery-count".into(), AMQPValue::LongLongInt(5));
    let nameless = group::encode(named(&"i".repeat(300)).iter());
    let nameless = Message::garbage(
        "a suspect with a long id",
        group_of(2).with_headers(suspect.clone()),
        nameless,
        NOT_JSON,
    );
    let group = |what, properties, deliveries: &[Delivery], ends| Message {
        what,
        properties,
        body: group::encode(deliveries.iter()),
        rows: rows(deliveries, ends),
    };
    strange
        .chain([
            nameless,
            group("forged deliveries", group_of(3), &forged, Ends::Forged),
            group("a count that lies", group_of(i64::MIN), &counted, Ends::Applied),
            group("suspects", group_of(3).with_headers(suspect), &alone, Ends::Applied),
            Message {
                rows: rows(&some("twice"), Ends::Applied),
                ..group("all of it twice", group_of(6), &twice, Ends::Applied)
            },
        ])
        .collect()
}

/// A name that no index compresses into what it can hold.
fn incompressible(length: usize) -> String {
    let mut dice = Dice::new(1, 0);
    (0..length).map(|_| char::from(b'a' + dice.below(26) as u8)).collect()
}

/// What is decompressed into these bytes.
fn frames(bytes: &[u8]) -> Vec<u8> {
    [&[1][..], &(bytes.len() as u32).to_be_bytes(), &lz4_flex::block::compress(bytes)].concat()
}
