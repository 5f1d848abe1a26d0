//! Imports, between the contract and the state; and as the rows and the journal keep them.

use bytes::Bytes;
use runtime::journal::Record;
use runtime::refusal::{Denial, Failure};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, RequestId, time};

use super::state::{Content, Import, ImportId, Stage};
use crate::fields::{Fields, day_to_wire, instant, instant_to_wire, no_name};
use crate::register::document::wire::{faults, read_faults};
use crate::register::kept::{count, digest, kept, text, to_count};
use crate::register::table::FILE_BYTES_MAX;

/// How long the reason of a correction may be.
const REASON_MAX: usize = 500;

/// A file to be imported.
pub(crate) struct Wanted {
    /// The id of the request.
    pub id: ImportId,
    /// What it brings in.
    pub content: Content,
    /// The file.
    pub file: Bytes,
}

/// Reads the name of an import.
pub(crate) fn name(name: &str) -> Result<ImportId, Denial> {
    ImportId::parse_name(name).ok_or_else(|| no_name("name", "imports/{id}"))
}

/// Reads a catalogue to be imported. Changed powers are valid from a day that is today where none is given.
pub(crate) fn powers(request: pb::ImportPowersRequest, id: RequestId, today: Date) -> Result<Wanted, Denial> {
    let mut fields = Fields::new();
    let file = file(&mut fields, request.csv);
    let valid_from = fields.some_day("valid_from", request.valid_from.as_ref());
    let built = file.zip(valid_from).map(|(file, valid_from)| {
        let content = Content::Powers { valid_from: valid_from.unwrap_or(today) };
        Wanted { id: ImportId(id.uuid()), content, file }
    });
    fields.finish(built)
}

/// Reads grants to be imported, or corrections where a reason is given.
pub(crate) fn grants(request: pb::ImportGrantsRequest, id: RequestId) -> Result<Wanted, Denial> {
    let mut fields = Fields::new();
    let file = file(&mut fields, request.csv);
    let content = if request.correction_reason.is_empty() {
        Some(Content::Grants)
    } else {
        let reason = fields.text("correction_reason", request.correction_reason, REASON_MAX);
        reason.map(|reason| Content::Corrections { reason })
    };
    fields.finish(file.zip(content).map(|(file, content)| Wanted { id: ImportId(id.uuid()), content, file }))
}

fn file(fields: &mut Fields, csv: Bytes) -> Option<Bytes> {
    let fits = (1..=FILE_BYTES_MAX).contains(&csv.len());
    fields.need("csv", fits.then_some(csv), "must be given, with at most 3 MiB")
}

/// An import as the contract shows it.
pub(crate) fn import(import: &Import, etag: String) -> pb::Import {
    let kind = match &import.content {
        Content::Powers { .. } => pb::ImportType::Powers,
        Content::Grants | Content::Corrections { .. } => pb::ImportType::Grants,
    };
    let reason = if let Content::Corrections { reason } = &import.content { reason.clone() } else { String::new() };
    let shown = pb::Import {
        name: import.id.name(),
        r#type: kind.into(),
        file_digest: Bytes::copy_from_slice(import.digest.as_bytes()),
        rows: to_count(import.rows),
        registrar: import.registrar.clone(),
        draft_time: Some(instant_to_wire(import.drafted)),
        correction_reason: reason,
        etag,
        ..pb::Import::default()
    };
    match &import.stage {
        Stage::Draft { .. } => pb::Import { state: pb::ImportState::Draft.into(), ..shown },
        Stage::Confirmed { confirmer, applied } => pb::Import {
            state: pb::ImportState::Confirmed.into(),
            confirmer: confirmer.clone(),
            applied: to_count(*applied),
            ..shown
        },
        Stage::Refused { confirmer, faults: found } => pb::Import {
            state: pb::ImportState::Refused.into(),
            confirmer: confirmer.clone().unwrap_or_default(),
            faults: faults(found),
            ..shown
        },
    }
}

/// The entry of a drafted import.
pub(crate) fn drafted(drafted: &Import) -> Record {
    let csv = if let Stage::Draft { file } = &drafted.stage { file.clone() } else { Bytes::new() };
    let valid_from = valid_from(&drafted.content).map(day_to_wire);
    Record::of(&pb::ImportDrafted { import: Some(import(drafted, String::new())), csv, valid_from }, drafted.id.name())
}

/// The first day of changed powers, for a catalogue.
pub(crate) const fn valid_from(content: &Content) -> Option<Date> {
    if let Content::Powers { valid_from } = content { Some(*valid_from) } else { None }
}

/// Reads an import that this program wrote, with what is kept beside it.
pub(crate) fn read(message: pb::Import, file: Bytes, valid_from: Option<&str>) -> Result<Import, Failure> {
    let state = message.state();
    let content = match (message.r#type(), text(message.correction_reason)) {
        (pb::ImportType::Powers, _) => {
            let valid_from = time::parse_date(valid_from.unwrap_or_default()).map_err(Failure::internal)?;
            Content::Powers { valid_from }
        }
        (pb::ImportType::Grants, None) => Content::Grants,
        (pb::ImportType::Grants, Some(reason)) => Content::Corrections { reason },
        (pb::ImportType::Unspecified, _) => return Err(Failure::internal("an import has no type")),
    };
    let stage = match state {
        pb::ImportState::Draft => Stage::Draft { file },
        pb::ImportState::Confirmed => {
            Stage::Confirmed { confirmer: message.confirmer, applied: count(message.applied)? }
        }
        pb::ImportState::Refused => {
            Stage::Refused { confirmer: text(message.confirmer), faults: read_faults(message.faults) }
        }
        pb::ImportState::Unspecified => return Err(Failure::internal("an import has no state")),
    };
    Ok(Import {
        id: kept(ImportId::parse_name(&message.name), "the name of an import")?,
        content,
        digest: digest(&message.file_digest)?,
        rows: count(message.rows)?,
        registrar: message.registrar,
        drafted: kept(message.draft_time.as_ref().and_then(instant), "the time of a draft")?,
        stage,
    })
}
