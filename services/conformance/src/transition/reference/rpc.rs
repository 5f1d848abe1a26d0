//! The contract: admit, gather facts, execute, reply.

use runtime::access::{admit_read, admit_write};
use runtime::layers::raw;
use runtime::page::Page;
use runtime::refusal::Denial;
use runtime::serve::Runtime;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::transition::v1 as pb;
use townlink_proto::townlink::transition::v1::transition_service_server::TransitionService;
use vocabulary::time;

use super::decide::{Standing, standing};
use super::unit::{Ending, HandingOver};
use super::{store, wire};

/// Serves the contract over the reference's database.
pub(super) struct TransitionRpc(Runtime);

impl TransitionRpc {
    pub(super) fn new(runtime: Runtime) -> Self {
        Self(runtime)
    }
}

#[tonic::async_trait]
impl TransitionService for TransitionRpc {
    async fn list_open_work(
        &self,
        mut request: Request<pb::ListOpenWorkRequest>,
    ) -> Result<Response<pb::ListOpenWorkResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let today = time::town_date(reading.now);
        let (power, at) = wire::asked(&request, today)?;
        let list = format!("work?power={power}&at={at}");
        let page = Page::parse(request.page_size, &request.page_token, &list).map_err(Denial::from)?;
        let mut reader = self.0.db().read().await.map_err(Denial::from)?;
        let ends = store::ends_of(reader.sql(), &power).await.map_err(Denial::from)?;
        // Decided work is passed over row by row, so that a page is full although no statement knows how work stands.
        let (mut found, mut after) = (Vec::new(), page.after().unwrap_or_default().to_owned());
        while i64::try_from(found.len()).unwrap_or(i64::MAX) < page.fetch() {
            let rows =
                store::filed_before(reader.sql(), &power, at, &after, page.fetch()).await.map_err(Denial::from)?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.name);
            found.extend(rows.into_iter().filter_map(|work| {
                let end = store::governing(&ends, &work);
                let standing = standing(&work, end.as_ref(), today);
                (standing != Standing::Closed).then_some((work, standing))
            }));
        }
        found.truncate(usize::try_from(page.fetch()).unwrap_or(usize::MAX));
        let (found, next_page_token) = page.close(found, |(work, _)| work.name.clone());
        let work = found.iter().map(|(work, standing)| wire::work(work, *standing)).collect();
        Ok(Response::new(pb::ListOpenWorkResponse { work, next_page_token }))
    }

    async fn end_authority(
        &self,
        mut request: Request<pb::EndAuthorityRequest>,
    ) -> Result<Response<pb::EndAuthorityResponse>, Status> {
        let call = admit_write(&mut request)?;
        let wanted = wire::wanted(request.into_inner())?;
        let now = call.now;
        Ok(raw(self.0.writer().execute::<Ending>(call, wanted, now).await?))
    }

    async fn hand_over(&self, mut request: Request<pb::HandOverRequest>) -> Result<Response<pb::OpenWork>, Status> {
        let call = admit_write(&mut request)?;
        let name = wire::name(request.into_inner().name)?;
        let now = call.now;
        Ok(raw(self.0.writer().execute::<HandingOver>(call, name, now).await?))
    }
}
