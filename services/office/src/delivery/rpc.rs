//! The delivery contract: read, settle in order, reply.

use std::sync::Arc;

use runtime::access::admit_read;
use runtime::journal::Author;
use runtime::refusal::Denial;
use runtime::serve::Runtime;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::delivery_service_server::DeliveryService;
use vocabulary::Institution;

use super::queue::Queue;
use super::recall::{self, Known, Will};
use super::state::ReturnCode;
use super::wire::{self, Read};
use crate::inbox::rules::Rules;

/// Takes papers in.
pub(crate) struct DeliveryRpc {
    runtime: Runtime,
    queue: Queue,
    rules: Arc<Rules>,
}

/// What a paper is called that no inbox has.
const KIND: &str = "office.townlink/InboxPaper";

impl DeliveryRpc {
    /// The contract over the door to the inboxes.
    pub(crate) const fn new(runtime: Runtime, queue: Queue, rules: Arc<Rules>) -> Self {
        Self { runtime, queue, rules }
    }
}

#[tonic::async_trait]
impl DeliveryService for DeliveryRpc {
    async fn deliver(&self, mut request: Request<pb::DeliverRequest>) -> Result<Response<pb::DeliverResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let Read::Known(delivery) = wire::delivery(request.into_inner())? else {
            return Ok(Response::new(wire::returned(ReturnCode::Addressee)));
        };
        let author = Author::of_caller(reading.access.caller());
        match self.queue.deliver(*delivery, author).await {
            Ok(ending) => Ok(Response::new(wire::ending(&ending))),
            // Recorded like every refusal, but not kept as an answer: in its turn the same delivery is accepted.
            Err(Denial::Refused(refusal)) => Err(self.runtime.deny(&reading.access, *refusal).await.into()),
            Err(denial) => Err(denial.into()),
        }
    }

    async fn recall(&self, mut request: Request<pb::RecallRequest>) -> Result<Response<pb::RecallResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let (paper, wanted) = wire::recall(request.into_inner())?;
        let author = Author::of_caller(reading.access.caller());
        match recall::recall(self.runtime.writer(), Will { paper, wanted, author }, &self.rules).await {
            Ok(institutions) => {
                let institutions = institutions.into_iter().map(Institution::code).map(str::to_owned).collect();
                Ok(Response::new(pb::RecallResponse { institutions }))
            }
            Err(Denial::Refused(refusal)) => Err(self.runtime.deny(&reading.access, *refusal).await.into()),
            Err(denial) => Err(denial.into()),
        }
    }

    async fn urge(&self, mut request: Request<pb::UrgeRequest>) -> Result<Response<pb::UrgeResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let (paper, wanted) = wire::urge(request.into_inner())?;
        let name = paper.to_string();
        let author = Author::of_caller(reading.access.caller());
        let known = recall::urge(self.runtime.writer(), Will { paper, wanted, author }, &self.rules).await;
        match known.map_err(Denial::from)? {
            Known::Yes => Ok(Response::new(pb::UrgeResponse {})),
            Known::No => Err(Denial::NotFound { kind: KIND, name }.into()),
        }
    }
}
