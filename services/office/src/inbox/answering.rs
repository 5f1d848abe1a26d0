//! What other resources of the office tell about a paper: that it was answered, or became guidance.

use runtime::db::Tx;
use runtime::execute::Writer;
use runtime::refusal::{Denial, Failure};
use vocabulary::Timestamp;

use super::decide::{Actor, Command, Desk, Facts, Step};
use super::state::PaperName;

/// Tells that the answer to a paper was sent (答复), inside the transaction of whoever follows what is sent.
///
/// # Errors
/// [`Failure`] where the database is away; a contention where another was faster.
pub(crate) async fn answered(
    writer: &Writer,
    tx: &mut Tx,
    name: &PaperName,
    dispatch: &str,
    document_number: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    let step = Step::Answered { dispatch: dispatch.to_owned(), document_number: document_number.to_owned() };
    told(writer, tx, name, step, now).await
}

/// Tells that a paper became guidance for the front, inside the transaction of whoever follows what is issued.
///
/// # Errors
/// As [`answered`].
pub(crate) async fn guided(
    writer: &Writer,
    tx: &mut Tx,
    name: &PaperName,
    guidance: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    told(writer, tx, name, Step::Guide { guidance: guidance.to_owned() }, now).await
}

/// Neither changes when the clock has something to say, so that no rules are needed.
async fn told(writer: &Writer, tx: &mut Tx, name: &PaperName, step: Step, now: Timestamp) -> Result<(), Failure> {
    let command = Command { name: name.clone(), etag: String::new(), step };
    let facts = Facts { now, person: String::new(), actor: Actor::Service, directive: None, rules: None };
    match writer.carry_out::<Desk>(tx, &command, &facts).await {
        Ok(_) => Ok(()),
        // It is on record with whoever tells, and the paper is past the stage at which it would change anything.
        Err(Denial::Refused(refusal)) => {
            tracing::info!(paper = %name, "what was told of the paper changes nothing: {}", refusal.message);
            Ok(())
        }
        Err(Denial::NotFound { .. }) => {
            tracing::error!(paper = %name, "something is told of a paper that is in no inbox");
            Ok(())
        }
        Err(denial) => Err(denial.unforeseen()),
    }
}
