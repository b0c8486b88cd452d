//! What a request presents to be believed.

use std::time::SystemTime;

use super::{Rejection, TOLERANCE, since_epoch};
use crate::delivery::is_svix_id;

/// Room for dozens of signatures. It travels in the head of a message, which has to fit into one frame.
const MAX_SIGNATURE_LEN: usize = 4096;

/// The signature headers of one request, checked for form but not yet believed.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    pub(super) id: &'a str,
    pub(super) timestamp: i64,
    /// As sent: what is signed is the text, not the number.
    pub(super) timestamp_text: &'a str,
    pub(super) signature: &'a str,
    pub(super) traceparent: Option<&'a str>,
}

impl<'a> Credentials<'a> {
    /// Reads the headers through `get`, which gives every value of a lower-case header name.
    ///
    /// Clerk sends the `svix-*` family; the Standard Webhooks names `webhook-*` stand in for those missing.
    pub fn read<I>(get: impl Fn(&'static str) -> I) -> Result<Self, Rejection>
    where
        I: Iterator<Item = &'a [u8]>,
    {
        let one_of = |names: [&'static str; 2], missing, duplicated| {
            for name in names {
                let mut values = get(name);
                let Some(value) = values.next() else { continue };
                if values.next().is_some() {
                    return Err(duplicated);
                }
                return Ok(value);
            }
            Err(missing)
        };

        let id = one_of(["svix-id", "webhook-id"], Rejection::IdMissing, Rejection::IdDuplicated)?;
        let id = printable(id).filter(|id| is_svix_id(id)).ok_or(Rejection::IdInvalid)?;

        let timestamp = one_of(
            ["svix-timestamp", "webhook-timestamp"],
            Rejection::TimestampMissing,
            Rejection::TimestampDuplicated,
        )?;
        let timestamp_text = printable(timestamp).ok_or(Rejection::TimestampInvalid)?;
        let timestamp = parse_seconds(timestamp_text).ok_or(Rejection::TimestampInvalid)?;

        let signature = one_of(
            ["svix-signature", "webhook-signature"],
            Rejection::SignatureMissing,
            Rejection::SignatureDuplicated,
        )?;
        let signature = std::str::from_utf8(signature).ok().filter(|text| text.len() <= MAX_SIGNATURE_LEN);
        let signature = signature.ok_or(Rejection::SignatureInvalid)?;

        let traceparent = get("traceparent").next().and_then(printable).filter(|text| is_traceparent(text));
        Ok(Self { id, timestamp, timestamp_text, signature, traceparent })
    }

    pub(super) fn check_tolerance(&self, now: SystemTime) -> Result<(), Rejection> {
        let now = i64::try_from(since_epoch(now).as_secs()).unwrap_or(i64::MAX);
        let tolerance = TOLERANCE.as_secs() as i64;
        if self.timestamp < now.saturating_sub(tolerance) {
            return Err(Rejection::TimestampTooOld);
        }
        if self.timestamp > now.saturating_add(tolerance) {
            return Err(Rejection::TimestampTooNew);
        }
        Ok(())
    }
}

fn printable(value: &[u8]) -> Option<&str> {
    value.iter().all(u8::is_ascii_graphic).then(|| std::str::from_utf8(value).ok()).flatten()
}

/// Whole seconds in the one way Svix writes them, so that the number gives back the signed text.
fn parse_seconds(text: &str) -> Option<i64> {
    text.parse().ok().filter(|seconds: &i64| seconds.to_string() == text)
}

/// W3C trace context: `00-<32 hex>-<16 hex>-<2 hex>`.
fn is_traceparent(text: &str) -> bool {
    text.len() == 55 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
