//! The history of a power, as the contract shows it.

use runtime::page::Page;
use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::power_history_entry::What;
use vocabulary::{Date, PowerCode, Timestamp, time};

use super::{Happened, OfPower, Place};
use crate::fields::{Fields, bad_token, day_to_wire, instant_to_wire};
use crate::register::catalogue;
use crate::register::grant::rpc::shown;
use crate::register::grant::wire::change_to_wire;
use crate::register::state::Register;

/// Reads which power is asked for, and as known when.
pub(crate) fn asked(
    power_code: &str,
    as_known_at: Option<&prost_types::Timestamp>,
) -> Result<(PowerCode, Option<Timestamp>), Denial> {
    let mut fields = Fields::new();
    let code = fields.read("power_code", "AU-ENUM", PowerCode::parse(power_code));
    let at = match as_known_at {
        Some(at) => fields.instant("as_known_at", Some(at)).map(Some),
        None => Some(None),
    };
    fields.finish(code.zip(at))
}

/// The text of a place in a history, for a page token.
pub(crate) fn key((revision, sort, serial): Place) -> String {
    format!("{revision}/{sort}/{serial}")
}

/// The place after which a page begins.
pub(crate) fn after(page: &Page) -> Result<Option<Place>, Denial> {
    let read = |key: &str| {
        let mut parts = key.split('/');
        let place = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        parts.next().is_none().then_some(place)
    };
    page.after().map(|key| read(key).ok_or_else(bad_token)).transpose()
}

/// The text of a document's place in a list, for a page token.
pub(crate) fn document_key(document: &OfPower<'_>) -> String {
    let (day, number) = document.key();
    format!("{}/{number}", day.map(|day| day.to_string()).unwrap_or_default())
}

/// The place after which a page of documents begins.
pub(crate) fn after_document(page: &Page) -> Result<Option<(Option<Date>, String)>, Denial> {
    let read = |key: &str| {
        let (day, number) = key.split_once('/')?;
        let day = if day.is_empty() { None } else { Some(time::parse_date(day).ok()?) };
        Some((day, number.to_owned()))
    };
    page.after().map(|key| read(key).ok_or_else(bad_token)).transpose()
}

/// An entry of a history, with the state of its grant on a day.
pub(crate) fn entry(happened: &Happened<'_>, register: &Register, today: Date) -> pb::PowerHistoryEntry {
    let (recorded, what) = match happened {
        Happened::Listed(listed) => (listed.recorded, What::Power(Box::new(catalogue::wire::listed(listed)))),
        Happened::Basis(recorded) => {
            let basis = recorded.basis.as_ref();
            let shown = pb::PowerBasis {
                id: basis.id.to_string(),
                title: basis.title.clone(),
                issuer: basis.issuer.clone(),
                publish_date: Some(day_to_wire(basis.publication.date)),
            };
            (recorded.recorded, What::Basis(shown))
        }
        Happened::Granted(recorded) => {
            let version = pb::GrantVersion {
                grant: Some(shown(register, recorded, today)),
                change: change_to_wire(recorded.change).into(),
            };
            (recorded.recorded, What::GrantVersion(Box::new(version)))
        }
    };
    let number = happened.document();
    pb::PowerHistoryEntry {
        revision: happened.place().0,
        record_time: Some(instant_to_wire(recorded)),
        valid_from: happened.valid_from().map(day_to_wire),
        document_number: number.map(ToString::to_string).unwrap_or_default(),
        document: number
            .and_then(|number| register.documents.get(number))
            .map(|known| known.id.name())
            .unwrap_or_default(),
        what: Some(what),
    }
}

/// A document of a power, as the contract shows it.
pub(crate) fn document(document: &OfPower<'_>) -> pb::PowerDocument {
    let known = document.known.map(|known| known.id.name());
    let effects = document.effects.iter().map(|(grant, change, clause)| pb::PowerDocumentEffect {
        grant: grant.name(),
        change: change_to_wire(*change).into(),
        clause: (*clause).to_owned(),
    });
    pb::PowerDocument {
        document_number: document.number.to_string(),
        document: known.unwrap_or_default(),
        issuer: document.issuer.to_owned(),
        issue_date: document.date.map(day_to_wire),
        publish_date: document.published.map(day_to_wire),
        effects: effects.collect(),
    }
}
