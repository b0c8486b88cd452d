//! What is said at the end: a text for people and a file for programs.

mod recovery;

use std::{collections::BTreeMap, fmt, fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use serde::Serialize;

use self::recovery::Recovery;
use crate::{
    check::Account, fault::History, options::Options, stopwatch::Stopwatch, table::Table, truth::Truth,
};

/// Nobody waits longer until things go on once nothing is wrong any more.
const SLOWEST_RECOVERY: f64 = 60.0;
/// So many of the things that are wrong are printed; the file has all.
const SHOWN: usize = 40;

/// A run.
#[derive(Debug, Serialize)]
pub struct Report {
    seed: u64,
    rate: u32,
    /// From the first event to the last thing settled.
    seconds: f64,
    profile: &'static str,
    faults: BTreeMap<String, Faults>,
    faults_done: usize,
    disturbances: usize,
    events: usize,
    requests: usize,
    answers: BTreeMap<String, usize>,
    /// Requests for events that had been accepted before.
    duplicates: usize,
    forged: usize,
    never_accepted: usize,
    lost: usize,
    doubled: usize,
    dead_as_expected: usize,
    ledger_rows: usize,
    mirror_rows: usize,
    slowest_recovery: Recoveries,
    wrong: Vec<String>,
}

/// The faults of one kind.
#[derive(Debug, Serialize)]
struct Faults {
    times: usize,
    /// In all.
    seconds: f64,
}

/// From the end of a disturbance.
#[derive(Debug, Serialize)]
struct Recoveries {
    /// To the next event that was accepted.
    accepting: Option<Recovery>,
    /// To the next event that was committed.
    committing: Option<Recovery>,
}

impl Report {
    pub fn new(
        options: &Options,
        history: &History,
        truth: &Truth,
        account: Account,
        stopwatch: Stopwatch,
    ) -> Self {
        let disturbances = &history.disturbances;
        let accepted = recovery::accepted(truth);
        let committed: Vec<Duration> = account.applied_at.iter().map(|&at| stopwatch.at(at)).collect();
        let slowest_recovery = Recoveries {
            accepting: recovery::slowest(disturbances, &accepted),
            committing: recovery::slowest(disturbances, &committed),
        };
        let Account { mut wrong, .. } = account;
        let recoveries =
            [("accepted", &slowest_recovery.accepting), ("committed", &slowest_recovery.committing)];
        for (what, recovery) in recoveries {
            let slow = recovery.as_ref().filter(|recovery| recovery.seconds > SLOWEST_RECOVERY);
            wrong.extend(slow.map(|recovery| format!("the next event was {what} {recovery}")));
        }
        let of_a_kind = |(kind, (times, time)): (String, (usize, Duration))| {
            (kind, Faults { times, seconds: tenths(time) })
        };
        Self {
            seed: options.seed,
            rate: options.rate,
            seconds: tenths(stopwatch.now()),
            profile: if cfg!(debug_assertions) { "dev" } else { "release" },
            faults: history.by_kind().into_iter().map(of_a_kind).collect(),
            faults_done: history.done().count(),
            disturbances: disturbances.len(),
            events: truth.sent.len(),
            requests: truth.requests,
            answers: truth.answers(),
            duplicates: truth.duplicates(),
            forged: truth.forged.len(),
            never_accepted: account.never_accepted,
            lost: account.lost,
            doubled: account.doubled,
            dead_as_expected: account.dead,
            ledger_rows: account.ledger_rows,
            mirror_rows: account.mirror_rows,
            slowest_recovery,
            wrong,
        }
    }

    pub fn is_clean(&self) -> bool {
        self.wrong.is_empty() && self.lost == 0 && self.doubled == 0
    }

    /// Writes it as JSON.
    pub fn write(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, serde_json::to_vec_pretty(self)?).with_context(|| path.display().to_string())
    }
}

fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, rate, seconds, profile, .. } = self;
        writeln!(f, "seed {seed}, {seconds:.0} s, {rate} events/s, {profile} profile\n")?;
        let mut table = Table::new(["fault", "times", "seconds"]);
        for (kind, Faults { times, seconds }) in &self.faults {
            table.row([kind.clone(), times.to_string(), format!("{seconds:.1}")]);
        }
        let (done, disturbances) = (self.faults_done, self.disturbances);
        writeln!(f, "{table}\n{done} faults in {disturbances} disturbances\n")?;

        let mut table = Table::new(["answer", "requests"]);
        for (answer, count) in &self.answers {
            table.row([answer.clone(), count.to_string()]);
        }
        writeln!(f, "{table}")?;
        let Self { events, requests, duplicates, forged, ledger_rows, mirror_rows, .. } = self;
        writeln!(
            f,
            "{events} events, {requests} requests, {duplicates} of them duplicates; {forged} forgeries"
        )?;
        writeln!(f, "{ledger_rows} rows in the ledger, {mirror_rows} in the mirror")?;
        let Recoveries { accepting, committing } = &self.slowest_recovery;
        for (what, recovery) in [("accepted", accepting), ("committed", committing)] {
            if let Some(recovery) = recovery {
                writeln!(f, "the next event was {what} {recovery}")?;
            }
        }
        let Self { never_accepted, lost, doubled, dead_as_expected, .. } = self;
        writeln!(f, "never accepted: {never_accepted}, dead as they must be: {dead_as_expected}")?;
        writeln!(f, "\nlost: {lost}, doubled: {doubled}, wrong: {}", self.wrong.len())?;
        for wrong in self.wrong.iter().take(SHOWN) {
            writeln!(f, "  - {wrong}")?;
        }
        if self.wrong.len() > SHOWN {
            writeln!(f, "  … and {} more", self.wrong.len() - SHOWN)?;
        }
        Ok(())
    }
}
