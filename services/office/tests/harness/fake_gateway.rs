//! A gateway that knows attachments, and tells the office of receipts.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use prost::Name as _;
use runtime::access::Act;
use runtime::caller::{PersonId, Principal};
use runtime::journal::Grants;
use runtime::people::{People, Post, Standing};
use runtime::refusal::Failure;
use runtime::serve::{Blueprint, Runtime, Service, StartError};
use runtime::testing::NO_MIGRATIONS;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::gateway::v1::paper_service_server::{PaperService, PaperServiceServer};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::roster_service_client::RosterServiceClient;
use vocabulary::{Date, Institution};

use super::{GATEWAY, OFFICE, digest};

/// The gateways of the running cells, by their folder.
pub(super) static GATEWAYS: LazyLock<Mutex<HashMap<PathBuf, Runtime>>> = LazyLock::new(Mutex::default);

/// The attachments that the gateways have, by digest.
static ATTACHMENTS: LazyLock<Mutex<HashMap<Bytes, Bytes>>> = LazyLock::new(Mutex::default);

/// Puts an attachment into the gateway; `shown` is what it gives when it is asked for `content`.
pub(crate) fn keep(content: &Bytes, shown: &Bytes) {
    ATTACHMENTS.lock().unwrap_or_else(PoisonError::into_inner).insert(digest(content), shown.clone());
}

pub(crate) const FAKE_GATEWAY: Blueprint =
    Blueprint { name: GATEWAY, migrations: NO_MIGRATIONS, assemble: |runtime| Box::pin(assemble(runtime)) };

async fn assemble(runtime: Runtime) -> Result<Service, StartError> {
    let folder = runtime.settings().data_dir.clone();
    GATEWAYS.lock().unwrap_or_else(PoisonError::into_inner).insert(folder, runtime.clone());
    let people = Arc::new(AskOffice(runtime.clone()));
    let told = Grants::none().allow(Principal::Service(OFFICE), [gateway::DispatchReceipt::full_name()]);
    let service = Service::new(&runtime).serve(PaperServiceServer::new(Attachments)).people(people);
    Ok(service.grants(told).admit(OFFICE, Act::ReadJournal))
}

/// Asks the office what a person may do, as the real gateway does.
struct AskOffice(Runtime);

impl People for AskOffice {
    fn standing<'a>(&'a self, person: &'a PersonId, on: Date) -> BoxFuture<'a, Result<Option<Standing>, Failure>> {
        Box::pin(async move {
            let mut roster = RosterServiceClient::new(self.0.directory().channel(OFFICE)?);
            let date = townlink_proto::google::r#type::Date {
                year: on.year().into(),
                month: on.month().into(),
                day: on.day().into(),
            };
            let request = pb::GetStandingRequest { person: person.to_string(), date: Some(date) };
            let standing =
                roster.get_standing(request).await.map_err(|status| Failure::unavailable("the roster", status))?;
            let pb::Standing { post, roles } = standing.into_inner();
            let post = match post.as_str() {
                "" => return Ok(None),
                "LEADERS" => Post::TownLeaders,
                code => Post::Institution(Institution::parse(code).map_err(Failure::internal)?),
            };
            Ok(Some(Standing { post, roles }))
        })
    }
}

struct Attachments;

/// Only what the office asks for.
#[tonic::async_trait]
impl PaperService for Attachments {
    type ReadAttachmentStream =
        futures::stream::Iter<std::vec::IntoIter<Result<gateway::ReadAttachmentResponse, Status>>>;

    async fn read_attachment(
        &self,
        request: Request<gateway::ReadAttachmentRequest>,
    ) -> Result<Response<Self::ReadAttachmentStream>, Status> {
        let digest = request.into_inner().digest;
        let found = ATTACHMENTS.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        let content = found.ok_or_else(|| Status::not_found("there is no such attachment"))?;
        let chunks: Vec<_> = content
            .chunks(100_000)
            .map(|chunk| Ok(gateway::ReadAttachmentResponse { chunk: Bytes::copy_from_slice(chunk) }))
            .collect();
        Ok(Response::new(futures::stream::iter(chunks)))
    }

    type WatchPapersStream = futures::stream::Pending<Result<gateway::WatchPapersResponse, Status>>;

    async fn watch_papers(
        &self,
        _: Request<gateway::WatchPapersRequest>,
    ) -> Result<Response<Self::WatchPapersStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn urge_paper(&self, _: Request<gateway::UrgePaperRequest>) -> Result<Response<gateway::Paper>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn recall_paper(&self, _: Request<gateway::RecallPaperRequest>) -> Result<Response<gateway::Paper>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn put_attachment(
        &self,
        _: Request<tonic::Streaming<gateway::PutAttachmentRequest>>,
    ) -> Result<Response<gateway::AttachmentUpload>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_attachment_upload(
        &self,
        _: Request<gateway::GetAttachmentUploadRequest>,
    ) -> Result<Response<gateway::AttachmentUpload>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn issue_paper(&self, _: Request<gateway::IssuePaperRequest>) -> Result<Response<gateway::Receipt>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_paper(&self, _: Request<gateway::GetPaperRequest>) -> Result<Response<gateway::Paper>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_papers(
        &self,
        _: Request<gateway::ListPapersRequest>,
    ) -> Result<Response<gateway::ListPapersResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_proof(
        &self,
        _: Request<gateway::GetProofRequest>,
    ) -> Result<Response<townlink_proto::townlink::journal::v1::InclusionProof>, Status> {
        Err(Status::unimplemented(""))
    }
}
