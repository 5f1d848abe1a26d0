//! The delivery contract: read, settle in order, reply.

use std::sync::Arc;

use runtime::access::{Access, admit_read};
use runtime::execute::Writer;
use runtime::journal::Author;
use runtime::layers::denials::Denials;
use runtime::refusal::Denial;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::delivery_service_server::DeliveryService;

use super::queue::Queue;
use super::state::ReturnCode;
use super::wire::{self, Read};

/// Takes papers in.
pub(crate) struct DeliveryRpc {
    writer: Writer,
    queue: Queue,
    denials: Arc<Denials>,
}

impl DeliveryRpc {
    /// The contract over the door to the inboxes.
    pub(crate) fn new(writer: Writer, queue: Queue, denials: Arc<Denials>) -> Self {
        Self { writer, queue, denials }
    }

    /// A refusal is journalled like every other. It is not stored: the same delivery, in its turn, is accepted.
    async fn refused(&self, access: &Access, denial: Denial) -> Status {
        if let Denial::Refused(refusal) = &denial {
            self.denials.record(&self.writer, access.caller(), &access.method().path, refusal).await;
        }
        denial.into()
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
            Err(denial) => Err(self.refused(&reading.access, denial).await),
        }
    }
}
