//! Events that the database refuses, among others and all of them.

use super::trial::Trial;
use crate::{
    backends::{Backends, Database, Queue},
    mirror::Mirror,
};

/// Makes the database refuse users of which `condition` is true, each with a reason of its own where it can.
fn refuse(backends: &Backends, condition: &str) {
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.execute(&match mirror {
        Mirror::Postgres(_) => format!(
            "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE '% is poison', NEW.id USING ERRCODE = 'UE001'; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON clerk.users
                 FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION public.refuse()"
        ),
        Mirror::Sqlite(_) => format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON users WHEN {condition}
             BEGIN SELECT raise(ABORT, 'poison'); END"
        ),
    });
}

fn reason(database: Database, number: usize) -> String {
    match database {
        Database::Postgres => format!("user_{number} is poison (SQLSTATE UE001)"),
        // Older ones raise nothing but constants.
        Database::Sqlite => "poison".to_owned(),
    }
}

fn one_in_ten_thousand(database: Database) {
    const POISON: usize = 5_000;
    const EVENTS: usize = 10_000;
    let backends = Backends::new(Queue::RabbitMq, database, "faults_poison");
    let trial = Trial::start(backends.clone(), &[]);
    refuse(&backends, &format!("NEW.id = 'user_{POISON}'"));
    trial.until_accepted(EVENTS);
    trial.finish_with(|number| (number == POISON).then(|| reason(database, number)));
}

fn all_of_them(database: Database) {
    const FIRST_POISON: usize = 2_000;
    const EVENTS: usize = 4_000;
    let backends = Backends::new(Queue::RabbitMq, database, "faults_all_poison");
    let trial = Trial::start(backends.clone(), &[]);
    refuse(&backends, &format!("CAST(substr(NEW.id, 6) AS int) >= {FIRST_POISON}"));
    trial.until_accepted(EVENTS);
    trial.finish_with(|number| (number >= FIRST_POISON).then(|| reason(database, number)));
}

#[test]
fn one_event_in_ten_thousand_on_postgres() {
    one_in_ten_thousand(Database::Postgres);
}

#[test]
fn one_event_in_ten_thousand_on_sqlite() {
    one_in_ten_thousand(Database::Sqlite);
}

#[test]
fn all_events_on_postgres() {
    all_of_them(Database::Postgres);
}

#[test]
fn all_events_on_sqlite() {
    all_of_them(Database::Sqlite);
}
