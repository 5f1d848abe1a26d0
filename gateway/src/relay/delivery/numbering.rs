//! Numbers deliveries: the gateway follows its own journal, and turns each accepted paper into a place in the order of its sender
//! and recipient, in the same transaction as the cursor.

use runtime::db::Tx;
use runtime::execute::Writer;
use runtime::journal;
use runtime::journal::{Positioned, Record};
use runtime::refusal::Failure;
use runtime::refusal::fields::instant;
use runtime::subscription::Reaction;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::{Institution, Sm3Digest, Timestamp, time};

use super::store::{self, Begun, Head, Lane, Open, Place};
use super::wire;
use crate::relay::paper::state::PaperName;
use crate::relay::paper::wire::accept_time;

/// The code with which a recalled paper goes no further.
pub(crate) const RECALLED: &str = "RE-RECALL";

/// The reaction to the gateway's own journal.
#[derive(Clone)]
pub(crate) struct Numbering {
    writer: Writer,
}

impl Numbering {
    /// Numbers in the database of a writer.
    pub(crate) fn new(writer: Writer) -> Self {
        Self { writer }
    }

    async fn accepted(&self, tx: &mut Tx, entry: &Positioned, accepted: &pb::PaperAccepted) -> Result<(), Failure> {
        let name = paper(&accepted.paper)?;
        let digest = Sm3Digest::of(&accepted.payload);
        let accepted_us = time::to_us(accept_time(accepted)?);
        for route in &accepted.routes {
            let recipient: Institution = route.recipient.parse().map_err(Failure::internal)?;
            let bare = Begun {
                name: name.clone(),
                recipient,
                accepted_us,
                copy: route.copy,
                digest,
                place: None,
                recorded_us: recorded_us(entry)?,
            };
            let begun = if route.held {
                bare
            } else {
                let place = self.next(tx, &bare).await?;
                let recorded_us = self.append(tx, &wire::numbered(&name, recipient, place, route.copy), None)?;
                Begun { place: Some(place), recorded_us, ..bare }
            };
            store::insert(tx, &begun).await?;
        }
        Ok(())
    }

    /// OFFICE lets a held paper go on: now it gets its numbers.
    async fn released(&self, tx: &mut Tx, name: &PaperName) -> Result<(), Failure> {
        for open in store::open(tx, name).await?.into_iter().filter(|open| open.held) {
            let lane = Lane { sender: name.sender.clone(), recipient: open.recipient };
            let place = follow(store::head(tx, &lane).await?);
            let record = wire::numbered(name, open.recipient, place, open.copy);
            let recorded_us = self.append(tx, &record, None)?;
            store::release(tx, name, open.recipient, place, recorded_us).await?;
        }
        Ok(())
    }

    /// OFFICE stops a paper, or its issuer recalls it: what is held ends, what has a number becomes a tombstone.
    async fn stopped(&self, tx: &mut Tx, name: &PaperName, reason: &str) -> Result<(), Failure> {
        let code = reason.split_whitespace().next().unwrap_or_default();
        for open in store::open(tx, name).await? {
            if !open.held {
                self.bury(tx, name, &open, code).await?;
                continue;
            }
            let now = self.writer.clock().now();
            let recorded_us = self.append(tx, &wire::ended(name, open.recipient, 0, Some(code), now), None)?;
            store::end_held(tx, name, open.recipient, code, time::to_us(now), recorded_us).await?;
        }
        Ok(())
    }

    /// Makes a tombstone, unless the delivery ended meanwhile.
    async fn bury(&self, tx: &mut Tx, name: &PaperName, open: &Open, code: &str) -> Result<(), Failure> {
        let last = time::from_us(open.recorded_us).map_err(Failure::internal)?;
        let (record, author) = (wire::buried(name, open.recipient, code), self.writer.as_service());
        let entry = journal::prepare(&record, &author, self.writer.clock().now(), Some(last))?;
        if store::bury(tx, name, open.recipient, code, time::to_us(entry.recorded())).await? {
            tx.append(entry);
        }
        Ok(())
    }

    async fn next(&self, tx: &mut Tx, begun: &Begun) -> Result<Place, Failure> {
        let lane = Lane { sender: begun.name.sender.clone(), recipient: begun.recipient };
        Ok(follow(store::head(tx, &lane).await?))
    }

    /// Appends an entry, and gives its recorded time.
    fn append(&self, tx: &mut Tx, record: &Record, last: Option<Timestamp>) -> Result<i64, Failure> {
        let entry = journal::prepare(record, &self.writer.as_service(), self.writer.clock().now(), last)?;
        let recorded_us = time::to_us(entry.recorded());
        tx.append(entry);
        Ok(recorded_us)
    }
}

impl Reaction for Numbering {
    fn name(&self) -> &'static str {
        "gateway.numbering"
    }

    fn kinds(&self) -> Vec<String> {
        use prost::Name as _;
        vec![pb::PaperAccepted::full_name(), pb::HoldEnded::full_name(), pb::PaperRecalled::full_name()]
    }

    async fn react(&self, tx: &mut Tx, entry: &Positioned) -> Result<(), Failure> {
        if let Some(accepted) = entry.event::<pb::PaperAccepted>()? {
            return self.accepted(tx, entry, &accepted).await;
        }
        if let Some(ended) = entry.event::<pb::HoldEnded>()? {
            let name = paper(&ended.paper)?;
            return if ended.released {
                self.released(tx, &name).await
            } else {
                self.stopped(tx, &name, &ended.reason).await
            };
        }
        if let Some(recalled) = entry.event::<pb::PaperRecalled>()? {
            return self.stopped(tx, &paper(&recalled.paper)?, RECALLED).await;
        }
        Ok(())
    }
}

fn follow(head: Option<Head>) -> Place {
    match head {
        None => Place { number: 1, previous: None },
        Some(head) => Place { number: head.number + 1, previous: Some(head.digest) },
    }
}

fn paper(name: &str) -> Result<PaperName, Failure> {
    PaperName::parse(name).ok_or_else(|| Failure::internal("an entry of the journal names no paper"))
}

fn recorded_us(entry: &Positioned) -> Result<i64, Failure> {
    let at = entry.entry.recorded_time.as_ref().and_then(instant);
    at.map(time::to_us).ok_or_else(|| Failure::internal("an entry of the journal has no recorded time"))
}
