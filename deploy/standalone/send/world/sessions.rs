//! People sign in and out.

use super::{
    World,
    ids::Id,
    names,
    objects::session::{Activity, Session, SessionWithUser},
    population::Person,
    stage::{DAY, Stage},
};

/// So many sessions of one user are followed; older ones expire, which nobody is told of.
const MAX_SESSIONS: usize = 4;

impl World {
    /// A user signs in.
    pub(super) fn sign_in(&mut self) -> Option<()> {
        let person = self.people.find_mut(&mut self.stage.dice, Person::is_free)?;
        let organization = person
            .memberships
            .last()
            .and_then(|id| self.memberships.get(*id))
            .map(|found| found.organization);
        open(&mut self.stage, person, organization);
        Some(())
    }

    /// A user signs out.
    pub(super) fn sign_out(&mut self) -> Option<()> {
        self.close_session("session.ended", "ended")
    }

    /// A user signs out of one of several accounts.
    pub(super) fn remove_session(&mut self) -> Option<()> {
        self.close_session("session.removed", "removed")
    }

    /// A session is ended from elsewhere.
    pub(super) fn revoke_session(&mut self) -> Option<()> {
        self.close_session("session.revoked", "revoked")
    }

    fn close_session(&mut self, event_type: &'static str, status: &'static str) -> Option<()> {
        let person = self.people.find_mut(&mut self.stage.dice, |person| !person.sessions.is_empty())?;
        let place = self.stage.dice.below(person.sessions.len());
        let session = person.sessions.swap_remove(place);
        close(&mut self.stage, person, session, event_type, status);
        Some(())
    }
}

/// Opens a session; the user's time of last sign-in moves with it.
pub fn open(stage: &mut Stage, person: &mut Person, organization: Option<Id>) {
    let session = new_session(stage, person, organization, "active");
    admit(stage, person, session);
}

/// Opens a session that is pending until the user has done what they must.
pub fn open_after_task(stage: &mut Stage, person: &mut Person) {
    let mut session = new_session(stage, person, None, "pending");
    stage.emit("session.pending", &SessionWithUser { session: &session, user: &person.user });
    stage.wait_for_person();
    session.status = "active";
    session.updated_at = stage.now();
    admit(stage, person, session);
}

/// Closes all of a user's sessions.
pub fn close_all(stage: &mut Stage, person: &mut Person, event_type: &'static str, status: &'static str) {
    for session in std::mem::take(&mut person.sessions) {
        stage.pause();
        close(stage, person, session, event_type, status);
    }
}

fn close(
    stage: &mut Stage,
    person: &Person,
    mut session: Session,
    event_type: &'static str,
    status: &'static str,
) {
    session.status = status;
    session.updated_at = stage.now();
    stage.emit(event_type, &SessionWithUser { session: &session, user: &person.user });
}

fn admit(stage: &mut Stage, person: &mut Person, session: Session) {
    let now = stage.now();
    person.user.last_sign_in_at = Some(now);
    person.user.last_active_at = Some(now - now % DAY);
    stage.emit("session.created", &SessionWithUser { session: &session, user: &person.user });
    if person.sessions.len() >= MAX_SESSIONS {
        person.sessions.remove(0);
    }
    person.sessions.push(session);
    stage.pause();
    person.tell(stage, "user.updated");
}

fn new_session(
    stage: &mut Stage,
    person: &Person,
    organization: Option<Id>,
    status: &'static str,
) -> Session {
    let now = stage.now();
    let is_mobile = stage.dice.chance(40);
    let (browser_name, device_type) =
        if is_mobile { ("Mobile Safari", "iPhone") } else { ("Firefox", "Linux") };
    let (city, country) = stage.dice.pick(&names::CITIES);
    let [octet, range] = stage.dice.bytes();
    Session {
        abandon_at: now + 30 * DAY,
        actor: None,
        client_id: stage.id("client_"),
        created_at: now,
        expire_at: now + 7 * DAY,
        id: stage.id("sess_"),
        last_active_at: now,
        last_active_organization_id: organization,
        latest_activity: Activity {
            browser_name,
            browser_version: if is_mobile { "19.1" } else { "145.0" },
            city,
            country,
            device_type,
            id: stage.id("sess_activity_"),
            ip_address: names::ip_address(octet, range > 127),
            is_mobile,
            object: "session_activity",
        },
        object: "session",
        status,
        updated_at: now,
        user_id: person.user.id,
    }
}
