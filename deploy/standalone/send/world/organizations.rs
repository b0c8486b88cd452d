//! Organizations and their domains.

use super::{
    World,
    ids::Id,
    names,
    names::COMPANIES,
    objects::{
        DeletedObject, Metadata,
        organization::{Domain, DomainVerification, Organization, OrganizationDomain},
    },
    population::{Company, Person},
    stage::DAY,
};

/// So many organizations live at once.
const MAX_ORGANIZATIONS: usize = 500;
const MAX_DOMAINS: usize = 3;

impl World {
    /// A user founds an organization and is its first member.
    pub(super) fn create_organization(&mut self) -> Option<()> {
        if self.companies.len() >= MAX_ORGANIZATIONS {
            self.delete_organization();
            self.stage.pause();
        }
        let founder = self.people.find(&mut self.stage.dice, Person::is_free)?.user.id;
        let admin = *self.established_roles.first()?;
        let serial = self.newcomer().serial;
        let (name, slug) = self.stage.dice.pick(&COMPANIES);
        let now = self.stage.now();
        let id = self.stage.id("org_");
        let mut public_metadata = Metadata::default();
        public_metadata.set("region", self.stage.dice.pick(&["eu", "us", "apac"]));
        let mut private_metadata = Metadata::default();
        private_metadata.set("account_manager", self.stage.dice.pick(&names::FIRST_NAMES).0);
        let organization = Organization {
            admin_delete_enabled: true,
            created_at: now,
            created_by: founder,
            has_image: self.stage.dice.chance(50),
            id,
            image_url: names::image_url(&mut self.stage.dice),
            last_active_at: now - now % DAY,
            max_allowed_memberships: self.stage.dice.pick(&[0, 25, 50, 100]),
            members_count: 0,
            missing_member_with_elevated_permissions: false,
            name: format!("{name} {serial}"),
            object: "organization",
            pending_invitations_count: 0,
            private_metadata,
            public_metadata,
            role_set_key: Some("role_set:default"),
            slug: format!("{slug}-{serial}"),
            updated_at: now,
        };
        self.stage.emit("organization.created", &organization);
        self.companies.insert(Company {
            organization,
            memberships: Vec::new(),
            invitations: Vec::new(),
            domains: Vec::new(),
            subscription: None,
        });
        self.stage.pause();
        self.add_membership(id, founder, admin)
    }

    /// An organization is renamed, decorated or annotated.
    pub(super) fn update_organization(&mut self) -> Option<()> {
        let serial = self.newcomer().serial;
        let company = self.companies.find_mut(&mut self.stage.dice, |_| true)?;
        let organization = &mut company.organization;
        match self.stage.dice.below(4) {
            0 => {
                let (name, slug) = self.stage.dice.pick(&COMPANIES);
                organization.name = format!("{name} {serial}");
                organization.slug = format!("{slug}-{serial}");
            }
            1 => organization.max_allowed_memberships = self.stage.dice.pick(&[0, 25, 50, 100]),
            2 => organization.public_metadata.set("region", self.stage.dice.pick(&["eu", "us", "apac"])),
            _ => organization.private_metadata.set("tier", self.stage.dice.between(1, 5)),
        }
        organization.updated_at = self.stage.now();
        self.stage.emit("organization.updated", organization);
        Some(())
    }

    /// An organization is deleted.
    ///
    /// Nothing says whether Clerk tells of each membership that ends with it: half of the time it is told here.
    pub(super) fn delete_organization(&mut self) -> Option<()> {
        let company = self.companies.find(&mut self.stage.dice, |_| true)?;
        let (id, memberships, subscription) =
            (company.organization.id, company.memberships.clone(), company.subscription);
        let told = self.stage.dice.chance(50);
        for membership in memberships {
            if told {
                self.remove_membership(membership);
            } else {
                self.forget_membership(membership);
            }
        }
        if let Some(subscription) = subscription {
            self.close_subscription(subscription);
        }
        self.stage.pause();
        let organization = self.companies.remove(id)?.organization;
        let slug = self.stage.dice.chance(50).then_some(Some(organization.slug.as_str()));
        self.stage
            .emit("organization.deleted", &DeletedObject { slug, ..DeletedObject::new("organization", id) });
        Some(())
    }

    /// An organization claims a domain.
    pub(super) fn add_domain(&mut self) -> Option<()> {
        let serial = self.newcomer().serial;
        let company =
            self.companies.find_mut(&mut self.stage.dice, |company| company.domains.len() < MAX_DOMAINS)?;
        let now = self.stage.now();
        let name = format!("{}-{serial}.example", self.stage.dice.pick(&COMPANIES).1);
        let domain = Domain {
            id: self.stage.id("orgdmn_"),
            affiliation_email_address: Some(format!("office@{name}")),
            affiliation_verification: Some(DomainVerification {
                attempts: Some(0),
                expire_at: Some(now + DAY),
                status: "unverified",
                strategy: "affiliation_email_code",
                verified_at: None,
            }),
            ownership_verification: None,
            name,
            enrollment_mode: "manual_invitation",
            total_pending_suggestions: 0,
            created_at: now,
            updated_at: now,
        };
        self.stage
            .emit("organizationDomain.created", &OrganizationDomain::new(&domain, &company.organization));
        company.domains.push(domain);
        Some(())
    }

    /// A domain is shown to be the organization's, and opens the door to its people.
    pub(super) fn verify_domain(&mut self) -> Option<()> {
        let unverified = |domain: &Domain| domain.ownership_verification.is_none();
        let company = self
            .companies
            .find_mut(&mut self.stage.dice, |company| company.domains.iter().any(unverified))?;
        let domain = company.domains.iter_mut().find(|domain| unverified(domain))?;
        let now = self.stage.now();
        if let Some(affiliation) = &mut domain.affiliation_verification {
            affiliation.status = "verified";
            affiliation.attempts = Some(1);
        }
        domain.ownership_verification = Some(DomainVerification {
            attempts: Some(1),
            expire_at: None,
            status: "verified",
            strategy: "txt",
            verified_at: Some(now),
        });
        domain.enrollment_mode = self.stage.dice.pick(&["automatic_invitation", "automatic_suggestion"]);
        domain.total_pending_suggestions = self.stage.dice.below(5) as u32;
        domain.updated_at = now;
        self.stage
            .emit("organizationDomain.updated", &OrganizationDomain::new(domain, &company.organization));
        Some(())
    }

    /// A domain is given up.
    pub(super) fn remove_domain(&mut self) -> Option<()> {
        let company = self.companies.find_mut(&mut self.stage.dice, |company| !company.domains.is_empty())?;
        let id: Id = company.domains.pop()?.id;
        self.stage.emit("organizationDomain.deleted", &DeletedObject::new("organization_domain", id));
        Some(())
    }
}
