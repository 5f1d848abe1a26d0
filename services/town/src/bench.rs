//! What benchmarks compare with: an rpc that answers nothing, served by the office through the same layers as its contracts.
//! In no program but one that is built with the feature `bench`.

use runtime::access::admit_read;
use runtime::serve::Blueprint;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::bench::v1 as pb;
use townlink_proto::townlink::bench::v1::bench_service_server::{BenchService, BenchServiceServer};

/// The office, with the rpc beside its contracts.
pub const OFFICE: Blueprint = Blueprint {
    assemble: |runtime| {
        Box::pin(async move {
            let office = (office::BLUEPRINT.assemble)(runtime).await?;
            Ok(office.serve(BenchServiceServer::new(Nothing)))
        })
    },
    ..office::BLUEPRINT
};

#[derive(Debug)]
struct Nothing;

#[tonic::async_trait]
impl BenchService for Nothing {
    async fn do_nothing(
        &self,
        mut request: Request<pb::DoNothingRequest>,
    ) -> Result<Response<pb::DoNothingResponse>, Status> {
        admit_read(&mut request)?;
        Ok(Response::new(pb::DoNothingResponse {}))
    }
}
