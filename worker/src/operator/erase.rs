//! `erase`: removing a deleted user's personal data.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use super::{CommandError, output};
use crate::store::{Erased, Erasure, Store};

/// Whom to erase.
#[derive(Debug, Clone, Args)]
pub struct EraseArgs {
    /// The user's id, `user_…`; the user must have been deleted in Clerk
    #[arg(required = true, value_name = "USER_ID")]
    users: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    user_id: &'a str,
    #[serde(flatten)]
    erased: &'a Erased,
}

impl EraseArgs {
    pub(super) fn run(&self, store: &dyn Store) -> Result<(), CommandError> {
        for user_id in &self.users {
            let erased = match store.erase(user_id)? {
                Erasure::Done(erased) => erased,
                Erasure::NotDeleted => return Err(CommandError::NotDeleted(user_id.clone())),
                Erasure::Unknown => return Err(CommandError::NoSuchUser(user_id.clone())),
            };
            output::write(|out| self.report(out, user_id, &erased))?;
        }
        Ok(())
    }

    fn report(&self, out: &mut dyn Write, user_id: &str, erased: &Erased) -> io::Result<()> {
        if self.json {
            return output::json_line(out, &Line { user_id, erased });
        }
        let Erased { emptied, anonymized, payloads } = erased;
        writeln!(
            out,
            "erased {user_id}: {emptied} rows emptied, {anonymized} anonymized, {payloads} payloads removed"
        )
    }
}
