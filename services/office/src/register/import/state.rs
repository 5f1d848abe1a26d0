//! An import by hand and its stages.

use std::fmt;

use bytes::Bytes;
use uuid::Uuid;
use vocabulary::{Date, Sm3Digest, Timestamp};

use crate::register::fault::Fault;

/// The id of an import: that of the request which brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ImportId(pub Uuid);

impl ImportId {
    /// Reads a resource name, `imports/{id}`, in its one spelling.
    pub fn parse_name(name: &str) -> Option<Self> {
        let id = Uuid::try_parse(name.strip_prefix("imports/")?).ok().map(Self)?;
        (id.name() == name).then_some(id)
    }

    /// The resource name.
    pub fn name(self) -> String {
        format!("imports/{self}")
    }
}

impl fmt::Display for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// What an import brings in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Powers of the catalogue.
    Powers {
        /// The first day on which changed powers are valid in their new wording.
        valid_from: Date,
    },
    /// Grants.
    Grants,
    /// Corrections of recorded grants.
    Corrections {
        /// Why.
        reason: String,
    },
}

impl Content {
    /// The content as stored. The same file is another import as another content.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Powers { .. } => "POWERS",
            Self::Grants => "GRANTS",
            Self::Corrections { .. } => "CORRECTIONS",
        }
    }
}

/// An import by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// Its id.
    pub id: ImportId,
    /// What it brings in.
    pub content: Content,
    /// The digest of the file.
    pub digest: Sm3Digest,
    /// How many rows the file has, without its header.
    pub rows: u32,
    /// The first pair of eyes.
    pub registrar: String,
    /// When it was drafted.
    pub drafted: Timestamp,
    /// How far it is.
    pub stage: Stage,
}

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its rows are right; a second person must confirm it.
    Draft {
        /// The file.
        file: Bytes,
    },
    /// It is in effect.
    Confirmed {
        /// The second pair of eyes.
        confirmer: String,
        /// How many powers or grants took effect.
        applied: u32,
    },
    /// It is refused for its bad rows; nothing took effect.
    Refused {
        /// Who would have confirmed it; none where it was refused at once.
        confirmer: Option<String>,
        /// What is wrong.
        faults: Vec<Fault>,
    },
}

impl Stage {
    /// The stage as shown.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Draft { .. } => "DRAFT",
            Self::Confirmed { .. } => "CONFIRMED",
            Self::Refused { .. } => "REFUSED",
        }
    }
}
