//! The JSON objects of directives.

use serde::Deserialize;
use serde_json::Value;
use vocabulary::text::{is_plain, normalise};
use vocabulary::{Date, DocumentNumber, Sm3Digest, time};

use crate::register::basis::state::Coverage;
use crate::register::cells::shown;
use crate::register::document::state::{DocumentType, Publication};
use crate::register::fault::{Fault, FaultCode};
use crate::register::grant::state::Transition;

/// The types of directive that the register owns.
pub(crate) const OWN_TYPES: [&str; 4] = ["GRANT_POWERS", "ADJUST_POWERS", "WITHDRAW_POWERS", "REGISTER_BASIS"];

/// A directive of the register. Lists of powers are as written: a code that cannot be read is a fault of its own place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Directive {
    /// Grants the powers of an annex.
    Grant {
        /// The name of the annex among the attachments.
        annex: String,
        /// The publication of the paper.
        publication: Option<Publication>,
    },
    /// Suspends grants.
    Suspend {
        /// The first day.
        from: Date,
        /// The powers.
        powers: Vec<String>,
    },
    /// Resumes grants.
    Resume {
        /// The first day on which they are no longer suspended.
        from: Date,
        /// The powers.
        powers: Vec<String>,
    },
    /// Replaces grants by those of an annex.
    Replace {
        /// The name of the annex.
        annex: String,
        /// The publication of the paper.
        publication: Option<Publication>,
    },
    /// Withdraws powers that the directive lists.
    Withdraw {
        /// The first day on which they are no longer held.
        to: Date,
        /// The powers.
        powers: Vec<String>,
        /// What becomes of open work.
        transition: Transition,
    },
    /// Withdraws the powers of an annex.
    WithdrawListed {
        /// The name of the annex.
        annex: String,
    },
    /// Registers a decision of the province.
    RegisterBasis(Box<BasisForm>),
}

/// A decision of the province, as a directive gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BasisForm {
    /// Its document number.
    pub number: DocumentNumber,
    /// Its title.
    pub title: String,
    /// Its issuer.
    pub issuer: String,
    /// Its date.
    pub issue_date: Date,
    /// Its publication.
    pub publication: Publication,
    /// The name of its file among the attachments.
    pub attachment: String,
    /// The digest of its file.
    pub digest: Sm3Digest,
    /// The powers that it names, as written.
    pub powers: Vec<String>,
    /// The fields that it names, as written; `*` is every field.
    pub fields: Vec<String>,
    /// The town or the class of towns that it names.
    pub towns: String,
}

impl BasisForm {
    /// Whether the directive names every field.
    pub fn names_every_field(&self) -> bool {
        self.fields.iter().any(|field| field == EVERY_FIELD)
    }

    /// A coverage of the fields and powers, once they are read.
    pub fn coverage(&self, powers: Vec<vocabulary::PowerCode>, fields: Vec<vocabulary::FieldCode>) -> Coverage {
        if self.names_every_field() { Coverage::Every } else { Coverage::Named { powers, fields } }
    }
}

const EVERY_FIELD: &str = "*";

impl Directive {
    /// The type of a directive object, whichever service owns it.
    ///
    /// # Errors
    /// One `RE-DIRECTIVE` fault where the bytes are no JSON object with a type, or one of its keys and texts is not plain.
    pub fn type_of(object: &[u8]) -> Result<String, Fault> {
        #[derive(Deserialize)]
        struct Typed {
            r#type: String,
        }
        let value: Value = serde_json::from_slice(object).map_err(|error| unreadable(&error))?;
        if let Some(key) = not_plain(&value, "") {
            let message = "has a character that controls or turns the direction of writing";
            return Err(Fault::of_directive(key, FaultCode::Directive, message));
        }
        let typed: Typed = serde_json::from_slice(object).map_err(|error| unreadable(&error))?;
        Ok(typed.r#type)
    }

    /// Reads a directive of the register.
    ///
    /// # Errors
    /// The faults of the object: `RE-DIRECTIVE` for its form, `AU-DATE` and `ID-DOCNO` for what is written in it.
    pub fn parse(object: &[u8]) -> Result<Self, Vec<Fault>> {
        let kind = Self::type_of(object).map_err(|fault| vec![fault])?;
        match kind.as_str() {
            "GRANT_POWERS" => read(object, GrantObject::into_directive),
            "ADJUST_POWERS" => read(object, AdjustObject::into_directive),
            "WITHDRAW_POWERS" => read(object, WithdrawObject::into_directive),
            "REGISTER_BASIS" => read(object, BasisObject::into_directive),
            _ => Err(vec![Fault::of_directive(
                "type",
                FaultCode::Directive,
                format!("{}: not of the register", shown(&kind)),
            )]),
        }
    }

    /// The annex that the directive names.
    pub fn annex(&self) -> Option<&str> {
        match self {
            Self::Grant { annex, .. } | Self::Replace { annex, .. } | Self::WithdrawListed { annex } => Some(annex),
            Self::Suspend { .. } | Self::Resume { .. } | Self::Withdraw { .. } | Self::RegisterBasis(_) => None,
        }
    }

    /// The type of the document that carries the directive.
    pub const fn document_type(&self) -> DocumentType {
        match self {
            Self::Grant { .. } => DocumentType::Grant,
            Self::Suspend { .. } | Self::Resume { .. } | Self::Replace { .. } => DocumentType::Adjust,
            Self::Withdraw { .. } | Self::WithdrawListed { .. } => DocumentType::Withdraw,
            Self::RegisterBasis(_) => DocumentType::Basis,
        }
    }

    /// The publication of the document, where the directive states it.
    pub const fn publication(&self) -> Option<&Publication> {
        if let Self::Grant { publication, .. } | Self::Replace { publication, .. } = self {
            publication.as_ref()
        } else {
            None
        }
    }
}

/// Reads one object strictly, then its values.
fn read<'de, T: Deserialize<'de>>(
    object: &'de [u8],
    into: impl FnOnce(T, &mut Vec<Fault>) -> Option<Directive>,
) -> Result<Directive, Vec<Fault>> {
    let form: T = serde_json::from_slice(object).map_err(|error| vec![unreadable(&error)])?;
    let mut faults = Vec::new();
    match into(form, &mut faults) {
        Some(directive) if faults.is_empty() => Ok(directive),
        Some(_) | None => Err(faults),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GrantObject {
    #[serde(rename = "type")]
    _type: String,
    annex: String,
    published_date: Option<String>,
    published_place: Option<String>,
}

impl GrantObject {
    fn into_directive(self, faults: &mut Vec<Fault>) -> Option<Directive> {
        let publication = publication(self.published_date, self.published_place, faults).ok()?;
        Some(Directive::Grant { annex: self.annex, publication })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AdjustObject {
    #[serde(rename = "type")]
    _type: String,
    action: Action,
    from: Option<String>,
    powers: Option<Vec<String>>,
    annex: Option<String>,
    published_date: Option<String>,
    published_place: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum Action {
    Suspend,
    Resume,
    Replace,
}

impl AdjustObject {
    fn into_directive(self, faults: &mut Vec<Fault>) -> Option<Directive> {
        let unpublished = self.published_date.is_none() && self.published_place.is_none();
        match (self.action, self.from, self.powers, self.annex) {
            (Action::Replace, None, None, Some(annex)) => {
                let publication = publication(self.published_date, self.published_place, faults).ok()?;
                Some(Directive::Replace { annex, publication })
            }
            _ if !unpublished => {
                let message = "only a replacement states its publication";
                faults.push(Fault::of_directive("publishedDate", FaultCode::Directive, message));
                None
            }
            (Action::Suspend, Some(from), Some(powers), None) => {
                Some(Directive::Suspend { from: date_of("from", &from, faults)?, powers: named(powers, faults)? })
            }
            (Action::Resume, Some(from), Some(powers), None) => {
                Some(Directive::Resume { from: date_of("from", &from, faults)?, powers: named(powers, faults)? })
            }
            _ => {
                let message = "SUSPEND and RESUME have from and powers, REPLACE has annex";
                faults.push(Fault::of_directive("action", FaultCode::Directive, message));
                None
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithdrawObject {
    #[serde(rename = "type")]
    _type: String,
    to: Option<String>,
    powers: Option<Vec<String>>,
    transition: Option<String>,
    until: Option<String>,
    annex: Option<String>,
}

impl WithdrawObject {
    fn into_directive(self, faults: &mut Vec<Fault>) -> Option<Directive> {
        match (self.to, self.powers, self.annex) {
            (None, None, Some(annex)) if self.transition.is_none() && self.until.is_none() => {
                Some(Directive::WithdrawListed { annex })
            }
            (Some(to), Some(powers), None) => {
                let to = date_of("to", &to, faults);
                let until = self.until.and_then(|until| date_of("until", &until, faults));
                if !faults.is_empty() {
                    return None;
                }
                let transition = transition(self.transition.as_deref().unwrap_or(""), until);
                let transition = transition.map_err(|message| {
                    faults.push(Fault::of_directive("transition", FaultCode::Enum, message));
                });
                Some(Directive::Withdraw { to: to?, powers: named(powers, faults)?, transition: transition.ok()? })
            }
            _ => {
                let message = "either to, powers and transition, or annex alone";
                faults.push(Fault::of_directive("powers", FaultCode::Directive, message));
                None
            }
        }
    }
}

/// Reads what becomes of open work; nothing said means that it is handed over (§2.4).
pub(crate) fn transition(code: &str, until: Option<Date>) -> Result<Transition, &'static str> {
    match (vocabulary::text::normalise_code(code).as_str(), until) {
        ("" | "TRANSFER", None) => Ok(Transition::Transfer),
        ("FINISH_BY_TOWN", None) => Ok(Transition::FinishByTown),
        ("FINISH_UNTIL", Some(until)) => Ok(Transition::FinishUntil(until)),
        ("FINISH_UNTIL", None) => Err("FINISH_UNTIL has until, the last day"),
        ("" | "TRANSFER" | "FINISH_BY_TOWN", Some(_)) => Err("until belongs to FINISH_UNTIL"),
        _ => Err("one of TRANSFER, FINISH_BY_TOWN, FINISH_UNTIL"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BasisObject {
    #[serde(rename = "type")]
    _type: String,
    basis: BasisDocument,
    powers: Vec<String>,
    fields: Vec<String>,
    towns: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct BasisDocument {
    doc_no: String,
    title: String,
    issuer: String,
    issue_date: String,
    published_date: String,
    published_place: String,
    attachment: String,
    digest: String,
}

impl BasisObject {
    fn into_directive(self, faults: &mut Vec<Fault>) -> Option<Directive> {
        let basis = self.basis;
        let number = DocumentNumber::parse(&basis.doc_no);
        if let Err(error) = &number {
            faults.push(Fault::of_directive("basis.docNo", FaultCode::DocumentNumber, error.to_string()));
        }
        let digest: Result<Sm3Digest, _> = basis.digest.parse();
        if let Err(error) = &digest {
            faults.push(Fault::of_directive("basis.digest", FaultCode::Digest, error.to_string()));
        }
        let issue_date = date_of("basis.issueDate", &basis.issue_date, faults);
        let published = date_of("basis.publishedDate", &basis.published_date, faults);
        if self.powers.is_empty() && self.fields.is_empty() {
            let message = "a basis names powers or fields; \"*\" is every field";
            faults.push(Fault::of_directive("powers", FaultCode::Enum, message));
        }
        Some(Directive::RegisterBasis(Box::new(BasisForm {
            number: number.ok()?,
            title: basis.title,
            issuer: normalise(&basis.issuer),
            issue_date: issue_date?,
            publication: Publication { date: published?, place: basis.published_place },
            attachment: basis.attachment,
            digest: digest.ok()?,
            powers: self.powers,
            fields: self.fields,
            towns: self.towns,
        })))
    }
}

/// The publication that a paper states of itself, if it states one. What is wrong with it is among the faults.
fn publication(
    date: Option<String>,
    place: Option<String>,
    faults: &mut Vec<Fault>,
) -> Result<Option<Publication>, ()> {
    match (date, place) {
        (Some(date), place) => {
            let date = date_of("publishedDate", &date, faults).ok_or(())?;
            Ok(Some(Publication { date, place: place.unwrap_or_default() }))
        }
        (None, Some(_)) => {
            let message = "a place of publication without its day";
            faults.push(Fault::of_directive("publishedDate", FaultCode::Date, message));
            Err(())
        }
        (None, None) => Ok(None),
    }
}

fn date_of(key: &'static str, text: &str, faults: &mut Vec<Fault>) -> Option<Date> {
    let date = time::parse_date(text);
    if let Err(error) = &date {
        faults.push(Fault::of_directive(key, FaultCode::Date, format!("{}: {error}", shown(text))));
    }
    date.ok()
}

fn named(powers: Vec<String>, faults: &mut Vec<Fault>) -> Option<Vec<String>> {
    if powers.is_empty() {
        faults.push(Fault::of_directive("powers", FaultCode::Enum, "names no power"));
        return None;
    }
    Some(powers)
}

/// The key of the first text that does not read as it is stored. A key that does not is told by the one around it.
fn not_plain(value: &Value, key: &str) -> Option<String> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
        Value::String(text) => (!is_plain(text)).then(|| key.to_owned()),
        Value::Array(values) => values.iter().find_map(|value| not_plain(value, key)),
        Value::Object(members) => members.iter().find_map(|(name, value)| match key {
            _ if !is_plain(name) => Some(key.to_owned()),
            "" => not_plain(value, name),
            _ => not_plain(value, &format!("{key}.{name}")),
        }),
    }
}

fn unreadable(error: &serde_json::Error) -> Fault {
    Fault::of_directive("", FaultCode::Directive, format!("the directive cannot be read: {error}"))
}

#[cfg(test)]
mod tests;
