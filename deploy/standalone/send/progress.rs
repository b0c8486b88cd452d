//! A bar that shows how far a run is, where somebody may be looking.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far a run is.
#[derive(Debug, Clone)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Shown nowhere.
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Shown on standard error if that is a terminal.
    pub fn on_terminal(deliveries: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(deliveries), ProgressDrawTarget::stderr());
        let template = "{wide_bar} {human_pos}/{human_len} {per_sec} {eta}";
        Self(bar.with_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        ))
    }

    /// One delivery has ended.
    pub fn advance(&self) {
        self.0.inc(1);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
