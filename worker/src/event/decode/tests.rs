use bytes::Bytes;
use harness::fixtures;

use super::*;

fn delivery(svix_id: &str, body: impl Into<Bytes>) -> Delivery {
    Delivery {
        svix_id: svix_id.into(),
        svix_timestamp: 1_700_000_000,
        svix_signature: String::new(),
        received_at: 1_700_000_000_000,
        traceparent: None,
        body: body.into(),
    }
}

#[test]
fn every_fixture_means_what_its_index_says() {
    let cases = fixtures();
    assert!(cases.len() > 100);
    for case in cases {
        let name = &case.file;
        let delivery = delivery(&case.svix_id, case.body());
        let redacted = Redacted::new(&delivery);
        let entry = redacted.entry(&Policy::default());
        assert_eq!(entry.event_type.as_deref(), case.event_type.as_deref(), "{name}");
        assert_eq!(entry.object_id.as_deref(), case.object_id.as_deref(), "{name}");
        let expected = case.occurred_at_ms.map(|ms| Millis::from_millis(ms).unwrap());
        assert_eq!(entry.occurred_at, expected.or(ksuid::created_at(&case.svix_id)).unwrap(), "{name}");
        match (&entry.verdict, case.outcome.as_str()) {
            (Verdict::Mirror(change), "applied") => {
                assert_eq!(Some(change.table.name()), case.table.as_deref(), "{name}");
                assert_eq!(Some(&*change.id), case.object_id.as_deref(), "{name}");
                assert_eq!(change.deleted_at.is_some(), case.deleted, "{name}");
                assert!(change.snapshot.is_some() || change.deleted_at.is_some(), "{name}");
            }
            (Verdict::Ignored, "ignored") => {}
            (Verdict::Dead(reason), "dead") => {
                let wanted = case.reason_contains.unwrap().to_lowercase();
                assert!(reason.to_lowercase().contains(&wanted), "{name}: {reason}");
            }
            (verdict, outcome) => panic!("{name}: {verdict:?}, the index says {outcome}"),
        }
    }
}

#[test]
fn no_fixtures_secret_is_kept() {
    let mut marked = 0;
    for case in fixtures() {
        let body = case.body();
        marked += usize::from(body.windows(7).any(|window| window == b"SECRET-"));
        let delivery = delivery(&case.svix_id, body);
        let kept = format!("{:?}", Redacted::new(&delivery).entry(&Policy::default()));
        assert!(!kept.contains("SECRET-"), "{}: {kept}", case.file);
    }
    assert!(marked > 10);
}

fn decoded(svix_id: &str, body: &str, policy: &Policy, check: impl FnOnce(Entry<'_>)) {
    let delivery = delivery(svix_id, body.to_owned());
    check(Redacted::new(&delivery).entry(policy));
}

fn change(entry: Entry<'_>) -> (Option<String>, Option<i64>) {
    let Verdict::Mirror(change) = entry.verdict else { panic!("{entry:?}") };
    let version = change.snapshot.map(|snapshot| snapshot.version.as_str().to_owned());
    (version, change.deleted_at.map(Millis::get))
}

#[test]
fn a_snapshot_is_as_new_as_its_updated_at_then_its_timestamp_then_its_id() {
    let policy = Policy::default();
    let body =
        r#"{"data":{"id":"u","updated_at":1700000000001},"timestamp":1700000000009,"type":"user.updated"}"#;
    decoded("msg_a", body, &policy, |entry| {
        assert_eq!(change(entry), (Some("001700000000001:001700000000009:msg_a".into()), None));
    });
    let bare = r#"{"data":{"id":"u"},"timestamp":1700000000,"type":"user.updated"}"#;
    decoded("msg_a", bare, &policy, |entry| {
        assert_eq!(change(entry), (Some("001700000000000:001700000000000:msg_a".into()), None));
    });
}

#[test]
fn a_membership_that_is_deleted_keeps_its_last_state() {
    let body = r#"{"data":{"id":"m","updated_at":1600000000000},"timestamp":1700000000000,"type":"organizationMembership.deleted"}"#;
    decoded("msg_a", body, &Policy::default(), |entry| {
        let (version, deleted_at) = change(entry);
        assert!(version.unwrap().starts_with("001600000000000:"));
        assert_eq!(deleted_at, Some(1_700_000_000_000));
    });
}

#[test]
fn times_of_a_wrong_type_count_as_missing() {
    for timestamp in [r#""soon""#, "null", "{}", "-1", "1e300", "99999999999999999999"] {
        let body = format!(r#"{{"data":{{"id":"u"}},"timestamp":{timestamp},"type":"user.deleted"}}"#);
        decoded("msg_0ujtsYcgvSTl8PAuAdqWYSMnLOv", &body, &Policy::default(), |entry| {
            assert_eq!(entry.occurred_at.get(), 1_507_608_047_000, "{timestamp}");
        });
    }
}

#[test]
fn another_instances_events_are_ignored_and_those_without_an_instance_are_not() {
    let policy = Policy { instance_id: Some("ins_ours".into()), verifier: None };
    for (instance, mirrored) in [(r#""ins_ours""#, true), (r#""ins_theirs""#, false), ("null", true)] {
        let body = format!(r#"{{"data":{{"id":"u"}},"instance_id":{instance},"type":"user.created"}}"#);
        decoded("msg_a", &body, &policy, |entry| {
            assert_eq!(matches!(entry.verdict, Verdict::Mirror(_)), mirrored, "{instance}");
        });
    }
}

#[test]
fn a_delivery_forged_inside_the_queue_is_dead() {
    let secret: shared::signature::Secret = "whsec_c2VjcmV0".parse().unwrap();
    let policy = Policy { instance_id: None, verifier: Some(Verifier::new(vec![secret.clone()])) };
    let body = r#"{"data":{"id":"u"},"type":"user.created"}"#;
    let mut signed = delivery("msg_a", body);
    signed.svix_signature = secret.sign("msg_a", signed.svix_timestamp, body.as_bytes());
    assert!(matches!(Redacted::new(&signed).entry(&policy).verdict, Verdict::Mirror(_)));
    signed.svix_id = "msg_b".into();
    assert!(matches!(Redacted::new(&signed).entry(&policy).verdict, Verdict::Dead(_)));
}

#[test]
fn that_it_is_forged_is_the_reason_whatever_else_is_wrong() {
    let secret: shared::signature::Secret = "whsec_c2VjcmV0".parse().unwrap();
    let policy = Policy { instance_id: None, verifier: Some(Verifier::new(vec![secret])) };
    let fine = br#"{"data":{"id":"u"},"type":"user.created"}"#.as_slice();
    let not_utf8 = b"{\"data\":{\"id\":\"u\",\"first_name\":\"\xff\"},\"type\":\"user.created\"}".as_slice();
    for body in [fine, not_utf8, b"{broken", b"[]", br#"{"type":7}"#] {
        let forged = delivery("msg_a", body);
        let redacted = Redacted::new(&forged);
        let Verdict::Dead(reason) = redacted.entry(&policy).verdict else { panic!("{body:?}") };
        assert!(reason.starts_with(NOT_AS_SIGNED), "{reason}");
    }
}

#[test]
fn nul_characters_do_not_reach_the_database() {
    let body = r#"{"data":{"id":"u\u0000"},"instance_id":"i\u0000","type":"user.created"}"#;
    decoded("msg_\0", body, &Policy::default(), |entry| {
        assert_eq!(entry.object_id.as_deref(), Some("u\u{fffd}"));
        assert_eq!(entry.instance_id.as_deref(), Some("i\u{fffd}"));
        assert_eq!(entry.svix_id, "msg_\u{fffd}");
    });
}

#[test]
fn an_event_is_applied_without_the_characters_that_no_database_holds() {
    let body =
        r#"{"data":{"id":"u","unsafe_metadata":{"\u0000":"\ud800"},"backup_codes":1},"type":"user.updated"}"#;
    decoded("msg_a", body, &Policy::default(), |entry| {
        let Verdict::Mirror(change) = &entry.verdict else { panic!("{entry:?}") };
        let held = "{\"id\":\"u\",\"unsafe_metadata\":{\"\u{fffd}\":\"\\ufffd\"}}";
        assert_eq!(change.snapshot.as_ref().unwrap().data, held);
        assert!(entry.payload.unwrap().contains(held));
    });
}

#[test]
fn an_event_names_the_user_it_is_about() {
    for (event_type, data, user) in [
        ("user.updated", r#"{"id":"user_1","user_id":"other"}"#, Some("user_1")),
        ("user.deleted", r#"{"id":"user_1"}"#, Some("user_1")),
        ("user.banned", r#"{"id":"user_1"}"#, Some("user_1")),
        ("session.created", r#"{"id":"sess_1","user_id":"user_1","user":{"id":"user_1"}}"#, Some("user_1")),
        (
            "organizationMembership.created",
            r#"{"id":"m","public_user_data":{"user_id":"user_1"},"organization":{"created_by":"user_2"}}"#,
            Some("user_1"),
        ),
        (
            "organizationInvitation.accepted",
            r#"{"id":"i","user_id":"user_1","inviter_id":"user_2"}"#,
            Some("user_1"),
        ),
        ("email.created", r#"{"id":"ema_1","user_id":"user_1","body":"…"}"#, Some("user_1")),
        (
            "subscription.active",
            r#"{"id":"s","payer":{"user_id":"user_1","organization_id":""}}"#,
            Some("user_1"),
        ),
        ("subscription.active", r#"{"id":"s","payer":{"user_id":"","organization_id":"org_1"}}"#, None),
        ("organization.created", r#"{"id":"org_1","created_by":"user_1"}"#, None),
        ("session.created", r#"{"id":"sess_1","user_id":5,"payer":[]}"#, None),
    ] {
        let body = format!(r#"{{"data":{data},"type":"{event_type}"}}"#);
        decoded("msg_a", &body, &Policy::default(), |entry| {
            assert_eq!(entry.user_id.as_deref(), user, "{body}");
        });
    }
}

#[test]
fn members_that_stand_twice_make_an_event_dead() {
    for body in [
        r#"{"data":{"id":"u"},"type":"user.created","type":"user.deleted"}"#,
        r#"{"data":{"id":"u","id":"v"},"type":"user.created"}"#,
    ] {
        decoded("msg_a", body, &Policy::default(), |entry| {
            assert!(
                matches!(&entry.verdict, Verdict::Dead(reason) if reason.contains("duplicate")),
                "{entry:?}"
            );
        });
    }
}

fn dead_letter(redacted: &Redacted<'_>, policy: &Policy) -> (String, Option<String>, Option<String>) {
    let entry = redacted.dead_letter(policy, "gave it up");
    let Verdict::Dead(reason) = entry.verdict else { panic!("{entry:?}") };
    (reason.into_owned(), entry.event_type.map(Cow::into_owned), entry.object_id.map(Cow::into_owned))
}

#[test]
fn a_dead_letter_is_dead_for_the_queues_reason_and_for_its_own() {
    let policy = Policy::default();
    let fine = delivery("msg_a", r#"{"data":{"id":"u"},"type":"user.created"}"#);
    assert_eq!(
        dead_letter(&Redacted::new(&fine), &policy),
        ("gave it up".into(), Some("user.created".into()), Some("u".into()))
    );
    let broken = delivery("msg_a", r#"{"data":{"id":"u"},"type":"user.created"}}"#);
    let (reason, ..) = dead_letter(&Redacted::new(&broken), &policy);
    assert!(reason.starts_with("gave it up; the body is not JSON"), "{reason}");
}

#[test]
fn of_what_is_not_parsed_only_the_type_is_known_and_nothing_that_smells_is_kept() {
    let policy = Policy::default();
    let plain = delivery("msg_a", r#"{"data":{"id":"u"},"type":"user.created"}"#);
    let (reason, event_type, object_id) = dead_letter(&Redacted::unparsed(&plain), &policy);
    assert!(reason.starts_with("gave it up; nothing of it was parsed"), "{reason}");
    assert_eq!((event_type.as_deref(), object_id), (Some("user.created"), None));
    assert_eq!(Redacted::unparsed(&plain).entry(&policy).payload.map(str::as_bytes), Some(&*plain.body));
    for case in fixtures() {
        let delivery = delivery(&case.svix_id, case.body());
        let kept = format!("{:?}", Redacted::unparsed(&delivery).dead_letter(&policy, "gave it up"));
        assert!(!kept.contains("SECRET-"), "{}: {kept}", case.file);
    }
}

#[test]
fn what_is_not_parsed_is_verified_all_the_same() {
    let secret: shared::signature::Secret = "whsec_c2VjcmV0".parse().unwrap();
    let policy = Policy { instance_id: None, verifier: Some(Verifier::new(vec![secret])) };
    let forged = delivery("msg_a", r#"{"data":{"id":"u"},"type":"user.created"}"#);
    let (reason, ..) = dead_letter(&Redacted::unparsed(&forged), &policy);
    assert!(reason.contains("not the one that was signed"), "{reason}");
}

#[test]
fn a_panic_while_redacting_costs_one_event_and_no_secret() {
    let body = r#"{"data":{"id":"user_1"},"type":"user.created"}"#;
    let plain = delivery("msg_1", body);
    let entry_of = |delivery: &Delivery| {
        let redacted = Redacted::cleaned_by(delivery, |_| panic!("quoting the body"));
        let entry = redacted.entry(&Policy::default());
        let Verdict::Dead(reason) = entry.verdict else { panic!("{:?}", entry.verdict) };
        assert_eq!(reason, "decoding panicked: a bug in clerk-mirror");
        entry.payload.map(str::to_owned)
    };
    assert_eq!(entry_of(&plain).as_deref(), Some(body));
    let secret = delivery("msg_2", r#"{"data":{"backup_codes":["1"]},"type":"user.created"}"#);
    assert_eq!(entry_of(&secret), None);
}

#[test]
fn a_panic_while_judging_costs_one_event_and_keeps_what_was_read() {
    let delivery = delivery("msg_1", r#"{"data":{"backup_codes":["1"]},"type":"user.created"}"#);
    let redacted = Redacted::new(&delivery);
    let entry = redacted.judged_by(|entry| {
        entry.event_type = Some("user.created".into());
        panic!("quoting the body")
    });
    assert!(
        matches!(entry.verdict, Verdict::Dead(reason) if reason == "decoding panicked: a bug in clerk-mirror")
    );
    assert_eq!(entry.event_type.as_deref(), Some("user.created"));
    assert_eq!(entry.payload, Some(r#"{"data":{},"type":"user.created"}"#));
}
