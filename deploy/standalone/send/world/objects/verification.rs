use serde::Serialize;

/// How, and whether, someone showed that an address, a device or an account is theirs.
#[derive(Debug, Serialize)]
pub struct Verification {
    pub attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<&'static str>,
    pub expire_at: Option<i64>,
    pub object: &'static str,
    pub status: &'static str,
    pub strategy: &'static str,
}

impl Verification {
    const TEN_MINUTES: i64 = 600_000;

    fn new(object: &'static str, status: &'static str, strategy: &'static str) -> Self {
        Self { attempts: None, channel: None, expire_at: None, object, status, strategy }
    }

    /// A code was sent by e-mail at `now`.
    pub fn email_code_sent(now: i64) -> Self {
        Self {
            attempts: Some(0),
            expire_at: Some(now + Self::TEN_MINUTES),
            ..Self::new("verification_otp", "unverified", "email_code")
        }
    }

    /// A code was sent by text message at `now`.
    pub fn phone_code_sent(now: i64) -> Self {
        Self { channel: Some("sms"), strategy: "phone_code", ..Self::email_code_sent(now) }
    }

    /// The code came back.
    pub fn succeed(&mut self) {
        self.status = "verified";
        self.attempts = Some(self.attempts.unwrap_or_default() + 1);
    }

    /// Somebody with the right to do so said so.
    pub fn by_admin() -> Self {
        Self::new("verification_admin", "verified", "admin")
    }

    /// Another provider vouches.
    pub fn by_oauth(strategy: &'static str, now: i64) -> Self {
        Self {
            expire_at: Some(now + Self::TEN_MINUTES),
            ..Self::new("verification_oauth", "verified", strategy)
        }
    }

    /// The address was taken from another provider's account.
    pub fn from_oauth(strategy: &'static str) -> Self {
        Self::new("verification_from_oauth", "verified", strategy)
    }

    /// The company's identity provider vouches.
    pub fn by_saml() -> Self {
        Self::new("verification_saml", "verified", "saml")
    }

    /// A message was signed with the wallet's key.
    pub fn by_wallet(now: i64) -> Self {
        Self {
            attempts: Some(1),
            expire_at: Some(now + Self::TEN_MINUTES),
            ..Self::new("verification_web3", "verified", "web3_metamask_signature")
        }
    }

    /// A challenge was signed with the passkey.
    pub fn by_passkey() -> Self {
        Self { attempts: Some(1), ..Self::new("verification_passkey", "verified", "passkey") }
    }

    /// Whether it was shown.
    pub fn succeeded(&self) -> bool {
        self.status == "verified"
    }
}
