mod coherence;
mod mirror;
mod shape;

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::{EVENT_TYPES, Event, World};

/// What the first events of a world say.
fn bodies(count: usize) -> impl Iterator<Item = (Event, Value)> {
    World::new(1).take(count).map(|event| {
        let body = serde_json::from_slice(&event.body).unwrap();
        (event, body)
    })
}

#[test]
fn a_seed_sends_the_same_bytes_for_ever() {
    let of = |seed| World::new(seed).take(3_000).collect::<Vec<_>>();
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
    // Pinned: neither a new version of a library nor a careless change may alter what a seed stands for.
    let digest = World::new(1).take(3_000).fold(0u64, |digest, event| {
        let bytes = event.svix_id.as_str().bytes().chain(event.body);
        bytes.fold(digest, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    });
    assert_eq!(digest, 4_927_207_898_121_463_492);
}

#[test]
fn every_type_of_the_catalogue_appears_within_the_first_few_hundred_events() {
    for seed in 0..20 {
        let seen: HashSet<_> = World::new(seed).take(400).map(|event| event.event_type).collect();
        let missing: Vec<_> = EVENT_TYPES.iter().filter(|known| !seen.contains(*known)).collect();
        assert!(missing.is_empty(), "seed {seed} lacks {missing:?}");
    }
}

#[test]
fn every_type_goes_on_appearing_and_none_is_outside_the_catalogue() {
    let mut counts = BTreeMap::new();
    for event in World::new(3).skip(1_000).take(25_000) {
        *counts.entry(event.event_type).or_insert(0) += 1;
    }
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), EVENT_TYPES);
}

#[test]
fn choosing_types_leaves_their_events_unchanged() {
    let types = vec!["role.deleted", "user.created"];
    let chosen: Vec<_> = World::new(5).only(types.clone()).take(50).collect();
    let picked: Vec<_> = World::new(5).filter(|event| types.contains(&event.event_type)).take(50).collect();
    assert_eq!(chosen, picked);
}

#[test]
fn a_hurried_world_does_the_same_within_seconds() {
    let types = |world: World| world.take(3_000).map(|event| event.event_type).collect::<Vec<_>>();
    assert_eq!(types(World::new(4)), types(World::new(4).hurried()));
    let mut world = World::new(4).hurried();
    let (first, last) = (world.next().unwrap(), world.nth(30_000).unwrap());
    let passed = last.timestamp - first.timestamp;
    assert!((30_000..120_000).contains(&passed), "{passed} ms");
}

#[test]
fn message_ids_are_unique_and_carry_the_time() {
    let events: Vec<_> = World::new(1).take(5_000).collect();
    let ids: HashSet<_> = events.iter().map(|event| event.svix_id).collect();
    assert_eq!(ids.len(), events.len());
    for event in &events {
        let id = event.svix_id.as_str();
        assert!(id.strip_prefix("msg_").is_some_and(|ksuid| ksuid.len() == 27), "{id}");
    }
    for pair in events.windows(2) {
        if pair[0].timestamp / 1_000 < pair[1].timestamp / 1_000 {
            assert!(pair[0].svix_id.as_str() < pair[1].svix_id.as_str());
        }
    }
}

#[test]
fn timestamps_go_on_except_for_two_changes_of_one_user_at_once() {
    let events: Vec<_> = bodies(4_000).collect();
    let mut ties = 0;
    for pair in events.windows(2) {
        let [(first, _), (second, _)] = pair else { unreachable!() };
        if first.timestamp == second.timestamp {
            ties += 1;
            assert_eq!([first.event_type, second.event_type], ["user.updated"; 2]);
            assert_eq!(pair[0].1["data"]["id"], pair[1].1["data"]["id"]);
            assert_eq!(pair[0].1["data"]["updated_at"], pair[1].1["data"]["updated_at"]);
        }
        assert!(first.timestamp <= second.timestamp);
    }
    assert!(ties > 0);
}

#[test]
fn a_world_does_not_grow_without_end() {
    let mut world = World::new(1).only(Vec::new());
    let filled = (0..400_000).find(|_| {
        world.play();
        world.people.len() == super::users::MAX_USERS
    });
    assert!(filled.is_some(), "the world never fills: {} users", world.people.len());
    for _ in 0..50_000 {
        world.play();
        assert!(world.people.len() <= super::users::MAX_USERS);
    }
    let owned = |world: &World| (world.memberships.len(), world.subscriptions.len(), world.companies.len());
    let (memberships, subscriptions, companies) = owned(&world);
    assert!(
        companies <= 500 && memberships <= companies * 25 && subscriptions <= 5_500,
        "{:?}",
        owned(&world)
    );
}
