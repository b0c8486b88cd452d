//! What must not grow, and whether it did.

use std::process::ExitCode;

use serde::Serialize;

use crate::common::Table;

/// The end may exceed the state after warm-up by this factor.
const MOST_GROWTH: f64 = 1.10;
/// So many threads or files, or MiB, come and go by themselves and are no growth.
const COMES_AND_GOES: f64 = 1.0;

/// One figure, after warm-up and at the end.
#[derive(Debug, Serialize)]
pub struct Check {
    what: String,
    warm: f64,
    end: f64,
    bound: f64,
    flat: bool,
}

impl Check {
    /// Of what a process takes up.
    pub fn size(what: String, warm: f64, end: f64) -> Self {
        Self::within(what, warm, end, MOST_GROWTH, COMES_AND_GOES)
    }

    /// Of anything: it may have grown by a factor, or by so much, whichever is more.
    pub fn within(what: String, warm: f64, end: f64, factor: f64, more: f64) -> Self {
        let bound = (warm * factor).max(warm + more);
        Self { what, warm, end, bound, flat: end <= bound }
    }
}

/// Prints what grew, and fails if anything did.
pub fn print(checks: &[Check]) -> ExitCode {
    let mut table = Table::new(["", "", "after warm-up", "at the end", "bound"]);
    for Check { what, warm, end, bound, flat } in checks {
        table.row([
            what.clone(),
            if *flat { "flat" } else { "GREW" }.to_owned(),
            format!("{warm:.1}"),
            format!("{end:.1}"),
            format!("≤ {bound:.1}"),
        ]);
    }
    println!("{table}");
    if checks.iter().all(|check| check.flat) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
