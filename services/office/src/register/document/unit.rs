//! Documents as units of the write path.

use std::sync::Arc;

use runtime::db::Tx;
use runtime::execute::{SaveError, Saving, Unit, Version};
use runtime::refusal::{Denial, Refusal};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{DocumentNumber, Timestamp};

use super::decide::{self, ByHand, Outcome};
use super::state::{Document, DocumentId, Publication};
use super::{store, wire};
use crate::inbox;
use crate::register::event::Event;
use crate::register::index::{Index, load_for};
use crate::register::settings::Rules;
use crate::register::state::{Head, Register};
use crate::register::store::{version_with, write};

/// A document being registered by hand: the one that has its number, if one has.
pub(crate) struct Registering {
    taken: Option<String>,
    registered: Option<Document>,
}

impl Unit for Registering {
    type Command = ByHand;
    type Facts = Arc<Rules>;
    type Event = Event;
    type Reply = pb::Document;

    async fn load(tx: &mut Tx, wanted: &ByHand, _: &Arc<Rules>) -> Result<(Self, Version), Denial> {
        let taken = match DocumentNumber::parse(&wanted.number) {
            Ok(number) => store::holder_of_number(tx.sql(), &number).await?,
            Err(_) => None,
        };
        Ok((Self { taken, registered: None }, Version::ABSENT))
    }

    fn decide(&self, wanted: &ByHand, rules: &Arc<Rules>) -> Result<Vec<Event>, Refusal> {
        let registered = decide::register(wanted, self.taken.as_deref(), rules)?;
        Ok(vec![Event::DocumentRegistered(Box::new(registered))])
    }

    fn apply(self, event: &Event) -> Self {
        if let Event::DocumentRegistered(registered) = event {
            Self { registered: Some(registered.document.clone()), ..self }
        } else {
            self
        }
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        for (event, entry) in saving.events.iter().zip(saving.entries) {
            write(tx, &[(event, entry.recorded())], Head::default()).await?;
        }
        Ok(())
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::Document {
        self.registered.as_ref().map(|document| wire::document(document, saving.etag())).unwrap_or_default()
    }
}

/// A document being confirmed or published, with the register that knows it.
pub(crate) struct Deciding {
    document: Document,
    register: Arc<Register>,
}

impl Deciding {
    /// Whether an event changes the document itself. A step has one such event.
    fn is_about(&self, event: &Event) -> bool {
        match event {
            Event::DocumentConfirmed { id, .. }
            | Event::DocumentRefused { id, .. }
            | Event::DocumentPublished { id, .. } => *id == self.document.id,
            Event::PowerListed { .. }
            | Event::GrantRecorded { .. }
            | Event::BasisRegistered { .. }
            | Event::DirectiveApplied { .. }
            | Event::DocumentRegistered(_)
            | Event::ImportDrafted(_)
            | Event::ImportConfirmed(_) => false,
        }
    }
}

/// What is wanted of a document.
pub(crate) struct Command {
    /// Which.
    pub id: DocumentId,
    /// The second person.
    pub person: String,
    /// The etag that was seen.
    pub etag: String,
    /// The step.
    pub step: Step,
}

/// A step of a document.
pub(crate) enum Step {
    /// Confirm it, now that its directive took effect or was found faulty.
    Confirm(Outcome),
    /// Record its publication.
    Publish(Publication),
}

/// What a step knows.
pub(crate) struct Facts {
    /// The register in memory.
    pub index: Arc<Index>,
    /// The town time.
    pub now: Timestamp,
}

impl Unit for Deciding {
    type Command = Command;
    type Facts = Facts;
    type Event = Event;
    type Reply = pb::Document;

    async fn load(tx: &mut Tx, command: &Command, facts: &Facts) -> Result<(Self, Version), Denial> {
        let (document, version) =
            store::load(tx.sql(), command.id).await?.ok_or_else(|| store::not_found(command.id))?;
        let register = load_for(tx, &facts.index).await?;
        let version = version_with(version, register.head)?;
        Ok((Self { document, register }, version))
    }

    fn decide(&self, command: &Command, facts: &Facts) -> Result<Vec<Event>, Refusal> {
        let revision = self.register.head.revision + 1;
        let events = match &command.step {
            Step::Confirm(outcome) => decide::confirm(&self.document, &command.person, outcome, facts.now, revision),
            Step::Publish(publication) => {
                decide::publish(&self.document, &self.register, &command.person, publication, revision)
            }
        };
        Ok(events?)
    }

    /// What the register becomes is read from its rows once they are durable.
    fn apply(self, event: &Event) -> Self {
        Self { document: self.document.after(event), ..self }
    }

    /// Where the document is refused, the paper that brought it goes back to its sender in the same transaction.
    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        let events: Vec<_> =
            saving.events.iter().zip(saving.entries).map(|(event, entry)| (event, entry.recorded())).collect();
        write(tx, &events, self.register.head).await?;
        for (event, recorded) in events.iter().filter(|(event, _)| self.is_about(event)) {
            store::update(tx, &self.document, saving.version.number(), event.revision(), *recorded).await?;
        }
        for event in saving.events {
            if let (Event::DocumentRefused { faults, .. }, Some(paper)) = (event, &self.document.paper) {
                let code = faults.first().map_or("RE-DIRECTIVE", |fault| &fault.code);
                let reason = decide::reason(faults);
                inbox::return_for_faults(tx, paper, code, &reason, saving.author, saving.recorded).await?;
            }
        }
        Ok(())
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::Document {
        wire::document(&self.document, saving.etag())
    }

    fn etag(command: &Command) -> &str {
        &command.etag
    }

    fn committed(&self, _: &Command, facts: &Facts) {
        facts.index.written();
    }
}
