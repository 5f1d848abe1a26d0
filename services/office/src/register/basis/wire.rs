//! Decisions of the province as messages: for the journal and the rows that keep them.

use runtime::refusal::Failure;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{DocumentNumber, FieldCode, PowerCode};

use super::state::{BasisId, Coverage, ProvincialBasis};
use crate::fields::day_to_wire;
use crate::register::document::state::Publication;
use crate::register::kept::{digest, kept, one, some_day};

/// A basis as a message, without what only a version has.
pub(crate) fn basis(basis: &ProvincialBasis) -> pb::ProvincialBasis {
    let (power_codes, fields) = match &basis.coverage {
        Coverage::Named { powers, fields } => {
            (powers.iter().map(ToString::to_string).collect(), fields.iter().map(ToString::to_string).collect())
        }
        Coverage::Every => (Vec::new(), Vec::new()),
    };
    pb::ProvincialBasis {
        id: basis.id.to_string(),
        document_number: basis.number.to_string(),
        title: basis.title.clone(),
        issuer: basis.issuer.clone(),
        issue_date: Some(day_to_wire(basis.issue_date)),
        publish_date: Some(day_to_wire(basis.publication.date)),
        publish_place: basis.publication.place.clone(),
        digest: basis.digest.as_bytes().to_vec().into(),
        power_codes,
        fields,
        towns: basis.towns.clone(),
        document: basis.document.clone(),
        revision: 0,
        record_time: None,
    }
}

/// Reads a basis that this program wrote.
pub(crate) fn read(message: pb::ProvincialBasis) -> Result<ProvincialBasis, Failure> {
    let powers: Vec<_> =
        message.power_codes.iter().map(|code| one(PowerCode::parse(code))).collect::<Result<_, _>>()?;
    let fields: Vec<_> = message.fields.iter().map(|code| one(FieldCode::parse(code))).collect::<Result<_, _>>()?;
    let coverage =
        if powers.is_empty() && fields.is_empty() { Coverage::Every } else { Coverage::Named { powers, fields } };
    Ok(ProvincialBasis {
        id: kept(BasisId::parse(&message.id), "the id of a basis")?,
        number: one(DocumentNumber::parse(&message.document_number))?,
        title: message.title,
        issuer: message.issuer,
        issue_date: some_day(message.issue_date.as_ref())?,
        publication: Publication { date: some_day(message.publish_date.as_ref())?, place: message.publish_place },
        digest: digest(&message.digest)?,
        coverage,
        towns: message.towns,
        document: message.document,
    })
}
