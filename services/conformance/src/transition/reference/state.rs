//! Work, and ends of authority.

use runtime::journal::{self, Record};
use runtime::refusal::Failure;
use townlink_proto::townlink::transition::v1 as pb;
use vocabulary::{AuthorityEnd, Date, DocumentNumber, Institution, PowerCode, Sm3Digest, Timestamp};

use super::wire;
use crate::transition::suite::Seed;

/// A piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Work {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// The power that it rests on.
    pub power: PowerCode,
    /// The day on which it was filed.
    pub filed: Date,
    /// The day on which it was decided.
    pub decided: Option<Date>,
    /// Who holds it.
    pub holder: Institution,
    /// The digest of the file that was handed over.
    pub handed_over: Option<Sm3Digest>,
}

impl Work {
    /// The work that a suite asks for.
    pub fn of(seed: Seed) -> Result<Self, Failure> {
        let Seed { power_code, filed, decided, name } = seed;
        Ok(Self {
            name: format!("cases/{name}"),
            kind: "CASE".to_owned(),
            power: PowerCode::parse(&power_code).map_err(Failure::internal)?,
            filed,
            decided,
            holder: Institution::Service,
            handed_over: None,
        })
    }
}

/// An authority that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// The grant.
    pub grant: String,
    /// The power.
    pub power: PowerCode,
    /// When, and what becomes of open work.
    pub end: AuthorityEnd,
    /// The withdrawing document.
    pub document: DocumentNumber,
    /// The clause of its annex.
    pub clause: String,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// An authority ended.
    Ended(Ended),
    /// Work was handed over.
    HandedOver {
        /// The work.
        name: String,
        /// The digest of its file.
        digest: Sm3Digest,
        /// When.
        at: Timestamp,
    },
}

impl journal::Event for Event {
    fn record(&self) -> Record {
        match self {
            Self::Ended(ended) => Record::of(&wire::ended(ended), format!("ends/{}", ended.grant)),
            Self::HandedOver { name, digest, at } => {
                let message = pb::WorkHandedOver {
                    name: name.clone(),
                    file_digest: wire::bytes_of(*digest),
                    time: Some(runtime::refusal::fields::instant_to_wire(*at)),
                };
                Record::of(&message, name.clone())
            }
        }
    }
}
