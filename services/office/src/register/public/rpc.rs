//! The contract of the public list. Nothing here writes, and everyone may ask.

use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt as _, stream};
use runtime::access::admit_read;
use runtime::refusal::Denial;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::public_list_service_server::PublicListService;
use vocabulary::time;

use super::export::Export;
use super::{list, wire};
use crate::fields::page;
use crate::register::Shared;
use crate::register::catalogue::rpc::fetched;

/// Serves the public list.
pub(crate) struct PublicListRpc {
    shared: Arc<Shared>,
}

impl PublicListRpc {
    /// The contract over the register.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl PublicListService for PublicListRpc {
    type ExportPublicListStream = Pin<Box<dyn Stream<Item = Result<pb::ExportPublicListResponse, Status>> + Send>>;

    async fn list_public_powers(
        &self,
        mut request: Request<pb::ListPublicPowersRequest>,
    ) -> Result<Response<pb::ListPublicPowersResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let asked = wire::Asked::read(&request, time::town_date(reading.now))?;
        let page = page(request.page_size, &request.page_token, &asked.list())?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let rules = &self.shared.rules;
        let found = list::entries(&register, rules, asked.day, wire::after(&page)?, asked.filter());
        let (found, next_page_token) = page.close(found.take(fetched(&page)).collect(), wire::key);
        let powers = found.iter().map(|public| wire::entry(public, rules)).collect();
        Ok(Response::new(pb::ListPublicPowersResponse { powers, next_page_token }))
    }

    async fn count_public_powers(
        &self,
        mut request: Request<pb::CountPublicPowersRequest>,
    ) -> Result<Response<pb::CountPublicPowersResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let day = wire::day(request.into_inner().date.as_ref(), time::town_date(reading.now))?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let counts = list::count(&register, &self.shared.rules, day).into_iter().map(wire::count).collect();
        Ok(Response::new(pb::CountPublicPowersResponse { counts }))
    }

    async fn export_public_list(
        &self,
        mut request: Request<pb::ExportPublicListRequest>,
    ) -> Result<Response<Self::ExportPublicListStream>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let format = wire::format(request.format());
        let day = wire::day(request.date.as_ref(), time::town_date(reading.now))?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let (rules, names) = (Arc::clone(&self.shared.rules), Arc::clone(&self.shared.names));
        let pieces = Export::new(register, rules, names, day, format).map(wire::piece);
        Ok(Response::new(stream::iter(pieces).map(Ok).boxed()))
    }
}
