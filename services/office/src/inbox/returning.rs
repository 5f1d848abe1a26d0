//! How a paper goes back when a second person finds its directive faulty (DESIGN.md §6).

use runtime::db::Tx;
use runtime::execute::SaveError;
use runtime::journal::Author;
use runtime::refusal::Failure;
use vocabulary::Timestamp;

use super::decide::{Actor, Command, Facts, Step};
use super::state::PaperName;
use super::unasked::{self, Undone};

/// Sends a checked paper back to its sender, inside the transaction that refuses its document.
///
/// `code` is the code of the first fault, and `reason` names every bad row. The entry goes into the journal with that of the
/// document.
///
/// # Errors
/// [`SaveError::Failed`] with a contention where someone else works the paper at this moment. A paper that is not checked is a
/// damaged row: what waits for a second person was checked before, and does not come to an end until then.
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
    let facts = Facts { now, person, actor: Actor::Service, directive: None, rules: None };
    unasked::take_step(tx, &command, &facts, author).await.map_err(|undone| match undone {
        Undone::Refused(refusal) => Failure::internal(format!("{refusal:?}")).into(),
        Undone::Failed(Failure::Contention) => SaveError::Moved,
        Undone::Failed(failure) => failure.into(),
    })
}
