//! What the office does when journals tell of its dispatches: receipts that the gateway passes on, and papers that answer.

use std::sync::Arc;

use prost::Name as _;
use runtime::db::Tx;
use runtime::execute::Writer;
use runtime::journal::Positioned;
use runtime::refusal::{Denial, Failure};
use runtime::subscription::Reaction;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::office::v1 as pb;

use super::Desks;
use super::decide::{Answering, Command, Desk, Receipt, Step};
use super::state::{DispatchId, Progress, Reply};
use super::store::{self, thread};
use crate::fields::instant;
use crate::inbox::state::PaperName;

/// The reaction to the gateway's journal: each recipient's receipts.
pub(crate) struct Receipts {
    writer: Writer,
    desks: Arc<Desks>,
}

impl Receipts {
    /// The reaction over the office's database.
    pub(crate) fn new(writer: Writer, desks: Arc<Desks>) -> Self {
        Self { writer, desks }
    }
}

impl Reaction for Receipts {
    fn name(&self) -> &'static str {
        "dispatch-receipts"
    }

    fn kinds(&self) -> Vec<String> {
        vec![gateway::DispatchReceipt::full_name()]
    }

    async fn react(&self, tx: &mut Tx, entry: &Positioned) -> Result<(), Failure> {
        let Some(told) = entry.event::<gateway::DispatchReceipt>()? else { return Ok(()) };
        let progress = match told.r#type.as_str() {
            "RECEIVED" => Progress::Received,
            "SIGNED_FOR" => Progress::SignedFor,
            "RETURNED" => Progress::Returned,
            "COMPLETED" => Progress::Completed,
            other => {
                tracing::warn!(
                    dispatch = told.dispatch,
                    other,
                    "a receipt of a kind that is not known changes nothing"
                );
                return Ok(());
            }
        };
        let Some(id) = DispatchId::parse(&told.dispatch) else {
            tracing::warn!(dispatch = told.dispatch, "a receipt for what is no dispatch changes nothing");
            return Ok(());
        };
        let receipt = Receipt {
            department: told.department,
            progress,
            reason: told.reason,
            at: told.time.as_ref().and_then(instant).unwrap_or_else(|| self.writer.clock().now()),
            digest: told.receipt_digest,
        };
        carry_out(&self.writer, &self.desks, tx, id, Step::Receipt(receipt)).await
    }
}

/// The reaction to the office's own journal: papers that arrive lead on a correspondence, and may answer a dispatch.
pub(crate) struct Replies {
    writer: Writer,
    desks: Arc<Desks>,
}

impl Replies {
    /// The reaction over the office's database.
    pub(crate) fn new(writer: Writer, desks: Arc<Desks>) -> Self {
        Self { writer, desks }
    }
}

impl Reaction for Replies {
    fn name(&self) -> &'static str {
        "dispatch-replies"
    }

    fn kinds(&self) -> Vec<String> {
        vec![pb::PaperArrived::full_name()]
    }

    async fn react(&self, tx: &mut Tx, entry: &Positioned) -> Result<(), Failure> {
        let Some(arrived) = entry.event::<pb::PaperArrived>()? else { return Ok(()) };
        if arrived.tombstone {
            return Ok(());
        }
        let ref_key = thread::keep(tx, &arrived).await?;
        let Some(paper) = arrived.paper else { return Ok(()) };
        // A copy tells what the paper tells that was sent to act upon.
        if ref_key.is_empty() || paper.copy {
            return Ok(());
        }
        let Some(id) = store::of_number(tx.sql(), &ref_key).await? else { return Ok(()) };
        let name = PaperName::parse(&paper.name).ok_or_else(|| Failure::internal("a paper arrived without a name"))?;
        let reply = Reply {
            inbox_paper: paper.name,
            document_number: paper.summary.unwrap_or_default().document_number,
            at: paper.arrive_time.as_ref().and_then(instant).unwrap_or_else(|| self.writer.clock().now()),
        };
        let answering = Answering { sender: name.sender.as_str().to_owned(), reply };
        carry_out(&self.writer, &self.desks, tx, id, Step::Reply(answering)).await
    }
}

/// Takes note in the name of the office. What is told of a dispatch that is not here changes nothing.
async fn carry_out(writer: &Writer, desks: &Desks, tx: &mut Tx, id: DispatchId, step: Step) -> Result<(), Failure> {
    let command = Command { id, etag: String::new(), step };
    match writer.carry_out::<Desk>(tx, &command, &desks.facts(writer.clock().now())).await {
        Ok(_) => Ok(()),
        Err(Denial::NotFound { name, .. }) => {
            tracing::warn!(name, "what is told of a dispatch that is not here changes nothing");
            Ok(())
        }
        Err(denial) => Err(denial.unforeseen()),
    }
}
