//! The grant contract: grants as they are recorded, and imports by hand.

use std::sync::Arc;

use runtime::access::{admit_read, admit_write};
use runtime::call::Call;
use runtime::layers::raw;
use runtime::page::Page;
use runtime::refusal::Denial;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::grant_service_server::GrantService;
use vocabulary::{Date, DocumentNumber, PowerCode, Sm3Digest, time};

use super::state::{Grant, GrantId, Recorded};
use super::wire;
use crate::fields::{Fields, bad_token, no_name, page};
use crate::register::Shared;
use crate::register::catalogue::rpc::fetched;
use crate::register::document::rpc::person;
use crate::register::history;
use crate::register::import::decide::{effect, first_stage};
use crate::register::import::state::Import;
use crate::register::import::unit::{Confirm, Confirming, Drafting, Facts};
use crate::register::import::{store, wire as import_wire};
use crate::register::state::Register;

/// Serves grants and imports.
pub(crate) struct GrantRpc {
    shared: Arc<Shared>,
}

impl GrantRpc {
    /// The contract over the register.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Drafts an import. Its rows are checked against the register as it is now; the second person's confirmation checks them
    /// again.
    async fn draft(&self, call: Call, wanted: import_wire::Wanted) -> Result<Response<pb::Import>, Status> {
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let registrar = person(&call);
        let checked =
            effect(&wanted.file, &wanted.content, &register, &self.shared.rules, &registrar, time::town_date(call.now));
        let import = Import {
            id: wanted.id,
            content: wanted.content,
            digest: Sm3Digest::of(&wanted.file),
            rows: checked.rows,
            registrar,
            drafted: call.now,
            stage: first_stage(checked.outcome, wanted.file),
        };
        Ok(raw(self.shared.writer.execute::<Drafting>(call, import, ()).await?))
    }
}

#[tonic::async_trait]
impl GrantService for GrantRpc {
    async fn get_grant(&self, mut request: Request<pb::GetGrantRequest>) -> Result<Response<pb::Grant>, Status> {
        let reading = admit_read(&mut request)?;
        let name = request.into_inner().name;
        let id = GrantId::parse_name(&name).ok_or_else(|| no_name("name", "grants/{id}"))?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let recorded = register.grant(id).ok_or_else(|| not_found(id))?;
        Ok(Response::new(shown(&register, recorded, time::town_date(reading.now))))
    }

    async fn list_grants(
        &self,
        mut request: Request<pb::ListGrantsRequest>,
    ) -> Result<Response<pb::ListGrantsResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let (power, number) = filter(&request)?;
        let list = format!("grants?power={}&document={}", request.power_code, request.document_number);
        let page = page(request.page_size, &request.page_token, &list)?;
        let after = after(&page)?.unwrap_or(GrantId(0));
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let wanted = |recorded: &&Recorded| {
            let of_power = power.as_ref().is_none_or(|power| recorded.grant.power == *power);
            of_power && number.as_ref().is_none_or(|number| recorded.grant.document == *number)
        };
        let later =
            register.grants.range(GrantId(after.0.saturating_add(1))..).filter_map(|(id, _)| register.grant(*id));
        let found: Vec<_> = later.filter(wanted).take(fetched(&page)).collect();
        let (found, next_page_token) = page.close(found, |recorded| recorded.grant.id.0.to_string());
        let today = time::town_date(reading.now);
        let grants = found.into_iter().map(|recorded| shown(&register, recorded, today)).collect();
        Ok(Response::new(pb::ListGrantsResponse { grants, next_page_token }))
    }

    async fn list_grant_versions(
        &self,
        mut request: Request<pb::ListGrantVersionsRequest>,
    ) -> Result<Response<pb::ListGrantVersionsResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let mut fields = Fields::new();
        let code = fields.read("power_code", "AU-ENUM", PowerCode::parse(&request.power_code));
        let code = fields.finish(code)?;
        let list = format!("grants/-/versions?power={code}");
        let page = page(request.page_size, &request.page_token, &list)?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let grants = register.entry(code.as_str()).into_iter().flat_map(|entry| &entry.grants);
        let mut versions: Vec<_> =
            grants.flat_map(|grant| &grant.versions).map(|it| (it.revision, it.grant.id, it)).collect();
        versions.sort_by_key(|(revision, id, _)| (*revision, *id));
        let after = place(&page)?;
        let found =
            versions.into_iter().filter(|(revision, id, _)| after.is_none_or(|after| (*revision, id.0) > after));
        let found: Vec<_> = found.take(fetched(&page)).collect();
        let (found, next_page_token) = page.close(found, |(revision, id, _)| format!("{revision}/{}", id.0));
        let today = time::town_date(reading.now);
        let versions = found.into_iter().map(|(_, _, recorded)| pb::GrantVersion {
            grant: Some(shown(&register, recorded, today)),
            change: wire::change_to_wire(recorded.change).into(),
        });
        Ok(Response::new(pb::ListGrantVersionsResponse { versions: versions.collect(), next_page_token }))
    }

    async fn list_power_history(
        &self,
        mut request: Request<pb::ListPowerHistoryRequest>,
    ) -> Result<Response<pb::ListPowerHistoryResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let (code, at) = history::wire::asked(&request.power_code, request.as_known_at.as_ref())?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let revision = at.map_or(register.head.revision, |at| register.revision_at(at));
        let list = format!("powers/{code}/history?at={}", at.map(time::to_us).unwrap_or_default());
        let page = page(request.page_size, &request.page_token, &list)?;
        let after = history::wire::after(&page)?;
        let mut found = history::history(&register, code.as_str(), revision);
        found.retain(|happened| after.is_none_or(|after| happened.place() > after));
        found.truncate(fetched(&page));
        let (found, next_page_token) = page.close(found, |happened| history::wire::key(happened.place()));
        let today = time::town_date(reading.now);
        let entries = found.iter().map(|happened| history::wire::entry(happened, &register, today)).collect();
        Ok(Response::new(pb::ListPowerHistoryResponse { entries, next_page_token }))
    }

    async fn import_powers(
        &self,
        mut request: Request<pb::ImportPowersRequest>,
    ) -> Result<Response<pb::Import>, Status> {
        let call = admit_write(&mut request)?;
        let wanted = import_wire::powers(request.into_inner(), call.request_id, time::town_date(call.now))?;
        self.draft(call, wanted).await
    }

    async fn import_grants(
        &self,
        mut request: Request<pb::ImportGrantsRequest>,
    ) -> Result<Response<pb::Import>, Status> {
        let call = admit_write(&mut request)?;
        let wanted = import_wire::grants(request.into_inner(), call.request_id)?;
        self.draft(call, wanted).await
    }

    async fn confirm_import(
        &self,
        mut request: Request<pb::ConfirmImportRequest>,
    ) -> Result<Response<pb::Import>, Status> {
        let call = admit_write(&mut request)?;
        let request = request.into_inner();
        let command = Confirm { id: import_wire::name(&request.name)?, person: person(&call), etag: request.etag };
        let facts = Facts { index: Arc::clone(&self.shared.index), rules: Arc::clone(&self.shared.rules) };
        Ok(raw(self.shared.writer.execute::<Confirming>(call, command, facts).await?))
    }

    async fn get_import(&self, mut request: Request<pb::GetImportRequest>) -> Result<Response<pb::Import>, Status> {
        admit_read(&mut request)?;
        let id = import_wire::name(&request.into_inner().name)?;
        let mut reader = self.shared.writer.db().read().await.map_err(Denial::from)?;
        let found = store::load(reader.sql(), id).await.map_err(Denial::from)?;
        let (import, version) = found.ok_or_else(|| store::not_found(id))?;
        Ok(Response::new(import_wire::import(&import, runtime::etag::of(version.number()))))
    }

    async fn list_imports(
        &self,
        mut request: Request<pb::ListImportsRequest>,
    ) -> Result<Response<pb::ListImportsResponse>, Status> {
        admit_read(&mut request)?;
        let request = request.into_inner();
        let page = page(request.page_size, &request.page_token, "imports")?;
        let mut reader = self.shared.writer.db().read().await.map_err(Denial::from)?;
        let rows = store::page(reader.sql(), &page).await?;
        let (rows, next_page_token) = page.close(rows, |(_, key)| key.clone());
        let imports = rows.into_iter().map(|(import, _)| import).collect();
        Ok(Response::new(pb::ListImportsResponse { imports, next_page_token }))
    }
}

/// There is no such grant.
pub(crate) fn not_found(id: GrantId) -> Denial {
    Denial::NotFound { kind: "office.townlink/Grant", name: id.name() }
}

/// A version of a grant as the contract shows it on a day.
pub(crate) fn shown(register: &Register, recorded: &Recorded, today: Date) -> pb::Grant {
    let grant: &Grant = &recorded.grant;
    // A power that was granted is in the catalogue for good.
    let state = register
        .power_on(&grant.power, today)
        .map(|power| grant.state_on(power.kind, today, register.is_succeeded(grant)));
    match state {
        Some(state) => wire::recorded(recorded, state),
        None => wire::grant(grant),
    }
}

fn filter(request: &pb::ListGrantsRequest) -> Result<(Option<PowerCode>, Option<DocumentNumber>), Denial> {
    let mut fields = Fields::new();
    let (code, number) = (&request.power_code, &request.document_number);
    let power = (!code.is_empty()).then(|| fields.read("power_code", "AU-ENUM", PowerCode::parse(code)));
    let number =
        (!number.is_empty()).then(|| fields.read("document_number", "ID-DOCNO", DocumentNumber::parse(number)));
    fields.finish(Some((power.flatten(), number.flatten())))
}

fn after(page: &Page) -> Result<Option<GrantId>, Denial> {
    page.after().map(|key| key.parse().map(GrantId).map_err(|_| bad_token())).transpose()
}

fn place(page: &Page) -> Result<Option<(i64, i64)>, Denial> {
    let read = |key: &str| key.split_once('/').and_then(|(revision, id)| revision.parse().ok().zip(id.parse().ok()));
    page.after().map(|key| read(key).ok_or_else(bad_token)).transpose()
}
