//! A user and what identifies one.

use serde::Serialize;

use super::{super::ids::Id, Metadata, Verification};

#[derive(Debug, Serialize)]
pub struct User {
    pub backup_code_enabled: bool,
    pub banned: bool,
    pub bypass_client_trust: bool,
    pub create_organization_enabled: bool,
    pub create_organizations_limit: Option<u32>,
    pub created_at: i64,
    pub delete_self_enabled: bool,
    pub deprovisioned: bool,
    pub email_addresses: Vec<EmailAddress>,
    pub enterprise_accounts: Vec<EnterpriseAccount>,
    pub external_accounts: Vec<ExternalAccount>,
    pub external_id: Option<String>,
    pub first_name: Option<&'static str>,
    pub has_image: bool,
    pub id: Id,
    pub image_url: String,
    pub last_active_at: Option<i64>,
    pub last_name: Option<&'static str>,
    pub last_sign_in_at: Option<i64>,
    pub legal_accepted_at: Option<i64>,
    pub locale: Option<&'static str>,
    pub locked: bool,
    pub lockout_expires_in_seconds: Option<i64>,
    pub mfa_disabled_at: Option<i64>,
    pub mfa_enabled_at: Option<i64>,
    pub object: &'static str,
    pub passkeys: Vec<Passkey>,
    pub password_enabled: bool,
    pub password_last_updated_at: Option<i64>,
    pub phone_numbers: Vec<PhoneNumber>,
    pub primary_email_address_id: Option<Id>,
    pub primary_phone_number_id: Option<Id>,
    pub primary_web3_wallet_id: Option<Id>,
    pub private_metadata: Metadata,
    pub profile_image_url: String,
    pub public_metadata: Metadata,
    pub saml_accounts: [(); 0],
    pub totp_enabled: bool,
    pub two_factor_enabled: bool,
    pub unsafe_metadata: Metadata,
    pub updated_at: i64,
    pub username: Option<String>,
    pub verification_attempts_remaining: Option<i64>,
    pub web3_wallets: Vec<Web3Wallet>,
}

impl User {
    /// The address messages are sent to.
    pub fn primary_email(&self) -> Option<&EmailAddress> {
        self.email_addresses.iter().find(|address| Some(address.id) == self.primary_email_address_id)
    }

    /// The same, as text; empty if there is none.
    pub fn email(&self) -> &str {
        self.primary_email().map_or("", |address| &address.email_address)
    }
}

/// The user as the event of a change shows it: only there is the directory it comes from told.
#[derive(Serialize)]
pub struct UserSnapshot<'a> {
    #[serde(flatten)]
    pub user: &'a User,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim: Option<&'a Scim>,
}

/// The company directory that provisions a user.
#[derive(Debug, Serialize)]
pub struct Scim {
    pub directory_enabled: bool,
    pub directory_id: Id,
    pub external_id: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct EmailAddress {
    pub created_at: i64,
    pub email_address: String,
    pub id: Id,
    pub linked_to: Vec<Link>,
    pub matches_sso_connection: bool,
    pub object: &'static str,
    pub reserved: bool,
    pub updated_at: i64,
    pub verification: Option<Verification>,
}

/// What an address was learned from.
#[derive(Debug, Serialize)]
pub struct Link {
    pub id: Id,
    pub r#type: &'static str,
}

#[derive(Debug, Serialize)]
pub struct PhoneNumber {
    pub backup_codes: Option<Vec<String>>,
    pub created_at: i64,
    pub default_second_factor: bool,
    pub id: Id,
    pub linked_to: [Link; 0],
    pub object: &'static str,
    pub phone_number: String,
    pub reserved: bool,
    pub reserved_for_second_factor: bool,
    pub updated_at: i64,
    pub verification: Option<Verification>,
}

#[derive(Debug, Serialize)]
pub struct Web3Wallet {
    pub created_at: i64,
    pub id: Id,
    pub object: &'static str,
    pub updated_at: i64,
    pub verification: Option<Verification>,
    pub web3_wallet: String,
}

#[derive(Debug, Serialize)]
pub struct Passkey {
    pub id: Id,
    pub last_used_at: i64,
    pub name: &'static str,
    pub object: &'static str,
    pub verification: Option<Verification>,
}

#[derive(Debug, Serialize)]
pub struct ExternalAccount {
    pub approved_scopes: &'static str,
    pub avatar_url: String,
    pub created_at: i64,
    pub email_address: String,
    pub email_address_verified: Option<bool>,
    pub external_account_id: Id,
    pub first_name: &'static str,
    pub id: Id,
    pub identification_id: Id,
    pub image_url: String,
    pub label: Option<&'static str>,
    pub last_name: &'static str,
    pub object: &'static str,
    pub phone_number: Option<String>,
    pub provider: &'static str,
    pub provider_user_id: String,
    pub public_metadata: Metadata,
    pub updated_at: i64,
    pub username: Option<String>,
    pub verification: Option<Verification>,
}

#[derive(Debug, Serialize)]
pub struct EnterpriseAccount {
    pub active: bool,
    pub email_address: String,
    pub enterprise_connection: EnterpriseConnection,
    pub enterprise_connection_id: Id,
    pub first_name: Option<&'static str>,
    pub id: Id,
    pub last_authenticated_at: Option<i64>,
    pub last_name: Option<&'static str>,
    pub object: &'static str,
    pub protocol: &'static str,
    pub provider: &'static str,
    pub provider_user_id: Option<String>,
    pub public_metadata: Metadata,
    pub verification: Option<Verification>,
}

#[derive(Debug, Serialize)]
pub struct EnterpriseConnection {
    pub active: bool,
    pub allow_idp_initiated: bool,
    pub allow_subdomains: bool,
    pub created_at: i64,
    pub disable_additional_identifications: bool,
    pub domain: String,
    pub domains: [String; 1],
    pub id: Id,
    pub logo_public_url: Option<String>,
    pub name: &'static str,
    pub protocol: &'static str,
    pub provider: &'static str,
    pub sync_user_attributes: bool,
    pub updated_at: i64,
}
