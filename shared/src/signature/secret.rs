//! A signing secret as Clerk's dashboard shows it.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac, digest::CtOutput};
use sha2::Sha256;

/// The length of an HMAC-SHA256.
pub(super) const MAC_LEN: usize = 32;
const PREFIX: &str = "whsec_";

/// One endpoint's signing secret (`whsec_…`). Never printed: its `Debug` shows nothing of the key.
#[derive(Clone)]
pub struct Secret {
    // Keyed once: hashing the key again for every request would be waste.
    keyed: Hmac<Sha256>,
}

impl Secret {
    /// A secret of these key bytes.
    pub fn from_key(key: &[u8]) -> Result<Self, InvalidSecret> {
        if key.is_empty() {
            return Err(InvalidSecret::Empty);
        }
        let keyed = Hmac::new_from_slice(key).map_err(|_| InvalidSecret::Empty)?;
        Ok(Self { keyed })
    }

    /// Signs as Svix does: the value of one `svix-signature` entry, `v1,<base64>`.
    pub fn sign(&self, svix_id: &str, timestamp: i64, body: &[u8]) -> String {
        let mac = self.mac(svix_id, &timestamp.to_string(), body).into_bytes();
        format!("v1,{}", STANDARD.encode(mac))
    }

    /// Whether one of `macs` is this secret's over the message; a comparison takes the same time whichever byte is wrong.
    pub(super) fn matches_any(
        &self,
        svix_id: &str,
        timestamp: &str,
        body: &[u8],
        mut macs: impl Iterator<Item = [u8; MAC_LEN]>,
    ) -> bool {
        let expected = self.mac(svix_id, timestamp, body);
        macs.any(|mac| CtOutput::new(mac.into()) == expected)
    }

    fn mac(&self, svix_id: &str, timestamp: &str, body: &[u8]) -> CtOutput<Hmac<Sha256>> {
        let mut mac = self.keyed.clone();
        for part in [svix_id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac.finalize()
    }

    /// Writes key bytes the way Clerk shows them.
    pub fn encode(key: &[u8]) -> String {
        format!("{PREFIX}{}", STANDARD.encode(key))
    }
}

impl FromStr for Secret {
    type Err = InvalidSecret;

    /// Reads `whsec_<base64>`; the prefix may be missing, as in Svix's own libraries.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let key = STANDARD
            .decode(text.strip_prefix(PREFIX).unwrap_or(text))
            .map_err(|_| InvalidSecret::NotBase64)?;
        Self::from_key(&key)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a text is no signing secret. Says nothing of the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// Nothing behind the prefix.
    #[error("a signing secret is empty")]
    Empty,
    /// Not base64 behind the prefix.
    #[error("a signing secret is not `whsec_` and base64")]
    NotBase64,
}
