//! What other resources of the office tell about a paper: that it was answered, or became guidance.

use runtime::db::Tx;
use runtime::execute::Writer;
use runtime::refusal::Denial;
use vocabulary::Timestamp;

use super::decide::{Actor, Command, Desk, Facts, Step};
use super::state::PaperName;

/// Tells that the answer to a paper was sent (答复), inside the transaction that sends it.
///
/// # Errors
/// The refusal where the paper is assigned to nobody, was answered before, or has come to an end; what the load says; a contention
/// where another was faster.
#[expect(dead_code, reason = "the outgoing dispatches call it")]
pub(crate) async fn answered(
    writer: &Writer,
    tx: &mut Tx,
    name: &PaperName,
    dispatch: &str,
    document_number: &str,
    now: Timestamp,
) -> Result<(), Denial> {
    let step = Step::Answered { dispatch: dispatch.to_owned(), document_number: document_number.to_owned() };
    told(writer, tx, name, step, now).await
}

/// Tells that a paper became guidance for the front, inside the transaction that issues it.
///
/// # Errors
/// As [`answered`], where nobody handles the paper.
#[expect(dead_code, reason = "the guidance to the front calls it")]
pub(crate) async fn guided(
    writer: &Writer,
    tx: &mut Tx,
    name: &PaperName,
    guidance: &str,
    now: Timestamp,
) -> Result<(), Denial> {
    told(writer, tx, name, Step::Guide { guidance: guidance.to_owned() }, now).await
}

/// Neither changes when the clock has something to say, so that no rules are needed.
async fn told(writer: &Writer, tx: &mut Tx, name: &PaperName, step: Step, now: Timestamp) -> Result<(), Denial> {
    let command = Command { name: name.clone(), etag: String::new(), step };
    let facts = Facts { now, person: String::new(), actor: Actor::Service, directive: None, rules: None };
    writer.carry_out::<Desk>(tx, &command, &facts).await.map(|_| ())
}
