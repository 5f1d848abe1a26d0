//! Who calls. Certificates and caller tokens become a [`Caller`] here and nowhere else.
//!
//! A connection has a [`Peer`]: whoever holds the other end, proved by a TLS certificate or by an in-process pipe. A request has
//! a [`Caller`]: in whose name it is made. The two differ only where a service of the cell forwards a caller token, which the
//! service that let the caller in has signed.
//!
//! - [`peer`]: certificate to peer.
//! - [`token`]: caller tokens: minted, verified, cached.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use vocabulary::{DepartmentCode, Institution};

pub mod peer;
pub mod token;

pub use peer::{Cell, CellError, Peer, PeerError};

/// The longest name of a service, a person or another holder of an identity.
const NAME_LENGTH_MAX: usize = 64;

/// How many services one process may ever hear of. A cell has seven; the bound keeps names in certificates from growing memory.
const SERVICES_MAX: usize = 64;

/// A service of the cell, by the name it has in certificates, configuration and error domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceName(pub &'static str);

impl ServiceName {
    /// Reads the name of a service, such as `service-center`: lower-case words joined by `-`.
    ///
    /// Names that arrive from outside are kept for the life of the process, so that a name stays as cheap as a number; there
    /// is room for a few dozen, and further names are refused.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        static KNOWN: OnceLock<Mutex<Vec<&'static str>>> = OnceLock::new();
        let words = name.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()));
        if !words || name.len() > NAME_LENGTH_MAX {
            return None;
        }
        let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.iter().find(|known| **known == name) {
            return Some(Self(found));
        }
        if known.len() >= SERVICES_MAX {
            return None;
        }
        let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
        known.push(kept);
        Some(Self(kept))
    }

    /// The name as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A text that is no id of a person or of another holder of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit")]
pub struct IdError;

/// A person, by the stable id in the certificate `spiffe://<cell>/person/<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(Arc<str>);

impl PersonId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`IdError`] for a text that could not stand in a certificate.
    pub fn parse(id: &str) -> Result<Self, IdError> {
        check_id(id).map(|()| Self(id.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An id stands in URIs, resource names, tokens and log lines: nothing that any of them would have to escape is let in.
fn check_id(id: &str) -> Result<(), IdError> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let begins = id.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    if begins && id.len() <= NAME_LENGTH_MAX && id.bytes().all(known) { Ok(()) } else { Err(IdError) }
}

/// In whose name a call is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// One of the eight institutions.
    Institution(Institution),
    /// The leaders of the town.
    TownLeaders,
    /// A department of the county.
    County(DepartmentCode),
    /// A citizen or a firm, by an opaque id.
    Public(String),
    /// A body that audits, by an opaque id.
    Auditor(String),
    /// The operator of the machines, by an opaque id.
    Operator(String),
    /// A service of the cell acting for itself, such as a timer.
    Service(ServiceName),
    /// A person of the cell without an active assignment. May do nothing, but his attempts are on record.
    Unassigned,
}

/// A text that names no principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a principal is `leaders`, `unassigned`, or a kind and a name such as `institution/OFFICE`")]
pub struct PrincipalError;

impl Principal {
    /// The stable name under which answers, denials and journal entries keep the principal: `institution/OFFICE`, `leaders`,
    /// `county/housing`, `citizen/…`, `auditor/…`, `operator/…`, `service/gateway`, `unassigned`.
    #[must_use]
    pub fn key(&self) -> Cow<'static, str> {
        match self {
            Self::Institution(institution) => Cow::Owned(format!("institution/{}", institution.code())),
            Self::TownLeaders => Cow::Borrowed("leaders"),
            Self::County(department) => Cow::Owned(format!("county/{department}")),
            Self::Public(id) => Cow::Owned(format!("citizen/{id}")),
            Self::Auditor(id) => Cow::Owned(format!("auditor/{id}")),
            Self::Operator(id) => Cow::Owned(format!("operator/{id}")),
            Self::Service(name) => Cow::Owned(format!("service/{name}")),
            Self::Unassigned => Cow::Borrowed("unassigned"),
        }
    }

    /// Reads what [`Principal::key`] writes.
    ///
    /// # Errors
    /// [`PrincipalError`] for anything else.
    pub fn parse(key: &str) -> Result<Self, PrincipalError> {
        match key {
            "leaders" => return Ok(Self::TownLeaders),
            "unassigned" => return Ok(Self::Unassigned),
            _ => {}
        }
        let (kind, name) = key.split_once('/').ok_or(PrincipalError)?;
        let id = || check_id(name).map(|()| name.to_owned()).map_err(|_| PrincipalError);
        match kind {
            "institution" => institution(name).map(Self::Institution).ok_or(PrincipalError),
            "county" => DepartmentCode::parse(name).map(Self::County).map_err(|_| PrincipalError),
            "citizen" => id().map(Self::Public),
            "auditor" => id().map(Self::Auditor),
            "operator" => id().map(Self::Operator),
            "service" => ServiceName::parse(name).map(Self::Service).ok_or(PrincipalError),
            _ => Err(PrincipalError),
        }
    }

    /// The institution, where the principal is one.
    #[must_use]
    pub const fn institution(&self) -> Option<Institution> {
        if let Self::Institution(institution) = self { Some(*institution) } else { None }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

/// The institution of a code in its one spelling: a key is compared byte by byte.
fn institution(code: &str) -> Option<Institution> {
    Institution::ALL.into_iter().find(|institution| institution.code() == code)
}

/// Who calls: the principal, the person if any, and the service that let the call into the cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// In whose name.
    pub principal: Principal,
    /// The person, if any.
    pub person: Option<PersonId>,
    /// The service that terminated TLS and vouches for the two above.
    pub origin: ServiceName,
}

impl Caller {
    /// A service that acts for itself.
    #[must_use]
    pub const fn service(name: ServiceName) -> Self {
        Self { principal: Principal::Service(name), person: None, origin: name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_principal_reads_back() {
        let keys = [
            "institution/OFFICE",
            "leaders",
            "county/human-resources",
            "citizen/c-1",
            "auditor/a.b",
            "operator/ops",
            "service/service-center",
            "unassigned",
        ];
        for key in keys {
            assert_eq!(Principal::parse(key).map(|principal| principal.key().into_owned()), Ok(key.to_owned()));
        }
    }

    #[test]
    fn other_principals_are_refused() {
        for key in [
            "",
            "Leaders",
            "institution/office",
            "institution/ TAX",
            "county/Housing",
            "citizen/",
            "person/li",
            "service/a_b",
            "x/y",
            "citizen/a/b",
            "citizen/a\nb",
        ] {
            assert_eq!(Principal::parse(key), Err(PrincipalError), "{key}");
        }
    }

    #[test]
    fn there_is_room_for_a_few_dozen_services() {
        assert_eq!(ServiceName::parse("gateway"), Some(ServiceName("gateway")));
        for other in ["", "Gateway", "a-", "-a", "a--b", "a1", "网关"] {
            assert_eq!(ServiceName::parse(other), None, "{other}");
        }
        let many = (b'a'..=b'z')
            .flat_map(|one| (b'a'..=b'z').map(move |two| format!("x{}{}", char::from(one), char::from(two))));
        let kept = many.filter(|name| ServiceName::parse(name).is_some()).count();
        assert!(kept <= SERVICES_MAX);
        assert_eq!(ServiceName::parse("gateway"), Some(ServiceName("gateway")), "a known name stays known");
    }
}
