//! The public list, between the contract and the register.

use bytes::Bytes;
use runtime::page::Page;
use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, FieldCode, Institution, PowerKind};

use super::export::{Format, Piece};
use super::list::{Count, Filter, Public};
use crate::fields::{Fields, bad_token, day_to_wire};
use crate::register::catalogue::wire::basis;
use crate::register::grant::state::GrantId;
use crate::register::grant::wire::{exercise_to_wire, holder};
use crate::register::holds::wire::verdict;
use crate::register::kept::to_count;
use crate::register::settings::Rules;

/// Which entries of which day are asked for.
pub(crate) struct Asked {
    /// The day.
    pub day: Date,
    /// The kind.
    pub kind: Option<PowerKind>,
    /// The field.
    pub field: Option<FieldCode>,
    /// The handler.
    pub handler: Option<Institution>,
    /// Also what has ended.
    pub ended: bool,
}

impl Asked {
    /// Reads a question for a page.
    pub fn read(request: &pb::ListPublicPowersRequest, today: Date) -> Result<Self, Denial> {
        let mut fields = Fields::new();
        let day = fields.some_day("date", request.date.as_ref());
        let kind = (!request.kind.is_empty()).then(|| fields.read("kind", "AU-ENUM", PowerKind::parse(&request.kind)));
        let field =
            (!request.field.is_empty()).then(|| fields.read("field", "AU-ENUM", FieldCode::parse(&request.field)));
        let handler = (!request.handler.is_empty())
            .then(|| fields.read("handler", "AU-ENUM", Institution::parse(&request.handler)));
        let built = day.map(|day| Self {
            day: day.unwrap_or(today),
            kind: kind.flatten(),
            field: field.flatten(),
            handler: handler.flatten(),
            ended: request.include_ended,
        });
        fields.finish(built)
    }

    /// The name of the list, to which page tokens belong.
    pub fn list(&self) -> String {
        let Self { day, kind, field, handler, ended } = self;
        let kind = kind.map(PowerKind::code).unwrap_or_default();
        let field = field.as_ref().map(FieldCode::as_str).unwrap_or_default();
        let handler = handler.map(Institution::code).unwrap_or_default();
        format!("public?date={day}&kind={kind}&field={field}&handler={handler}&ended={ended}")
    }

    /// The filter.
    pub fn filter(&self) -> Filter<'_> {
        Filter { kind: self.kind, field: self.field.as_ref(), handler: self.handler, ended: self.ended }
    }
}

/// Reads a day; today where none is given.
pub(crate) fn day(day: Option<&townlink_proto::google::r#type::Date>, today: Date) -> Result<Date, Denial> {
    let mut fields = Fields::new();
    let day = fields.some_day("date", day).map(|day| day.unwrap_or(today));
    fields.finish(day)
}

/// The place after which a page begins.
pub(crate) fn after(page: &Page) -> Result<Option<(&str, GrantId)>, Denial> {
    let read = |key: &'_ str| -> Option<(usize, i64)> {
        let at = key.rfind('/')?;
        Some((at, key.get(at + 1..)?.parse().ok()?))
    };
    let Some(key) = page.after() else { return Ok(None) };
    let (at, serial) = read(key).ok_or_else(bad_token)?;
    Ok(Some((&key[..at], GrantId(serial))))
}

/// The text of an entry's place, for a page token.
pub(crate) fn key(public: &Public<'_>) -> String {
    format!("{}/{}", public.power.code, public.grant.id.0)
}

/// An entry, as the contract shows it.
pub(crate) fn entry(public: &Public<'_>, rules: &Rules) -> pb::PublicPower {
    let Public { power, grant, answer } = public;
    let publication = grant.publication.as_ref();
    pb::PublicPower {
        power_code: power.code.to_string(),
        title: power.title.clone(),
        kind: power.kind.code().to_owned(),
        field: power.field.as_ref().map(ToString::to_string).unwrap_or_default(),
        bases: power.bases.iter().map(basis).collect(),
        holder: holder(grant.exercise.holder()).to_owned(),
        handler: grant.handler.code().to_owned(),
        exercise_name: exercise_to_wire(&grant.exercise).into(),
        document_number: grant.document.to_string(),
        clause: grant.clause.clone(),
        from: Some(day_to_wire(grant.from)),
        to: grant.end.as_ref().map(|end| day_to_wire(end.on)),
        publish_date: publication.map(|publication| day_to_wire(publication.date)),
        publish_place: publication.map(|publication| publication.place.clone()).unwrap_or_default(),
        supervisor: grant.supervisor.code().to_owned(),
        complaint_channel: rules.complaint_channel().to_owned(),
        answer: answer.map_or(pb::HoldsResult::Unspecified, verdict).into(),
    }
}

/// The count of a kind.
pub(crate) fn count((kind, count): (&'static str, Count)) -> pb::PublicKindCount {
    pb::PublicKindCount { kind: kind.to_owned(), town: to_count(count.town), stationed: to_count(count.stationed) }
}

/// The form of a file; CSV where none is named.
pub(crate) const fn format(format: pb::ExportFormat) -> Format {
    match format {
        pb::ExportFormat::Unspecified | pb::ExportFormat::Csv => Format::Csv,
        pb::ExportFormat::Json => Format::Json,
    }
}

/// A piece of the file.
pub(crate) fn piece(piece: Piece) -> pb::ExportPublicListResponse {
    match piece {
        Piece::Data(data) => pb::ExportPublicListResponse { data, ..Default::default() },
        Piece::End { digest, rows } => pb::ExportPublicListResponse {
            data: Bytes::new(),
            digest: Bytes::copy_from_slice(digest.as_bytes()),
            entries: to_count(rows),
        },
    }
}
