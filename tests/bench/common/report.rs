//! What a benchmark says at its end.

use std::fs;

use anyhow::Context;
use serde::Serialize;

use super::{Machine, Options, Spread, Table};

/// A limit and how it was kept.
#[derive(Debug, Serialize)]
pub struct Target {
    what: String,
    bound: Bound,
    measured: Spread,
    met: bool,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    /// The median must reach `least`.
    pub fn at_least(what: String, least: f64, measured: Spread) -> Self {
        Self { what, bound: Bound::AtLeast(least), measured, met: measured.median >= least }
    }

    /// The median must not exceed `most`.
    pub fn at_most(what: String, most: f64, measured: Spread) -> Self {
        Self { what, bound: Bound::AtMost(most), measured, met: measured.median <= most }
    }
}

/// All results of a benchmark.
#[derive(Debug, Serialize)]
pub struct Report<'a, R> {
    /// The benchmark's name.
    pub bench: &'static str,
    /// What it ran on.
    pub machine: &'a Machine,
    /// How many rounds the figures are of.
    pub rounds: usize,
    /// How long one measurement took, roughly.
    pub seconds: u16,
    /// What was sent.
    pub traffic: String,
    /// One a measured variant.
    pub results: &'a [R],
    /// What the results are held to.
    pub targets: &'a [Target],
}

impl<R: Serialize> Report<'_, R> {
    /// Prints which targets are met and which are missed, and writes all of it as JSON.
    pub fn finish(&self, options: &Options) -> anyhow::Result<()> {
        let mut table = Table::new(["target", "", "measured (min–max)", "bound"]);
        for Target { what, bound, measured, met } in self.targets {
            let bound = match bound {
                Bound::AtLeast(least) => format!("≥ {least}"),
                Bound::AtMost(most) => format!("≤ {most}"),
            };
            let verdict = if *met { "met" } else { "MISSED" };
            table.row([what.clone(), verdict.to_owned(), format!("{measured:#.2}"), bound]);
        }
        println!("{table}");

        let path = options.json(self.bench);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, serde_json::to_vec_pretty(self)?).with_context(|| path.display().to_string())?;
        println!("written to {}", path.display());
        Ok(())
    }
}
