//! The delivery contract: read, settle in order, reply.

use runtime::access::admit_read;
use runtime::journal::Author;
use runtime::refusal::Denial;
use runtime::serve::Runtime;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::delivery_service_server::DeliveryService;

use super::queue::Queue;
use super::state::ReturnCode;
use super::wire::{self, Read};

/// Takes papers in.
pub(crate) struct DeliveryRpc {
    runtime: Runtime,
    queue: Queue,
}

impl DeliveryRpc {
    /// The contract over the door to the inboxes.
    pub(crate) fn new(runtime: Runtime, queue: Queue) -> Self {
        Self { runtime, queue }
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
}
