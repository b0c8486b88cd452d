//! Worlds of events: few objects, few moments, so that much collides.

use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::catalogue::{KINDS, Kind};
use super::event::{Event, Shape, Spec};
use super::svix_id;
use super::time::{FEWER_DIGITS, MORE_DIGITS, START, Written};

/// Events on one object of each kind, under ids that no other run has.
pub fn events<'a>(kinds: &[&'static Kind], specs: impl Iterator<Item = &'a Spec>, run: u32) -> Vec<Event> {
    let event = |(number, spec): (usize, &Spec)| {
        let object = usize::from(spec.object) % kinds.len();
        Event {
            number,
            kind: kinds[object],
            // The same in every table, with characters that need care.
            object_id: format!("{run:08x}_{object}{}", ["", "ä", "'\"\\", "B"][object % 4]),
            svix_id: spec.svix_id.text(run, number),
            spec: spec.clone(),
        }
    };
    specs.enumerate().map(event).collect()
}

/// The kinds of so many objects.
pub fn kinds(count: RangeInclusive<usize>) -> impl Strategy<Value = Vec<&'static Kind>> {
    vec(select(KINDS.iter().collect::<Vec<_>>()), count)
}

/// Events whose times are few, so that many are the same.
pub fn spec() -> impl Strategy<Value = Spec> {
    let event = (any::<u8>(), prop::bool::weighted(0.3), any::<u8>(), shape());
    (event, time(), time(), svix_id()).prop_map(|(event, updated_at, timestamp, svix_id)| {
        let (object, deletion, choice, shape) = event;
        Spec { object, deletion, choice, updated_at, timestamp, svix_id, shape, filler: 0 }
    })
}

fn time() -> impl Strategy<Value = Written> {
    use Written::*;
    prop_oneof![
        12 => select(&[Millis(START), Millis(START + 1), Millis(START + 2), Millis(START + 1000)][..]),
        2 => select(&[Seconds(START / 1000), Seconds(START / 1000 + 1), Fraction(START + 1)][..]),
        2 => select(&[Absent, Null, Text, Negative][..]),
        1 => select(&[Millis(FEWER_DIGITS), Millis(MORE_DIGITS)][..]),
    ]
}

fn svix_id() -> impl Strategy<Value = svix_id::Spec> {
    use svix_id::Form::*;
    let form = prop_oneof![
        4 => Just(Plain),
        1 => Just(UpperCase),
        1 => Just(LowerCase),
        6 => (0u8..=1).prop_map(Ksuid),
    ];
    (form, any::<u8>()).prop_map(|(form, rank)| svix_id::Spec { form, rank })
}

fn shape() -> impl Strategy<Value = Shape> {
    use Shape::*;
    prop_oneof![
        12 => Just(Full),
        // A thin event that is no deletion is a full one.
        8 => Just(Thin),
        1 => select(&[FromNowhere, Foreign, Message, Unknown][..]),
        1 => select(&[Truncated, NotUtf8, NoType, NumericType, NoData, ListData, NoId, NumericId, EmptyId][..]),
    ]
}
