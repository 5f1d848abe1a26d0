//! The methods by which a sender urges and recalls: admit, ask the office, execute, reply.

use runtime::call::Call;
use runtime::directory::Directory;
use runtime::execute::Writer;
use runtime::layers::raw;
use runtime::refusal::{Denial, Failure};
use tonic::{Response, Status};
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::{DepartmentCode, time};

use super::notices::{ask_recall, refused};
use super::state::{Command, Facts, Recall};
use super::store::{self, Kept, Notice, Order};
use super::{decide, wire};
use crate::refusal::{RecallFault, Refusal};
use crate::relay::delivery::numbering::RECALLED;
use crate::relay::paper::state::PaperName;
use crate::relay::paper::wire as papers;

/// Follows papers for their senders. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Following {
    writer: Writer,
    directory: Directory,
}

impl Following {
    /// Over the gateway's database; the directory leads to the office.
    pub(crate) const fn new(writer: Writer, directory: Directory) -> Self {
        Self { writer, directory }
    }

    /// Urges a paper of a registered sender.
    pub(crate) async fn urge(
        &self,
        call: Call,
        caller: DepartmentCode,
        request: pb::UrgePaperRequest,
    ) -> Result<Response<pb::Paper>, Status> {
        let (name, urge) = wire::urge(request, call.request_id)?;
        if name.sender != caller {
            return Err(papers::not_found(&name.to_string()).into());
        }
        let facts = Facts { caller, now: call.now };
        let order = Order { name, command: Command::Urge(urge) };
        Ok(raw(self.writer.execute::<Kept>(call, order, facts).await?))
    }

    /// Recalls a paper of a registered sender.
    pub(crate) async fn recall(
        &self,
        call: Call,
        caller: DepartmentCode,
        request: pb::RecallPaperRequest,
    ) -> Result<Response<pb::Paper>, Status> {
        let (name, mut recall) = wire::recall(request, call.request_id)?;
        let facts = Facts { caller, now: call.now };
        match self.asked(&name, &recall, &facts).await? {
            Ok(institutions) => recall.institutions = institutions,
            Err(refusal) => return Err(self.writer.refuse(call, refusal.into()).await.into()),
        }
        let order = Order { name, command: Command::Recall(recall) };
        Ok(raw(self.writer.execute::<Kept>(call, order, facts).await?))
    }

    /// Asks the office, once nothing here speaks against it. It alone knows of a sign-for that the gateway has yet to hear of.
    async fn asked(
        &self,
        name: &PaperName,
        recall: &Recall,
        facts: &Facts,
    ) -> Result<Result<Vec<String>, Refusal>, Denial> {
        if let Err(refusal) = decide::may_ask(name, recall, facts) {
            return Ok(Err(refusal));
        }
        let kept = store::load(self.writer.db().snapshot().await?.sql(), name).await?;
        let kept = kept.ok_or_else(|| papers::not_found(&name.to_string()))?;
        if let Err(refusal) = decide::may_be_recalled(kept.followed(), recall, facts) {
            return Ok(Err(refusal));
        }
        let notice = Notice {
            name: name.clone(),
            notice: recall.recall.clone(),
            recall: true,
            note: recall.reason.clone(),
            document_number: recall.document_number.clone(),
            at: facts.now,
            state: pb::NoticeState::Queued,
            refusal_code: String::new(),
            recorded_us: time::to_us(facts.now),
        };
        match ask_recall(&self.directory, &notice).await? {
            Ok(answer) => Ok(Ok(answer.institutions)),
            Err(status) if refused(&status).as_deref() == Some(RECALLED) => {
                Ok(Err(Refusal::Recall(RecallFault::SignedFor)))
            }
            // The office is away, or cannot say: nothing is known, so nothing is decided.
            Err(status) => Err(Failure::unavailable("the office", status).into()),
        }
    }
}
