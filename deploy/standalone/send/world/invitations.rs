//! Invitations to organizations.

use super::{
    World,
    ids::Id,
    memberships::MAX_MEMBERS,
    messages::{self, Addressee},
    objects::{
        Metadata,
        organization::{InviterData, OrganizationInvitation},
    },
    population::{Company, OpenInvitation, Person},
    registry::Registry,
    sessions,
    stage::DAY,
};

const MAX_INVITATIONS: usize = 5;

impl World {
    /// A member invites someone who is not a user yet.
    pub(super) fn invite(&mut self) -> Option<()> {
        let newcomer = self.newcomer();
        let role = self.any_established_role()?;
        let company = self.companies.find_mut(&mut self.stage.dice, |company| {
            company.invitations.len() < MAX_INVITATIONS && !company.memberships.is_empty()
        })?;
        let inviter = self.memberships.get(*company.memberships.first()?)?.user;
        let now = self.stage.now();
        let mut public_metadata = Metadata::default();
        public_metadata.set("campaign", self.stage.dice.pick(&["spring", "referral", "hiring"]));
        let mut private_metadata = Metadata::default();
        private_metadata.set("budget_code", self.stage.dice.between(1_000, 9_999));
        let invitation = OpenInvitation {
            id: self.stage.id("orginv_"),
            newcomer,
            role,
            inviter,
            url: messages::ticket_url(&mut self.stage),
            public_metadata,
            private_metadata,
            created_at: now,
            expires_at: now + 30 * DAY,
            updated_at: now,
        };
        company.organization.pending_invitations_count = company.invitations.len() + 1;
        let host = company.organization.name.clone();
        let organization = company.organization.id;
        self.tell_invitation(organization, &invitation, "organizationInvitation.created", "pending", None);
        let to = Addressee::stranger(&invitation.newcomer.email);
        messages::email_invitation(&mut self.stage, to, &host, &invitation.url);
        self.companies.get_mut(organization)?.invitations.push(invitation);
        Some(())
    }

    /// An invited person signs up and becomes a member.
    pub(super) fn accept_invitation(&mut self) -> Option<()> {
        let company = self.companies.find_mut(&mut self.stage.dice, |company| {
            !company.invitations.is_empty() && company.memberships.len() < MAX_MEMBERS
        })?;
        let (organization, mut invitation) = take_invitation(company)?;
        let user = self.register_invited(&invitation.newcomer);
        self.add_membership(organization, user, invitation.role)?;
        sessions::open(&mut self.stage, self.people.get_mut(user)?, Some(organization));
        invitation.updated_at = self.stage.now();
        let accepted = "organizationInvitation.accepted";
        self.tell_invitation(organization, &invitation, accepted, "accepted", Some(user))
    }

    /// An invitation is taken back.
    pub(super) fn revoke_invitation(&mut self) -> Option<()> {
        let company =
            self.companies.find_mut(&mut self.stage.dice, |company| !company.invitations.is_empty())?;
        let (organization, mut invitation) = take_invitation(company)?;
        invitation.updated_at = self.stage.now();
        self.tell_invitation(organization, &invitation, "organizationInvitation.revoked", "revoked", None)
    }

    fn tell_invitation(
        &mut self,
        organization: Id,
        invitation: &OpenInvitation,
        event_type: &'static str,
        status: &'static str,
        user_id: Option<Id>,
    ) -> Option<()> {
        let organization = &self.companies.get(organization)?.organization;
        let role = self.roles.get(invitation.role)?;
        let data = OrganizationInvitation {
            created_at: invitation.created_at,
            email_address: &invitation.newcomer.email,
            expires_at: invitation.expires_at,
            id: invitation.id,
            inviter_id: Some(invitation.inviter),
            object: "organization_invitation",
            organization_id: organization.id,
            private_metadata: &invitation.private_metadata,
            public_inviter_data: inviter_data(&self.people, invitation.inviter),
            public_metadata: &invitation.public_metadata,
            public_organization_data: organization.public_data(),
            role: &role.key,
            role_name: &role.name,
            status,
            updated_at: invitation.updated_at,
            url: &invitation.url,
            user_id,
        };
        self.stage.emit(event_type, &data);
        Some(())
    }
}

fn take_invitation(company: &mut Company) -> Option<(Id, OpenInvitation)> {
    let invitation = company.invitations.pop()?;
    company.organization.pending_invitations_count = company.invitations.len();
    Some((company.organization.id, invitation))
}

/// Nothing, once the inviter is gone.
fn inviter_data(people: &Registry<Person>, inviter: Id) -> Option<InviterData<'_>> {
    people.get(inviter).map(|person| InviterData::from(&person.user))
}
