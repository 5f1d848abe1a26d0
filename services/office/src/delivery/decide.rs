//! What becomes of a delivery (relay-and-sharing.md §8.6).
//!
//! A gap or a broken chain is refused and changes nothing: the gateway delivers again from the number that is next. What is
//! wrong about a paper itself ends its delivery, so that the papers behind it flow.

use vocabulary::Timestamp;

use super::state::{Content, Delivery, Enclosed, Ending, Head, Lane, ReturnCode, Settled};
use crate::inbox::rules::Rules;
use crate::inbox::state::{Arrival, PaperName};
use crate::inbox::work::Due;
use crate::refusal::{Refusal, SequenceFault};

/// What is decided about a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It came before: the same answer, and nothing changes.
    Again(Ending),
    /// It ends now.
    Settles(Box<Event>),
}

/// A number of a way was used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The paper, by the name that it has or would have.
    pub name: PaperName,
    /// The number.
    pub number: i64,
    /// The head that it follows.
    pub previous: Option<vocabulary::Sm3Digest>,
    /// The digest of its payload, as the gateway gives it.
    pub digest: vocabulary::Sm3Digest,
    /// When.
    pub arrived: Timestamp,
    /// How.
    pub settlement: Settlement,
}

/// How a number was used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// A paper came into the inbox, with its due where it has one.
    Arrived(Box<Arrival>, Option<Due>),
    /// No paper came; or one that the county had taken back.
    Tombstone,
    /// The paper was not taken in.
    Returned(ReturnCode),
}

impl Event {
    /// The ending that is answered.
    pub(crate) fn ending(&self) -> Ending {
        match &self.settlement {
            Settlement::Arrived(..) => Ending::Accepted(self.name.clone()),
            Settlement::Tombstone => Ending::Tombstone,
            Settlement::Returned(code) => Ending::Returned(*code),
        }
    }
}

/// Says what becomes of a delivery, or why it is out of order.
pub(crate) fn decide(lane: &Lane, delivery: &Delivery, now: Timestamp, rules: &Rules) -> Result<Verdict, Refusal> {
    let refused = |fault| Refusal::Sequence { number: delivery.number, expected: lane.next(), fault };
    if delivery.number < lane.next() {
        return match lane.settled.get(&delivery.number) {
            Some(it) if it.digest == delivery.digest && it.message == delivery.message => {
                Ok(Verdict::Again(it.ending.clone()))
            }
            _ => Err(refused(SequenceFault::Taken)),
        };
    }
    if delivery.number > lane.next() {
        return Err(refused(SequenceFault::Gap));
    }
    if delivery.previous != lane.head.map(|head| head.digest) {
        return Err(refused(SequenceFault::Chain));
    }
    let settlement = match &delivery.content {
        Content::Tombstone => Settlement::Tombstone,
        Content::Paper(_) if lane.recalled.contains(&delivery.message) => Settlement::Tombstone,
        Content::Paper(paper) => settle(lane, delivery, paper, now, rules),
    };
    let way = &delivery.way;
    let name = PaperName { inbox: way.recipient, sender: way.sender.clone(), message: delivery.message };
    let Delivery { number, previous, digest, .. } = *delivery;
    Ok(Verdict::Settles(Box::new(Event { name, number, previous, digest, arrived: now, settlement })))
}

/// A paper that is not what its digest says, or that the inbox has under another number, is not taken in (§8.4).
fn settle(lane: &Lane, delivery: &Delivery, paper: &Enclosed, now: Timestamp, rules: &Rules) -> Settlement {
    if paper.payload_digest != delivery.digest {
        return Settlement::Returned(ReturnCode::Digest);
    }
    if lane.present.contains(&delivery.message) {
        return Settlement::Returned(ReturnCode::Replay);
    }
    let arrival = Arrival {
        delivered_to: delivery.way.recipient,
        number: delivery.number,
        purpose: paper.purpose,
        summary: paper.summary.clone(),
        findings: paper.findings.clone(),
        attachments: paper.attachments.clone(),
        signatures: paper.signatures.clone(),
        payload_digest: paper.payload_digest,
        payload: paper.payload.clone(),
        accepted: paper.accepted,
        arrived: now,
    };
    let due = rules.due_at_arrival(&arrival);
    Settlement::Arrived(Box::new(arrival), due)
}

/// The way after a number was used up.
pub(crate) fn apply(mut lane: Lane, event: &Event) -> Lane {
    lane.head = Some(Head { number: event.number, digest: event.digest });
    let message = event.name.message;
    if matches!(event.settlement, Settlement::Arrived(..)) {
        lane.present.insert(message);
    }
    lane.settled.insert(event.number, Settled { message, digest: event.digest, ending: event.ending() });
    lane
}

#[cfg(test)]
mod tests;
