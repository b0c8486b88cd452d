mod properties;
mod vectors;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use vectors::{ED25519_SIGNATURE, PRESENTED, Payload, SIGNED};

use super::*;

type Headers<'a> = Vec<(&'static str, &'a str)>;

fn at(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap())
}

fn verify(
    secrets: &[&str],
    headers: &Headers<'_>,
    body: &[u8],
    now: SystemTime,
) -> Result<Verified, Rejection> {
    let verifier = Verifier::new(secrets.iter().map(|text| text.parse().unwrap()).collect());
    let values =
        |name| headers.iter().filter(move |header| header.0 == name).map(|header| header.1.as_bytes());
    verifier.verify(&Credentials::read(values)?, Bytes::copy_from_slice(body), now)
}

fn svix<'a>(id: &'a str, timestamp: &'a str, signature: &'a str) -> Headers<'a> {
    vec![("svix-id", id), ("svix-timestamp", timestamp), ("svix-signature", signature)]
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const BODY: &[u8] = br#"{"a":1}"#;
const NOW: i64 = 1_700_000_000;

fn signed(secret: &str, timestamp: i64) -> String {
    secret.parse::<Secret>().unwrap().sign("msg_1", timestamp, BODY)
}

#[test]
fn signs_as_svix_does() {
    for vector in SIGNED {
        let payload = match vector.payload {
            Payload::Text(text) => text.as_bytes().to_vec(),
            Payload::Repeat(times) => vec![b'a'; times],
        };
        let secret: Secret = vector.secret.parse().unwrap();
        assert_eq!(secret.sign(vector.id, vector.timestamp, &payload), vector.signature, "{}", vector.name);
        let (now, timestamp) = (at(vector.timestamp), vector.timestamp.to_string());
        let headers = svix(vector.id, &timestamp, vector.signature);
        assert!(verify(&[vector.secret], &headers, &payload, now).is_ok(), "{}", vector.name);
    }
}

#[test]
fn judges_as_svix_does() {
    for vector in PRESENTED {
        let now = at(vector.timestamp.parse().unwrap_or(NOW));
        let headers = svix(vector.id, vector.timestamp, vector.signatures);
        let verdict = verify(&[vector.secret], &headers, vector.payload.as_bytes(), now);
        assert_eq!(verdict.is_ok(), vector.valid, "{}: {verdict:?}", vector.name);
    }
}

#[test]
fn other_versions_are_passed_over() {
    let timestamp = NOW.to_string();
    let alone = verify(&[SECRET], &svix("msg_1", &timestamp, ED25519_SIGNATURE), BODY, at(NOW));
    assert_eq!(alone.unwrap_err(), Rejection::SignatureInvalid);
    let both = format!("{ED25519_SIGNATURE} {}", signed(SECRET, NOW));
    assert!(verify(&[SECRET], &svix("msg_1", &timestamp, &both), BODY, at(NOW)).is_ok());
}

#[test]
fn the_clock_may_differ_by_300_seconds_either_way() {
    for (skew, expected) in [
        (-301, Err(Rejection::TimestampTooOld)),
        (-300, Ok(())),
        (300, Ok(())),
        (301, Err(Rejection::TimestampTooNew)),
    ] {
        let (timestamp, signature) = ((NOW + skew).to_string(), signed(SECRET, NOW + skew));
        let verdict = verify(&[SECRET], &svix("msg_1", &timestamp, &signature), BODY, at(NOW));
        assert_eq!(verdict.map(drop), expected, "{skew}");
    }
}

#[test]
fn any_active_secret_will_do() {
    let (timestamp, signature) = (NOW.to_string(), signed(OTHER, NOW));
    let headers = svix("msg_1", &timestamp, &signature);
    assert!(verify(&[SECRET, OTHER], &headers, BODY, at(NOW)).is_ok());
    assert_eq!(verify(&[SECRET], &headers, BODY, at(NOW)).unwrap_err(), Rejection::SignatureMismatch);
    assert_eq!(verify(&[], &headers, BODY, at(NOW)).unwrap_err(), Rejection::SignatureMismatch);
}

#[test]
fn the_first_secret_in_their_order_is_named_whatever_the_order_of_the_signatures() {
    let timestamp = NOW.to_string();
    for signatures in [
        format!("{} {}", signed(SECRET, NOW), signed(OTHER, NOW)),
        format!("{} {}", signed(OTHER, NOW), signed(SECRET, NOW)),
    ] {
        let headers = svix("msg_1", &timestamp, &signatures);
        assert_eq!(verify(&[SECRET, OTHER], &headers, BODY, at(NOW)).unwrap().secret(), 0);
    }
    let headers =
        [("svix-id", "msg_1"), ("svix-timestamp", &timestamp), ("svix-signature", &signed(OTHER, NOW))];
    assert_eq!(verify(&[SECRET, OTHER], &headers.to_vec(), BODY, at(NOW)).unwrap().secret(), 1);
}

#[test]
fn secrets_that_are_replaced_are_replaced_in_every_clone() {
    let verifier = Verifier::new(vec![SECRET.parse().unwrap()]);
    let clone = verifier.clone();
    let (timestamp, signature) = (NOW.to_string(), signed(OTHER, NOW));
    let headers = svix("msg_1", &timestamp, &signature);
    let judge = || {
        let values =
            |name| headers.iter().filter(move |header| header.0 == name).map(|header| header.1.as_bytes());
        clone.verify(&Credentials::read(values).unwrap(), BODY.into(), at(NOW)).map(drop)
    };
    assert_eq!(judge(), Err(Rejection::SignatureMismatch));
    verifier.replace(vec![SECRET.parse().unwrap(), OTHER.parse().unwrap()]);
    assert_eq!((judge(), clone.count()), (Ok(()), 2));
    verifier.replace(vec![SECRET.parse().unwrap()]);
    assert_eq!(judge(), Err(Rejection::SignatureMismatch));
}

#[test]
fn either_header_family_is_read_and_svix_comes_first() {
    let (timestamp, signature) = (NOW.to_string(), signed(SECRET, NOW));
    let mut headers =
        vec![("webhook-id", "msg_1"), ("webhook-timestamp", &*timestamp), ("webhook-signature", &*signature)];
    assert!(verify(&[SECRET], &headers, BODY, at(NOW)).is_ok());
    headers.push(("svix-id", "msg_2"));
    assert_eq!(verify(&[SECRET], &headers, BODY, at(NOW)).unwrap_err(), Rejection::SignatureMismatch);
}

#[test]
fn every_malformed_header_has_its_own_reason() {
    let (timestamp, signature) = (NOW.to_string(), signed(SECRET, NOW));
    let good = svix("msg_1", &timestamp, &signature);
    let (long, padded) = ("m".repeat(256), format!("{signature} {}", "x".repeat(4096)));
    let without =
        |name: &str| good.iter().copied().filter(|header| header.0 != name).collect::<Headers<'_>>();
    let twice =
        |name: &str| good.iter().copied().chain(good.iter().copied().filter(|h| h.0 == name)).collect();
    let with = |name: &'static str, value| without(name).into_iter().chain([(name, value)]).collect();
    let cases: Vec<(Headers<'_>, Rejection)> = vec![
        (without("svix-id"), Rejection::IdMissing),
        (twice("svix-id"), Rejection::IdDuplicated),
        (with("svix-id", ""), Rejection::IdInvalid),
        (with("svix-id", "msg.1"), Rejection::IdInvalid),
        (with("svix-id", "msg 1"), Rejection::IdInvalid),
        (with("svix-id", "msg_é"), Rejection::IdInvalid),
        (with("svix-id", &long), Rejection::IdInvalid),
        (without("svix-timestamp"), Rejection::TimestampMissing),
        (twice("svix-timestamp"), Rejection::TimestampDuplicated),
        (with("svix-timestamp", "hello"), Rejection::TimestampInvalid),
        (with("svix-timestamp", "+1700000000"), Rejection::TimestampInvalid),
        (with("svix-timestamp", "1700000000.0"), Rejection::TimestampInvalid),
        (with("svix-timestamp", "99999999999999999999"), Rejection::TimestampInvalid),
        (with("svix-timestamp", "-9223372036854775808"), Rejection::TimestampTooOld),
        (with("svix-timestamp", "9223372036854775807"), Rejection::TimestampTooNew),
        (without("svix-signature"), Rejection::SignatureMissing),
        (twice("svix-signature"), Rejection::SignatureDuplicated),
        (with("svix-signature", ""), Rejection::SignatureInvalid),
        (with("svix-signature", "v1"), Rejection::SignatureInvalid),
        (with("svix-signature", "v1,!!!"), Rejection::SignatureInvalid),
        (with("svix-signature", "v1,Zm9v"), Rejection::SignatureInvalid),
        (with("svix-signature", &padded), Rejection::SignatureInvalid),
    ];
    for (headers, expected) in cases {
        let verdict = verify(&[SECRET], &headers, BODY, at(NOW));
        assert_eq!(verdict.unwrap_err(), expected, "{headers:?}");
    }
}

#[test]
fn a_verified_delivery_verifies_again_after_the_queue_and_a_forged_one_does_not() {
    let (timestamp, signature) = (NOW.to_string(), signed(SECRET, NOW));
    let verified = verify(&[SECRET], &svix("msg_1", &timestamp, &signature), BODY, at(NOW + 200)).unwrap();
    let verifier = Verifier::new(vec![SECRET.parse().unwrap()]);
    let mut delivery = verified.into_delivery();
    assert_eq!(delivery.received_at, (NOW + 200) * 1000);
    assert_eq!(verifier.verify_again(&delivery), Ok(()));
    delivery.body = Bytes::from_static(br#"{"a":2}"#);
    assert_eq!(verifier.verify_again(&delivery), Err(Rejection::SignatureMismatch));
}

#[test]
fn a_secret_is_read_with_and_without_its_prefix_and_never_shown() {
    assert_eq!("whsec_".parse::<Secret>().unwrap_err(), InvalidSecret::Empty);
    assert_eq!("".parse::<Secret>().unwrap_err(), InvalidSecret::Empty);
    assert_eq!("whsec_?".parse::<Secret>().unwrap_err(), InvalidSecret::NotBase64);
    let secret: Secret = Secret::encode(b"key").parse().unwrap();
    assert_eq!(format!("{secret:?}"), "Secret(…)");
}
