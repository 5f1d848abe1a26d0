//! A registered key and its stages. Each stage carries what was done to reach it.

use std::fmt;

use runtime::caller::PersonId;
use runtime::signing::{Algorithm, PublicKey, Security};
use vocabulary::{Date, DepartmentCode, DocumentNumber, Timestamp};

/// The id of a key: it stands in payloads, receipts and resource names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

/// A text that is no id of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a key is 1 to 64 lower-case letters, digits and '-', beginning with a letter or digit")]
pub struct KeyIdError;

impl KeyId {
    /// Reads an id in its one spelling.
    ///
    /// # Errors
    /// [`KeyIdError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, KeyIdError> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=64).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(known);
        if fits { Ok(Self(text.to_owned())) } else { Err(KeyIdError) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The resource name: `keys/{key id}`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("keys/{}", self.0)
    }

    /// Reads a resource name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::parse(name.strip_prefix("keys/")?).ok()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// `county/{department}`.
    Department(DepartmentCode),
    /// `town`: a key that signs receipts, now or formerly.
    Town,
}

impl Owner {
    /// Reads an owner.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("county/") {
            Some(department) => DepartmentCode::parse(department).ok().map(Self::Department),
            None => (text == "town").then_some(Self::Town),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Department(department) => write!(f, "county/{department}"),
            Self::Town => f.write_str("town"),
        }
    }
}

/// Days from one on, up to another that no longer counts: `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub from: Date,
    /// The first day that no longer counts; none: open.
    pub to: Option<Date>,
}

impl Days {
    /// Whether a day counts.
    #[must_use]
    pub fn contain(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }

    /// Whether there is any day that counts.
    #[must_use]
    pub fn are_some(&self) -> bool {
        self.to.is_none_or(|to| self.from < to)
    }

    /// Whether two periods share a day.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> bool {
        self.to.is_none_or(|to| other.from < to) && other.to.is_none_or(|to| self.from < to)
    }
}

/// An issuer that a key may sign for, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The full name, such as 昆山市人民政府.
    pub name: String,
    /// The days.
    pub days: Days,
}

/// What is registered. It never changes: another period, another issuer is another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The id.
    pub id: KeyId,
    /// Whose key it is.
    pub owner: Owner,
    /// The public key.
    pub public_key: PublicKey,
    /// When it is valid.
    pub valid: Days,
    /// For whom it may sign.
    pub issuers: Vec<Issuer>,
    /// Where the private key lives.
    pub security: Security,
    /// The document on which the registration rests.
    pub document_number: DocumentNumber,
}

/// The revocation of a key, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Who asked.
    pub registrar: PersonId,
    /// Why.
    pub reason: String,
    /// The document it rests on.
    pub document_number: DocumentNumber,
    /// From when on the key signs nothing.
    pub time: Timestamp,
}

/// How far a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Registered; a second person must confirm it.
    Pending,
    /// Usable.
    Active {
        /// The second person.
        confirmer: PersonId,
    },
    /// It signs nothing any more; a second person must make that final.
    RevocationPending {
        /// The second person of the registration, where it was confirmed.
        confirmer: Option<PersonId>,
        /// The revocation.
        revocation: Revocation,
    },
    /// Revoked, the end.
    Revoked {
        /// The second person of the registration, where it was confirmed.
        confirmer: Option<PersonId>,
        /// The revocation.
        revocation: Revocation,
        /// The second person of the revocation.
        revoker: PersonId,
    },
}

/// A key of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What is registered.
    pub registration: Registration,
    /// Who registered it.
    pub registrar: PersonId,
    /// How far it is.
    pub stage: Stage,
}

impl Key {
    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.registration.public_key.algorithm()
    }

    /// Whether a second person ever confirmed it.
    #[must_use]
    pub const fn was_confirmed(&self) -> bool {
        match &self.stage {
            Stage::Pending => false,
            Stage::Active { .. } => true,
            Stage::RevocationPending { confirmer, .. } | Stage::Revoked { confirmer, .. } => confirmer.is_some(),
        }
    }

    /// Whether it may sign on a day.
    #[must_use]
    pub fn is_usable_on(&self, day: Date) -> bool {
        matches!(self.stage, Stage::Active { .. }) && self.registration.valid.contain(day)
    }

    /// Whether it may sign for an issuer on a day.
    #[must_use]
    pub fn may_sign_for(&self, issuer: &str, day: Date) -> bool {
        self.registration.issuers.iter().any(|known| known.name == issuer && known.days.contain(day))
    }

    /// The revocation, asked for or final.
    #[must_use]
    pub const fn revocation(&self) -> Option<&Revocation> {
        match &self.stage {
            Stage::Pending | Stage::Active { .. } => None,
            Stage::RevocationPending { revocation, .. } | Stage::Revoked { revocation, .. } => Some(revocation),
        }
    }
}
