//! Who lives in the world, and what belongs to whom.

use super::{
    dice::Dice,
    ids::Id,
    names::{FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS, Name},
    objects::{
        Metadata,
        access::{Permission, Role},
        admission::{Invitation, WaitlistEntry},
        billing::Subscription,
        organization::{Domain, Organization},
        session::Session,
        user::{Scim, User, UserSnapshot},
    },
    registry::Keyed,
    stage::Stage,
};

/// A user and what belongs to them.
#[derive(Debug)]
pub struct Person {
    pub user: User,
    pub scim: Option<Scim>,
    pub sessions: Vec<Session>,
    pub memberships: Vec<Id>,
    pub subscription: Option<Id>,
}

impl Person {
    /// Whether they may do anything at all.
    pub fn is_free(&self) -> bool {
        !(self.user.banned || self.user.locked || self.user.deprovisioned)
    }

    /// Says that the user is new or has changed, as of now.
    pub fn tell(&mut self, stage: &mut Stage, event_type: &'static str) {
        self.user.updated_at = stage.now();
        stage.emit(event_type, &self.snapshot());
    }

    /// The user as events of changes show them.
    pub fn snapshot(&self) -> UserSnapshot<'_> {
        UserSnapshot { user: &self.user, scim: self.scim.as_ref() }
    }
}

/// An organization and what belongs to it.
#[derive(Debug)]
pub struct Company {
    pub organization: Organization,
    pub memberships: Vec<Id>,
    pub invitations: Vec<OpenInvitation>,
    pub domains: Vec<Domain>,
    pub subscription: Option<Id>,
}

/// What ties a user to an organization.
#[derive(Debug)]
pub struct Membership {
    pub id: Id,
    pub organization: Id,
    pub user: Id,
    pub role: Id,
    pub public_metadata: Metadata,
    pub private_metadata: Metadata,
    pub created_at: i64,
    pub updated_at: i64,
}

/// An invitation to an organization that has not been answered.
#[derive(Debug)]
pub struct OpenInvitation {
    pub id: Id,
    pub newcomer: Newcomer,
    pub role: Id,
    pub inviter: Id,
    pub url: String,
    pub public_metadata: Metadata,
    pub private_metadata: Metadata,
    pub created_at: i64,
    pub expires_at: i64,
    pub updated_at: i64,
}

/// An invitation to the application that has not been answered.
#[derive(Debug)]
pub struct Invitee {
    pub newcomer: Newcomer,
    pub invitation: Invitation,
}

/// Someone on the waitlist.
#[derive(Debug)]
pub struct Applicant {
    pub newcomer: Newcomer,
    pub entry: WaitlistEntry,
}

/// Someone who is not a user yet.
#[derive(Debug, Clone)]
pub struct Newcomer {
    pub first: Name,
    pub last: Name,
    pub email: String,
    /// Told from everyone else by this number.
    pub serial: u64,
}

impl Newcomer {
    pub fn new(dice: &mut Dice, serial: u64) -> Self {
        let first = dice.pick(&FIRST_NAMES);
        let last = dice.pick(&LAST_NAMES);
        let email = format!("{}.{}.{serial}@{}", first.1, last.1, dice.pick(&MAIL_DOMAINS));
        Self { first, last, email, serial }
    }
}

impl Keyed for Person {
    fn key(&self) -> Id {
        self.user.id
    }
}

impl Keyed for Company {
    fn key(&self) -> Id {
        self.organization.id
    }
}

impl Keyed for Membership {
    fn key(&self) -> Id {
        self.id
    }
}

impl Keyed for Invitee {
    fn key(&self) -> Id {
        self.invitation.id
    }
}

impl Keyed for Applicant {
    fn key(&self) -> Id {
        self.entry.id
    }
}

impl Keyed for Role {
    fn key(&self) -> Id {
        self.id
    }
}

impl Keyed for Permission {
    fn key(&self) -> Id {
        self.id
    }
}

impl Keyed for Subscription {
    fn key(&self) -> Id {
        self.id
    }
}
