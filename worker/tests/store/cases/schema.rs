//! The schema as a whole.

use std::{env, fs};

use worker::store::Outcome::*;

use crate::database::Database;
use crate::events::*;

/// What the migrations come to is kept beside them, so that a change of the schema can be read as one.
pub fn the_schema_is_the_recorded_one(database: &dyn Database) {
    let file = database.migrations().join("schema.txt");
    let schema = database.schema();
    if env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&file, schema.join("\n") + "\n").unwrap();
        return;
    }
    let recorded = fs::read_to_string(&file).unwrap_or_default();
    let recorded: Vec<_> = recorded.lines().collect();
    let gone: Vec<_> = recorded.iter().filter(|line| !schema.iter().any(|other| other == *line)).collect();
    let new: Vec<_> = schema.iter().filter(|line| !recorded.contains(&line.as_str())).collect();
    assert!(
        schema == recorded,
        "the schema is not the one in {}; gone: {gone:#?}, new: {new:#?}\n\
         if it is meant to be: UPDATE_SCHEMA=1 cargo test -p clerk-mirror-worker --test store recorded_one",
        file.display()
    );
}

pub fn a_table_of_ones_own_may_refer_to_a_mirrored_one(database: &dyn Database) {
    let store = database.store();
    store.apply(&[snapshot("msg_1", "user_1", 1, "{}")]).unwrap();
    database.execute(
        "CREATE TABLE notes (user_id text NOT NULL REFERENCES users (id));
         INSERT INTO notes VALUES ('user_1');",
    );
    let later = [deletion("msg_2", "user_1", 2), snapshot("msg_3", "user_1", 3, r#"{"first_name":"Ada"}"#)];
    assert_eq!(store.apply(&later).unwrap(), [Applied; 2]);
    let notes =
        "SELECT first_name AS value FROM notes JOIN users ON id = user_id WHERE deleted_at IS NOT NULL";
    assert_eq!(database.texts(notes), [Some("Ada".to_owned())]);
}
