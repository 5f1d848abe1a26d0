//! The document contract: admit, gather facts, execute, reply.

use std::sync::Arc;

use bytes::Bytes;
use runtime::access::{admit_read, admit_write};
use runtime::call::Call;
use runtime::etag;
use runtime::execute::Version;
use runtime::layers::raw;
use runtime::refusal::{self, Denial, Failure};
use tonic::{Code, Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::document_service_server::DocumentService;
use townlink_proto::townlink::receiver::v1 as receiver;
use townlink_proto::townlink::receiver::v1::receiver_service_client::ReceiverServiceClient;
use vocabulary::{DocumentNumber, PowerCode, time};

use super::decide::{self, Outcome};
use super::owner;
use super::state::{Document, DocumentId};
use super::store::{self, Filter};
use super::unit::{Command, Deciding, Facts, Registering, Step};
use super::wire;
use crate::fields::{Fields, day_to_wire, page};
use crate::register::Shared;
use crate::register::catalogue::rpc::fetched;
use crate::register::directive::form::Directive;
use crate::register::event::changed_by;
use crate::register::fault::{Fault, FaultCode};
use crate::register::history;

/// How large an answer of a receiver may be: every fault of a file at once.
const ANSWER_MAX: usize = 8 * 1024 * 1024;

/// Serves grant documents.
pub(crate) struct DocumentRpc {
    shared: Arc<Shared>,
}

impl DocumentRpc {
    /// The contract over the register.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    async fn decide(&self, call: Call, command: Command) -> Result<Response<pb::Document>, Status> {
        let facts = Facts { index: Arc::clone(&self.shared.index), now: call.now };
        Ok(raw(self.shared.writer.execute::<Deciding>(call, command, facts).await?))
    }

    async fn load(&self, id: DocumentId) -> Result<(Document, Version), Denial> {
        let found = store::load(self.shared.writer.db().read().await?.sql(), id).await?;
        found.ok_or_else(|| store::not_found(id))
    }

    /// Has the owner of a document's directive apply it. What the owner answers is kept under the document's id, so that a
    /// confirmation that broke off is taken up where it was.
    async fn apply(&self, document: &Document, person: &str) -> Result<Outcome, Denial> {
        let Some(attached) = &document.directive else { return Ok(Outcome::Applied { rows: 0 }) };
        let directive_type = match Directive::type_of(&attached.object) {
            Ok(directive_type) => directive_type,
            Err(fault) => return Ok(Outcome::Faulty(vec![fault])),
        };
        // A service that this cell does not have is not away: no retry would help, and the sender must know.
        let owner = owner::owner(&directive_type).and_then(|service| self.shared.directory.channel(service).ok());
        let Some(channel) = owner else { return Ok(Outcome::Faulty(vec![no_owner(&directive_type)])) };
        let annex = attached.annex.as_ref();
        let request = receiver::ApplyRequest {
            request_id: document.id.to_string(),
            directive_type,
            directive: attached.object.clone(),
            document_number: document.issued.number.to_string(),
            title: document.title.clone(),
            issuer: document.issued.issuer.clone(),
            issue_date: Some(day_to_wire(document.issued.date)),
            payload_digest: Bytes::copy_from_slice(document.digest.as_bytes()),
            annex: annex.map(|annex| annex.content.clone()).unwrap_or_default(),
            annex_digest: annex.map(|annex| Bytes::copy_from_slice(annex.digest.as_bytes())).unwrap_or_default(),
            registered_by: document.registrar.clone(),
            confirmed_by: person.to_owned(),
        };
        let mut receiver = ReceiverServiceClient::new(channel).max_decoding_message_size(ANSWER_MAX);
        match receiver.apply(request).await {
            Ok(answer) => Ok(outcome(answer.into_inner())),
            Err(status) => refused(status),
        }
    }
}

#[tonic::async_trait]
impl DocumentService for DocumentRpc {
    async fn register_document(
        &self,
        mut request: Request<pb::RegisterDocumentRequest>,
    ) -> Result<Response<pb::Document>, Status> {
        let call = admit_write(&mut request)?;
        let registrar = person(&call);
        let wanted = wire::by_hand(request.into_inner(), call.request_id, registrar, time::town_date(call.now))?;
        let rules = Arc::clone(&self.shared.rules);
        Ok(raw(self.shared.writer.execute::<Registering>(call, wanted, rules).await?))
    }

    async fn confirm_document(
        &self,
        mut request: Request<pb::ConfirmDocumentRequest>,
    ) -> Result<Response<pb::Document>, Status> {
        let call = admit_write(&mut request)?;
        let request = request.into_inner();
        let (id, person) = (wire::name(&request.name)?, person(&call));
        let (document, version) = self.load(id).await?;
        if let Err(refusal) = decide::may_confirm(&document, &person) {
            return Err(self.shared.writer.refuse(call, refusal.into()).await.into());
        }
        // Whoever confirms what is no longer what was seen must not let it take effect.
        etag::check(&request.etag, version.number())?;
        let outcome = self.apply(&document, &person).await?;
        self.decide(call, Command { id, person, etag: request.etag, step: Step::Confirm(outcome) }).await
    }

    async fn publish_document(
        &self,
        mut request: Request<pb::PublishDocumentRequest>,
    ) -> Result<Response<pb::Document>, Status> {
        let call = admit_write(&mut request)?;
        let request = request.into_inner();
        let (id, person) = (wire::name(&request.name)?, person(&call));
        let publication = wire::publication(&request)?;
        self.decide(call, Command { id, person, etag: request.etag, step: Step::Publish(publication) }).await
    }

    async fn get_document(
        &self,
        mut request: Request<pb::GetDocumentRequest>,
    ) -> Result<Response<pb::Document>, Status> {
        admit_read(&mut request)?;
        let id = wire::name(&request.into_inner().name)?;
        let mut reader = self.shared.writer.db().read().await.map_err(Denial::from)?;
        let found = store::show(reader.sql(), id).await.map_err(Denial::from)?;
        Ok(Response::new(found.ok_or_else(|| store::not_found(id))?))
    }

    async fn list_power_documents(
        &self,
        mut request: Request<pb::ListPowerDocumentsRequest>,
    ) -> Result<Response<pb::ListPowerDocumentsResponse>, Status> {
        admit_read(&mut request)?;
        let request = request.into_inner();
        let (code, at) = history::wire::asked(&request.power_code, request.as_known_at.as_ref())?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let revision = at.map_or(register.head.revision, |at| register.revision_at(at));
        let list = format!("powers/{code}/documents?at={}", at.map(time::to_us).unwrap_or_default());
        let page = page(request.page_size, &request.page_token, &list)?;
        let after = history::wire::after_document(&page)?;
        let mut found = history::documents(&register, code.as_str(), revision);
        found.retain(|document| after.as_ref().is_none_or(|after| document.key() > *after));
        found.truncate(fetched(&page));
        let (found, next_page_token) = page.close(found, history::wire::document_key);
        let documents = found.iter().map(history::wire::document).collect();
        Ok(Response::new(pb::ListPowerDocumentsResponse { documents, next_page_token }))
    }

    async fn list_documents(
        &self,
        mut request: Request<pb::ListDocumentsRequest>,
    ) -> Result<Response<pb::ListDocumentsResponse>, Status> {
        admit_read(&mut request)?;
        let request = request.into_inner();
        let stage = wire::stage_filter(request.state)?;
        let list = format!("documents?state={stage}&power={}", request.power_code);
        let page = page(request.page_size, &request.page_token, &list)?;
        let numbers = self.documents_of(&request.power_code).await?;
        let filter = Filter { stage, numbers: numbers.as_deref() };
        let mut reader = self.shared.writer.db().read().await.map_err(Denial::from)?;
        let rows = store::page(reader.sql(), filter, &page).await?;
        let (rows, next_page_token) = page.close(rows, |(_, key)| key.clone());
        let documents = rows.into_iter().map(|(document, _)| document).collect();
        Ok(Response::new(pb::ListDocumentsResponse { documents, next_page_token }))
    }
}

impl DocumentRpc {
    /// The documents that made or changed a grant of a power (documentsOf, §2.5); none where no power is asked for.
    async fn documents_of(&self, power: &str) -> Result<Option<Vec<DocumentNumber>>, Denial> {
        if power.is_empty() {
            return Ok(None);
        }
        let mut fields = Fields::new();
        let code = fields.read("power_code", "AU-ENUM", PowerCode::parse(power));
        let code = fields.finish(code)?;
        let register = self.shared.index.current().await?;
        let versions =
            register.entry(code.as_str()).into_iter().flat_map(|entry| &entry.grants).flat_map(|grant| &grant.versions);
        let mut numbers: Vec<_> =
            versions.filter_map(|version| changed_by(&version.grant, version.change).cloned()).collect();
        numbers.sort();
        numbers.dedup();
        Ok(Some(numbers))
    }
}

/// The person who calls. The contract names a role for each of these methods, so there is one.
pub(crate) fn person(call: &Call) -> String {
    call.access.person().map(ToString::to_string).unwrap_or_default()
}

fn outcome(answer: receiver::ApplyResponse) -> Outcome {
    if answer.faults.is_empty() {
        return Outcome::Applied { rows: u32::try_from(answer.applied).unwrap_or(0) };
    }
    Outcome::Faulty(wire::read_faults(answer.faults))
}

/// A receiver's no is final and goes back with the paper; a receiver that is away is not.
fn refused(status: Status) -> Result<Outcome, Denial> {
    let seen = refusal::read(&status).filter(|seen| !seen.code.is_empty());
    let Some(seen) = seen else { return Err(Failure::unavailable("the owner of the directive", status).into()) };
    if matches!(status.code(), Code::PermissionDenied | Code::Unauthenticated) {
        return Err(Failure::internal(format!("the receiver does not admit the office: {}", seen.message)).into());
    }
    let fault = Fault { row: 0, column: "".into(), code: seen.code.into(), message: seen.message };
    Ok(Outcome::Faulty(vec![fault]))
}

fn no_owner(directive_type: &str) -> Fault {
    let message = format!("no service here owns this directive ({directive_type})");
    Fault::of_directive("type", FaultCode::Directive, message)
}
