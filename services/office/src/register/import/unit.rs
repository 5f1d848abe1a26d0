//! Imports as units of the write path.

use std::sync::Arc;

use runtime::db::Tx;
use runtime::execute::{SaveError, Saving, Unit, Version};
use runtime::refusal::{Denial, Refusal};
use townlink_proto::townlink::office::v1 as pb;

use super::state::{Import, ImportId};
use super::{decide, store, wire};
use crate::register::event::Event;
use crate::register::index::{Index, load_for};
use crate::register::settings::Rules;
use crate::register::state::{Head, Register};
use crate::register::store::{version_with, write, write_publications};

/// An import being drafted: the import that the same file was before, if it was one.
pub(crate) struct Drafting {
    known: Option<Import>,
}

impl Unit for Drafting {
    /// The import as it would be. Its rows were checked against the register of the moment, and are checked again when it is
    /// confirmed.
    type Command = Import;
    type Facts = ();
    type Event = Event;
    type Reply = pb::Import;

    async fn load(tx: &mut Tx, wanted: &Import, (): &()) -> Result<(Self, Version), Denial> {
        match store::of_file(tx.sql(), &wanted.content, &wanted.digest).await? {
            Some((known, version)) => Ok((Self { known: Some(known) }, version)),
            None => Ok((Self { known: None }, Version::ABSENT)),
        }
    }

    fn decide(&self, wanted: &Import, (): &()) -> Result<Vec<Event>, Refusal> {
        Ok(decide::draft(self.known.as_ref(), wanted))
    }

    fn apply(self, event: &Event) -> Self {
        if let Event::ImportDrafted(import) = event { Self { known: Some((**import).clone()) } } else { self }
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        for (event, entry) in saving.events.iter().zip(saving.entries) {
            write(tx, &[(event, entry.recorded())], Head::default()).await?;
        }
        Ok(())
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::Import {
        wire::import(self.known.as_ref().unwrap_or(saving.command), saving.etag())
    }
}

/// An import being confirmed, with the register that it changes.
pub(crate) struct Confirming {
    import: Import,
    register: Arc<Register>,
}

/// The import to be confirmed.
pub(crate) struct Confirm {
    /// Which.
    pub id: ImportId,
    /// The second person.
    pub person: String,
    /// The etag that was seen.
    pub etag: String,
}

/// What a confirmation knows.
pub(crate) struct Facts {
    /// The register in memory.
    pub index: Arc<Index>,
    /// The town's settings.
    pub rules: Arc<Rules>,
}

impl Unit for Confirming {
    type Command = Confirm;
    type Facts = Facts;
    type Event = Event;
    type Reply = pb::Import;

    async fn load(tx: &mut Tx, command: &Confirm, facts: &Facts) -> Result<(Self, Version), Denial> {
        let register = load_for(tx, &facts.index).await?;
        let (import, version) = store::load(tx.sql(), command.id).await?.ok_or_else(|| store::not_found(command.id))?;
        let version = version_with(version, register.head)?;
        Ok((Self { import, register }, version))
    }

    fn decide(&self, command: &Confirm, facts: &Facts) -> Result<Vec<Event>, Refusal> {
        Ok(decide::confirm(&self.import, &command.person, &self.register, &facts.rules)?)
    }

    /// What the register becomes is read from its rows once they are durable.
    fn apply(self, event: &Event) -> Self {
        if let Event::ImportConfirmed(import) = event { Self { import: (**import).clone(), ..self } } else { self }
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        let events: Vec<_> =
            saving.events.iter().zip(saving.entries).map(|(event, entry)| (event, entry.recorded())).collect();
        write_publications(tx, &events).await?;
        write(tx, &events, self.register.head).await
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::Import {
        wire::import(&self.import, saving.etag())
    }

    fn etag(command: &Confirm) -> &str {
        &command.etag
    }

    fn committed(&self, _: &Confirm, facts: &Facts) {
        facts.index.written();
    }
}
