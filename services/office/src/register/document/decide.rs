//! What may happen to a grant document, and when the office must say no (authority.md §2.3, §2.4; overview.md §1.6(6)).

use std::sync::Arc;

use bytes::Bytes;
use vocabulary::{Date, DocumentNumber, MessageId, Sm3Digest, Timestamp};

use super::state::{Annex, Attached, Document, DocumentId, DocumentType, Issued, Publication, Stage};
use crate::register::directive::form::Directive;
use crate::register::event::Event;
use crate::register::fault::{Fault, FaultCode};
use crate::register::grant::state::{Change, Grant};
use crate::register::refusal::Refusal;
use crate::register::settings::{Rules, Standing};
use crate::register::state::Register;

/// A checked paper whose directive becomes a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FromPaper {
    /// The inbox paper, by name.
    pub paper: String,
    /// The message id, which becomes the document's id.
    pub message: MessageId,
    /// The number of the paper, repaired where the office repaired it.
    pub number: DocumentNumber,
    /// The title.
    pub title: String,
    /// The issuer, as signed.
    pub issuer: String,
    /// The date of the paper.
    pub issue_date: Date,
    /// The day on which the paper arrived.
    pub received: Date,
    /// The digest of the signed payload.
    pub payload_digest: Sm3Digest,
    /// The directive object of the payload, as compact JSON.
    pub directive: Bytes,
    /// The annex, whose digest was verified.
    pub annex: Option<Annex>,
    /// The person who checked the paper: the first pair of eyes.
    pub registrar: String,
}

/// A document was registered. An event of the unit that registers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    /// The document.
    pub document: Document,
}

/// Registers the document that a checked paper is. `taken` is the document that has the number already, if one has, from
/// [`super::store::holder_of_number`].
///
/// What is wrong with the directive itself is told when a second person confirms it, since the paper goes back with every
/// fault then.
///
/// # Errors
/// `AU_DUPLICATE` where the number is taken.
pub(crate) fn registration_of_paper(paper: &FromPaper, taken: Option<&str>) -> Result<Registered, Refusal> {
    if let Some(other) = taken {
        return Err(Refusal::Duplicate { number: paper.number.to_string(), other: other.to_owned() });
    }
    let directive = Directive::parse(&paper.directive).ok();
    let issued = Issued {
        number: paper.number.clone(),
        issuer: paper.issuer.clone(),
        date: paper.issue_date,
        publication: directive.as_ref().and_then(|directive| directive.publication().cloned()),
        kind: directive.as_ref().map_or(DocumentType::Other, Directive::document_type),
    };
    Ok(Registered {
        document: Document {
            id: DocumentId(paper.message.uuid()),
            issued: Arc::new(issued),
            title: paper.title.clone(),
            received: paper.received,
            digest: paper.payload_digest,
            directive: Some(Attached { object: paper.directive.clone(), annex: paper.annex.clone() }),
            paper: Some(paper.paper.clone()),
            registrar: paper.registrar.clone(),
            stage: Stage::Registered,
        },
    })
}

/// A document to be registered by hand.
#[derive(Clone, Debug)]
pub(crate) struct ByHand {
    /// The id of the request.
    pub id: DocumentId,
    /// Its number, as given.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its issuer.
    pub issuer: String,
    /// Its date.
    pub issue_date: Date,
    /// When the town received it.
    pub received: Date,
    /// The day on which it is registered.
    pub today: Date,
    /// Its publication.
    pub publication: Option<Publication>,
    /// What it does.
    pub kind: DocumentType,
    /// The digest of its file.
    pub digest: Sm3Digest,
    /// Its directive; empty where it has none.
    pub directive: Bytes,
    /// The annex; empty where there is none.
    pub annex: Bytes,
    /// The digest of the annex, where one is given.
    pub annex_digest: Option<Sm3Digest>,
    /// Who registers it.
    pub registrar: String,
}

/// Registers a document by hand.
pub(crate) fn register(wanted: &ByHand, taken: Option<&str>, rules: &Rules) -> Result<Registered, Refusal> {
    let number =
        DocumentNumber::parse(&wanted.number).map_err(|error| Refusal::DocumentNumber { fault: error.to_string() })?;
    may_issue(&wanted.issuer, wanted.kind, rules)?;
    in_order(wanted)?;
    let (attached, stated) = attached(wanted)?;
    let publication = match (&wanted.publication, stated) {
        (Some(given), Some(stated)) if given.date != stated.date => {
            return Err(Refusal::Publication { known: stated.date, published: given.date });
        }
        (given, stated) => stated.or_else(|| given.clone()),
    };
    published_after(publication.as_ref(), wanted.issue_date)?;
    if let Some(other) = taken {
        return Err(Refusal::Duplicate { number: number.to_string(), other: other.to_owned() });
    }
    let issued =
        Issued { number, issuer: wanted.issuer.clone(), date: wanted.issue_date, publication, kind: wanted.kind };
    Ok(Registered {
        document: Document {
            id: wanted.id,
            issued: Arc::new(issued),
            title: wanted.title.clone(),
            received: wanted.received,
            digest: wanted.digest,
            directive: attached,
            paper: None,
            registrar: wanted.registrar.clone(),
            stage: Stage::Registered,
        },
    })
}

/// A document is written, received and registered, in this order.
fn in_order(wanted: &ByHand) -> Result<(), Refusal> {
    let (issued, received, today) = (wanted.issue_date, wanted.received, wanted.today);
    if issued <= received && received <= today { Ok(()) } else { Err(Refusal::Received { issued, received, today }) }
}

/// A department may entrust its own powers and nothing else; an issuer that the settings do not know, nothing (§2.3).
fn may_issue(issuer: &str, kind: DocumentType, rules: &Rules) -> Result<(), Refusal> {
    let standing = rules.standing(issuer);
    let least = match kind {
        DocumentType::Grant => Standing::Department,
        DocumentType::Adjust | DocumentType::Withdraw => Standing::Government(0),
        DocumentType::Basis | DocumentType::Evaluation | DocumentType::Other => Standing::Unknown,
    };
    if standing >= least { Ok(()) } else { Err(Refusal::Issuer { issuer: issuer.to_owned() }) }
}

/// The directive of a document by hand, and the publication that it states.
fn attached(wanted: &ByHand) -> Result<(Option<Attached>, Option<Publication>), Refusal> {
    let wrong = |message: &str| {
        let faults = vec![Fault::of_directive("directive", FaultCode::Directive, message)];
        Err(Refusal::Directive { faults })
    };
    if wanted.directive.is_empty() {
        return match wanted.kind {
            DocumentType::Basis | DocumentType::Other => {
                wrong("a document of this type does nothing without its directive")
            }
            DocumentType::Grant | DocumentType::Adjust | DocumentType::Withdraw | DocumentType::Evaluation
                if wanted.annex.is_empty() =>
            {
                Ok((None, None))
            }
            DocumentType::Grant | DocumentType::Adjust | DocumentType::Withdraw | DocumentType::Evaluation => {
                wrong("an annex belongs to a directive")
            }
        };
    }
    let directive_type =
        Directive::type_of(&wanted.directive).map_err(|fault| Refusal::Directive { faults: vec![fault] })?;
    let own = super::owner::is_own(&directive_type);
    let publication = match (own, wanted.kind) {
        (false, DocumentType::Other) => None,
        (false, _) => return wrong("a directive of another service makes a document of the type OTHER"),
        (true, kind) => {
            let directive = Directive::parse(&wanted.directive).map_err(|faults| Refusal::Directive { faults })?;
            if directive.document_type() != kind {
                return wrong("the directive does not fit the type of the document");
            }
            if directive.annex().is_some() == wanted.annex.is_empty() {
                return wrong("the annex is missing, or the directive names none");
            }
            if let Directive::RegisterBasis(form) = &directive
                && form.digest != wanted.digest
            {
                return Err(Refusal::Digest);
            }
            directive.publication().cloned()
        }
    };
    let digest = Sm3Digest::of(&wanted.annex);
    if wanted.annex_digest.is_some_and(|given| given != digest) {
        return Err(Refusal::Digest);
    }
    let annex = (!wanted.annex.is_empty()).then(|| Annex { digest, content: wanted.annex.clone() });
    Ok((Some(Attached { object: wanted.directive.clone(), annex }), publication))
}

fn published_after(publication: Option<&Publication>, known: Date) -> Result<(), Refusal> {
    match publication {
        Some(publication) if publication.date < known => {
            Err(Refusal::Publication { known, published: publication.date })
        }
        Some(_) | None => Ok(()),
    }
}

/// What became of the directive of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It took effect, or there was none.
    Applied {
        /// How many rows took effect.
        rows: u32,
    },
    /// It has faults, and nothing took effect.
    Faulty(Vec<Fault>),
}

/// Whether a person may confirm a document. Asked before its directive is applied, and again when that is recorded.
pub(crate) fn may_confirm(document: &Document, person: &str) -> Result<(), Refusal> {
    four_eyes(document, person)?;
    match &document.stage {
        Stage::Registered => Ok(()),
        stage @ (Stage::Confirmed { .. } | Stage::Refused { .. }) => {
            Err(Refusal::HistoryEdit { name: document.id.name(), stage: stage.code() })
        }
    }
}

/// Confirms a document, or refuses it for its faults. `revision` is that of the write.
pub(crate) fn confirm(
    document: &Document,
    person: &str,
    outcome: &Outcome,
    at: Timestamp,
    revision: i64,
) -> Result<Vec<Event>, Refusal> {
    may_confirm(document, person)?;
    let (id, confirmer) = (document.id, person.to_owned());
    Ok(vec![match outcome {
        Outcome::Applied { rows } => Event::DocumentConfirmed { id, confirmer, applied: *rows, at, revision },
        Outcome::Faulty(faults) => Event::DocumentRefused { id, confirmer, faults: faults.clone(), at },
    }])
}

/// Why a paper goes back, in the words of the office: every bad row by itself.
pub(crate) fn reason(faults: &[Fault]) -> String {
    faults.iter().map(Fault::in_words).collect::<Vec<_>>().join("；")
}

/// Records the publication of a confirmed document, and of every grant that it made.
pub(crate) fn publish(
    document: &Document,
    register: &Register,
    person: &str,
    publication: &Publication,
    revision: i64,
) -> Result<Vec<Event>, Refusal> {
    let issued = &document.issued;
    published_after(Some(publication), issued.date)?;
    four_eyes(document, person)?;
    let stage = match (&document.stage, &issued.publication) {
        (Stage::Confirmed { .. }, None) => None,
        (Stage::Confirmed { .. }, Some(_)) => Some("PUBLISHED"),
        (stage @ (Stage::Registered | Stage::Refused { .. }), _) => Some(stage.code()),
    };
    if let Some(stage) = stage {
        return Err(Refusal::HistoryEdit { name: document.id.name(), stage });
    }
    Ok(published(document.id, &issued.number, register, person, publication, revision))
}

/// The publication of a document, and of every grant that it made and that was not published.
pub(crate) fn published(
    id: DocumentId,
    number: &DocumentNumber,
    register: &Register,
    person: &str,
    publication: &Publication,
    revision: i64,
) -> Vec<Event> {
    let document =
        Event::DocumentPublished { id, publication: publication.clone(), recorder: person.to_owned(), revision };
    let unpublished = register.all_grants().filter(|grant| grant.document == *number && grant.publication.is_none());
    let grants = unpublished.map(|grant| Event::GrantRecorded {
        grant: Arc::new(Grant { publication: Some(publication.clone()), ..grant.clone() }),
        change: Change::Published,
        revision,
    });
    [document].into_iter().chain(grants).collect()
}

fn four_eyes(document: &Document, person: &str) -> Result<(), Refusal> {
    if document.registrar == person {
        return Err(Refusal::FourEyes { name: document.id.name(), person: person.to_owned() });
    }
    Ok(())
}

impl Document {
    /// The document after an event. Events of others leave it as it is.
    #[must_use]
    pub fn after(self, event: &Event) -> Self {
        match event {
            Event::DocumentConfirmed { confirmer, applied, at, .. } => {
                let stage = Stage::Confirmed { confirmer: confirmer.clone(), at: *at, applied: *applied };
                Self { stage, ..self }
            }
            Event::DocumentRefused { confirmer, faults, at, .. } => {
                let stage = Stage::Refused { confirmer: confirmer.clone(), at: *at, faults: faults.clone() };
                Self { stage, ..self }
            }
            Event::DocumentPublished { publication, .. } => {
                let issued = Issued { publication: Some(publication.clone()), ..(*self.issued).clone() };
                Self { issued: Arc::new(issued), ..self }
            }
            Event::PowerListed { .. }
            | Event::GrantRecorded { .. }
            | Event::BasisRegistered { .. }
            | Event::DirectiveApplied { .. }
            | Event::DocumentRegistered(_)
            | Event::ImportDrafted(_)
            | Event::ImportConfirmed(_) => self,
        }
    }
}

#[cfg(test)]
mod tests;
