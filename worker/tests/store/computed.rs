//! The typed columns in PostgreSQL, where triggers compute them.

use diesel::connection::SimpleConnection;
use worker::store::Outcome::*;

use crate::database::Database;
use crate::events::*;
use crate::postgres::Postgres;

const README: &str = include_str!("../../../migrations/README.md");

const IN_GERMAN: &str = r#"{"first_name":"Ada","locale":"de"}"#;
const IN_FRENCH: &str = r#"{"first_name":"Ada","locale":"fr"}"#;

/// What psql would run of the instructions: up, and down.
fn instructions() -> [String; 2] {
    let section = README.split("### Adding one").nth(1).unwrap();
    let mut blocks = section.split("```sql").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    [blocks.next().unwrap(), blocks.next().unwrap()]
}

#[test]
fn what_is_written_to_a_typed_column_by_hand_is_replaced() {
    let database = Postgres::migrated();
    database.store().apply(&[snapshot("msg_1", "user_1", 1, IN_GERMAN)]).unwrap();
    database.execute(
        "UPDATE users SET first_name = 'Eve', banned = true;
         INSERT INTO users (id, data, first_name) VALUES ('user_2', '{\"first_name\":\"Bob\"}', 'Eve');",
    );
    let names = database.texts("SELECT concat(first_name, banned) AS value FROM users ORDER BY id");
    assert_eq!(names, ["Ada", "Bob"].map(|name| Some(name.to_owned())));
    database.execute("UPDATE users SET data = '{\"first_name\":\"Cy\"}' WHERE id = 'user_1'");
    assert_eq!(
        database.text("SELECT first_name AS value FROM users WHERE id = 'user_1'").as_deref(),
        Some("Cy")
    );
}

#[test]
fn a_column_is_added_and_taken_back_as_the_readme_says() {
    let database = Postgres::migrated();
    let [up, down] = instructions();
    let (schema, store) = (database.schema(), database.store());
    store.apply(&[snapshot("msg_1", "user_1", 1, IN_GERMAN)]).unwrap();
    database.execute(&up);
    assert_ne!(database.schema(), schema);
    let both = [snapshot("msg_2", "user_1", 2, IN_FRENCH), snapshot("msg_3", "user_2", 1, IN_GERMAN)];
    let locales = || database.texts("SELECT locale AS value FROM users ORDER BY id");
    assert_eq!(locales(), [Some("de".to_owned())]);
    assert_eq!(store.apply(&both).unwrap(), [Applied, Applied]);
    assert_eq!(locales(), ["fr", "de"].map(|locale| Some(locale.to_owned())));
    assert_eq!(
        database.text("SELECT string_agg(first_name, ' ') AS value FROM users").as_deref(),
        Some("Ada Ada")
    );
    database.execute(&down);
    assert_eq!(database.schema(), schema);
    assert_eq!(store.apply(&[snapshot("msg_4", "user_1", 3, IN_GERMAN)]).unwrap(), [Applied]);
}

#[test]
fn where_there_is_nothing_to_compute_the_migration_says_so() {
    let database = Postgres::migrated();
    let again = "CALL clerk.compute_by_trigger('clerk.users', 'users_again')";
    let error = database.connection().batch_execute(again).unwrap_err();
    assert!(error.to_string().contains("clerk.users has no generated column to compute"), "{error}");
}

/// An operator who looks for everything in a schema of their own finds the functions all the same.
#[test]
fn whose_search_path_it_is_does_not_matter() {
    let database = Postgres::migrated();
    database.execute(
        "CREATE SCHEMA own;
         CREATE FUNCTION own.json_text(jsonb, text) RETURNS text LANGUAGE sql RETURN 'own';
         SET search_path = own;
         INSERT INTO clerk.users (id, data) VALUES ('user_1', '{\"first_name\":\"Ada\"}');",
    );
    assert_eq!(database.text("SELECT first_name AS value FROM clerk.users").as_deref(), Some("Ada"));
}
