//! What is done to a paper inside the transaction of something else: a refused document, a recall, an urge.

use runtime::db::Tx;
use runtime::execute::SaveError;
use runtime::journal::{self, Author, Event as _, Prepared};
use runtime::refusal::{Denial, Failure};

use super::decide::{self, Command, Facts};
use super::store;
use crate::refusal::Refusal;

/// Why nothing was done.
#[derive(Debug)]
pub(crate) enum Undone {
    /// A rule says no.
    Refused(Box<Refusal>),
    /// Another was faster, or the machine could not.
    Failed(Failure),
}

impl From<SaveError> for Undone {
    fn from(error: SaveError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Failure> for Undone {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Takes a step in the name of an author: load, decide, apply, save, journal. The entries go into the journal with those of the
/// transaction.
///
/// # Errors
/// [`Undone::Refused`] where a rule says no. A paper that is not there is a damaged row: whoever calls this has seen it.
pub(crate) async fn take_step(tx: &mut Tx, command: &Command, facts: &Facts, author: &Author) -> Result<(), Undone> {
    let (desk, version) = store::desk(tx, command, facts).await.map_err(Denial::unforeseen)?;
    let events = decide::decide(&desk, &command.step, facts).map_err(|refusal| Undone::Refused(Box::new(refusal)))?;
    if events.is_empty() {
        return Ok(());
    }
    let mut last = version.recorded();
    let mut entries: Vec<Prepared> = Vec::with_capacity(events.len());
    for event in &events {
        let entry = journal::prepare(&event.record(), author, facts.now, last)?;
        last = Some(entry.recorded());
        entries.push(entry);
    }
    let desk = events.iter().fold(desk, decide::apply);
    store::save(tx, &desk, &events, &entries, version, facts).await?;
    for entry in entries {
        tx.append(entry);
    }
    Ok(())
}
