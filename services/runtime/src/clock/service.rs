//! The clock as a contract.

use tonic::{Request, Response, Status};
use townlink_proto::townlink::clock::v1 as pb;
use townlink_proto::townlink::clock::v1::clock_service_server::ClockService;

use super::TownClock;
use crate::journal::entry::{from_proto, to_proto};
use crate::refusal::{self, Denial, Violation};

/// Serves the town clock of one service.
#[derive(Clone, Debug)]
pub struct ClockRpc {
    clock: TownClock,
    development: bool,
}

impl ClockRpc {
    /// The contract over a clock. It can be moved only where the environment is development and the clock is manual.
    #[must_use]
    pub fn new(clock: TownClock, development: bool) -> Self {
        Self { clock, development }
    }

    fn answer(&self) -> Response<pb::Clock> {
        Response::new(pb::Clock { now: Some(to_proto(self.clock.now())), manual: self.clock.is_manual() })
    }
}

#[tonic::async_trait]
impl ClockService for ClockRpc {
    async fn get_clock(&self, _: Request<pb::GetClockRequest>) -> Result<Response<pb::Clock>, Status> {
        Ok(self.answer())
    }

    async fn advance_clock(&self, request: Request<pb::AdvanceClockRequest>) -> Result<Response<pb::Clock>, Status> {
        if !self.development || !self.clock.is_manual() {
            return Err(refusal::unknown_method("/townlink.clock.v1.ClockService/AdvanceClock"));
        }
        let to = request.into_inner().to.as_ref().and_then(from_proto);
        let to = to.ok_or_else(|| Denial::from(Violation::malformed("to", "must be an instant")))?;
        self.clock.advance(to).await.map_err(Denial::from)?;
        Ok(self.answer())
    }
}
