//! What people hang on the mirror with SQL: each change of a row is seen once, and never backwards.

use harness::psql;

use crate::oracle::{catalogue::KINDS, reader::Reader};

/// An account for every user, as the example that people copy makes it.
const PROVISIONING: &str = include_str!("../../../migrations/examples/provisioning.sql");

/// Takes down every change of every row.
const JOURNAL: &str = "
    CREATE TABLE public.journal (
        number bigserial, table_name text, id text, version text COLLATE \"C\", deleted_at timestamptz
    );
    CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.journal (table_name, id, version, deleted_at)
        VALUES (TG_TABLE_NAME, NEW.id, NEW.version, NEW.deleted_at);
        RETURN NULL;
    END
    $$;
    CREATE TABLE public.provisioned (user_id text);
    CREATE FUNCTION public.provision() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.provisioned VALUES (NEW.user_id); RETURN NULL; END $$;";

/// Seen more than once.
const REPEATED: [(&str, &str); 2] = [
    (
        "a change was seen more than once",
        "SELECT format('%s %s', table_name, id) AS text FROM public.journal
         GROUP BY table_name, id, version, deleted_at HAVING count(*) > 1",
    ),
    (
        "a user was provisioned more than once",
        "SELECT user_id AS text FROM public.provisioned GROUP BY user_id HAVING count(*) > 1",
    ),
];

const WRONG: [(&str, &str); 4] = [
    (
        "a row went back to what it was before",
        "SELECT format('%s %s: %s, %s after %s, %s', table_name, id, version, deleted_at, before, deleted_before)
                AS text
         FROM (SELECT *, lag(version) OVER rows AS before, lag(deleted_at) OVER rows AS deleted_before
               FROM public.journal WINDOW rows AS (PARTITION BY table_name, id ORDER BY number)) AS changes
         WHERE version < before
            OR (deleted_before IS NOT NULL AND (deleted_at IS NULL OR deleted_at > deleted_before))",
    ),
    (
        "a live user has no open account of its address",
        "SELECT id AS text FROM clerk.users LEFT JOIN public.accounts ON user_id = id
         WHERE deleted_at IS NULL
           AND (user_id IS NULL OR closed_at IS NOT NULL OR email IS DISTINCT FROM primary_email_address)",
    ),
    (
        "a deleted user's account is not closed",
        "SELECT id AS text FROM clerk.users JOIN public.accounts ON user_id = id
         WHERE deleted_at IS NOT NULL AND (closed_at IS DISTINCT FROM deleted_at OR email IS NOT NULL)",
    ),
    (
        "an account was made and not provisioned, or provisioned and not made",
        "SELECT coalesce(a.user_id, p.user_id) AS text
         FROM public.accounts AS a FULL JOIN public.provisioned AS p ON a.user_id = p.user_id
         WHERE a.user_id IS NULL OR p.user_id IS NULL",
    ),
];

/// What is wrong with the effects.
pub struct Effects {
    pub doubled: usize,
    pub wrong: Vec<String>,
}

/// Hangs the triggers on the mirror of a migrated database.
pub fn install(database_url: &str) {
    psql(database_url, JOURNAL);
    psql(database_url, PROVISIONING);
    let on_accounts = "CREATE TRIGGER provision AFTER INSERT ON public.accounts
                       FOR EACH ROW EXECUTE FUNCTION public.provision()";
    psql(database_url, on_accounts);
    for kind in &KINDS {
        let table = kind.table;
        let on_table = format!(
            "CREATE TRIGGER note AFTER INSERT OR UPDATE ON clerk.{table}
             FOR EACH ROW EXECUTE FUNCTION public.note()"
        );
        psql(database_url, &on_table);
    }
}

/// Compares the effects with the mirror.
pub fn wrong(reader: &mut Reader) -> Effects {
    let mut effects = Effects { doubled: 0, wrong: Vec::new() };
    for (what, sql) in REPEATED {
        let rows = reader.texts(sql);
        effects.doubled += rows.len();
        effects.wrong.extend(rows.into_iter().map(|row| format!("{what}: {row}")));
    }
    let seen = ("a row is not as the last change left it".to_owned(), last_changes());
    let others = WRONG.map(|(what, sql)| (what.to_owned(), sql.to_owned()));
    for (what, sql) in others.into_iter().chain([seen]) {
        effects.wrong.extend(reader.texts(&sql).into_iter().map(|row| format!("{what}: {row}")));
    }
    effects
}

fn last_changes() -> String {
    let rows = KINDS.iter().map(|kind| {
        let table = kind.table;
        format!("SELECT '{table}' AS table_name, id, version, deleted_at FROM clerk.{table}")
    });
    format!(
        "SELECT format('%s %s', table_name, id) AS text
         FROM ({}) AS mirror
         FULL JOIN (SELECT DISTINCT ON (table_name, id) table_name, id, version, deleted_at
                    FROM public.journal ORDER BY table_name, id, number DESC) AS seen USING (table_name, id)
         WHERE mirror.version IS DISTINCT FROM seen.version OR mirror.deleted_at IS DISTINCT FROM seen.deleted_at",
        rows.collect::<Vec<_>>().join(" UNION ALL ")
    )
}
