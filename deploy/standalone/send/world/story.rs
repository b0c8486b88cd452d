//! What happens, and how often.

use super::World;

/// Something that can happen. `None` if there was nobody it could happen to.
type Act = fn(&mut World) -> Option<()>;

/// How often an act of the opening is tried before the world goes on without it.
const TRIES: usize = 100;

/// How every world begins: with these, each kind of event has been sent once.
const OPENING: &[(usize, Act)] = &[
    (8, World::create_permission),
    (4, World::create_role),
    (12, World::sign_up),
    (1, World::sign_up_with_pending_task),
    (3, World::create_organization),
    (2, World::join),
    (1, World::change_role),
    (2, World::edit_profile),
    (1, World::edit_metadata),
    (1, World::add_phone),
    (1, World::enable_sms_factor),
    (1, World::enable_totp),
    (1, World::add_passkey),
    (1, World::sign_out),
    (1, World::remove_session),
    (1, World::revoke_session),
    (1, World::ban),
    (3, World::invite),
    (1, World::accept_invitation),
    (1, World::revoke_invitation),
    (2, World::add_domain),
    (1, World::verify_domain),
    (1, World::remove_domain),
    (1, World::update_organization),
    (1, World::leave_organization),
    (2, World::join_waitlist),
    (1, World::invite_from_waitlist),
    (2, World::invite_to_application),
    (1, World::accept_application_invitation),
    (1, World::revoke_application_invitation),
    (4, World::subscribe),
    (1, World::start_trial),
    (1, World::announce_end_of_trial),
    (1, World::renew),
    (1, World::fail_payment),
    (2, World::schedule_change),
    (1, World::abandon_change),
    (1, World::start_change),
    (1, World::cancel_subscription),
    (1, World::end_subscription),
    (2, World::create_permission),
    (1, World::create_role),
    (1, World::update_permission),
    (1, World::update_role),
    (1, World::delete_role),
    (1, World::delete_permission),
    (1, World::delete_user),
    (1, World::delete_organization),
];

/// How a world goes on: each act with its weight. A few more arrive than leave, until the world is full.
const DAILY: &[(usize, Act)] = &[
    (40, World::sign_up),
    (3, World::sign_up_with_pending_task),
    (220, World::sign_in),
    (70, World::sign_out),
    (40, World::remove_session),
    (6, World::revoke_session),
    (60, World::edit_profile),
    (90, World::edit_metadata),
    (3, World::edit_twice_at_once),
    (20, World::add_email),
    (18, World::verify_email),
    (8, World::make_email_primary),
    (20, World::connect_account),
    (3, World::connect_wallet),
    (8, World::change_password),
    (16, World::add_phone),
    (12, World::enable_sms_factor),
    (14, World::enable_totp),
    (8, World::renew_backup_codes),
    (12, World::add_passkey),
    (5, World::disable_mfa),
    (4, World::ban),
    (3, World::unban),
    (4, World::lock),
    (4, World::unlock),
    (2, World::deprovision),
    (16, World::delete_user),
    (10, World::create_organization),
    (16, World::update_organization),
    (3, World::delete_organization),
    (40, World::join),
    (16, World::change_role),
    (12, World::edit_membership),
    (16, World::leave_organization),
    (16, World::invite),
    (10, World::accept_invitation),
    (4, World::revoke_invitation),
    (5, World::add_domain),
    (4, World::verify_domain),
    (3, World::remove_domain),
    (8, World::join_waitlist),
    (5, World::invite_from_waitlist),
    (4, World::accept_from_waitlist),
    (2, World::reject_from_waitlist),
    (6, World::invite_to_application),
    (4, World::accept_application_invitation),
    (2, World::revoke_application_invitation),
    (12, World::subscribe),
    (4, World::start_trial),
    (3, World::announce_end_of_trial),
    (20, World::renew),
    (6, World::fail_payment),
    (5, World::recover_payment),
    (4, World::schedule_change),
    (2, World::abandon_change),
    (2, World::start_change),
    (5, World::cancel_subscription),
    (5, World::end_subscription),
    (1, World::create_permission),
    (1, World::update_permission),
    (1, World::delete_permission),
    (1, World::create_role),
    (2, World::update_role),
    (1, World::delete_role),
];

const DAILY_WEIGHT: usize = total(DAILY);

const fn total(acts: &[(usize, Act)]) -> usize {
    let mut sum = 0;
    let mut index = 0;
    while index < acts.len() {
        sum += acts[index].0;
        index += 1;
    }
    sum
}

fn at(acts: &[(usize, Act)], mut place: usize) -> Option<Act> {
    for &(weight, act) in acts {
        match place.checked_sub(weight) {
            Some(rest) => place = rest,
            None => return Some(act),
        }
    }
    None
}

impl World {
    /// Lets one thing happen.
    pub(super) fn play(&mut self) {
        self.stage.rest();
        match at(OPENING, self.opening) {
            Some(act) => {
                self.opening += 1;
                // Chance may have chosen someone it cannot happen to.
                let _ = (0..TRIES).find_map(|_| act(self));
            }
            None => {
                let place = self.stage.dice.below(DAILY_WEIGHT);
                let _ = at(DAILY, place).and_then(|act| act(self));
            }
        }
    }
}
