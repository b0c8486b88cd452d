//! How far a command is that takes its time: a bar on a terminal, a line now and then elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows on standard error how many events are done.
pub(super) enum Progress {
    /// Somebody looks at a terminal.
    Bar(ProgressBar),
    /// What is written is kept.
    Lines {
        /// When the last line was written.
        last: Instant,
    },
}

impl Progress {
    /// Begins. How many events there are is asked only if it is shown: to count them takes its time too.
    pub(super) fn start<E>(count: impl FnOnce() -> Result<i64, E>) -> Result<Self, E> {
        let target = ProgressDrawTarget::stderr();
        if target.is_hidden() {
            return Ok(Self::Lines { last: Instant::now() });
        }
        let bar = ProgressBar::with_draw_target(u64::try_from(count()?).ok(), target);
        let template = "{wide_bar} {human_pos}/{human_len} {per_sec} {eta}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Ok(Self::Bar(bar.with_style(style)))
    }

    /// So many events are done now.
    pub(super) fn set(&mut self, done: u64) {
        match self {
            Self::Bar(bar) => bar.set_position(done),
            Self::Lines { last } if last.elapsed() >= LINE_EVERY => {
                *last = Instant::now();
                eprintln!("{done} events so far");
            }
            Self::Lines { .. } => {}
        }
    }
}

impl Drop for Progress {
    /// Takes the bar away.
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
