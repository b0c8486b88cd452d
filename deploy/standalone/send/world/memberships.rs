//! Who belongs to which organization, and as what.

use super::{
    World,
    ids::Id,
    objects::{
        Metadata,
        organization::{MemberData, OrganizationMembership},
    },
    population::{Membership, Person},
};

const MAX_MEMBERSHIPS_OF_USER: usize = 4;
/// So many members an organization has at most.
pub const MAX_MEMBERS: usize = 25;

impl World {
    /// A user is made a member of an organization they are not in.
    pub(super) fn join(&mut self) -> Option<()> {
        let company =
            self.companies.find(&mut self.stage.dice, |company| company.memberships.len() < MAX_MEMBERS)?;
        let organization = company.organization.id;
        let memberships = &self.memberships;
        let is_member = |person: &Person| {
            person
                .memberships
                .iter()
                .any(|id| memberships.get(*id).is_some_and(|m| m.organization == organization))
        };
        let person = self.people.find(&mut self.stage.dice, |person| {
            person.is_free() && person.memberships.len() < MAX_MEMBERSHIPS_OF_USER && !is_member(person)
        })?;
        let user = person.user.id;
        let role = self.any_established_role()?;
        self.add_membership(organization, user, role)
    }

    /// A member is given another role.
    pub(super) fn change_role(&mut self) -> Option<()> {
        let role = self.any_established_role()?;
        self.change_membership(|membership| membership.role != role, |membership| membership.role = role)
    }

    /// The application notes something about a membership.
    pub(super) fn edit_membership(&mut self) -> Option<()> {
        let team = self.stage.dice.pick(&["harbour", "orchard", "workshop", "night shift"]);
        let seat = self.stage.dice.between(1, 40);
        self.change_membership(
            |_| true,
            |membership| {
                membership.public_metadata.set("team", team);
                membership.private_metadata.set("seat", seat);
            },
        )
    }

    /// A member leaves.
    pub(super) fn leave_organization(&mut self) -> Option<()> {
        let id = self.memberships.find(&mut self.stage.dice, |_| true)?.id;
        self.remove_membership(id)
    }

    /// Makes a user a member, and tells of it.
    pub(super) fn add_membership(&mut self, organization: Id, user: Id, role: Id) -> Option<()> {
        let id = self.stage.id("orgmem_");
        let now = self.stage.now();
        let company = self.companies.get_mut(organization)?;
        company.memberships.push(id);
        company.organization.members_count = company.memberships.len();
        self.people.get_mut(user)?.memberships.push(id);
        self.memberships.insert(Membership {
            id,
            organization,
            user,
            role,
            public_metadata: Metadata::default(),
            private_metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        });
        self.tell_membership(id, "organizationMembership.created")
    }

    /// Ends a membership. Clerk sends the whole object, as it was last changed.
    pub(super) fn remove_membership(&mut self, id: Id) -> Option<()> {
        self.stage.pause();
        let membership = self.memberships.get(id)?;
        let company = self.companies.get_mut(membership.organization)?;
        company.organization.members_count = company.memberships.len() - 1;
        self.tell_membership(id, "organizationMembership.deleted");
        self.forget_membership(id)
    }

    /// Ends a membership without a word.
    pub(super) fn forget_membership(&mut self, id: Id) -> Option<()> {
        let membership = self.memberships.remove(id)?;
        let company = self.companies.get_mut(membership.organization)?;
        company.memberships.retain(|other| *other != id);
        company.organization.members_count = company.memberships.len();
        let person = self.people.get_mut(membership.user)?;
        person.memberships.retain(|other| *other != id);
        for session in &mut person.sessions {
            session.last_active_organization_id.take_if(|active| *active == membership.organization);
        }
        Some(())
    }

    fn change_membership(
        &mut self,
        suits: impl Fn(&Membership) -> bool,
        change: impl FnOnce(&mut Membership),
    ) -> Option<()> {
        let membership = self.memberships.find_mut(&mut self.stage.dice, suits)?;
        change(membership);
        membership.updated_at = self.stage.now();
        let id = membership.id;
        self.tell_membership(id, "organizationMembership.updated")
    }

    fn tell_membership(&mut self, id: Id, event_type: &'static str) -> Option<()> {
        let membership = self.memberships.get(id)?;
        let role = self.roles.get(membership.role)?;
        let permissions = role
            .permissions
            .iter()
            .filter_map(|id| self.permissions.get(*id))
            .map(|found| found.key.as_str());
        let data = OrganizationMembership {
            created_at: membership.created_at,
            id,
            object: "organization_membership",
            organization: &self.companies.get(membership.organization)?.organization,
            permissions: permissions.collect(),
            private_metadata: &membership.private_metadata,
            public_metadata: &membership.public_metadata,
            public_user_data: MemberData::from(&self.people.get(membership.user)?.user),
            role: &role.key,
            role_name: &role.name,
            updated_at: membership.updated_at,
        };
        self.stage.emit(event_type, &data);
        Some(())
    }
}
