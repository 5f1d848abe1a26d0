//! Who holds the other end of a connection, proved by the SPIFFE id in its certificate or by an in-process pipe.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use vocabulary::DepartmentCode;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{PersonId, ServiceName, check_id};

/// A cell: one town's deployment, and the trust domain of its SPIFFE ids, such as `zhangpu.kunshan`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cell(Arc<str>);

/// A text that names no cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a cell is 1 to 64 lower-case letters, digits, '.' or '-', beginning with a letter, such as zhangpu.kunshan")]
pub struct CellError;

impl Cell {
    /// Reads the name of a cell.
    ///
    /// # Errors
    /// [`CellError`] for a text that could not be a trust domain.
    pub fn parse(name: &str) -> Result<Self, CellError> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
        let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
        if begins && name.len() <= 64 && name.bytes().all(known) { Ok(Self(name.into())) } else { Err(CellError) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Who holds the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// A service of the cell.
    Service(ServiceName),
    /// A department of the county.
    County(DepartmentCode),
    /// A person of the town.
    Person(PersonId),
    /// A body that audits.
    Auditor(String),
    /// An operator of the machines.
    Operator(String),
    /// A citizen or a firm.
    Citizen(String),
}

/// A certificate that names nobody in this cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// The certificate cannot be read.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// There is not exactly one SPIFFE id.
    #[error("the certificate must carry exactly one URI name, spiffe://<cell>/<kind>/<name>")]
    NotOneId,
    /// The SPIFFE id belongs to another cell.
    #[error("the certificate belongs to another cell")]
    ForeignCell,
    /// The path is none that this cell gives out.
    #[error("the certificate names neither a service, county department, person, auditor, operator nor citizen")]
    UnknownKind,
}

impl Peer {
    /// Reads the one SPIFFE id of a certificate whose chain is already verified.
    ///
    /// # Errors
    /// [`PeerError`] where the certificate names nobody in this cell.
    pub fn of_certificate(der: &[u8], cell: &Cell) -> Result<Self, PeerError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| PeerError::Unreadable)?;
        let names = certificate.subject_alternative_name().map_err(|_| PeerError::Unreadable)?;
        let names = names.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
        let mut uris = names.iter().filter_map(|name| if let GeneralName::URI(uri) = name { Some(*uri) } else { None });
        match (uris.next(), uris.next()) {
            (Some(uri), None) => Self::parse(uri, cell),
            (None, _) | (Some(_), Some(_)) => Err(PeerError::NotOneId),
        }
    }

    /// Reads a SPIFFE id, `spiffe://<cell>/<kind>/<name>`.
    ///
    /// # Errors
    /// [`PeerError`] where it names nobody in this cell.
    pub fn parse(uri: &str, cell: &Cell) -> Result<Self, PeerError> {
        let id = uri.strip_prefix("spiffe://").ok_or(PeerError::NotOneId)?;
        let (domain, path) = id.split_once('/').ok_or(PeerError::NotOneId)?;
        if domain != cell.as_str() {
            return Err(PeerError::ForeignCell);
        }
        let (kind, name) = path.split_once('/').ok_or(PeerError::UnknownKind)?;
        let id = || check_id(name).map(|()| name.to_owned()).map_err(|_| PeerError::UnknownKind);
        match kind {
            "service" => ServiceName::parse(name).map(Self::Service).ok_or(PeerError::UnknownKind),
            "county" => DepartmentCode::parse(name).map(Self::County).map_err(|_| PeerError::UnknownKind),
            "person" => PersonId::parse(name).map(Self::Person).map_err(|_| PeerError::UnknownKind),
            "auditor" => id().map(Self::Auditor),
            "operator" => id().map(Self::Operator),
            "citizen" => id().map(Self::Citizen),
            _ => Err(PeerError::UnknownKind),
        }
    }

    /// The SPIFFE id.
    #[must_use]
    pub fn uri(&self, cell: &Cell) -> String {
        format!("spiffe://{cell}/{self}")
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "service/{name}"),
            Self::County(department) => write!(f, "county/{department}"),
            Self::Person(person) => write!(f, "person/{person}"),
            Self::Auditor(id) => write!(f, "auditor/{id}"),
            Self::Operator(id) => write!(f, "operator/{id}"),
            Self::Citizen(id) => write!(f, "citizen/{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_identity_reads_back() {
        let cell = Cell::parse("zhangpu.kunshan").expect("a cell");
        for id in
            ["service/office", "county/human-resources", "person/li.hua-1", "auditor/a1", "operator/ops", "citizen/c_9"]
        {
            let peer = Peer::parse(&format!("spiffe://zhangpu.kunshan/{id}"), &cell);
            assert_eq!(peer.clone().map(|peer| peer.to_string()), Ok(id.to_owned()));
            assert_eq!(peer.map(|peer| peer.uri(&cell)), Ok(format!("spiffe://zhangpu.kunshan/{id}")));
        }
    }

    #[test]
    fn foreign_and_malformed_identities_are_refused() {
        let cell = Cell::parse("zhangpu.kunshan").expect("a cell");
        for (uri, error) in [
            ("spiffe://bacheng.kunshan/service/office", PeerError::ForeignCell),
            ("spiffe://zhangpu.kunshan.evil/service/office", PeerError::ForeignCell),
            ("https://zhangpu.kunshan/service/office", PeerError::NotOneId),
            ("spiffe://zhangpu.kunshan", PeerError::NotOneId),
            ("spiffe://zhangpu.kunshan/office", PeerError::UnknownKind),
            ("spiffe://zhangpu.kunshan/service/Office", PeerError::UnknownKind),
            ("spiffe://zhangpu.kunshan/person/", PeerError::UnknownKind),
            ("spiffe://zhangpu.kunshan/person/a/b", PeerError::UnknownKind),
            ("spiffe://zhangpu.kunshan/person/a\nb", PeerError::UnknownKind),
            ("spiffe://zhangpu.kunshan/leaders/x", PeerError::UnknownKind),
        ] {
            assert_eq!(Peer::parse(uri, &cell), Err(error), "{uri}");
        }
        assert_eq!(Peer::of_certificate(b"not a certificate", &cell), Err(PeerError::Unreadable));
    }

    #[test]
    fn a_cell_is_a_trust_domain() {
        for other in ["", "Zhangpu", "张浦", "a/b", "1a", "a:b"] {
            assert_eq!(Cell::parse(other), Err(CellError), "{other}");
        }
    }
}
