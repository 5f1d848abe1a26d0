//! The register as one decision sees it: catalogue, grants, documents and bases, each with its versions.
//!
//! A [`Register`] is immutable and whole. It is both the unit that is decided upon and the index that look-ups read; the two
//! differ only in when they were loaded. The next one is made by adding versions, which cannot fail: what was decided fits.

use std::collections::BTreeMap;
use std::sync::Arc;

use vocabulary::{Date, DocumentNumber, PowerCode, Timestamp};

use super::basis::state::{BasisRecorded, ProvincialBasis};
use super::catalogue::state::{Listed, Power};
use super::document::state::{Document, DocumentId, Issued, Stage};
use super::grant::state::{Grant, GrantId, Recorded};

/// A power with its versions and its grants with theirs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    /// The versions in the catalogue, oldest record first.
    pub versions: Vec<Listed>,
    /// The grants, by serial.
    pub grants: Vec<GrantVersions>,
}

/// The versions of one grant, oldest record first.
#[derive(Clone, Debug)]
pub(crate) struct GrantVersions {
    /// The grant.
    pub id: GrantId,
    /// Its versions.
    pub versions: Vec<Recorded>,
}

impl GrantVersions {
    /// The version that the register knew at a revision.
    pub fn at(&self, revision: i64) -> Option<&Recorded> {
        let known = self.versions.partition_point(|version| version.revision <= revision);
        self.versions.get(known.checked_sub(1)?)
    }
}

impl Entry {
    /// The version of the power that is valid on a day, as known at a revision. Among versions valid from one day on, the one
    /// recorded last prevails.
    pub fn power_on(&self, day: Date, revision: i64) -> Option<&Listed> {
        let valid = |listed: &&Listed| listed.revision <= revision && listed.valid_from.is_none_or(|from| from <= day);
        self.versions.iter().filter(valid).max_by_key(|listed| (listed.valid_from, listed.revision))
    }

    /// The version of the power that was recorded last.
    pub fn newest_power(&self) -> Option<&Listed> {
        self.versions.last()
    }

    /// The grants as known at a revision, without those that another one corrects.
    pub fn grants_at(&self, revision: i64) -> impl Iterator<Item = &Recorded> {
        let known = move || self.grants.iter().filter_map(move |grant| grant.at(revision));
        known().filter(move |recorded| {
            let corrected =
                |other: &Recorded| other.grant.correction.as_ref().is_some_and(|it| it.corrects == recorded.grant.id);
            !known().any(corrected)
        })
    }
}

/// The versions of one basis, oldest record first.
#[derive(Clone, Debug)]
pub(crate) struct BasisVersions {
    /// The number of the province's document, which identifies it.
    pub number: DocumentNumber,
    /// Its versions.
    pub versions: Vec<BasisRecorded>,
}

impl BasisVersions {
    /// The version that the register knew at a revision.
    pub fn at(&self, revision: i64) -> Option<&ProvincialBasis> {
        let known = self.versions.partition_point(|version| version.revision <= revision);
        self.versions.get(known.checked_sub(1)?).map(|version| version.basis.as_ref())
    }
}

/// How sure the register is of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// Registered by one person.
    Registered,
    /// Confirmed by a second one.
    Confirmed,
}

/// A document as the rules see it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Its id.
    pub id: DocumentId,
    /// What the rules ask of it.
    pub issued: Arc<Issued>,
    /// Whether a second person confirmed it.
    pub certainty: Certainty,
}

/// A write of the register: its revision, and when it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The revision.
    pub revision: i64,
    /// When it was recorded.
    pub recorded: Timestamp,
}

/// The head row, which every write passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// How often the register was written.
    pub revision: i64,
    /// When last.
    pub recorded: Option<Timestamp>,
    /// The serial of the last grant.
    pub last_grant: i64,
    /// The serial of the last basis.
    pub last_basis: i64,
}

/// The register.
#[derive(Clone, Debug, Default)]
pub(crate) struct Register {
    /// The head row.
    pub head: Head,
    /// The powers, by code.
    pub powers: BTreeMap<Box<str>, Arc<Entry>>,
    /// The power of each grant.
    pub grants: BTreeMap<GrantId, PowerCode>,
    /// The documents, by number.
    pub documents: BTreeMap<DocumentNumber, Known>,
    /// The province's decisions, in the order in which they first came.
    pub bases: Vec<BasisVersions>,
    /// Every write, oldest first.
    pub moments: Vec<Moment>,
}

impl Register {
    /// The entry of a power.
    pub fn entry(&self, code: &str) -> Option<&Entry> {
        self.powers.get(code).map(Arc::as_ref)
    }

    /// A power as the catalogue has it on a day.
    pub fn power_on(&self, code: &PowerCode, day: Date) -> Option<&Power> {
        let listed = self.entry(code.as_str())?.power_on(day, self.head.revision)?;
        Some(&listed.power)
    }

    /// A power as it was recorded last.
    pub fn newest_power(&self, code: &PowerCode) -> Option<&Power> {
        self.entry(code.as_str())?.newest_power().map(|listed| listed.power.as_ref())
    }

    /// The grants of a power as they are recorded now.
    pub fn grants_of(&self, code: &PowerCode) -> impl Iterator<Item = &Grant> {
        let entry = self.entry(code.as_str());
        entry.into_iter().flat_map(|entry| entry.grants_at(self.head.revision)).map(|recorded| recorded.grant.as_ref())
    }

    /// Every grant as it is recorded now.
    pub fn all_grants(&self) -> impl Iterator<Item = &Grant> {
        self.newest_grants().map(|recorded| recorded.grant.as_ref())
    }

    /// The version of a grant that was recorded last, also of one that another corrects.
    pub fn grant(&self, id: GrantId) -> Option<&Recorded> {
        let entry = self.entry(self.grants.get(&id)?.as_str())?;
        entry.grants.iter().find(|grant| grant.id == id)?.versions.last()
    }

    /// The version of every grant that was recorded last, without grants that another one corrects.
    pub fn newest_grants(&self) -> impl Iterator<Item = &Recorded> {
        let now = self.head.revision;
        self.powers.values().flat_map(move |entry| entry.grants_at(now))
    }

    /// Every version of a grant, oldest record first.
    pub fn versions_of(&self, id: GrantId) -> impl Iterator<Item = &Recorded> {
        let entry = self.grants.get(&id).and_then(|power| self.entry(power.as_str()));
        let grant = entry.and_then(|entry| entry.grants.iter().find(|grant| grant.id == id));
        grant.into_iter().flat_map(|grant| &grant.versions)
    }

    /// Whether another grant of the power to the same holder begins where this one ends (SUPERSEDED, §2.4).
    pub fn is_succeeded(&self, grant: &Grant) -> bool {
        let Some(end) = &grant.end else { return false };
        let succeeds = |other: &Grant| {
            other.id != grant.id && other.from == end.on && other.exercise.holder() == grant.exercise.holder()
        };
        self.grants_of(&grant.power).any(succeeds)
    }

    /// A document that two persons registered and confirmed.
    pub fn confirmed_document(&self, number: &DocumentNumber) -> Option<&Issued> {
        let known = self.documents.get(number)?;
        (known.certainty == Certainty::Confirmed).then_some(known.issued.as_ref())
    }

    /// The issuer of a document, however far it is.
    pub fn issuer_of(&self, number: &DocumentNumber) -> Option<&str> {
        self.documents.get(number).map(|known| known.issued.issuer.as_str())
    }

    /// A basis as it is recorded now.
    pub fn basis(&self, number: &DocumentNumber) -> Option<&ProvincialBasis> {
        self.bases.iter().find(|basis| basis.number == *number)?.at(self.head.revision)
    }

    /// The revision that the register had at an instant: 0 before its first write.
    pub fn revision_at(&self, at: Timestamp) -> i64 {
        let passed = self.moments.partition_point(|moment| moment.recorded <= at);
        passed.checked_sub(1).and_then(|last| self.moments.get(last)).map_or(0, |moment| moment.revision)
    }
}

impl Register {
    /// The register with one more version of a power.
    pub fn list(&mut self, listed: Listed) {
        self.passed(listed.revision, listed.recorded);
        let entry = self.powers.entry(listed.power.code.as_str().into()).or_default();
        Arc::make_mut(entry).versions.push(listed);
    }

    /// The register with one more version of a grant.
    pub fn record(&mut self, recorded: Recorded) {
        self.passed(recorded.revision, recorded.recorded);
        let id = recorded.grant.id;
        let entry = Arc::make_mut(self.powers.entry(recorded.grant.power.as_str().into()).or_default());
        self.grants.insert(id, recorded.grant.power.clone());
        match entry.grants.iter_mut().find(|grant| grant.id == id) {
            Some(known) => known.versions.push(recorded),
            None => entry.grants.push(GrantVersions { id, versions: vec![recorded] }),
        }
    }

    /// The register with one more version of a basis.
    pub fn note(&mut self, recorded: BasisRecorded) {
        self.passed(recorded.revision, recorded.recorded);
        let number = recorded.basis.number.clone();
        match self.bases.iter_mut().find(|basis| basis.number == number) {
            Some(known) => known.versions.push(recorded),
            None => self.bases.push(BasisVersions { number, versions: vec![recorded] }),
        }
    }

    /// The register with what is known of a document. A refused one is not known.
    pub fn know(&mut self, document: &Document) {
        let certainty = match &document.stage {
            Stage::Registered => Certainty::Registered,
            Stage::Confirmed { .. } => Certainty::Confirmed,
            Stage::Refused { .. } => return,
        };
        let known = Known { id: document.id, issued: Arc::clone(&document.issued), certainty };
        self.documents.insert(document.issued.number.clone(), known);
    }

    /// A revision begins to be known at the moment of its first row: its rows were committed together.
    fn passed(&mut self, revision: i64, recorded: Timestamp) {
        match self.moments.binary_search_by_key(&revision, |moment| moment.revision) {
            Ok(place) => {
                if let Some(moment) = self.moments.get_mut(place) {
                    moment.recorded = moment.recorded.min(recorded);
                }
            }
            Err(place) => self.moments.insert(place, Moment { revision, recorded }),
        }
    }
}
