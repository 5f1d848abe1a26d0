//! What happened, and the entry that is made of it.

use bytes::Bytes;
use prost::Message as _;
use townlink_proto::townlink::journal::v1 as pb;
use uuid::Uuid;
use vocabulary::{Timestamp, time};

use super::Author;
use crate::log::leaf::{Leaf, LeafHeader, Salt};
use crate::log::{Hash, leaf_hash};
use crate::numbers::{Series, Taken};
use crate::refusal::Failure;

/// The smallest step of recorded time.
const MICROSECOND: jiff::SignedDuration = jiff::SignedDuration::from_micros(1);

/// What happened, as a service's events know themselves.
pub trait Event {
    /// The event as the journal keeps it. The same event always gives the same bytes.
    fn record(&self) -> Record;

    /// The series from which the event takes a legal number, where it takes one. Asked before [`Event::record`].
    fn series(&self) -> Option<Series> {
        None
    }

    /// Receives the number that was taken from [`Event::series`].
    fn set_number(&mut self, number: Taken) {
        let _ = number;
    }
}

/// An event as the journal keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The full name of the event message.
    pub kind: String,
    /// The resource name of what the event is about.
    pub subject: String,
    /// The encoded event message.
    pub event: Bytes,
    /// The authority that the act rests on.
    pub authority: Option<pb::Authority>,
    /// When the act was done, where it was not done as it is recorded.
    pub act_time: Option<Timestamp>,
}

impl Record {
    /// The record of an event message about a subject.
    #[must_use]
    pub fn of<M: prost::Message + prost::Name>(message: &M, subject: impl Into<String>) -> Self {
        Self {
            kind: M::full_name(),
            subject: subject.into(),
            event: message.encode_to_vec().into(),
            authority: None,
            act_time: None,
        }
    }

    /// With the authority that the act rests on.
    #[must_use]
    pub fn under(mut self, authority: pb::Authority) -> Self {
        self.authority = Some(authority);
        self
    }

    /// With the time of the act.
    #[must_use]
    pub fn done_at(mut self, at: Timestamp) -> Self {
        self.act_time = Some(at);
        self
    }
}

impl Event for Record {
    fn record(&self) -> Record {
        self.clone()
    }
}

/// An entry that is not written yet, but whose id, salt, times and leaf hash are fixed.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) subject: String,
    pub(super) payload: Bytes,
    pub(super) salt: Salt,
    pub(super) leaf: Leaf,
    pub(super) leaf_hash: Hash,
    recorded: Timestamp,
}

impl Prepared {
    /// The entry's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.leaf.header.entry_id
    }

    /// The full name of the event message.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.leaf.header.kind
    }

    /// The hash of the leaf, by which the proof of inclusion is asked for.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        self.leaf_hash
    }

    /// The leaf.
    #[must_use]
    pub fn leaf(&self) -> &Leaf {
        &self.leaf
    }

    /// When it is recorded.
    #[must_use]
    pub fn recorded(&self) -> Timestamp {
        self.recorded
    }

    /// Whether this is the entry of that event by that author.
    pub(crate) fn is_of(&self, record: &Record, author: &Author) -> bool {
        self.kind() == record.kind && self.payload == payload(record, author)
    }
}

/// Fixes an entry of an act done at `now`: recorded at `now`, or 1 µs after `last` where that is later.
///
/// # Errors
/// [`Failure::Internal`] where the kind does not fit a leaf, or the system gives no random bytes.
pub fn prepare(record: &Record, author: &Author, now: Timestamp, last: Option<Timestamp>) -> Result<Prepared, Failure> {
    let recorded = recorded_after(now, last);
    let payload = payload(record, author);
    let header = LeafHeader {
        entry_id: entry_id(recorded).to_string(),
        kind: record.kind.clone(),
        institution: author.institution.map_or("", vocabulary::Institution::code).to_owned(),
        acted_at_us: time::to_us(record.act_time.unwrap_or(now)),
        recorded_at_us: time::to_us(recorded),
    };
    let salt = Salt::generate().map_err(Failure::internal)?;
    let leaf = Leaf::new(header, &salt, &payload);
    let leaf_hash = leaf_hash(&leaf.encode().map_err(Failure::internal)?);
    Ok(Prepared { subject: record.subject.clone(), payload, salt, leaf, leaf_hash, recorded })
}

/// The recorded time of a change: the clock's, but always later than the last change of the same thing.
fn recorded_after(now: Timestamp, last: Option<Timestamp>) -> Timestamp {
    last.map_or(now, |last| now.max(last.checked_add(MICROSECOND).unwrap_or(Timestamp::MAX)))
}

/// What the leaf commits to. The fields are written in the order of their numbers, so equal contents have equal bytes.
fn payload(record: &Record, author: &Author) -> Bytes {
    let payload = pb::Payload {
        subject: record.subject.clone(),
        principal: author.principal.to_string(),
        person: author.person.as_ref().map(ToString::to_string).unwrap_or_default(),
        request_id: author.request_id.map(|id| id.to_string()).unwrap_or_default(),
        authority: record.authority.clone(),
        event: record.event.clone(),
    };
    payload.encode_to_vec().into()
}

/// An id that sorts by recorded time, which keeps the newest entries together in the index.
fn entry_id(recorded: Timestamp) -> Uuid {
    let seconds = u64::try_from(recorded.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(recorded.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds))
}

/// An instant as contracts carry it.
pub(crate) fn to_proto(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

/// An instant as it came over a contract, cut to microseconds.
pub(crate) fn from_proto(at: &prost_types::Timestamp) -> Option<Timestamp> {
    let at = Timestamp::new(at.seconds, at.nanos).ok()?;
    time::from_us(time::to_us(at)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::ServiceName;

    fn at(us: i64) -> Timestamp {
        time::from_us(us).expect("an instant")
    }

    fn record() -> Record {
        let refused = pb::Refused { reason: "AU_RETRO".to_owned(), ..Default::default() };
        Record::of(&refused, "papers/1")
    }

    #[test]
    fn recorded_time_is_later_than_the_last_even_where_the_clock_stands() {
        assert_eq!(recorded_after(at(10), None), at(10));
        assert_eq!(recorded_after(at(10), Some(at(10))), at(11));
        assert_eq!(recorded_after(at(10), Some(at(50))), at(51));
        assert_eq!(recorded_after(at(60), Some(at(50))), at(60));
    }

    #[test]
    fn an_entry_knows_its_leaf_before_it_is_written() -> Result<(), Failure> {
        let author = Author::service(ServiceName("office"));
        let entry = prepare(&record(), &author, at(7), None)?;
        assert_eq!(entry.kind(), "townlink.journal.v1.Refused");
        assert_eq!(entry.leaf_hash(), entry.leaf().hash().expect("a leaf"));
        assert!(entry.leaf().matches(&entry.salt, &entry.payload).is_ok());
        assert!(entry.is_of(&record(), &author));
        let other = Author::service(ServiceName("gateway"));
        assert!(!entry.is_of(&record(), &other), "the same event by another author is another entry");
        assert_ne!(
            prepare(&record(), &author, at(7), None)?.leaf_hash(),
            entry.leaf_hash(),
            "each entry has its own salt"
        );
        Ok(())
    }

    #[test]
    fn instants_cross_the_contract_in_microseconds() {
        let sent = prost_types::Timestamp { seconds: 1, nanos: 999_999_999 };
        assert_eq!(from_proto(&sent).map(time::to_us), Some(1_999_999));
        assert_eq!(from_proto(&to_proto(at(1_234_567))), Some(at(1_234_567)));
        assert_eq!(from_proto(&prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }), None);
    }
}
