//! Ends of authority and hand-overs as units of the write path.

use runtime::db::{Connection, Tx};
use runtime::execute::{SaveError, Saving, Unit, Version};
use runtime::refusal::{Denial, Failure, Refusal};
use townlink_proto::townlink::transition::v1 as pb;
use vocabulary::{AuthorityEnd, Date, PowerCode, Sm3Digest, Timestamp, time};

use super::decide::{self, Standing, standing};
use super::state::{Ended, Event, Work};
use super::{store, wire};

/// How many pieces of work one answer shows.
const SHOWN_MAX: usize = 1_000;

/// How many rows are read at a time.
const READ: i64 = 500;

/// An authority being ended.
pub(super) struct Ending {
    known: Option<Ended>,
    work: Vec<Work>,
}

impl Unit for Ending {
    type Command = Ended;
    type Facts = Timestamp;
    type Event = Event;
    type Reply = pb::EndAuthorityResponse;

    async fn load(tx: &mut Tx, wanted: &Ended, _: &Timestamp) -> Result<(Self, Version), Denial> {
        let found = store::end_of(tx.sql(), &wanted.grant).await?;
        let work = all(tx.sql(), &wanted.power, wanted.end.on).await?;
        Ok(match found {
            Some((known, version)) => (Self { known: Some(known), work }, version),
            None => (Self { known: None, work }, Version::ABSENT),
        })
    }

    fn decide(&self, wanted: &Ended, _: &Timestamp) -> Result<Vec<Event>, Refusal> {
        decide::end(self.known.as_ref(), wanted)
    }

    fn apply(self, event: &Event) -> Self {
        match event {
            Event::Ended(ended) => Self { known: Some(ended.clone()), ..self },
            Event::HandedOver { .. } => self,
        }
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        store::insert_end(tx, saving.command, saving.recorded).await
    }

    fn reply(&self, saving: &Saving<'_, Self>) -> pb::EndAuthorityResponse {
        let end = saving.command.end;
        let day = end.on.max(time::town_date(*saving.facts));
        let touched: Vec<_> = self.work.iter().map(|work| (work, standing(work, Some(&end), day))).collect();
        let touched = touched.into_iter().filter(|(_, standing)| is_touched(*standing));
        let work: Vec<_> = touched.map(|(work, standing)| wire::work(work, standing)).collect();
        pb::EndAuthorityResponse {
            grant: saving.command.grant.clone(),
            accepted: i32::try_from(work.len()).unwrap_or(i32::MAX),
            work: work.into_iter().take(SHOWN_MAX).collect(),
        }
    }
}

const fn is_touched(standing: Standing) -> bool {
    match standing {
        Standing::AuthorityEnded | Standing::Finishing(_) => true,
        Standing::Closed | Standing::Open | Standing::HandedOver => false,
    }
}

async fn all(sql: &mut Connection, power: &PowerCode, before: Date) -> Result<Vec<Work>, Failure> {
    let mut work: Vec<Work> = Vec::new();
    loop {
        let after = work.last().map(|last| last.name.clone()).unwrap_or_default();
        let rows = store::filed_before(&mut *sql, power, before, &after, READ).await?;
        if rows.is_empty() {
            return Ok(work);
        }
        work.extend(rows);
    }
}

/// Work being handed over.
pub(super) struct HandingOver {
    work: Work,
    end: Option<AuthorityEnd>,
}

impl HandingOver {
    /// The digest of the file. A real service makes a file of the case and sends it through the relay.
    fn digest(&self) -> Sm3Digest {
        Sm3Digest::of(format!("{}\n{}\n{}", self.work.name, self.work.power, self.work.filed).as_bytes())
    }
}

impl Unit for HandingOver {
    type Command = String;
    type Facts = Timestamp;
    type Event = Event;
    type Reply = pb::OpenWork;

    async fn load(tx: &mut Tx, name: &String, _: &Timestamp) -> Result<(Self, Version), Denial> {
        let (work, end, version) = store::load(tx.sql(), name).await?.ok_or_else(|| store::not_found(name))?;
        Ok((Self { work, end }, version))
    }

    fn decide(&self, _: &String, now: &Timestamp) -> Result<Vec<Event>, Refusal> {
        decide::hand_over(&self.work, self.end.as_ref(), self.digest(), (*now, time::town_date(*now)))
    }

    fn apply(self, event: &Event) -> Self {
        match event {
            Event::HandedOver { digest, .. } => Self { work: Work { handed_over: Some(*digest), ..self.work }, ..self },
            Event::Ended(_) => self,
        }
    }

    async fn save(&self, tx: &mut Tx, saving: &Saving<'_, Self>) -> Result<(), SaveError> {
        store::hand_over(tx, &self.work, self.digest(), saving.version.number(), saving.recorded).await
    }

    fn reply(&self, _: &Saving<'_, Self>) -> pb::OpenWork {
        wire::work(&self.work, Standing::HandedOver)
    }
}
