//! The county's will after the acceptance: to take a paper back, or to urge it (relay-and-sharing.md §8.6).

use std::fmt;
use std::sync::Arc;

use runtime::db::{Turn, Tx};
use runtime::execute::Writer;
use runtime::journal::{self, Author, Record};
use runtime::refusal::{Denial, Failure};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{DepartmentCode, Institution, MessageId};

use crate::inbox::decide::{Actor, Command, Facts, Step};
use crate::inbox::rules::Rules;
use crate::inbox::state::{PaperName, Purpose};
use crate::inbox::store;
use crate::inbox::unasked::{Undone, take_step};
use crate::inbox::work::{Recall, Urge};

/// A paper, as the gateway names it: `senders/{department}/papers/{message id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AtGateway {
    /// Its sender.
    pub sender: DepartmentCode,
    /// Its message id.
    pub message: MessageId,
}

impl fmt::Display for AtGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "senders/{}/papers/{}", self.sender, self.message)
    }
}

/// What the county wants, by whom it is brought.
#[derive(Clone)]
pub(crate) struct Will<T> {
    /// Which paper.
    pub paper: AtGateway,
    /// What.
    pub wanted: T,
    /// In whose name it is recorded.
    pub author: Author,
}

/// Takes a paper back from every inbox that has it, or from none. Gives those that had it.
pub(crate) async fn recall(
    writer: &Writer,
    will: Will<Recall>,
    rules: &Arc<Rules>,
) -> Result<Vec<Institution>, Denial> {
    let input = (will, writer.clone(), Arc::clone(rules));
    let done = writer.run(input, |(will, writer, rules), tx| Box::pin(take_back(tx, will, writer, rules))).await?;
    done.map_err(|refusal| runtime::refusal::Refusal::from(*refusal).into())
}

type Taken = Result<Vec<Institution>, Box<crate::refusal::Refusal>>;

/// Takes a job's turn among the deliveries and recalls of a sender. A delivery looks for a recall, and a recall for the paper:
/// were both at work at once, neither would see the other, and a paper that was taken back would lie in an inbox. Deliveries stand
/// side by side; a recall, which is rare, stands alone.
pub(super) async fn take_turn(tx: &mut Tx, sender: &DepartmentCode, turn: Turn) -> Result<(), Failure> {
    tx.take_turn(&format!("office.townlink/senders/{sender}/recalls"), turn).await
}

/// The job. A refusal is found before anything is written: whoever has signed is asked for first.
async fn take_back(tx: &mut Tx, will: &Will<Recall>, writer: &Writer, rules: &Arc<Rules>) -> Result<Taken, Failure> {
    let AtGateway { sender, message } = &will.paper;
    take_turn(tx, sender, Turn::Alone).await?;
    let names = store::names(tx.sql(), sender, *message).await?;
    for name in &names {
        let (paper, _) = store::load(tx.sql(), name).await?.ok_or_else(|| gone(name))?;
        if let Err(refusal) = crate::inbox::decide::may_recall(&paper, &will.wanted) {
            return Ok(Err(Box::new(refusal)));
        }
    }
    if store::recall(tx.sql(), sender, *message).await?.is_none() {
        store::insert_recall(tx, sender, *message, &will.wanted).await?;
        let event = pb::PaperRecallRecorded {
            paper: will.paper.to_string(),
            recall: Some(crate::inbox::wire::work::recall_to_wire(&will.wanted)),
        };
        let record = Record::of(&event, will.paper.to_string());
        tx.append(journal::prepare(&record, &will.author, writer.clock().now(), None)?);
    }
    let facts = facts(writer, rules);
    for name in &names {
        let command = Command { name: name.clone(), etag: String::new(), step: Step::Recall(will.wanted.clone()) };
        take_step(tx, &command, &facts, &will.author).await.map_err(unforeseen)?;
    }
    Ok(Ok(names.into_iter().map(|name| name.inbox).collect()))
}

fn facts(writer: &Writer, rules: &Arc<Rules>) -> Facts {
    let (now, rules) = (writer.clock().now(), Some(Arc::clone(rules)));
    Facts { now, person: String::new(), actor: Actor::Service, directive: None, rules }
}

fn gone(name: &PaperName) -> Failure {
    Failure::internal(format!("{name} was there, and is not"))
}

fn unforeseen(undone: Undone) -> Failure {
    match undone {
        Undone::Refused(refusal) => Failure::internal(format!("the county is refused what was allowed: {refusal:?}")),
        Undone::Failed(failure) => failure,
    }
}

/// Puts an urge on a paper, in every inbox in which it is to be handled, once. Gives whether any inbox has the paper.
pub(crate) async fn urge(writer: &Writer, will: Will<Urge>, rules: &Arc<Rules>) -> Result<Known, Failure> {
    let input = (will, writer.clone(), Arc::clone(rules));
    writer.run(input, |(will, writer, rules), tx| Box::pin(put(tx, will, writer, rules))).await
}

/// Whether any inbox has a paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// One has.
    Yes,
    /// None has.
    No,
}

async fn put(tx: &mut Tx, will: &Will<Urge>, writer: &Writer, rules: &Arc<Rules>) -> Result<Known, Failure> {
    let names = store::names(tx.sql(), &will.paper.sender, will.paper.message).await?;
    let facts = facts(writer, rules);
    for name in &names {
        let (paper, _) = store::load(tx.sql(), name).await?.ok_or_else(|| gone(name))?;
        // A copy is handled by nobody; what is urged is urged where it is for action.
        let handled = paper.arrival.purpose == Purpose::Action;
        if !handled || store::was_urged(tx, name, &will.wanted).await? {
            continue;
        }
        let command = Command { name: name.clone(), etag: String::new(), step: Step::Urge(will.wanted.clone()) };
        take_step(tx, &command, &facts, &will.author).await.map_err(unforeseen)?;
    }
    Ok(if names.is_empty() { Known::No } else { Known::Yes })
}
