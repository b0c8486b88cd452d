//! Users come and go.

use super::{
    World,
    ids::Id,
    messages::{self, Addressee},
    names,
    objects::{
        DeletedObject, Metadata, Verification,
        user::{EmailAddress, EnterpriseAccount, EnterpriseConnection, ExternalAccount, Link, Scim, User},
    },
    population::{Newcomer, Person},
    sessions,
    stage::{DAY, Stage},
};

/// So many users live at once.
pub const MAX_USERS: usize = 5_000;

/// The domain whose people a company directory provisions.
const DIRECTORY_DOMAIN: &str = "kestrel.example";

/// How someone becomes a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    EmailCode,
    SocialAccount,
    Directory,
    Administrator,
}

impl World {
    /// Someone signs up, one way or another, and is signed in.
    pub(super) fn sign_up(&mut self) -> Option<()> {
        let way = match self.stage.dice.below(100) {
            0..50 => Way::EmailCode,
            50..88 => Way::SocialAccount,
            88..94 => Way::Directory,
            _ => Way::Administrator,
        };
        let mut newcomer = self.newcomer();
        if way == Way::Directory {
            newcomer.email = format!("{}.{}@{DIRECTORY_DOMAIN}", newcomer.first.1, newcomer.serial);
        }
        let id = self.register(&newcomer, way);
        let person = self.people.get_mut(id)?;
        if way != Way::Administrator {
            sessions::open(&mut self.stage, person, None);
        }
        Some(())
    }

    /// Someone signs up and has to choose an organization before the session is active.
    pub(super) fn sign_up_with_pending_task(&mut self) -> Option<()> {
        let newcomer = self.newcomer();
        let id = self.register(&newcomer, Way::EmailCode);
        sessions::open_after_task(&mut self.stage, self.people.get_mut(id)?);
        Some(())
    }

    /// An invited person becomes a user.
    pub(super) fn register_invited(&mut self, newcomer: &Newcomer) -> Id {
        self.register(newcomer, Way::EmailCode)
    }

    fn register(&mut self, newcomer: &Newcomer, way: Way) -> Id {
        if self.people.len() >= MAX_USERS {
            self.delete_user();
            self.stage.pause();
        }
        if way == Way::EmailCode {
            messages::email_code(&mut self.stage, "verification_code", Addressee::stranger(&newcomer.email));
            self.stage.wait_for_person();
        }
        let mut person = Person {
            user: new_user(&mut self.stage, newcomer),
            scim: None,
            sessions: Vec::new(),
            memberships: Vec::new(),
            subscription: None,
        };
        let user = &mut person.user;
        match way {
            Way::EmailCode => {
                let mut verification = Verification::email_code_sent(self.stage.now());
                verification.succeed();
                add_primary_email(&mut self.stage, user, newcomer, verification);
                set_password(user, self.stage.now());
            }
            Way::SocialAccount => {
                let account = social_account(&mut self.stage, newcomer);
                let verification = Verification::from_oauth(account.provider);
                let address = add_primary_email(&mut self.stage, user, newcomer, verification);
                address.linked_to.push(Link { id: account.id, r#type: account.provider });
                user.external_accounts.push(account);
            }
            Way::Directory => {
                let address = add_primary_email(&mut self.stage, user, newcomer, Verification::by_saml());
                address.matches_sso_connection = true;
                user.enterprise_accounts.push(enterprise_account(&mut self.stage, self.connection, newcomer));
                person.scim = Some(Scim {
                    directory_enabled: true,
                    directory_id: self.connection,
                    external_id: Some(format!("00u{:09}", newcomer.serial)),
                });
            }
            Way::Administrator => {
                add_primary_email(&mut self.stage, user, newcomer, Verification::by_admin());
                user.external_id = Some(format!("customer-{}", newcomer.serial));
                user.private_metadata.set("imported", true);
            }
        }
        person.tell(&mut self.stage, "user.created");
        self.people.insert(person).user.id
    }

    /// A user is deleted, after everything that is theirs.
    pub(super) fn delete_user(&mut self) -> Option<()> {
        let person = self.people.find(&mut self.stage.dice, |_| true)?;
        let (id, memberships, subscription) =
            (person.user.id, person.memberships.clone(), person.subscription);
        for membership in memberships {
            self.remove_membership(membership);
        }
        if let Some(subscription) = subscription {
            self.close_subscription(subscription);
        }
        let mut person = self.people.remove(id)?;
        sessions::close_all(&mut self.stage, &mut person, "session.removed", "removed");
        self.stage.pause();
        let external_id = person.user.external_id.as_deref();
        self.stage.emit("user.deleted", &DeletedObject { external_id, ..DeletedObject::new("user", id) });
        Some(())
    }
}

fn new_user(stage: &mut Stage, newcomer: &Newcomer) -> User {
    let now = stage.now();
    let username =
        stage.dice.chance(40).then(|| format!("{}{}{}", newcomer.first.1, newcomer.last.1, newcomer.serial));
    let named = stage.dice.chance(92);
    let mut public_metadata = Metadata::default();
    if stage.dice.chance(60) {
        public_metadata.set("plan", stage.dice.pick(&["free", "team", "business"]));
        public_metadata.set("onboarded", false);
    }
    let mut unsafe_metadata = Metadata::default();
    if stage.dice.chance(50) {
        unsafe_metadata.set("theme", stage.dice.pick(&["light", "dark", "system"]));
        unsafe_metadata.set("newsletter", stage.dice.chance(30));
    }
    User {
        backup_code_enabled: false,
        banned: false,
        bypass_client_trust: false,
        create_organization_enabled: true,
        create_organizations_limit: None,
        created_at: now,
        delete_self_enabled: true,
        deprovisioned: false,
        email_addresses: Vec::new(),
        enterprise_accounts: Vec::new(),
        external_accounts: Vec::new(),
        external_id: None,
        first_name: named.then_some(newcomer.first.0),
        has_image: stage.dice.chance(35),
        id: stage.id("user_"),
        image_url: names::image_url(&mut stage.dice),
        last_active_at: Some(now - now % DAY),
        last_name: named.then_some(newcomer.last.0),
        last_sign_in_at: None,
        legal_accepted_at: stage.dice.chance(70).then_some(now),
        locale: stage.dice.chance(50).then(|| stage.dice.pick(&names::LOCALES)),
        locked: false,
        lockout_expires_in_seconds: None,
        mfa_disabled_at: None,
        mfa_enabled_at: None,
        object: "user",
        passkeys: Vec::new(),
        password_enabled: false,
        password_last_updated_at: None,
        phone_numbers: Vec::new(),
        primary_email_address_id: None,
        primary_phone_number_id: None,
        primary_web3_wallet_id: None,
        private_metadata: Metadata::default(),
        profile_image_url: names::image_url(&mut stage.dice),
        public_metadata,
        saml_accounts: [],
        totp_enabled: false,
        two_factor_enabled: false,
        unsafe_metadata,
        updated_at: now,
        username,
        verification_attempts_remaining: Some(100),
        web3_wallets: Vec::new(),
    }
}

/// The user has a password as of `now`.
pub fn set_password(user: &mut User, now: i64) {
    user.password_enabled = true;
    user.password_last_updated_at = Some(now);
}

/// An e-mail address, as yet of nobody.
pub fn email_address(stage: &mut Stage, text: String, verification: Verification) -> EmailAddress {
    let now = stage.now();
    EmailAddress {
        created_at: now,
        email_address: text,
        id: stage.id("idn_"),
        linked_to: Vec::new(),
        matches_sso_connection: false,
        object: "email_address",
        reserved: false,
        updated_at: now,
        verification: Some(verification),
    }
}

fn add_primary_email<'a>(
    stage: &mut Stage,
    user: &'a mut User,
    newcomer: &Newcomer,
    verification: Verification,
) -> &'a mut EmailAddress {
    let address = email_address(stage, newcomer.email.clone(), verification);
    user.primary_email_address_id = Some(address.id);
    user.email_addresses.push_mut(address)
}

/// An account with another provider, under the newcomer's address.
pub fn social_account(stage: &mut Stage, newcomer: &Newcomer) -> ExternalAccount {
    let now = stage.now();
    let (provider, strategy, approved_scopes) = stage.dice.pick(&[
        ("oauth_github", "oauth_github", "read:user user:email"),
        (
            "oauth_google",
            "oauth_google",
            "email https://www.googleapis.com/auth/userinfo.email openid profile",
        ),
        ("oauth_microsoft", "oauth_microsoft", "email offline_access openid profile User.Read"),
    ]);
    let identification_id = stage.id("idn_");
    ExternalAccount {
        approved_scopes,
        avatar_url: names::image_url(&mut stage.dice),
        created_at: now,
        email_address: newcomer.email.clone(),
        email_address_verified: Some(true),
        external_account_id: stage.id("eac_"),
        first_name: newcomer.first.0,
        id: identification_id,
        identification_id,
        image_url: names::image_url(&mut stage.dice),
        label: None,
        last_name: newcomer.last.0,
        object: "external_account",
        phone_number: None,
        provider,
        provider_user_id: format!("{:021}", stage.dice.below(usize::MAX)),
        public_metadata: Metadata::default(),
        updated_at: now,
        username: None,
        verification: Some(Verification::by_oauth(strategy, now)),
    }
}

fn enterprise_account(stage: &mut Stage, connection: Id, newcomer: &Newcomer) -> EnterpriseAccount {
    EnterpriseAccount {
        active: true,
        email_address: newcomer.email.clone(),
        enterprise_connection: EnterpriseConnection {
            active: true,
            allow_idp_initiated: false,
            allow_subdomains: false,
            created_at: stage.start(),
            disable_additional_identifications: false,
            domain: DIRECTORY_DOMAIN.to_owned(),
            domains: [DIRECTORY_DOMAIN.to_owned()],
            id: connection,
            logo_public_url: None,
            name: "Kestrel Aviation",
            protocol: "saml",
            provider: "saml_okta",
            sync_user_attributes: true,
            updated_at: stage.start(),
        },
        enterprise_connection_id: connection,
        first_name: Some(newcomer.first.0),
        id: stage.id("entacc_"),
        last_authenticated_at: Some(stage.now()),
        last_name: Some(newcomer.last.0),
        object: "enterprise_account",
        protocol: "saml",
        provider: "saml_okta",
        provider_user_id: Some(newcomer.email.clone()),
        public_metadata: Metadata::default(),
        verification: Some(Verification::by_saml()),
    }
}
