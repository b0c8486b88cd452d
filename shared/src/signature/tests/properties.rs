//! What holds of every request, shown with random ones.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::Config,
};

use super::*;

const FAMILIES: [[&str; 3]; 2] = [
    ["svix-id", "svix-timestamp", "svix-signature"],
    ["webhook-id", "webhook-timestamp", "webhook-signature"],
];

fn config() -> Config {
    Config { cases: 1500, failure_persistence: None, ..Config::default() }
}

/// Three secrets of which no two are the same.
fn secrets() -> Vec<Secret> {
    [b"first", b"other", b"third"].iter().map(|key| Secret::from_key(*key).unwrap()).collect()
}

fn judge(headers: &[(&'static str, &[u8])], body: &[u8]) -> Result<Verified, Rejection> {
    let verifier = Verifier::new(secrets());
    verifier.verify(&read(headers)?, Bytes::copy_from_slice(body), at(NOW))
}

fn read<'a>(headers: &'a [(&'static str, &'a [u8])]) -> Result<Credentials<'a>, Rejection> {
    Credentials::read(|name| headers.iter().filter(move |header| header.0 == name).map(|header| header.1))
}

/// A request of which every header is right.
#[derive(Debug, Clone)]
struct Request {
    /// For each header, whether it has the name of Clerk's family or that of Standard Webhooks.
    family: [usize; 3],
    id: String,
    timestamp: String,
    signature: String,
    body: Vec<u8>,
    /// The first secret that signed.
    signer: usize,
}

impl Request {
    fn headers(&self) -> [(&'static str, &[u8]); 3] {
        let values = [&self.id, &self.timestamp, &self.signature];
        [0, 1, 2].map(|header| (FAMILIES[self.family[header]][header], values[header].as_bytes()))
    }
}

fn request() -> impl Strategy<Value = Request> {
    let signers = vec(0..secrets().len(), 1..4);
    let junk = vec(junk_entry(), 0..5);
    let (id, skew, body) = ("[!-\\-/-~]{1,255}", -300i64..=300, vec(any::<u8>(), 0..300));
    (id, skew, body, signers, junk, any::<[bool; 3]>()).prop_flat_map(
        |(id, skew, body, signers, junk, family)| {
            let timestamp = NOW + skew;
            let sign = |signer: &usize| secrets()[*signer].sign(&id, timestamp, &body);
            let entries: Vec<String> = signers.iter().map(sign).chain(junk).collect();
            let request = Request {
                family: family.map(usize::from),
                id,
                timestamp: timestamp.to_string(),
                signature: String::new(),
                body,
                signer: *signers.iter().min().unwrap(),
            };
            Just(entries)
                .prop_shuffle()
                .prop_map(move |entries| Request { signature: entries.join(" "), ..request.clone() })
        },
    )
}

/// An entry of the signature header that is no signature of ours.
fn junk_entry() -> impl Strategy<Value = String> {
    let ours = secrets()[0].sign("msg_1", NOW, b"another body");
    let another_version = format!("v1a{}", ours.trim_start_matches("v1"));
    prop_oneof![
        select(vec![ours.clone(), another_version, ours.replace("v1", "v2"), ours[..20].to_owned()]),
        "v1a,[A-Za-z0-9+/]{86}==",
        "v[0-9],[ -~]{0,50}",
        "\\PC{0,20}",
    ]
}

fn any_headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let name = select(FAMILIES.concat().into_iter().chain(["traceparent"]).collect::<Vec<_>>());
    let value = prop_oneof![
        vec(any::<u8>(), 0..60),
        any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        "[+-]?0*[0-9]{1,20}".prop_map(String::into_bytes),
        "[!-~]{1,260}".prop_map(String::into_bytes),
        junk_entry().prop_map(String::into_bytes),
    ];
    vec((name, value), 0..9)
}

fn flip(bytes: &mut [u8], bit: Index) {
    let bit = bit.index(bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_signed_is_believed_and_the_first_secret_that_signed_is_named(request in request()) {
        let verified = judge(&request.headers(), &request.body).map_err(|error| TestCaseError::fail(error.code()))?;
        prop_assert_eq!(verified.secret(), request.signer);
        let delivery = verified.delivery();
        prop_assert_eq!(&delivery.svix_id, &request.id);
        prop_assert_eq!(delivery.svix_timestamp.to_string(), request.timestamp);
        prop_assert_eq!(&delivery.svix_signature, &request.signature);
        prop_assert_eq!(&*delivery.body, &*request.body);
        prop_assert_eq!(Verifier::new(secrets()).verify_again(delivery), Ok(()));
    }

    #[test]
    fn a_single_bit_makes_the_difference(request in request(), part in 0..3usize, bit: Index) {
        let mut parts = [request.id.clone().into(), request.timestamp.clone().into(), request.body.clone()];
        if parts[part].is_empty() {
            return Ok(());
        }
        flip(&mut parts[part], bit);
        let mut headers = request.headers();
        headers[0].1 = &parts[0];
        headers[1].1 = &parts[1];
        prop_assert!(judge(&headers, &parts[2]).is_err());
    }

    #[test]
    fn a_single_bit_of_the_signature_makes_the_difference(request in request(), bit: Index, encoded: bool) {
        let timestamp = request.timestamp.parse().unwrap();
        let mut entry = secrets()[request.signer].sign(&request.id, timestamp, &request.body).into_bytes();
        if encoded {
            flip(&mut entry, bit);
        } else {
            let mut mac = STANDARD.decode(&entry[3..]).unwrap();
            flip(&mut mac, bit);
            entry = format!("v1,{}", STANDARD.encode(mac)).into_bytes();
        }
        let mut headers = request.headers();
        headers[2].1 = &entry;
        prop_assert!(judge(&headers, &request.body).is_err());
    }

    #[test]
    fn what_nobody_signed_is_refused_and_nothing_panics(headers in any_headers(), body: Vec<u8>) {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, &**value)).collect();
        prop_assert!(judge(&headers, &body).is_err());
    }

    #[test]
    fn what_is_read_gives_back_the_text_that_was_signed(id in "[!-~]{0,260}", timestamp in "[+-]?[0-9]{1,20}") {
        let headers: [(&str, &[u8]); 3] =
            [("svix-id", id.as_bytes()), ("svix-timestamp", timestamp.as_bytes()), ("svix-signature", b"v1,")];
        match read(&headers) {
            Ok(credentials) => {
                // As it is written again from what goes through the queue.
                let again = format!("{}.{}", credentials.id, credentials.timestamp);
                prop_assert_eq!(&again, &format!("{id}.{timestamp}"));
                prop_assert_eq!(again.matches('.').count(), 1);
            }
            Err(rejection) => {
                let id_is_bad = id.is_empty() || id.len() > 255 || id.contains('.');
                let plain = timestamp.parse::<i64>().is_ok_and(|seconds| seconds.to_string() == timestamp);
                prop_assert!(id_is_bad || !plain, "{}", rejection);
            }
        }
    }
}
