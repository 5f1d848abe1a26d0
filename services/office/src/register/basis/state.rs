//! A decision of the province.

use std::fmt;
use std::sync::Arc;

use vocabulary::{Date, DocumentNumber, FieldCode, PowerCode, Sm3Digest, Timestamp};

use crate::register::document::state::Publication;

/// The id of a basis: its serial in the register, shown as `B-000001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BasisId(pub i64);

impl BasisId {
    /// Reads an id in its one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let id = text.strip_prefix("B-")?.parse().ok().filter(|serial| *serial > 0).map(Self)?;
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for BasisId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "B-{:06}", self.0)
    }
}

/// What a decision speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// Powers by their codes, and every penalty power of some fields.
    Named {
        /// The powers.
        powers: Vec<PowerCode>,
        /// The fields.
        fields: Vec<FieldCode>,
    },
    /// The penalty powers of every field.
    Every,
}

/// A decision of the province.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProvincialBasis {
    /// Its id.
    pub id: BasisId,
    /// Its document number.
    pub number: DocumentNumber,
    /// Its title.
    pub title: String,
    /// Its issuer.
    pub issuer: String,
    /// Its date.
    pub issue_date: Date,
    /// Its publication, from which it counts.
    pub publication: Publication,
    /// The digest of its file.
    pub digest: Sm3Digest,
    /// What it speaks of.
    pub coverage: Coverage,
    /// The town or the class of towns that it names.
    pub towns: String,
    /// The document that brought it, by resource name.
    pub document: String,
}

impl ProvincialBasis {
    /// Whether it is a basis for a penalty power on a day.
    pub fn covers(&self, power: &PowerCode, field: Option<&FieldCode>, day: Date) -> bool {
        let speaks_of = match &self.coverage {
            Coverage::Every => true,
            Coverage::Named { powers, fields } => {
                powers.contains(power) || field.is_some_and(|field| fields.contains(field))
            }
        };
        speaks_of && self.publication.date <= day
    }
}

/// A version of a basis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BasisRecorded {
    /// The basis, whole.
    pub basis: Arc<ProvincialBasis>,
    /// The revision of the register that recorded it.
    pub revision: i64,
    /// When it was recorded.
    pub recorded: Timestamp,
}
