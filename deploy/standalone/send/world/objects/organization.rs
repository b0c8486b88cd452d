//! An organization, its memberships, invitations and domains.

use serde::Serialize;

use super::{super::ids::Id, Metadata, user::User};

#[derive(Debug, Serialize)]
pub struct Organization {
    pub admin_delete_enabled: bool,
    pub created_at: i64,
    pub created_by: Id,
    pub has_image: bool,
    pub id: Id,
    pub image_url: String,
    pub last_active_at: i64,
    pub max_allowed_memberships: usize,
    pub members_count: usize,
    pub missing_member_with_elevated_permissions: bool,
    pub name: String,
    pub object: &'static str,
    pub pending_invitations_count: usize,
    pub private_metadata: Metadata,
    pub public_metadata: Metadata,
    pub role_set_key: Option<&'static str>,
    pub slug: String,
    pub updated_at: i64,
}

impl Organization {
    /// What everybody may know of it.
    pub fn public_data(&self) -> PublicOrganizationData<'_> {
        PublicOrganizationData {
            has_image: self.has_image,
            id: self.id,
            image_url: &self.image_url,
            name: &self.name,
            slug: &self.slug,
        }
    }
}

#[derive(Serialize)]
pub struct PublicOrganizationData<'a> {
    pub has_image: bool,
    pub id: Id,
    pub image_url: &'a str,
    pub name: &'a str,
    pub slug: &'a str,
}

/// A membership as events show it, with both of its ends.
#[derive(Serialize)]
pub struct OrganizationMembership<'a> {
    pub created_at: i64,
    pub id: Id,
    pub object: &'static str,
    pub organization: &'a Organization,
    pub permissions: Vec<&'a str>,
    pub private_metadata: &'a Metadata,
    pub public_metadata: &'a Metadata,
    pub public_user_data: MemberData<'a>,
    pub role: &'a str,
    pub role_name: &'a str,
    pub updated_at: i64,
}

/// What members may know of each other.
#[derive(Serialize)]
pub struct MemberData<'a> {
    pub banned: bool,
    pub deprovisioned: bool,
    pub first_name: Option<&'a str>,
    pub has_image: bool,
    pub identifier: &'a str,
    pub image_url: &'a str,
    pub last_name: Option<&'a str>,
    pub profile_image_url: &'a str,
    pub user_id: Id,
    pub username: Option<&'a str>,
}

impl<'a> From<&'a User> for MemberData<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            banned: user.banned,
            deprovisioned: user.deprovisioned,
            first_name: user.first_name,
            has_image: user.has_image,
            identifier: user.email(),
            image_url: &user.image_url,
            last_name: user.last_name,
            profile_image_url: &user.profile_image_url,
            user_id: user.id,
            username: user.username.as_deref(),
        }
    }
}

/// An invitation as events show it.
#[derive(Serialize)]
pub struct OrganizationInvitation<'a> {
    pub created_at: i64,
    pub email_address: &'a str,
    pub expires_at: i64,
    pub id: Id,
    pub inviter_id: Option<Id>,
    pub object: &'static str,
    pub organization_id: Id,
    pub private_metadata: &'a Metadata,
    pub public_inviter_data: Option<InviterData<'a>>,
    pub public_metadata: &'a Metadata,
    pub public_organization_data: PublicOrganizationData<'a>,
    pub role: &'a str,
    pub role_name: &'a str,
    pub status: &'static str,
    pub updated_at: i64,
    pub url: &'a str,
    /// Who accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Id>,
}

/// What an invited person may know of who invited them.
#[derive(Serialize)]
pub struct InviterData<'a> {
    pub first_name: Option<&'a str>,
    pub has_image: bool,
    pub identifier: &'a str,
    pub image_url: &'a str,
    pub last_name: Option<&'a str>,
    pub user_id: Id,
}

impl<'a> From<&'a User> for InviterData<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            first_name: user.first_name,
            has_image: user.has_image,
            identifier: user.email(),
            image_url: &user.image_url,
            last_name: user.last_name,
            user_id: user.id,
        }
    }
}

#[derive(Debug)]
pub struct Domain {
    pub id: Id,
    pub name: String,
    pub enrollment_mode: &'static str,
    pub affiliation_email_address: Option<String>,
    pub affiliation_verification: Option<DomainVerification>,
    pub ownership_verification: Option<DomainVerification>,
    pub total_pending_suggestions: u32,
    pub created_at: i64,
    pub updated_at: i64,
}

/// A domain as events show it.
#[derive(Serialize)]
pub struct OrganizationDomain<'a> {
    pub affiliation_email_address: Option<&'a str>,
    pub affiliation_verification: Option<&'a DomainVerification>,
    pub created_at: i64,
    pub enrollment_mode: &'static str,
    pub id: Id,
    pub name: &'a str,
    pub object: &'static str,
    pub organization_id: Id,
    pub ownership_verification: Option<&'a DomainVerification>,
    pub public_organization_data: PublicOrganizationData<'a>,
    pub total_pending_invitations: u32,
    pub total_pending_suggestions: u32,
    pub updated_at: i64,
    /// The older name of `affiliation_verification`.
    pub verification: Option<&'a DomainVerification>,
}

impl<'a> OrganizationDomain<'a> {
    pub fn new(domain: &'a Domain, organization: &'a Organization) -> Self {
        Self {
            affiliation_email_address: domain.affiliation_email_address.as_deref(),
            affiliation_verification: domain.affiliation_verification.as_ref(),
            created_at: domain.created_at,
            enrollment_mode: domain.enrollment_mode,
            id: domain.id,
            name: &domain.name,
            object: "organization_domain",
            organization_id: organization.id,
            ownership_verification: domain.ownership_verification.as_ref(),
            public_organization_data: organization.public_data(),
            total_pending_invitations: 0,
            total_pending_suggestions: domain.total_pending_suggestions,
            updated_at: domain.updated_at,
            verification: domain.affiliation_verification.as_ref(),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct DomainVerification {
    pub attempts: Option<u32>,
    pub expire_at: Option<i64>,
    pub status: &'static str,
    pub strategy: &'static str,
    pub verified_at: Option<i64>,
}
