//! Settling the account: what was answered, held against what is in the database.

mod answers;
pub mod effects;
mod ledger;

use crate::{
    deployment::Deployment,
    fault::History,
    oracle::{expected::Discrepancy, reader::Reader},
    truth::{Answer, Sent, Truth},
};

/// What came of it all.
#[derive(Debug, Default)]
pub struct Account {
    /// Accepted, and not in the ledger.
    pub lost: usize,
    /// In the ledger, or having had its effect, more than once.
    pub doubled: usize,
    /// Never accepted, however often it was sent.
    pub never_accepted: usize,
    /// Dead in the ledger, as it must be.
    pub dead: usize,
    pub ledger_rows: usize,
    pub mirror_rows: usize,
    /// All that is wrong.
    pub wrong: Vec<String>,
    /// When rows of the ledger were written, in microseconds since 1970, in order.
    pub applied_at: Vec<i64>,
}

/// Settles the account of a deployment whose instances are stopped.
pub fn settle(truth: &Truth, history: &History, deployment: &Deployment) -> Account {
    let mut account = Account::default();
    account.wrong.extend(history.failed.iter().map(|failed| format!("not done: {failed}")));
    account.wrong.extend(deployment.ended_by_themselves());
    account.wrong.extend(answers::wrong(truth));
    account.wrong.extend(answers::unfelt(truth, history));
    for sent in truth.sent.iter().filter(|sent| !sent.is_accepted()) {
        account.never_accepted += 1;
        account.wrong.push(format!("never accepted: {}", story(sent, history)));
    }
    let left = deployment.left_in_queues();
    account
        .wrong
        .extend(left.into_iter().map(|(queue, count)| format!("{count} messages are left in {queue}")));

    let mut reader = Reader::open(&deployment.database_url);
    ledger::settle(&mut account, truth, history, &mut reader);
    let effects = effects::wrong(&mut reader);
    account.doubled += effects.doubled;
    account.wrong.extend(effects.wrong);
    account.applied_at = reader
        .texts("SELECT DISTINCT (extract(epoch FROM applied_at) * 1000000)::bigint::text AS text FROM webhook_events")
        .iter()
        .filter_map(|micros| micros.parse().ok())
        .collect();
    account.applied_at.sort_unstable();
    account
}

/// An event, and what was wrong whenever it was tried.
fn story(sent: &Sent, history: &History) -> String {
    let mut story = sent.event.to_string();
    for attempt in &sent.attempts {
        story += &format!("\n      {attempt}");
        let faults: Vec<_> = history.at(attempt.sent).iter().map(ToString::to_string).collect();
        if !faults.is_empty() {
            story += &format!(" ({})", faults.join("; "));
        }
        if attempt.answer == Answer::Accepted {
            let after: Vec<_> =
                history.soon_after(attempt.answered).iter().map(ToString::to_string).collect();
            story += &format!("; then {}", after.join("; "));
        }
    }
    story
}

impl Account {
    /// Adds what is wrong with an event or a row; what weighs most stands first.
    fn note(&mut self, discrepancy: &Discrepancy, text: String) {
        let weighs = matches!(discrepancy, Discrepancy::Lost(_) | Discrepancy::Doubled(_));
        if weighs {
            self.wrong.insert(0, text)
        } else {
            self.wrong.push(text)
        }
        self.count(discrepancy);
    }

    fn count(&mut self, discrepancy: &Discrepancy) {
        match discrepancy {
            Discrepancy::Lost(_) => self.lost += 1,
            Discrepancy::Doubled(_) => self.doubled += 1,
            _ => {}
        }
    }
}
