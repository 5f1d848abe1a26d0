//! What a record of supervision or of a joint review is, and the unit around its pure decision.

use std::fmt;
use std::future::Future;

use runtime::db::{Connection, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version};
use runtime::journal::Record as Entry;
use runtime::numbers::{Series, Taken};
use runtime::refusal::{Denial, Failure, Refusal};
use uuid::Uuid;
use vocabulary::{Timestamp, time};

use super::facts::Facts;
use super::{refusal, store};

/// What happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A sample was planned.
    Planned,
    /// A sample was drawn.
    Drawn,
    /// A case was reviewed.
    Reviewed,
    /// A supervision opinion was issued.
    Issued,
    /// It was answered.
    Answered,
    /// Its answer was accepted.
    Accepted,
    /// Its answer was rejected.
    Rejected,
    /// It was closed.
    Closed,
    /// The service that holds the case has noted it.
    Noted,
    /// Something fell due, or its last day cannot be told, or can be told now.
    FellDue,
    /// A proposal was made.
    Proposed,
    /// The person was heard.
    Heard,
    /// It was handed over.
    HandedOver,
    /// Opinions were asked for.
    Requested,
    /// An opinion was given.
    Given,
    /// A supplement notice was merged.
    Merged,
    /// The supplement came in.
    Received,
    /// Opinions were delivered.
    Delivered,
}

impl Change {
    /// The word of the journal.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "PLANNED",
            Self::Drawn => "DRAWN",
            Self::Reviewed => "REVIEWED",
            Self::Issued => "ISSUED",
            Self::Answered => "ANSWERED",
            Self::Accepted => "ACCEPTED",
            Self::Rejected => "REJECTED",
            Self::Closed => "CLOSED",
            Self::Noted => "NOTED",
            Self::FellDue => "FELL_DUE",
            Self::Proposed => "PROPOSED",
            Self::Heard => "HEARD",
            Self::HandedOver => "HANDED_OVER",
            Self::Requested => "REQUESTED",
            Self::Given => "GIVEN",
            Self::Merged => "MERGED",
            Self::Received => "RECEIVED",
            Self::Delivered => "DELIVERED",
        }
    }
}

/// What a record is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    /// What there may be one of at a time.
    pub unique_key: Option<String>,
    /// Quarter, field and service.
    pub scope: Option<String>,
    /// What it is about.
    pub subject: Option<String>,
    /// Whose it is.
    pub institution: String,
    /// How far it is.
    pub stage: &'static str,
    /// Whether it is open.
    pub open: bool,
    /// Whether it was escalated.
    pub escalated: bool,
    /// When it began.
    pub opened: Timestamp,
    /// When something falls due next.
    pub next: Option<Timestamp>,
    /// The year whose calendar is missing.
    pub missing_year: Option<i16>,
    /// Whether another service is still to be told.
    pub untold: bool,
}

/// Who may see a record, and whether he has to act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    /// The institution, by its code.
    pub party: String,
    /// Whether it has to act.
    pub owes: bool,
    /// When that is overdue.
    pub overdue: Option<Timestamp>,
}

impl Party {
    /// A party that has nothing to do.
    pub(crate) fn looks_on(party: impl Into<String>) -> Self {
        Self { party: party.into(), owes: false, overdue: None }
    }
}

/// Who looks at a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    /// The party; empty where it is none.
    pub party: String,
    /// Whether every record is shown.
    pub all: bool,
}

/// A kind of record. The rules are in [`Resource::decide`], which is pure; the rest says how it is kept and shown.
pub(crate) trait Resource: Clone + fmt::Debug + Send + Sync + 'static {
    /// As the contract shows it, and as it is kept.
    type Shown: prost::Message + Default + 'static;
    /// What may be done with it.
    type Step: Send + Sync + 'static;
    /// What stands in the books beside it.
    type Beside: Send + Sync + 'static;

    /// The word in the column `type`.
    const TYPE: &'static str;
    /// The collection in its name, such as `samples`.
    const COLLECTION: &'static str;
    /// What an absent one is called.
    const KIND: &'static str;

    /// Its id: that of the request which made it.
    fn id(&self) -> Uuid;

    /// Loads what stands beside it.
    fn beside(
        sql: &mut Connection,
        id: Uuid,
        step: &Self::Step,
        facts: &Facts,
    ) -> impl Future<Output = Result<Self::Beside, Denial>> + Send;

    /// Says what becomes of it, or why not. `record` is none for a step that makes it; every other step needs one.
    ///
    /// # Errors
    /// The first refusal that applies.
    fn decide(
        record: Option<&Self>,
        beside: &Self::Beside,
        id: Uuid,
        step: &Self::Step,
        facts: &Facts,
    ) -> Result<Option<(Self, Change)>, refusal::Refusal>;

    /// Whether the step makes the record.
    fn makes(step: &Self::Step) -> bool;

    /// What it is found by.
    fn columns(&self) -> Columns;

    /// Who may see it.
    fn parties(&self) -> Vec<Party>;

    /// As it is kept.
    fn content(&self) -> Self::Shown;

    /// Reads what was kept; none where it is damaged.
    fn read(kept: Self::Shown) -> Option<Self>;

    /// As it is shown to a viewer.
    fn shown(&self, viewer: &Viewer, now: Timestamp, etag: String) -> Self::Shown;

    /// The entry of a step.
    fn entry(&self, change: Change) -> Entry;

    /// The series that a step takes a number from.
    fn series(&self, change: Change) -> Option<Series> {
        let _ = change;
        None
    }

    /// Receives the number.
    fn set_number(&mut self, taken: Taken) {
        let _ = taken;
    }
}

/// The name of a record.
pub(crate) fn name<R: Resource>(id: Uuid) -> String {
    format!("{}/{id}", R::COLLECTION)
}

/// Reads a name in its one spelling.
pub(crate) fn id<R: Resource>(name: &str) -> Option<Uuid> {
    let id: Uuid = name.strip_prefix(R::COLLECTION)?.strip_prefix('/')?.parse().ok()?;
    (self::name::<R>(id) == name).then_some(id)
}

/// What is wanted of a record.
pub(crate) struct Command<R: Resource> {
    /// Which one.
    pub id: Uuid,
    /// The etag that was seen; empty: any.
    pub etag: String,
    /// The step.
    pub step: R::Step,
}

/// A record as it stands after a step.
#[derive(Clone, Debug)]
pub(crate) struct Event<R> {
    /// The record.
    pub record: R,
    /// The step.
    pub change: Change,
}

impl<R: Resource> runtime::journal::Event for Event<R> {
    fn record(&self) -> Entry {
        self.record.entry(self.change)
    }

    fn series(&self) -> Option<Series> {
        self.record.series(self.change)
    }

    fn set_number(&mut self, taken: Taken) {
        self.record.set_number(taken);
    }
}

/// A record with what stands beside it, while a step is decided.
pub(crate) struct Desk<R: Resource> {
    id: Uuid,
    record: Option<R>,
    beside: R::Beside,
}

impl<R: Resource> Unit for Desk<R> {
    type Command = Command<R>;
    type Facts = Facts;
    type Event = Event<R>;
    type Reply = R::Shown;

    async fn load(tx: &mut Tx, command: &Command<R>, facts: &Facts) -> Result<(Self, Version), Denial> {
        let (record, version) = if R::makes(&command.step) {
            (None, Version::ABSENT)
        } else {
            let found = store::load::<R>(tx.sql(), command.id).await?;
            let (record, version) = found.ok_or_else(|| store::not_found::<R>(command.id))?;
            (Some(record), version)
        };
        let beside = R::beside(tx.sql(), command.id, &command.step, facts).await?;
        Ok((Self { id: command.id, record, beside }, version))
    }

    fn decide(&self, command: &Command<R>, facts: &Facts) -> Result<Vec<Event<R>>, Refusal> {
        let decided = R::decide(self.record.as_ref(), &self.beside, self.id, &command.step, facts)?;
        Ok(decided.map(|(record, change)| Event { record, change }).into_iter().collect())
    }

    fn apply(self, event: &Event<R>) -> Self {
        Self { record: Some(event.record.clone()), ..self }
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        let Some(record) = &self.record else {
            return Err(Failure::internal("a step left no record").into());
        };
        store::save(tx, record, saving.version, time::to_us(saving.recorded)).await
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> R::Shown {
        let viewer = Viewer { party: saving.facts.party.clone(), all: false };
        let shown = self.record.as_ref().map(|record| record.shown(&viewer, saving.facts.now, saving.etag()));
        shown.unwrap_or_default()
    }

    fn etag(command: &Command<R>) -> &str {
        &command.etag
    }
}
