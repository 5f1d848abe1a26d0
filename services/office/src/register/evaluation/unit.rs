//! Evaluations as units of the write path, and the timer that tells what is overdue.

use std::sync::Arc;

use runtime::db::{Connection, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version, Writer};
use runtime::refusal::{Denial, Failure, Refusal};
use runtime::timer::Timed;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Timestamp, time};

use super::decide::{self, Wanted};
use super::state::{Due, Overdue};
use super::store;
use crate::register::event::Event;
use crate::register::grant::rpc::{not_found, shown};
use crate::register::grant::state::{Grant, GrantId, Recorded};
use crate::register::index::{Index, load_for};
use crate::register::settings::Rules;
use crate::register::state::Register;
use crate::register::store::{version_of, write};

/// How many overdue evaluations are told in one transaction.
const FIRED_MAX: i64 = 32;

/// A grant being evaluated, with the register that knows it.
pub(crate) struct Evaluating {
    grant: Recorded,
    register: Arc<Register>,
}

/// What the record of an evaluation knows.
pub(crate) struct Facts {
    /// The register in memory.
    pub index: Arc<Index>,
    /// The town's settings.
    pub rules: Arc<Rules>,
    /// The town time.
    pub now: Timestamp,
}

impl Unit for Evaluating {
    type Command = Wanted;
    type Facts = Facts;
    type Event = Event;
    type Reply = pb::Grant;

    async fn load(tx: &mut Tx, wanted: &Wanted, facts: &Facts) -> Result<(Self, Version), Denial> {
        let register = load_for(tx, &facts.index).await?;
        let grant = register.grant(wanted.grant).cloned().ok_or_else(|| not_found(wanted.grant))?;
        let version = version_of(register.head)?;
        Ok((Self { grant, register }, version))
    }

    fn decide(&self, wanted: &Wanted, facts: &Facts) -> Result<Vec<Event>, Refusal> {
        Ok(vec![decide::evaluate(&self.grant.grant, wanted, &self.register, &facts.rules)?])
    }

    fn apply(self, event: &Event) -> Self {
        match event {
            Event::GrantRecorded { grant, change, revision } => {
                let grant = Recorded {
                    grant: Arc::clone(grant),
                    change: *change,
                    revision: *revision,
                    recorded: self.grant.recorded,
                };
                Self { grant, ..self }
            }
            Event::PowerListed { .. }
            | Event::BasisRegistered { .. }
            | Event::DirectiveApplied { .. }
            | Event::DocumentRegistered(_)
            | Event::DocumentConfirmed { .. }
            | Event::DocumentRefused { .. }
            | Event::DocumentPublished { .. }
            | Event::ImportDrafted(_)
            | Event::ImportConfirmed(_) => self,
        }
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        let events: Vec<_> =
            saving.events.iter().zip(saving.entries).map(|(event, entry)| (event, entry.recorded())).collect();
        write(tx, &events, self.register.head).await
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::Grant {
        let grant = Recorded { recorded: saving.recorded, ..self.grant.clone() };
        shown(&self.register, &grant, time::town_date(saving.facts.now))
    }

    fn committed(&self, _: &Wanted, facts: &Facts) {
        facts.index.written();
    }
}

/// An evaluation that may be overdue.
struct Telling {
    due: Due,
    grant: Arc<Grant>,
}

impl Unit for Telling {
    type Command = GrantId;
    type Facts = Timestamp;
    type Event = Overdue;
    type Reply = pb::DueEvaluation;

    async fn load(tx: &mut Tx, id: &GrantId, _: &Timestamp) -> Result<(Self, Version), Denial> {
        let (due, grant, version) = store::load(tx.sql(), *id).await?.ok_or_else(|| not_found(*id))?;
        Ok((Self { due, grant }, version))
    }

    fn decide(&self, _: &GrantId, now: &Timestamp) -> Result<Vec<Overdue>, Refusal> {
        Ok(decide::overdue(&self.due, &self.grant, *now).into_iter().collect())
    }

    fn apply(self, event: &Overdue) -> Self {
        Self { due: Due { raised: Some(event.at), ..self.due }, ..self }
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        for event in saving.events {
            store::raise(tx, event, saving.version.number(), saving.recorded).await?;
        }
        Ok(())
    }

    fn reply(&self, _: &Saving<'_, Self>) -> pb::DueEvaluation {
        pb::DueEvaluation::default()
    }
}

/// Tells what is overdue when the town's day has passed.
pub(crate) struct Overdues(pub Writer);

impl Timed for Overdues {
    fn name(&self) -> &'static str {
        "evaluations"
    }

    async fn next(&self, sql: &mut Connection) -> Result<Option<Timestamp>, Failure> {
        store::next(sql).await
    }

    async fn fire(&self, tx: &mut Tx, now: Timestamp) -> Result<usize, Failure> {
        let overdue = store::overdue(tx.sql(), now, FIRED_MAX).await?;
        for id in &overdue {
            self.0.carry_out::<Telling>(tx, id, &now).await.map_err(Denial::unforeseen)?;
        }
        Ok(overdue.len())
    }
}

/// Takes in what was recorded before this program kept when evaluations are due.
pub(crate) async fn take_over(writer: &Writer, index: &Index) -> Result<(), Failure> {
    let register = index.current().await?;
    let timed: Vec<_> = register.newest_grants().filter(|recorded| recorded.grant.next_evaluation.is_some()).collect();
    let known = store::count(writer.db().read().await?.sql()).await?;
    if usize::try_from(known).unwrap_or_default() >= timed.len() {
        return Ok(());
    }
    let grants: Vec<_> = timed.into_iter().map(|recorded| Arc::clone(&recorded.grant)).collect();
    writer.run(grants, |grants, tx| Box::pin(store::complete(tx, grants))).await
}
