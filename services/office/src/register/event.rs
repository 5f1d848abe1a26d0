//! What the journal says of the register. Together the events hold every column of every row.

use std::sync::Arc;

use runtime::journal::{self, Record};
use townlink_proto::townlink::journal::v1::Authority;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{DocumentNumber, Timestamp};

use super::basis::state::ProvincialBasis;
use super::catalogue::check::Listing;
use super::document::decide::Registered;
use super::document::state::{DocumentId, Publication};
use super::fault::Fault;
use super::grant::state::{Change, Grant};
use super::import::state::Import;
use super::kept::to_count;
use super::{basis, catalogue, document, grant, import};
use crate::fields::{day_to_wire, instant_to_wire};

/// What happened to the register. A revision tells that the event is part of the write of that revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A version of a power entered the catalogue.
    PowerListed {
        /// The power.
        listing: Arc<Listing>,
        /// The revision.
        revision: i64,
    },
    /// A version of a grant was recorded.
    GrantRecorded {
        /// The grant, whole.
        grant: Arc<Grant>,
        /// What the version changes.
        change: Change,
        /// The revision.
        revision: i64,
    },
    /// A version of a basis was recorded.
    BasisRegistered {
        /// The basis, whole.
        basis: Arc<ProvincialBasis>,
        /// The revision.
        revision: i64,
    },
    /// A directive took effect.
    DirectiveApplied {
        /// The document.
        id: DocumentId,
        /// The type.
        directive_type: String,
        /// How many rows took effect.
        applied: u32,
        /// The number of the document.
        number: DocumentNumber,
        /// The first pair of eyes.
        registered_by: String,
        /// The second pair of eyes.
        confirmed_by: String,
    },
    /// A document was registered.
    DocumentRegistered(Box<Registered>),
    /// A document was confirmed.
    DocumentConfirmed {
        /// The document.
        id: DocumentId,
        /// Who confirmed it.
        confirmer: String,
        /// How many rows took effect.
        applied: u32,
        /// When.
        at: Timestamp,
        /// The revision.
        revision: i64,
    },
    /// A document was refused for its faults.
    DocumentRefused {
        /// The document.
        id: DocumentId,
        /// Who would have confirmed it.
        confirmer: String,
        /// What is wrong.
        faults: Vec<Fault>,
        /// When.
        at: Timestamp,
    },
    /// The publication of a document was recorded.
    DocumentPublished {
        /// The document.
        id: DocumentId,
        /// The publication.
        publication: Publication,
        /// Who recorded it.
        recorder: String,
        /// The revision.
        revision: i64,
    },
    /// An import was drafted, or refused at once.
    ImportDrafted(Box<Import>),
    /// A drafted import was confirmed, or refused at that moment.
    ImportConfirmed(Box<Import>),
}

impl Event {
    /// The revision of the register that the event is part of, if it is part of one.
    pub const fn revision(&self) -> Option<i64> {
        match self {
            Self::PowerListed { revision, .. }
            | Self::GrantRecorded { revision, .. }
            | Self::BasisRegistered { revision, .. }
            | Self::DocumentConfirmed { revision, .. }
            | Self::DocumentPublished { revision, .. } => Some(*revision),
            Self::DirectiveApplied { .. }
            | Self::DocumentRegistered(_)
            | Self::DocumentRefused { .. }
            | Self::ImportDrafted(_)
            | Self::ImportConfirmed(_) => None,
        }
    }
}

impl journal::Event for Event {
    fn record(&self) -> Record {
        match self {
            Self::PowerListed { listing, revision } => {
                let power = catalogue::wire::power(&listing.power, listing.valid_from);
                let subject = power.name.clone();
                Record::of(&pb::PowerListed { power: Some(power), revision: *revision }, subject)
            }
            Self::GrantRecorded { grant, change, revision } => grant_recorded(grant, *change, *revision),
            Self::BasisRegistered { basis, revision } => {
                let message = pb::ProvincialBasis { revision: *revision, ..basis::wire::basis(basis) };
                Record::of(&pb::BasisRegistered { basis: Some(message) }, format!("bases/{}", basis.id))
            }
            Self::DirectiveApplied { id, directive_type, applied, number, registered_by, confirmed_by } => {
                let message = pb::DirectiveApplied {
                    id: id.to_string(),
                    directive_type: directive_type.clone(),
                    applied: to_count(*applied),
                    document_number: number.to_string(),
                    registered_by: registered_by.clone(),
                    confirmed_by: confirmed_by.clone(),
                };
                // Applied and confirmed are two writes, perhaps of two services: each has a subject of its own.
                Record::of(&message, format!("directives/{id}")).under(resting_on(number, ""))
            }
            Self::DocumentRegistered(registered) => registered.record(),
            Self::DocumentConfirmed { id, confirmer, applied, at, revision } => {
                let message = pb::DocumentConfirmed {
                    document: id.name(),
                    confirmer: confirmer.clone(),
                    applied: to_count(*applied),
                    time: Some(instant_to_wire(*at)),
                    revision: *revision,
                };
                Record::of(&message, id.name())
            }
            Self::DocumentRefused { id, confirmer, faults, at } => {
                let message = pb::DocumentRefused {
                    document: id.name(),
                    confirmer: confirmer.clone(),
                    faults: document::wire::faults(faults),
                    time: Some(instant_to_wire(*at)),
                };
                Record::of(&message, id.name())
            }
            Self::DocumentPublished { id, publication, recorder, revision } => {
                let message = pb::DocumentPublished {
                    document: id.name(),
                    publish_date: Some(day_to_wire(publication.date)),
                    publish_place: publication.place.clone(),
                    recorder: recorder.clone(),
                    revision: *revision,
                };
                Record::of(&message, id.name())
            }
            Self::ImportDrafted(import) => import::wire::drafted(import),
            Self::ImportConfirmed(import) => {
                let message = pb::ImportConfirmed { import: Some(import::wire::import(import, String::new())) };
                Record::of(&message, import.id.name())
            }
        }
    }
}

fn grant_recorded(grant: &Grant, change: Change, revision: i64) -> Record {
    let message = pb::GrantRecorded {
        grant: Some(pb::Grant { revision, ..grant::wire::grant(grant) }),
        change: grant::wire::change_to_wire(change).into(),
    };
    let record = Record::of(&message, grant.id.name());
    match changed_by(grant, change) {
        Some(document) => record.under(Authority { grant: grant.id.name(), ..resting_on(document, &grant.clause) }),
        None => record,
    }
}

/// The document that a version rests on: the one that made the grant, or the one that changed it.
pub(crate) fn changed_by(grant: &Grant, change: Change) -> Option<&DocumentNumber> {
    match change {
        Change::Granted | Change::Published | Change::Corrected => Some(&grant.document),
        Change::Withdrawn | Change::Superseded => grant.end.as_ref()?.document.as_ref(),
        Change::Evaluated => grant.evaluation.as_ref().map(|evaluation| &evaluation.document),
        Change::Suspended => grant.suspensions.last().map(|suspension| &suspension.document),
        Change::Resumed => {
            let resumed = grant.suspensions.iter().filter_map(|suspension| suspension.resumed.as_ref());
            resumed.max_by_key(|resumed| resumed.on).map(|resumed| &resumed.document)
        }
    }
}

fn resting_on(document: &DocumentNumber, clause: &str) -> Authority {
    Authority { grant: String::new(), document_number: document.to_string(), clause: clause.to_owned() }
}
