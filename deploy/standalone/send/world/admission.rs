//! Invitations to the application, and its waitlist.

use super::{
    World,
    messages::{self, Addressee},
    objects::{
        Metadata,
        admission::{Invitation, WaitlistEntry},
    },
    population::{Applicant, Invitee, Newcomer},
    sessions,
    stage::{DAY, Stage},
};

const MAX_INVITEES: usize = 200;
const MAX_APPLICANTS: usize = 200;

impl World {
    /// Someone is invited to sign up.
    pub(super) fn invite_to_application(&mut self) -> Option<()> {
        if self.invitees.len() >= MAX_INVITEES {
            return None;
        }
        let newcomer = self.newcomer();
        let invitation = issue(&mut self.stage, &newcomer);
        self.invitees.insert(Invitee { newcomer, invitation });
        Some(())
    }

    /// They do.
    pub(super) fn accept_application_invitation(&mut self) -> Option<()> {
        let id = self.invitees.find(&mut self.stage.dice, |_| true)?.invitation.id;
        let Invitee { newcomer, mut invitation } = self.invitees.remove(id)?;
        self.welcome(&newcomer)?;
        settle(&mut self.stage, &mut invitation, "accepted");
        self.stage.emit("invitation.accepted", &invitation);
        Some(())
    }

    /// The invitation is taken back before that.
    pub(super) fn revoke_application_invitation(&mut self) -> Option<()> {
        let id = self.invitees.find(&mut self.stage.dice, |_| true)?.invitation.id;
        let mut invitation = self.invitees.remove(id)?.invitation;
        settle(&mut self.stage, &mut invitation, "revoked");
        self.stage.emit("invitation.revoked", &invitation);
        Some(())
    }

    /// Someone asks to be let in.
    pub(super) fn join_waitlist(&mut self) -> Option<()> {
        if self.waitlist.len() >= MAX_APPLICANTS {
            return None;
        }
        let newcomer = self.newcomer();
        let now = self.stage.now();
        let entry = WaitlistEntry {
            created_at: now,
            email_address: newcomer.email.clone(),
            id: self.stage.id("wle_"),
            invitation: None,
            is_locked: false,
            object: "waitlist_entry",
            status: "pending",
            updated_at: now,
        };
        self.stage.emit("waitlistEntry.created", &entry);
        self.waitlist.insert(Applicant { newcomer, entry });
        Some(())
    }

    /// Someone on the waitlist is invited.
    pub(super) fn invite_from_waitlist(&mut self) -> Option<()> {
        let applicant =
            self.waitlist.find_mut(&mut self.stage.dice, |applicant| applicant.entry.status == "pending")?;
        let invitation = issue(&mut self.stage, &applicant.newcomer);
        self.stage.pause();
        applicant.entry.invitation = Some(invitation);
        applicant.entry.status = "invited";
        applicant.entry.updated_at = self.stage.now();
        self.stage.emit("waitlistEntry.updated", &applicant.entry);
        Some(())
    }

    /// Someone invited from the waitlist signs up.
    pub(super) fn accept_from_waitlist(&mut self) -> Option<()> {
        let id = self
            .waitlist
            .find(&mut self.stage.dice, |applicant| applicant.entry.status == "invited")?
            .entry
            .id;
        let Applicant { newcomer, mut entry } = self.waitlist.remove(id)?;
        self.welcome(&newcomer)?;
        if let Some(invitation) = &mut entry.invitation {
            settle(&mut self.stage, invitation, "accepted");
            self.stage.emit("invitation.accepted", invitation);
        }
        self.stage.pause();
        entry.status = "completed";
        entry.updated_at = self.stage.now();
        self.stage.emit("waitlistEntry.updated", &entry);
        Some(())
    }

    /// Someone on the waitlist is turned away.
    pub(super) fn reject_from_waitlist(&mut self) -> Option<()> {
        let id = self
            .waitlist
            .find(&mut self.stage.dice, |applicant| applicant.entry.status == "pending")?
            .entry
            .id;
        let mut entry = self.waitlist.remove(id)?.entry;
        entry.status = "rejected";
        entry.updated_at = self.stage.now();
        self.stage.emit("waitlistEntry.updated", &entry);
        Some(())
    }

    /// An invited person becomes a user and is signed in.
    fn welcome(&mut self, newcomer: &Newcomer) -> Option<()> {
        let user = self.register_invited(newcomer);
        sessions::open(&mut self.stage, self.people.get_mut(user)?, None);
        self.stage.pause();
        Some(())
    }
}

fn issue(stage: &mut Stage, newcomer: &Newcomer) -> Invitation {
    let now = stage.now();
    let mut public_metadata = Metadata::default();
    public_metadata.set("source", stage.dice.pick(&["newsletter", "fair", "friend"]));
    let invitation = Invitation {
        created_at: now,
        email_address: newcomer.email.clone(),
        expires_at: Some(now + 30 * DAY),
        id: stage.id("inv_"),
        object: "invitation",
        public_metadata,
        revoked: false,
        status: "pending",
        updated_at: now,
        url: messages::ticket_url(stage),
    };
    stage.emit("invitation.created", &invitation);
    messages::email_invitation(
        stage,
        Addressee::stranger(&newcomer.email),
        "Tidepool's keeper",
        &invitation.url,
    );
    invitation
}

fn settle(stage: &mut Stage, invitation: &mut Invitation, status: &'static str) {
    invitation.status = status;
    invitation.revoked = status == "revoked";
    invitation.updated_at = stage.now();
}
