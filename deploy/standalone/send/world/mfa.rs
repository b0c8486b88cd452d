//! Second factors come and go. Clerk has no events of their own for them: all are updates of the user.

use super::{
    SECRET_MARKER, World, messages,
    objects::{
        Verification,
        user::{Passkey, PhoneNumber, User},
    },
    stage::Stage,
};

const MAX_PASSKEYS: usize = 3;
const BACKUP_CODES: usize = 10;

impl World {
    /// A user adds a phone number and enters the code sent to it.
    pub(super) fn add_phone(&mut self) -> Option<()> {
        self.newcomers += 1;
        let phone_number = format!("+1999{:07}", self.newcomers % 10_000_000);
        let person = self.people.find_mut(&mut self.stage.dice, |person| {
            person.is_free() && person.user.phone_numbers.is_empty()
        })?;
        let id = self.stage.id("idn_");
        let now = self.stage.now();
        person.user.phone_numbers.push(PhoneNumber {
            backup_codes: None,
            created_at: now,
            default_second_factor: false,
            id,
            linked_to: [],
            object: "phone_number",
            phone_number,
            reserved: false,
            reserved_for_second_factor: false,
            updated_at: now,
            verification: Some(Verification::phone_code_sent(now)),
        });
        person.tell(&mut self.stage, "user.updated");
        let user_id = person.user.id;
        let phone = person.user.phone_numbers.last_mut()?;
        messages::sms_code(&mut self.stage, &phone.phone_number, id, user_id);
        self.stage.wait_for_person();
        phone.verification.as_mut()?.succeed();
        phone.updated_at = self.stage.now();
        person.user.primary_phone_number_id = Some(id);
        person.tell(&mut self.stage, "user.updated");
        Some(())
    }

    /// A phone becomes a second factor; backup codes are shown once, in the event too.
    pub(super) fn enable_sms_factor(&mut self) -> Option<()> {
        self.change_user(
            |user| user.phone_numbers.iter().any(|phone| !phone.reserved_for_second_factor),
            |stage, user| {
                for phone in &mut user.phone_numbers {
                    phone.reserved_for_second_factor = true;
                    phone.default_second_factor = true;
                    phone.backup_codes = Some(backup_codes(stage));
                    phone.updated_at = stage.now();
                }
                user.backup_code_enabled = true;
                settle(user, stage.now());
            },
        )
    }

    /// A user confirms an authenticator app.
    pub(super) fn enable_totp(&mut self) -> Option<()> {
        self.change_user(
            |user| !user.totp_enabled,
            |stage, user| {
                user.totp_enabled = true;
                user.backup_code_enabled = true;
                settle(user, stage.now());
            },
        )
    }

    /// A user asks for new backup codes.
    pub(super) fn renew_backup_codes(&mut self) -> Option<()> {
        self.change_user(
            |user| user.backup_code_enabled && !user.phone_numbers.is_empty(),
            |stage, user| {
                for phone in &mut user.phone_numbers {
                    phone.backup_codes = Some(backup_codes(stage));
                }
            },
        )
    }

    /// A user registers a passkey. It is a first factor.
    pub(super) fn add_passkey(&mut self) -> Option<()> {
        self.change_user(
            |user| user.passkeys.len() < MAX_PASSKEYS,
            |stage, user| {
                user.passkeys.push(Passkey {
                    id: stage.id("idn_"),
                    last_used_at: stage.now(),
                    name: stage.dice.pick(&["iCloud Keychain", "Pixel 10", "Security key"]),
                    object: "passkey",
                    verification: Some(Verification::by_passkey()),
                });
            },
        )
    }

    /// A user gives up all second factors.
    pub(super) fn disable_mfa(&mut self) -> Option<()> {
        self.change_user(
            |user| user.two_factor_enabled,
            |stage, user| {
                user.totp_enabled = false;
                user.backup_code_enabled = false;
                for phone in &mut user.phone_numbers {
                    phone.reserved_for_second_factor = false;
                    phone.default_second_factor = false;
                    phone.backup_codes = None;
                }
                settle(user, stage.now());
            },
        )
    }
}

/// Draws the conclusion from the factors; the time of the opposite change is never taken back.
fn settle(user: &mut User, now: i64) {
    let enabled =
        user.totp_enabled || user.phone_numbers.iter().any(|phone| phone.reserved_for_second_factor);
    if enabled == user.two_factor_enabled {
        return;
    }
    user.two_factor_enabled = enabled;
    if enabled {
        user.mfa_enabled_at = Some(now);
    } else {
        user.mfa_disabled_at = Some(now);
    }
}

fn backup_codes(stage: &mut Stage) -> Vec<String> {
    (0..BACKUP_CODES)
        .map(|_| format!("{SECRET_MARKER}{:08x}", u32::from_be_bytes(stage.dice.bytes())))
        .collect()
}
