//! How a paper goes back when a second person finds its directive faulty (DESIGN.md §6).

use runtime::db::Tx;
use runtime::execute::SaveError;
use runtime::journal::{self, Author, Event as _, Prepared};
use runtime::refusal::Failure;
use vocabulary::{Timestamp, time};

use super::decide::{self, Command, Facts, Step};
use super::state::PaperName;
use super::store;

/// Sends a checked paper back to its sender, inside the transaction that refuses its document.
///
/// `code` is the code of the first fault, and `reason` names every bad row. The entry goes into the journal with that of the
/// document.
///
/// # Errors
/// [`SaveError::Moved`] where someone else works the paper at this moment. A paper that is not checked is a damaged row: what
/// waits for a second person was checked before.
pub(crate) async fn return_for_faults(
    tx: &mut Tx,
    paper: &str,
    code: &str,
    reason: &str,
    author: &Author,
    now: Timestamp,
) -> Result<(), SaveError> {
    let name = PaperName::parse(paper).ok_or_else(|| Failure::internal(format!("{paper} is no inbox paper")))?;
    let step = Step::ReturnForFaults { code: code.to_owned(), reason: reason.to_owned() };
    let command = Command { name, etag: String::new(), step };
    let person = author.person.as_ref().map(ToString::to_string).unwrap_or_default();
    let facts = Facts { now, person, directive: None };
    let (desk, version) =
        store::desk(tx, &command, &facts).await.map_err(|denial| Failure::internal(format!("{denial:?}")))?;
    let events =
        decide::decide(&desk, &command.step, &facts).map_err(|refusal| Failure::internal(format!("{refusal:?}")))?;
    let entries: Result<Vec<Prepared>, Failure> =
        events.iter().map(|event| journal::prepare(&event.record(), author, now, version.recorded())).collect();
    let entries = entries?;
    let recorded = entries.last().map_or(now, Prepared::recorded);
    let desk = events.iter().fold(desk, decide::apply);
    store::save(tx, &desk.paper, version, time::to_us(recorded)).await?;
    for entry in entries {
        tx.append(entry);
    }
    Ok(())
}
