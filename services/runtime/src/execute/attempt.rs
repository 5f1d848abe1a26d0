//! One attempt to carry out a command, inside its transaction.

use std::sync::Arc;

use bytes::Bytes;
use vocabulary::Timestamp;

use super::answer::Answer;
use super::unit::{Saving, Unit, Version};
use crate::call::Call;
use crate::caller::ServiceName;
use crate::clock::TownClock;
use crate::db::{Retry, Tx};
use crate::etag;
use crate::journal::{self, AnswerRow, Author, Event as _, Prepared, Stored};
use crate::numbers;
use crate::refusal::{Denial, Failure, Refusal};

/// What a job owns.
pub(super) struct Input<U: Unit> {
    pub call: Arc<Call>,
    pub author: Author,
    pub command: U::Command,
    pub facts: U::Facts,
    pub clock: TownClock,
    pub service: ServiceName,
}

/// What an attempt did. Committed with it: the answer is stored.
pub(super) struct Done<U: Unit> {
    /// The unit after the change; none where the command was refused.
    pub unit: Option<U>,
    /// The reply, or the stored refusal.
    pub answer: Result<Answer<U::Reply>, Denial>,
}

/// Why an attempt stored nothing.
#[derive(Debug)]
pub(super) enum Ended {
    /// The request id has an answer already.
    AnsweredBefore,
    /// Not a refusal: a malformed request, an absent resource, an etag, a failure.
    Denied(Denial),
}

impl Retry for Ended {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Denied(denial) if denial.is_contention())
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Denied(failure.into())
    }
}

impl From<sqlx::Error> for Ended {
    fn from(error: sqlx::Error) -> Self {
        Failure::from(error).into()
    }
}

/// Decides, and writes what was decided: the change with its entries and its answer, or the refusal with its own.
pub(super) async fn run<U: Unit>(input: &Input<U>, tx: &mut Tx) -> Result<Done<U>, Ended> {
    let decided = match U::load(tx, &input.command, &input.facts).await {
        Ok((unit, version)) => {
            etag::check(U::etag(&input.command), version.number()).map_err(Ended::Denied)?;
            unit.decide(&input.command, &input.facts).map(|events| (unit, version, events))
        }
        Err(Denial::Refused(refusal)) => Err(*refusal),
        Err(denial) => return Err(Ended::Denied(denial)),
    };
    match decided {
        Ok((unit, version, events)) => change(input, tx, unit, version, events).await,
        Err(refusal) => {
            let Input { call, author, clock, service, .. } = input;
            let bytes = store_refusal(tx, call, author, &refusal, clock, *service).await?;
            Ok(Done { unit: None, answer: Err(Denial::Stored(bytes)) })
        }
    }
}

async fn change<U: Unit>(
    input: &Input<U>,
    tx: &mut Tx,
    unit: U,
    version: Version,
    events: Vec<U::Event>,
) -> Result<Done<U>, Ended> {
    let Input { call, author, command, facts, clock, .. } = input;
    let change = Change { author, command, facts, acted: call.now, recorded: clock.now() };
    let Changed { unit, reply, entries } = change.write(tx, unit, version, events).await?;
    let bytes = super::encode(&reply);
    store(tx, call, author, &entries, Outcome::Replied(&bytes)).await?;
    Ok(Done { unit: Some(unit), answer: Ok(Answer { bytes, reply }) })
}

/// Decides and writes what nobody asked for, in the transaction of a timer or a reaction: there is no answer to keep.
///
/// # Errors
/// The refusal, unrecorded; what [`Unit::load`] says; [`Failure::Contention`] where another was faster.
pub(super) async fn unasked<U: Unit>(
    tx: &mut Tx,
    author: &Author,
    command: &U::Command,
    facts: &U::Facts,
    now: Timestamp,
) -> Result<U, Denial> {
    let (unit, version) = U::load(tx, command, facts).await?;
    let events = unit.decide(command, facts)?;
    let change = Change { author, command, facts, acted: now, recorded: now };
    let Changed { unit, entries, .. } = change.write(tx, unit, version, events).await?;
    entries.into_iter().for_each(|entry| tx.append(entry));
    Ok(unit)
}

/// What a decision is written with.
struct Change<'a, U: Unit> {
    author: &'a Author,
    command: &'a U::Command,
    facts: &'a U::Facts,
    /// When the act was done.
    acted: Timestamp,
    /// When it is recorded, at the earliest.
    recorded: Timestamp,
}

/// What was written of a decision; its entries are still to be.
struct Changed<U: Unit> {
    unit: U,
    reply: U::Reply,
    entries: Vec<Prepared>,
}

impl<U: Unit> Change<'_, U> {
    async fn write(
        &self,
        tx: &mut Tx,
        unit: U,
        version: Version,
        mut events: Vec<U::Event>,
    ) -> Result<Changed<U>, Failure> {
        for event in &mut events {
            if let Some(series) = event.series() {
                event.set_number(numbers::take(tx, series).await?);
            }
        }
        let entries = self.entries(version, &events)?;
        let unit = events.iter().fold(unit, U::apply);
        let saving = Saving::<U> {
            command: self.command,
            facts: self.facts,
            author: self.author,
            events: &events,
            entries: &entries,
            version,
            recorded: entries.last().map_or_else(|| version.recorded().unwrap_or(self.acted), Prepared::recorded),
        };
        if !events.is_empty() {
            unit.save(tx, &saving).await?;
        }
        let reply = unit.reply(&saving);
        Ok(Changed { unit, reply, entries })
    }

    /// The entries of the events, each recorded after the one before it.
    fn entries(&self, version: Version, events: &[U::Event]) -> Result<Vec<Prepared>, Failure> {
        let mut last: Option<Timestamp> = version.recorded();
        let mut prepared = U::prepared(self.command, self.facts);
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            let mut record = event.record();
            // The act is done when the call is admitted: that is the time that the decision knew.
            record.act_time.get_or_insert(self.acted);
            let entry = match prepared.take() {
                Some(entry) if !entry.is_of(&record, self.author) => {
                    return Err(Failure::internal(
                        "the entry that was fixed before the job is not that of the decision",
                    ));
                }
                // The thing changed while the receipt was signed. The caller tries again, with a later time.
                Some(entry) if last.is_some_and(|last| entry.recorded() <= last) => return Err(Failure::Contention),
                Some(entry) => entry.clone(),
                None => journal::prepare(&record, self.author, self.recorded, last)?,
            };
            last = Some(entry.recorded());
            entries.push(entry);
        }
        Ok(entries)
    }
}

/// Writes a refusal: its entry and its answer. Nothing else was written by then, since loading and deciding only read.
pub(super) async fn store_refusal(
    tx: &mut Tx,
    call: &Call,
    author: &Author,
    refusal: &Refusal,
    clock: &TownClock,
    service: ServiceName,
) -> Result<Bytes, Ended> {
    let record = super::refused(&call.access.method().path, refusal);
    let entry = journal::prepare(&record, author, clock.now(), None)?;
    let bytes = refusal.encode(service);
    store(tx, call, author, &[entry], Outcome::Refused(&bytes)).await?;
    Ok(bytes)
}

enum Outcome<'a> {
    Replied(&'a Bytes),
    Refused(&'a Bytes),
}

/// Writes the entries and the answer. Where the request has an answer already, that one stands and this job is undone: the
/// primary key, not an earlier look, decides, so the common case pays for no look.
async fn store(
    tx: &mut Tx,
    call: &Call,
    author: &Author,
    entries: &[Prepared],
    outcome: Outcome<'_>,
) -> Result<(), Ended> {
    let (refused, bytes) = match outcome {
        Outcome::Replied(bytes) => (false, bytes),
        Outcome::Refused(bytes) => (true, bytes),
    };
    let answer = AnswerRow {
        principal: &author.principal,
        request_id: &call.request_id.to_string(),
        fingerprint: &call.fingerprint,
        method: &call.access.method().path,
        refused,
        outcome: bytes,
    };
    match tx.write_with_answer(entries, &answer).await? {
        Stored::Now => Ok(()),
        Stored::Before => Err(Ended::AnsweredBefore),
        Stored::Moved => Err(Failure::Contention.into()),
    }
}
