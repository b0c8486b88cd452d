//! Reading and judging the signature headers.

#![no_main]

use std::{
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use shared::signature::{Credentials, Rejection, Secret, Verified, Verifier};

const NOW: i64 = 1_700_000_000;
const NAMES: [&str; 7] = [
    "svix-id",
    "svix-timestamp",
    "svix-signature",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "traceparent",
];

static SECRETS: LazyLock<Vec<Secret>> = LazyLock::new(|| {
    [b"first", b"other", b"third"].map(|key| Secret::from_key(key).expect("a key")).to_vec()
});
static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(SECRETS.clone()));

#[derive(Debug, Arbitrary)]
enum Input {
    /// Whatever headers there may be, each with the number of its name.
    Headers(Vec<(u8, Vec<u8>)>),
    /// The form of a real request, right or wrong in its parts.
    Request { id: String, skew: i16, signature: Vec<Entry>, white_label: bool, body: Vec<u8> },
}

/// One entry of the signature header.
#[derive(Debug, Arbitrary)]
enum Entry {
    /// What the secret of this number signs.
    SignedBy(u8),
    /// Any other text.
    Other(String),
}

fuzz_target!(|input: Input| match input {
    Input::Headers(headers) => {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (NAMES[usize::from(*name) % NAMES.len()], &**value)).collect();
        // Nobody can guess a signature.
        assert!(judge(&headers, b"{}").is_err());
    }
    Input::Request { id, skew, signature, white_label, body } => {
        request(&id, skew, &signature, if white_label { 3 } else { 0 }, &body);
    }
});

fn request(id: &str, skew: i16, signature: &[Entry], first_name: usize, body: &[u8]) {
    let timestamp = NOW + i64::from(skew);
    let (timestamp_text, mut signers) = (timestamp.to_string(), Vec::new());
    let entries: Vec<String> = signature
        .iter()
        .map(|entry| match entry {
            Entry::SignedBy(number) => {
                let number = usize::from(*number) % SECRETS.len();
                signers.push(number);
                SECRETS[number].sign(id, timestamp, body)
            }
            Entry::Other(text) => text.clone(),
        })
        .collect();
    let values = [id.as_bytes(), timestamp_text.as_bytes(), &entries.join(" ").into_bytes()];
    let headers: Vec<_> = NAMES[first_name..].iter().copied().zip(values).collect();

    let good_id =
        (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.');
    let in_time = (-300..=300).contains(&skew);
    match (judge(&headers, body), signers.iter().min()) {
        (Ok(verified), Some(&signer)) => {
            assert!(good_id && in_time, "{id:?} {skew}");
            assert_eq!(verified.secret(), signer);
            let delivery = verified.delivery();
            assert_eq!((&*delivery.svix_id, delivery.svix_timestamp, &*delivery.body), (id, timestamp, body));
            assert_eq!(VERIFIER.verify_again(delivery), Ok(()));
        }
        (Ok(_), None) => panic!("nobody signed it"),
        (Err(rejection), Some(_)) => assert!(!(good_id && in_time), "{rejection}"),
        (Err(_), None) => {}
    }
}

fn judge(headers: &[(&'static str, &[u8])], body: &[u8]) -> Result<Verified, Rejection> {
    let values = |name| headers.iter().filter(move |header| header.0 == name).map(|header| header.1);
    let credentials = Credentials::read(values)?;
    VERIFIER.verify(&credentials, Bytes::copy_from_slice(body), UNIX_EPOCH + Duration::from_secs(NOW as u64))
}
