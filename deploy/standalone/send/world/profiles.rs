//! Users change what is known of them, or it is changed for them.

use super::{
    World,
    messages::{self, Addressee},
    names::{self, FIRST_NAMES, LAST_NAMES},
    objects::{
        Verification,
        user::{User, Web3Wallet},
    },
    population::Person,
    sessions,
    stage::Stage,
    users,
};

/// So many addresses, accounts and the like one user has at most.
const MAX_IDENTIFICATIONS: usize = 3;

impl World {
    /// Changes a user that suits, and tells of it.
    pub(super) fn change_user(
        &mut self,
        suits: impl Fn(&User) -> bool,
        change: impl FnOnce(&mut Stage, &mut User),
    ) -> Option<()> {
        let person = self.people.find_mut(&mut self.stage.dice, |person| suits(&person.user))?;
        change(&mut self.stage, &mut person.user);
        person.tell(&mut self.stage, "user.updated");
        Some(())
    }

    /// A name, a picture or a language changes.
    pub(super) fn edit_profile(&mut self) -> Option<()> {
        self.change_user(
            |_| true,
            |stage, user| match stage.dice.below(4) {
                0 => user.first_name = Some(stage.dice.pick(&FIRST_NAMES).0),
                1 => user.last_name = Some(stage.dice.pick(&LAST_NAMES).0),
                2 => user.locale = Some(stage.dice.pick(&names::LOCALES)),
                _ => {
                    user.image_url = names::image_url(&mut stage.dice);
                    user.has_image = true;
                }
            },
        )
    }

    /// The application notes something.
    pub(super) fn edit_metadata(&mut self) -> Option<()> {
        self.change_user(
            |_| true,
            |stage, user| match stage.dice.below(4) {
                0 => user.public_metadata.set("plan", stage.dice.pick(&["free", "team", "business"])),
                1 => user.public_metadata.set("onboarded", true),
                2 => user.private_metadata.set("risk_score", stage.dice.between(0, 100)),
                _ => {
                    user.unsafe_metadata.set("status", stage.dice.pick(&["🌊 away", "☕ back soon", "hello"]))
                }
            },
        )
    }

    /// Two changes of one user within the same millisecond.
    pub(super) fn edit_twice_at_once(&mut self) -> Option<()> {
        let person = self.people.find_mut(&mut self.stage.dice, |_| true)?;
        person.user.unsafe_metadata.set("cursor", "first");
        person.tell(&mut self.stage, "user.updated");
        person.user.unsafe_metadata.set("cursor", "second");
        self.stage.emit_tied("user.updated", &person.snapshot());
        Some(())
    }

    /// A user adds an e-mail address, not verified yet, and is sent a code.
    pub(super) fn add_email(&mut self) -> Option<()> {
        let text = self.newcomer().email;
        let person = self.people.find_mut(&mut self.stage.dice, |person| {
            person.is_free() && person.user.email_addresses.len() < MAX_IDENTIFICATIONS
        })?;
        let verification = Verification::email_code_sent(self.stage.now());
        let address = users::email_address(&mut self.stage, text, verification);
        let (address_id, user_id) = (Some(address.id), Some(person.user.id));
        let to = Addressee { email: &address.email_address, address_id, user_id };
        messages::email_code(&mut self.stage, "verification_code", to);
        person.user.email_addresses.push(address);
        person.tell(&mut self.stage, "user.updated");
        Some(())
    }

    /// A user enters the code.
    pub(super) fn verify_email(&mut self) -> Option<()> {
        self.change_user(
            |user| user.email_addresses.iter().any(|address| !is_verified(&address.verification)),
            |stage, user| {
                for address in &mut user.email_addresses {
                    if let Some(verification) =
                        address.verification.as_mut().filter(|found| !found.succeeded())
                    {
                        verification.succeed();
                        address.updated_at = stage.now();
                    }
                }
            },
        )
    }

    /// A user chooses another verified address.
    pub(super) fn make_email_primary(&mut self) -> Option<()> {
        let other = |user: &User| {
            user.email_addresses
                .iter()
                .find(|address| {
                    Some(address.id) != user.primary_email_address_id && is_verified(&address.verification)
                })
                .map(|address| address.id)
        };
        self.change_user(|user| other(user).is_some(), |_, user| user.primary_email_address_id = other(user))
    }

    /// A user connects an account with another provider.
    pub(super) fn connect_account(&mut self) -> Option<()> {
        let newcomer = self.newcomer();
        self.change_user(
            |user| user.external_accounts.len() < MAX_IDENTIFICATIONS,
            |stage, user| user.external_accounts.push(users::social_account(stage, &newcomer)),
        )
    }

    /// A user connects a wallet.
    pub(super) fn connect_wallet(&mut self) -> Option<()> {
        self.change_user(
            |user| user.web3_wallets.is_empty(),
            |stage, user| {
                let now = stage.now();
                let wallet: String =
                    stage.dice.bytes::<20>().iter().map(|byte| format!("{byte:02x}")).collect();
                let id = stage.id("idn_");
                user.primary_web3_wallet_id = Some(id);
                user.web3_wallets.push(Web3Wallet {
                    created_at: now,
                    id,
                    object: "web3_wallet",
                    updated_at: now,
                    verification: Some(Verification::by_wallet(now)),
                    web3_wallet: format!("0x{wallet}"),
                });
            },
        )
    }

    /// A user has forgotten the password: a code, then a new one.
    pub(super) fn change_password(&mut self) -> Option<()> {
        let person = self.people.find_mut(&mut self.stage.dice, Person::is_free)?;
        let address = person.user.primary_email()?;
        let (address_id, user_id) = (Some(address.id), Some(person.user.id));
        let to = Addressee { email: &address.email_address, address_id, user_id };
        messages::email_code(&mut self.stage, "reset_password_code", to);
        self.stage.wait_for_person();
        users::set_password(&mut person.user, self.stage.now());
        person.tell(&mut self.stage, "user.updated");
        Some(())
    }

    /// A user is banned, which ends their sessions.
    pub(super) fn ban(&mut self) -> Option<()> {
        let person = self.people.find_mut(&mut self.stage.dice, |person| !person.user.banned)?;
        person.user.banned = true;
        person.tell(&mut self.stage, "user.updated");
        sessions::close_all(&mut self.stage, person, "session.revoked", "revoked");
        Some(())
    }

    /// A ban is lifted.
    pub(super) fn unban(&mut self) -> Option<()> {
        self.change_user(|user| user.banned, |_, user| user.banned = false)
    }

    /// Too many wrong passwords.
    pub(super) fn lock(&mut self) -> Option<()> {
        self.change_user(
            |user| !user.locked,
            |_, user| {
                user.locked = true;
                user.lockout_expires_in_seconds = Some(3_600);
                user.verification_attempts_remaining = Some(0);
            },
        )
    }

    /// The lock is opened again.
    pub(super) fn unlock(&mut self) -> Option<()> {
        self.change_user(
            |user| user.locked,
            |_, user| {
                user.locked = false;
                user.lockout_expires_in_seconds = None;
                user.verification_attempts_remaining = Some(100);
            },
        )
    }

    /// The company directory takes an account back: an update, not a deletion.
    pub(super) fn deprovision(&mut self) -> Option<()> {
        let person = self
            .people
            .find_mut(&mut self.stage.dice, |person| person.scim.is_some() && !person.user.deprovisioned)?;
        person.user.deprovisioned = true;
        person.tell(&mut self.stage, "user.updated");
        sessions::close_all(&mut self.stage, person, "session.revoked", "revoked");
        Some(())
    }
}

fn is_verified(verification: &Option<Verification>) -> bool {
    verification.as_ref().is_some_and(Verification::succeeded)
}
