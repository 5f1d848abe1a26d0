//! What happened to a power, and under which documents (historyOf and documentsOf of authority.md §2.5).
//!
//! Two times are told of everything: when it was recorded, and from which day it is valid. Asked as known at an earlier moment,
//! what was recorded later is not there.

use std::collections::BTreeMap;

use vocabulary::{Date, DocumentNumber, PowerKind};

use super::basis::state::{BasisRecorded, ProvincialBasis};
use super::catalogue::state::Listed;
use super::event::changed_by;
use super::grant::state::{Change, GrantId, Recorded};
use super::state::{Known, Register};

pub(crate) mod wire;

/// Where an entry stands in a history: revision, sort, serial. At one revision a wording comes before the grants under it.
pub(crate) type Place = (i64, u8, i64);

/// Something that happened to a power.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Happened<'r> {
    /// The catalogue got a version of it.
    Listed(&'r Listed),
    /// A version of a decision of the province that covers it was recorded.
    Basis(&'r BasisRecorded),
    /// A version of one of its grants was recorded.
    Granted(&'r Recorded),
}

impl Happened<'_> {
    /// Where it stands in the history.
    pub fn place(&self) -> Place {
        match self {
            Self::Listed(listed) => (listed.revision, 0, 0),
            Self::Basis(basis) => (basis.revision, 1, basis.basis.id.0),
            Self::Granted(recorded) => (recorded.revision, 2, recorded.grant.id.0),
        }
    }

    /// From which day it is valid; none for a wording that is valid since ever.
    pub fn valid_from(&self) -> Option<Date> {
        match self {
            Self::Listed(listed) => listed.valid_from,
            Self::Basis(basis) => Some(basis.basis.publication.date),
            Self::Granted(recorded) => {
                let grant = &recorded.grant;
                match recorded.change {
                    Change::Granted | Change::Corrected => Some(grant.from),
                    Change::Withdrawn | Change::Superseded => grant.end.as_ref().map(|end| end.on),
                    Change::Suspended => grant.suspensions.last().map(|suspension| suspension.from),
                    Change::Resumed => {
                        let resumed = grant.suspensions.iter().filter_map(|suspension| suspension.resumed.as_ref());
                        resumed.map(|resumed| resumed.on).max()
                    }
                    Change::Published => grant.publication.as_ref().map(|publication| publication.date),
                    Change::Evaluated => grant.evaluation.as_ref().map(|evaluation| evaluation.on),
                }
            }
        }
    }

    /// The number of the document that it rests on; none for a wording of the catalogue.
    pub fn document(&self) -> Option<&DocumentNumber> {
        match self {
            Self::Listed(_) => None,
            Self::Basis(basis) => Some(&basis.basis.number),
            Self::Granted(recorded) => changed_by(&recorded.grant, recorded.change),
        }
    }
}

/// What happened to a power up to a revision, oldest record first.
pub(crate) fn history<'r>(register: &'r Register, power: &str, revision: i64) -> Vec<Happened<'r>> {
    let Some(entry) = register.entry(power) else { return Vec::new() };
    let listed = entry.versions.iter().map(Happened::Listed);
    let granted = entry.grants.iter().flat_map(|grant| &grant.versions).map(Happened::Granted);
    let mut all: Vec<_> = listed.chain(granted).chain(bases(register, power).map(Happened::Basis)).collect();
    all.retain(|happened| happened.place().0 <= revision);
    all.sort_by_key(Happened::place);
    all
}

/// Every version of the province's decisions that speaks of a power, whatever its day.
fn bases<'r>(register: &'r Register, power: &str) -> impl Iterator<Item = &'r BasisRecorded> {
    let listed = register.entry(power).and_then(|entry| entry.newest_power());
    let penalty = listed.filter(|listed| listed.power.kind == PowerKind::Penalty);
    let covers = move |basis: &ProvincialBasis| {
        penalty.is_some_and(|it| basis.covers(&it.power.code, it.power.field.as_ref(), Date::MAX))
    };
    register.bases.iter().flat_map(|basis| &basis.versions).filter(move |recorded| covers(&recorded.basis))
}

/// A document of a power, with what it did.
#[derive(Debug)]
pub(crate) struct OfPower<'r> {
    /// Its number.
    pub number: &'r DocumentNumber,
    /// What the register knows of it.
    pub known: Option<&'r Known>,
    /// Its issuer, as far as it is known.
    pub issuer: &'r str,
    /// Its date, as far as it is known.
    pub date: Option<Date>,
    /// The day of its publication.
    pub published: Option<Date>,
    /// What it did, in the order of the records; nothing for a decision of the province.
    pub effects: Vec<(GrantId, Change, &'r str)>,
}

impl OfPower<'_> {
    /// Where it stands in the list: date and number.
    pub fn key(&self) -> (Option<Date>, String) {
        (self.date, self.number.to_string())
    }
}

/// The documents of a power as known at a revision, by date and number.
pub(crate) fn documents<'r>(register: &'r Register, power: &str, revision: i64) -> Vec<OfPower<'r>> {
    let mut found: BTreeMap<&DocumentNumber, OfPower<'r>> = BTreeMap::new();
    let of = |number: &'r DocumentNumber| {
        let known = register.documents.get(number);
        let issued = known.map(|known| known.issued.as_ref());
        OfPower {
            number,
            known,
            issuer: issued.map(|issued| issued.issuer.as_str()).unwrap_or_default(),
            date: issued.map(|issued| issued.date),
            published: issued.and_then(|issued| issued.publication.as_ref()).map(|publication| publication.date),
            effects: Vec::new(),
        }
    };
    for happened in history(register, power, revision) {
        match happened {
            Happened::Listed(_) => {}
            Happened::Basis(recorded) => {
                let basis = recorded.basis.as_ref();
                let entry = found.entry(&basis.number).or_insert_with(|| of(&basis.number));
                entry.issuer = basis.issuer.as_str();
                entry.date = Some(basis.issue_date);
                entry.published = Some(basis.publication.date);
            }
            Happened::Granted(recorded) => {
                let grant = recorded.grant.as_ref();
                let Some(number) = changed_by(grant, recorded.change) else { continue };
                let clause = match recorded.change {
                    Change::Granted | Change::Corrected | Change::Published => grant.clause.as_str(),
                    Change::Withdrawn
                    | Change::Superseded
                    | Change::Suspended
                    | Change::Resumed
                    | Change::Evaluated => "",
                };
                let entry = found.entry(number).or_insert_with(|| of(number));
                entry.effects.push((grant.id, recorded.change, clause));
            }
        }
    }
    let mut documents: Vec<_> = found.into_values().collect();
    documents.sort_by_key(OfPower::key);
    documents
}

#[cfg(test)]
mod tests;
