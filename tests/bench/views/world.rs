//! A large mirror, made by the database itself: only the written columns are, the rest is computed as ever.

use std::fmt;

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub struct World {
    pub users: usize,
    pub organizations: usize,
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} users, {} organizations, {} memberships, {} sessions, {} + {} invitations, {} domains",
            self.users,
            self.organizations,
            self.memberships(),
            self.users,
            self.organization_invitations(),
            self.invitations(),
            self.domains()
        )
    }
}

/// How a database writes what the two write differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Postgres,
    Sqlite,
}

/// 2026-11-01, in milliseconds: when everything was made.
const MADE: u64 = 1_793_491_200_000;
/// 2100-01-01, in milliseconds: when what is live expires.
const LATER: u64 = 4_102_444_800_000;

impl World {
    /// A second membership for every other user.
    pub fn memberships(self) -> usize {
        self.users + self.users / 2
    }

    pub fn domains(self) -> usize {
        self.organizations / 2
    }

    pub fn organization_invitations(self) -> usize {
        self.users / 4
    }

    pub fn invitations(self) -> usize {
        self.users / 10
    }

    /// The address of a user.
    pub fn address(self, user: usize) -> String {
        format!("user{user}@company{}.example", user * 31 % self.domains())
    }

    /// What fills the tables, with a name for each.
    pub fn statements(self, dialect: Dialect) -> Vec<(&'static str, String)> {
        let Self { users, organizations } = self;
        let (domains, half) = (self.domains(), users / 2);
        let address = format!("n, n * 31 % {domains}");
        let insert = |table: &'static str, count: usize, id: &str, data: &str, arguments: &str| {
            (table, dialect.insert(table, count, id, data, arguments))
        };
        vec![
            insert(
                "users",
                users,
                "'user_' || n",
                &format!(
                    r#"{{"id":"user_%s","object":"user","first_name":"First %s","last_name":"Last %s","external_id":"ext-%s","username":null,"image_url":"https://img.example/%s","primary_email_address_id":"idn_%s","email_addresses":[{{"id":"idn_%s","email_address":"user%s@company%s.example","verification":{{"status":"verified","strategy":"email_code"}}}}],"phone_numbers":[],"passkeys":[],"public_metadata":{{"plan":"pro"}},"private_metadata":{{}},"unsafe_metadata":{{}},"password_enabled":true,"two_factor_enabled":%s,"totp_enabled":%s,"backup_code_enabled":false,"mfa_enabled_at":null,"banned":false,"locked":false,"created_at":{MADE},"updated_at":{MADE}}}"#
                ),
                &format!(
                    "n, n, n, n, n, n, n, {address}, CASE WHEN n % 3 = 0 THEN 'true' ELSE 'false' END, \
                     CASE WHEN n % 3 = 0 THEN 'true' ELSE 'false' END"
                ),
            ),
            insert(
                "organizations",
                organizations,
                "'org_' || n",
                &format!(
                    r#"{{"id":"org_%s","object":"organization","name":"Company %s","slug":"company-%s","created_by":"user_%s","public_metadata":{{}},"created_at":{MADE},"updated_at":{MADE}}}"#
                ),
                "n, n, n, n",
            ),
            insert(
                "organization_memberships",
                self.memberships(),
                "'orgmem_' || n",
                &format!(
                    r#"{{"id":"orgmem_%s","object":"organization_membership","role":"org:role%s","role_name":"Role","permissions":["org:a","org:b"],"public_metadata":{{}},"organization":{{"id":"org_%s","name":"Company"}},"public_user_data":{{"user_id":"user_%s"}},"created_at":{MADE},"updated_at":{MADE}}}"#
                ),
                &format!(
                    "n, n % 10, CASE WHEN n <= {users} THEN n % {organizations} ELSE n * 7919 % {organizations} END + 1, \
                     CASE WHEN n <= {users} THEN n ELSE (n - {users}) * 2 END"
                ),
            ),
            insert(
                "sessions",
                users,
                "'sess_' || n",
                &format!(
                    r#"{{"id":"sess_%s","object":"session","user_id":"user_%s","client_id":"client_%s","status":"%s","latest_activity":{{"browser_name":"Firefox","city":"Bern"}},"expire_at":{LATER},"abandon_at":{LATER},"created_at":{MADE},"updated_at":{MADE}}}"#
                ),
                &format!("n, n * 3 % {users} + 1, n, CASE WHEN n % 3 = 0 THEN 'active' ELSE 'ended' END"),
            ),
            insert(
                "organization_invitations",
                self.organization_invitations(),
                "'orginv_' || n",
                &format!(
                    r#"{{"id":"orginv_%s","object":"organization_invitation","email_address":"user%s@company%s.example","organization_id":"org_%s","role":"org:role1","status":"%s","inviter_id":"user_%s","expires_at":{LATER},"created_at":{MADE},"updated_at":{MADE}}}"#
                ),
                &format!(
                    "n, {address}, n * 13 % {organizations} + 1, CASE WHEN n % 2 = 0 THEN 'pending' ELSE 'accepted' END, n"
                ),
            ),
            insert(
                "invitations",
                self.invitations(),
                "'inv_' || n",
                &format!(
                    r#"{{"id":"inv_%s","object":"invitation","email_address":"guest%s@elsewhere.example","status":"pending","expires_at":{LATER},"created_at":{MADE},"updated_at":{MADE}}}"#
                ),
                "n, n",
            ),
            insert(
                "organization_domains",
                domains,
                "'orgdmn_' || n",
                &format!(
                    r#"{{"id":"orgdmn_%s","object":"organization_domain","organization_id":"org_%s","name":"company%s.example","enrollment_mode":"automatic_suggestion","affiliation_verification":{{"status":"verified"}},"created_at":{MADE},"updated_at":{MADE}}}"#
                ),
                &format!("n, n, n % {domains}"),
            ),
            insert(
                "roles",
                10,
                "'role_' || n",
                &format!(
                    r#"{{"id":"role_%s","object":"role","key":"org:role%s","name":"Role","permissions":[{{"key":"org:a"}},{{"key":"org:c"}}],"created_at":{MADE},"updated_at":{}}}"#,
                    MADE + 1
                ),
                "n, n - 1",
            ),
            (
                "deletions",
                format!(
                    "UPDATE {}users SET deleted_at = {} WHERE id IN ({})",
                    dialect.schema(),
                    dialect.time(),
                    {
                        // One in a thousand.
                        dialect.numbers(half / 500, "'user_' || (n * 1000)")
                    }
                ),
            ),
            ("statistics", "ANALYZE".to_owned()),
        ]
    }
}

impl Dialect {
    fn schema(self) -> &'static str {
        match self {
            Self::Postgres => "clerk.",
            Self::Sqlite => "",
        }
    }

    fn time(self) -> &'static str {
        match self {
            Self::Postgres => "now()",
            Self::Sqlite => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
        }
    }

    /// A query that yields `columns` for every `n` from 1 to `count`.
    fn numbers(self, count: usize, columns: &str) -> String {
        match self {
            Self::Postgres => {
                format!("SELECT {columns} FROM generate_series(1::bigint, {count}) AS numbers (n)")
            }
            Self::Sqlite => format!(
                "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
                 SELECT {columns} FROM numbers"
            ),
        }
    }

    fn insert(self, table: &str, count: usize, id: &str, data: &str, arguments: &str) -> String {
        let json = if self == Self::Postgres { "::jsonb" } else { "" };
        let columns = format!("{id}, format('{data}', {arguments}){json}, '0'");
        format!("INSERT INTO {}{table} (id, data, version) {}", self.schema(), self.numbers(count, &columns))
    }
}
