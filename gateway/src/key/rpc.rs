//! The key contract: admit, gather facts, execute, reply.

use std::sync::Arc;

use runtime::access::{admit_read, admit_write};
use runtime::call::Call;
use runtime::execute::Writer;
use runtime::layers::raw;
use runtime::page::Page;
use runtime::refusal::fields::Fields;
use runtime::refusal::{Denial, Failure};
use runtime::signing::Signer;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::gateway::v1::key_service_server::KeyService;

use super::registry::LiveRegistry;
use super::store::{self, Entry, Facts};
use super::wire::{self, Order};
use crate::settings::Rules;

/// Serves the registry of keys.
pub(crate) struct KeyRpc {
    writer: Writer,
    rules: Arc<Rules>,
    live: LiveRegistry,
    town: pb::Key,
}

impl KeyRpc {
    /// The contract over the gateway's database; `signer` is the key that signs receipts.
    pub(crate) fn new(writer: Writer, rules: Arc<Rules>, live: LiveRegistry, signer: &dyn Signer) -> Self {
        Self { writer, rules, live, town: wire::town_key(signer.public_key(), signer.security()) }
    }

    async fn change(&self, call: Call, order: Order) -> Result<Response<pb::Key>, Status> {
        let person = call.access.person().cloned();
        let person = person.ok_or_else(|| Failure::internal("a method with a role was called without a person"))?;
        let facts = Facts { now: call.now, person, rules: Arc::clone(&self.rules), live: self.live.clone() };
        let answer = self.writer.execute::<Entry>(call, order, facts).await?;
        Ok(raw(answer))
    }
}

#[tonic::async_trait]
impl KeyService for KeyRpc {
    async fn register_key(&self, mut request: Request<pb::RegisterKeyRequest>) -> Result<Response<pb::Key>, Status> {
        let call = admit_write(&mut request)?;
        let order = wire::register(request.into_inner())?;
        self.change(call, order).await
    }

    async fn confirm_key(&self, mut request: Request<pb::ConfirmKeyRequest>) -> Result<Response<pb::Key>, Status> {
        let call = admit_write(&mut request)?;
        let order = wire::confirm(request.into_inner())?;
        self.change(call, order).await
    }

    async fn revoke_key(&self, mut request: Request<pb::RevokeKeyRequest>) -> Result<Response<pb::Key>, Status> {
        let call = admit_write(&mut request)?;
        let order = wire::revoke(request.into_inner())?;
        self.change(call, order).await
    }

    async fn get_key(&self, mut request: Request<pb::GetKeyRequest>) -> Result<Response<pb::Key>, Status> {
        admit_read(&mut request)?;
        let mut fields = Fields::new();
        let id = wire::name(&mut fields, &request.get_ref().name);
        let id = fields.finish(id)?;
        let stored = store::load(self.writer.db().read().await?.sql(), &id).await?;
        match stored {
            Some(stored) => Ok(Response::new(store::shown(&stored))),
            None if id.name() == self.town.name => Ok(Response::new(self.town.clone())),
            None => Err(Denial::NotFound { kind: store::KIND, name: id.name() }.into()),
        }
    }

    async fn list_keys(
        &self,
        mut request: Request<pb::ListKeysRequest>,
    ) -> Result<Response<pb::ListKeysResponse>, Status> {
        admit_read(&mut request)?;
        let request = request.into_inner();
        let page = Page::parse(request.page_size, &request.page_token, "keys").map_err(Denial::from)?;
        let mut reader = self.writer.db().read().await?;
        let mut keys: Vec<_> = store::page(reader.sql(), &page).await?.iter().map(store::shown).collect();
        self.add_town_key(&mut keys, &page);
        let (keys, next_page_token) = page.close(keys, store::position);
        Ok(Response::new(pb::ListKeysResponse { keys, next_page_token }))
    }
}

impl KeyRpc {
    /// Puts the town's own key in its place, unless its page is another, or it was registered by hand.
    fn add_town_key(&self, keys: &mut Vec<pb::Key>, page: &Page) {
        let own = store::position(&self.town);
        let before_page = page.after().is_some_and(|after| own.as_str() <= after);
        let place = keys.partition_point(|key| store::position(key) < own);
        let full = i64::try_from(keys.len()).is_ok_and(|length| length == page.fetch());
        let registered = keys.get(place).is_some_and(|key| key.name == self.town.name);
        let elsewhere = before_page || (full && place == keys.len());
        if !elsewhere && !registered {
            keys.insert(place, self.town.clone());
        }
    }
}
