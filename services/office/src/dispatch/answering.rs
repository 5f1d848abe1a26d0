//! When a dispatch that answers a paper was sent, the paper is answered (relay-and-sharing.md §8.4, REPLIED).

use runtime::db::Tx;
use runtime::execute::Writer;
use runtime::journal::{Positioned, Record};
use runtime::refusal::Failure;
use runtime::subscription::Reaction;
use townlink_proto::townlink::office::v1 as pb;

use prost::Name as _;

use super::state::DispatchId;
use super::store;
use crate::inbox;

/// The reaction to the office's own journal.
pub(crate) struct Answers(Writer);

impl Answers {
    /// The reaction over the office's database.
    pub(crate) fn new(writer: Writer) -> Self {
        Self(writer)
    }
}

impl Reaction for Answers {
    fn name(&self) -> &'static str {
        "dispatch-answers"
    }

    fn kinds(&self) -> Vec<String> {
        vec![pb::DispatchSent::full_name()]
    }

    async fn react(&self, tx: &mut Tx, entry: &Positioned) -> Result<(), Failure> {
        let Some(sent) = entry.event::<pb::DispatchSent>()? else { return Ok(()) };
        let id = DispatchId::parse(&sent.dispatch).ok_or_else(|| Failure::internal("what was sent has no name"))?;
        let Some((dispatch, _)) = store::load(tx.sql(), id).await? else { return Ok(()) };
        let Some(paper) = dispatch.content.answers else { return Ok(()) };
        let answered = pb::DispatchAnswered {
            dispatch: sent.dispatch,
            inbox_paper: paper.to_string(),
            document_number: sent.document_number,
            time: sent.time,
        };
        inbox::answered(&self.0, tx, &paper, &answered.dispatch, &answered.document_number, self.0.clock().now())
            .await?;
        let entry = self.0.prepare(&Record::of(&answered, paper.to_string()), &self.0.as_service())?;
        tx.append(entry);
        Ok(())
    }
}
