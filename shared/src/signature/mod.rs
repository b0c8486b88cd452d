//! Svix's webhook signature (Standard Webhooks, scheme `v1`): who may be believed.
//!
//! The signed text is `{id}.{timestamp}.{raw body}`, the key is the base64 part of `whsec_…`, the signature
//! header is a space-separated list of `v1,<base64 of HMAC-SHA256>`; one match under one active secret is enough.
//! Only [`Verifier::verify`] makes a [`Verified`] delivery, and only a verified delivery can be published. The secrets
//! can be replaced while deliveries are being verified.

mod credentials;
mod secret;

pub use credentials::Credentials;
use secret::MAC_LEN;
pub use secret::{InvalidSecret, Secret};

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwap;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

use crate::delivery::Delivery;

/// How far the sender's clock may be from ours, either way (Standard Webhooks, Svix).
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// The most secrets that may be configured at once: each is a label of a metric, and each costs a hash of the body.
pub const MAX_SECRETS: usize = 16;

/// A delivery whose signature was found right. There is no other way to make one than to verify it.
#[derive(Debug, Clone)]
pub struct Verified {
    delivery: Delivery,
    secret: usize,
}

impl Verified {
    /// What was verified.
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// Which secret signed it: the first that matches, counted from 0 in the order in which they were configured.
    pub fn secret(&self) -> usize {
        self.secret
    }

    /// Takes the delivery out.
    pub fn into_delivery(self) -> Delivery {
        self.delivery
    }
}

/// Checks deliveries against every active secret. Clones share their secrets.
#[derive(Debug, Clone)]
pub struct Verifier {
    secrets: Arc<ArcSwap<Vec<Secret>>>,
}

impl Verifier {
    /// A verifier that accepts any of `secrets` (several while one is rotated). With none it accepts nothing.
    pub fn new(secrets: Vec<Secret>) -> Self {
        Self { secrets: Arc::new(ArcSwap::from_pointee(secrets)) }
    }

    /// Puts these secrets in force, here and in every clone. What is being verified at this moment is judged by the old
    /// ones or by the new ones, never by a mixture.
    pub fn replace(&self, secrets: Vec<Secret>) {
        self.secrets.store(Arc::new(secrets));
    }

    /// How many secrets are in force.
    pub fn count(&self) -> usize {
        self.secrets.load().len()
    }

    /// Verifies what was presented with `body` and stamps it with the moment it was received.
    pub fn verify(
        &self,
        presented: &Credentials<'_>,
        body: Bytes,
        now: SystemTime,
    ) -> Result<Verified, Rejection> {
        presented.check_tolerance(now)?;
        let secret = self.find_secret(presented.id, presented.timestamp_text, presented.signature, &body)?;
        let delivery = Delivery {
            svix_id: presented.id.to_owned(),
            svix_timestamp: presented.timestamp,
            svix_signature: presented.signature.to_owned(),
            received_at: since_epoch(now).as_millis().try_into().unwrap_or(i64::MAX),
            traceparent: presented.traceparent.map(str::to_owned),
            body,
        };
        Ok(Verified { delivery, secret })
    }

    /// Verifies a delivery that has been through the queue. Its time is no longer checked: it was on receipt.
    pub fn verify_again(&self, delivery: &Delivery) -> Result<(), Rejection> {
        let timestamp = delivery.svix_timestamp.to_string();
        self.find_secret(&delivery.svix_id, &timestamp, &delivery.svix_signature, &delivery.body).map(drop)
    }

    /// The first secret under which one of the signatures in `header` is right. Each secret hashes the body once, however
    /// many signatures there are.
    fn find_secret(&self, id: &str, timestamp: &str, header: &str, body: &[u8]) -> Result<usize, Rejection> {
        if presented_macs(header).next().is_none() {
            return Err(Rejection::SignatureInvalid);
        }
        let secrets = self.secrets.load();
        secrets
            .iter()
            .position(|secret| secret.matches_any(id, timestamp, body, presented_macs(header)))
            .ok_or(Rejection::SignatureMismatch)
    }
}

/// The well-formed `v1` signatures of a header. Other versions (v1a is ed25519) are not ours to judge.
fn presented_macs(header: &str) -> impl Iterator<Item = [u8; MAC_LEN]> {
    header.split_ascii_whitespace().filter_map(|entry| entry.strip_prefix("v1,").and_then(decode_mac))
}

/// A MAC of the right length, decoded on the stack.
fn decode_mac(text: &str) -> Option<[u8; MAC_LEN]> {
    // The decoder asks for room for whole base64 groups: 44 characters may be up to 33 bytes.
    let mut buffer = [0u8; MAC_LEN + 1];
    let written = STANDARD.decode_slice(text, &mut buffer).ok()?;
    buffer[..written].try_into().ok()
}

fn since_epoch(now: SystemTime) -> Duration {
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Why a request was not believed. Each has a code of its own in the answer and in the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No `svix-id` (nor `webhook-id`).
    #[error("the svix-id header is missing")]
    IdMissing,
    /// More than one.
    #[error("the svix-id header is there more than once")]
    IdDuplicated,
    /// Empty, over 255 bytes, not printable ASCII, or with a dot (it would make the signed text ambiguous).
    #[error("the svix-id header is not 1 to 255 printable ASCII characters without a dot")]
    IdInvalid,
    /// No `svix-timestamp`.
    #[error("the svix-timestamp header is missing")]
    TimestampMissing,
    /// More than one.
    #[error("the svix-timestamp header is there more than once")]
    TimestampDuplicated,
    /// Not whole seconds since 1970.
    #[error("the svix-timestamp header is not a whole number of seconds")]
    TimestampInvalid,
    /// Older than [`TOLERANCE`].
    #[error("the svix-timestamp header is more than 300 s in the past")]
    TimestampTooOld,
    /// Newer than [`TOLERANCE`].
    #[error("the svix-timestamp header is more than 300 s in the future")]
    TimestampTooNew,
    /// No `svix-signature`.
    #[error("the svix-signature header is missing")]
    SignatureMissing,
    /// More than one.
    #[error("the svix-signature header is there more than once")]
    SignatureDuplicated,
    /// Holds no well-formed `v1` signature, or is over 4 KiB.
    #[error("the svix-signature header holds no well-formed v1 signature, or is over 4 KiB")]
    SignatureInvalid,
    /// No active secret gives that signature.
    #[error("no active secret matches the signature")]
    SignatureMismatch,
}

impl Rejection {
    /// The code in the answer's body.
    pub const fn code(self) -> &'static str {
        match self {
            Self::IdMissing => "id_missing",
            Self::IdDuplicated => "id_duplicated",
            Self::IdInvalid => "id_invalid",
            Self::TimestampMissing => "timestamp_missing",
            Self::TimestampDuplicated => "timestamp_duplicated",
            Self::TimestampInvalid => "timestamp_invalid",
            Self::TimestampTooOld => "timestamp_too_old",
            Self::TimestampTooNew => "timestamp_too_new",
            Self::SignatureMissing => "signature_missing",
            Self::SignatureDuplicated => "signature_duplicated",
            Self::SignatureInvalid => "signature_invalid",
            Self::SignatureMismatch => "signature_mismatch",
        }
    }
}

#[cfg(test)]
mod tests;
