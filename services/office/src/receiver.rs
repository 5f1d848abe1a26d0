//! The receiver of the office: it applies the directives that change the register, once for each paper, all or nothing.
//!
//! The office calls it like the receiver of any other service, over its own channel, when a second person confirms a document.
//! A paper that directs the register *is* the grant document: number, issuer and date come with the call, from what was signed.

use std::sync::Arc;

use runtime::access::admit_write;
use runtime::call::Call;
use runtime::db::Tx;
use runtime::execute::{SaveError, Saving, Unit, Version};
use runtime::layers::raw;
use runtime::refusal::{Denial, Refusal as Wire};
use tonic::{Request, Response, Status};
use townlink_proto::townlink::receiver::v1 as pb;
use townlink_proto::townlink::receiver::v1::receiver_service_server::ReceiverService;
use vocabulary::{DocumentNumber, Sm3Digest};

use crate::fields::Fields;
use crate::register::Shared;
use crate::register::directive::apply::{self, Effect, Order};
use crate::register::directive::form::Directive;
use crate::register::document::owner::is_own;
use crate::register::document::state::{DocumentId, DocumentType, Issued};
use crate::register::document::wire::faults;
use crate::register::event::Event;
use crate::register::fault::{Fault, FaultCode};
use crate::register::index::{Index, load_for};
use crate::register::kept::to_count;
use crate::register::refusal::Refusal;
use crate::register::settings::Rules;
use crate::register::state::Register;
use crate::register::store::{know_waiting, version_of, write};

/// Serves the receiver of the office.
pub(crate) struct ReceiverRpc {
    shared: Arc<Shared>,
}

impl ReceiverRpc {
    /// The contract over the register.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl ReceiverService for ReceiverRpc {
    async fn apply(&self, mut request: Request<pb::ApplyRequest>) -> Result<Response<pb::ApplyResponse>, Status> {
        let call = admit_write(&mut request)?;
        let command = command(request.into_inner(), &call)?;
        let facts = Facts { index: Arc::clone(&self.shared.index), rules: Arc::clone(&self.shared.rules) };
        Ok(raw(self.shared.writer.execute::<Applying>(call, command, facts).await?))
    }
}

/// A directive to be applied.
struct Command {
    order: Order,
    directive_type: String,
    registered_by: String,
    confirmed_by: String,
}

/// Reads a directive. What is wrong inside it is a fault of the answer; only what a caller of this contract does wrong is
/// malformed.
fn command(request: pb::ApplyRequest, call: &Call) -> Result<Command, Denial> {
    let mut fields = Fields::new();
    let number = fields.read("document_number", "ID-DOCNO", DocumentNumber::parse(&request.document_number));
    let date = fields.day("issue_date", request.issue_date.as_ref());
    let built = number.zip(date).map(|(number, date)| {
        let directive = directive(&request);
        // What it does and whether it is published, the directive says.
        let document = Issued { number, issuer: request.issuer, date, publication: None, kind: DocumentType::Other };
        Command {
            order: Order { id: DocumentId(call.request_id.uuid()), document, directive, annex: request.annex },
            directive_type: request.directive_type,
            registered_by: request.registered_by,
            confirmed_by: request.confirmed_by,
        }
    });
    fields.finish(built)
}

fn directive(request: &pb::ApplyRequest) -> Result<Directive, Vec<Fault>> {
    let directive_type = Directive::type_of(&request.directive).map_err(|fault| vec![fault])?;
    if directive_type != request.directive_type {
        let message = format!("the object is no {}", request.directive_type);
        return Err(vec![Fault::of_directive("type", FaultCode::Directive, message)]);
    }
    let directive = Directive::parse(&request.directive)?;
    if right_annex(&request.annex, &request.annex_digest) {
        return Ok(directive);
    }
    Err(vec![Fault::of_directive("annex", FaultCode::Digest, "the annex is not what its digest says")])
}

fn right_annex(annex: &[u8], digest: &[u8]) -> bool {
    if annex.is_empty() { digest.is_empty() } else { Sm3Digest::of(annex).as_bytes().as_slice() == digest }
}

/// The directive is one of the register's, and two persons stand behind it. The officer's confirmation was checked where it was
/// given; no caller of this contract gets around it either.
fn may_be_applied(command: &Command) -> Result<(), Refusal> {
    if !is_own(&command.directive_type) {
        return Err(Refusal::NotOwned { directive_type: command.directive_type.clone() });
    }
    if !command.registered_by.is_empty() && command.registered_by == command.confirmed_by {
        let (name, person) = (command.order.id.name(), command.confirmed_by.clone());
        return Err(Refusal::FourEyes { name, person });
    }
    Ok(())
}

/// What the application of a directive knows.
struct Facts {
    index: Arc<Index>,
    rules: Arc<Rules>,
}

/// The register, being changed by a directive.
struct Applying {
    register: Arc<Register>,
    /// How many rows took effect, once they did.
    applied: Option<u32>,
}

impl Applying {
    /// What the directive does.
    fn effect(&self, command: &Command, facts: &Facts) -> Result<Effect, Vec<Fault>> {
        apply::effect(&command.order, &self.register, &facts.rules)
    }
}

impl Unit for Applying {
    type Command = Command;
    type Facts = Facts;
    type Event = Event;
    type Reply = pb::ApplyResponse;

    async fn load(tx: &mut Tx, _: &Command, facts: &Facts) -> Result<(Self, Version), Denial> {
        let register = load_for(tx, &facts.index).await?;
        let version = version_of(register.head)?;
        let mut register = Arc::unwrap_or_clone(register);
        know_waiting(tx.sql(), &mut register).await?;
        Ok((Self { register: Arc::new(register), applied: None }, version))
    }

    fn decide(&self, command: &Command, facts: &Facts) -> Result<Vec<Event>, Wire> {
        may_be_applied(command)?;
        // Faults are an answer, not an event: nothing happened to the register.
        Ok(self.effect(command, facts).map(|effect| events(effect, command, &self.register)).unwrap_or_default())
    }

    fn apply(self, event: &Event) -> Self {
        if let Event::DirectiveApplied { applied, .. } = event {
            Self { applied: Some(*applied), ..self }
        } else {
            self
        }
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        let events: Vec<_> =
            saving.events.iter().zip(saving.entries).map(|(event, entry)| (event, entry.recorded())).collect();
        write(tx, &events, self.register.head).await
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::ApplyResponse {
        match self.applied {
            Some(applied) => pb::ApplyResponse { applied: to_count(applied), faults: Vec::new() },
            None => {
                let found = self.effect(saving.command, saving.facts).err().unwrap_or_default();
                pb::ApplyResponse { applied: 0, faults: faults(&found) }
            }
        }
    }

    fn committed(&self, _: &Command, facts: &Facts) {
        facts.index.written();
    }
}

/// What is journalled of a directive that took effect.
fn events(effect: Effect, command: &Command, register: &Register) -> Vec<Event> {
    let revision = register.head.revision + 1;
    let applied = effect.rows();
    let basis = effect.basis.map(|basis| Event::BasisRegistered { basis: Arc::new(basis), revision });
    let grants = effect.grants.into_iter().map(|(grant, change)| {
        let grant = Arc::new(grant);
        Event::GrantRecorded { grant, change, revision }
    });
    let done = Event::DirectiveApplied {
        id: command.order.id,
        directive_type: command.directive_type.clone(),
        applied,
        number: command.order.document.number.clone(),
        registered_by: command.registered_by.clone(),
        confirmed_by: command.confirmed_by.clone(),
    };
    [done].into_iter().chain(grants).chain(basis).collect()
}

#[cfg(test)]
mod tests;
