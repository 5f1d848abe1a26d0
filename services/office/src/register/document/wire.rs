//! Documents, between the contract and the state; and as the rows and the journal keep them.

use std::sync::Arc;

use bytes::Bytes;
use runtime::journal::{self, Record};
use runtime::refusal::{Denial, Failure};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::receiver::v1 as receiver;
use uuid::Uuid;
use vocabulary::{Date, DocumentNumber, RequestId, Sm3Digest};

use super::decide::{ByHand, Registered};
use super::state::{Annex, Attached, Document, DocumentId, DocumentType, Issued, Publication, Stage};
use crate::fields::{Fields, day_to_wire, instant, instant_to_wire, no_name};
use crate::register::fault::Fault;
use crate::register::kept::{count, day, digest, kept, one, some_day, text, to_count};
use crate::register::table::FILE_BYTES_MAX;

/// How long a title or an issuer may be.
const TEXT_MAX: usize = 500;

/// How large a directive may be; a signed payload has at most 256 KiB.
const DIRECTIVE_MAX: usize = 256 * 1024;

/// Reads the name of a document.
pub(crate) fn name(name: &str) -> Result<DocumentId, Denial> {
    DocumentId::parse_name(name).ok_or_else(|| no_name("name", "documents/{id}"))
}

/// Reads a document to be registered by hand. It gets the id of the request.
pub(crate) fn by_hand(
    request: pb::RegisterDocumentRequest,
    id: RequestId,
    registrar: String,
    today: Date,
) -> Result<ByHand, Denial> {
    let mut fields = Fields::new();
    let Some(document) = fields.need("document", request.document, "must be given") else { return fields.finish(None) };
    let kind = document_type(document.r#type());
    let kind = fields.need("document.type", kind, "must be given");
    let number = fields.text("document.document_number", document.document_number, TEXT_MAX);
    let title = fields.text("document.title", document.title, TEXT_MAX);
    let issuer = fields.text("document.issuer", document.issuer, TEXT_MAX);
    let issue_date = fields.day("document.issue_date", document.issue_date.as_ref());
    let received = fields.some_day("document.receive_date", document.receive_date.as_ref());
    let published = fields.some_day("document.publish_date", document.publish_date.as_ref());
    let digest = fields.need("document.digest", read_digest(&document.digest), "must be an SM3 digest of 32 bytes");
    let annex_digest = if document.annex_digest.is_empty() {
        None
    } else {
        fields.need("document.annex_digest", read_digest(&document.annex_digest), "must be an SM3 digest of 32 bytes")
    };
    fields.words("document.publish_place", &document.publish_place, TEXT_MAX);
    let fits = document.directive.len() <= DIRECTIVE_MAX;
    fields.need("document.directive", fits.then_some(()), "must have at most 256 KiB");
    fields.need("annex", (request.annex.len() <= FILE_BYTES_MAX).then_some(()), "must have at most 3 MiB");
    let built = (|| {
        Some(ByHand {
            id: DocumentId(id.uuid()),
            number: number?,
            title: title?,
            issuer: issuer?,
            issue_date: issue_date?,
            received: received?.unwrap_or(today),
            today,
            publication: published?.map(|date| Publication { date, place: document.publish_place }),
            kind: kind?,
            digest: digest?,
            directive: document.directive,
            annex: request.annex,
            annex_digest,
            registrar,
        })
    })();
    fields.finish(built)
}

/// Reads the publication of a document.
pub(crate) fn publication(request: &pb::PublishDocumentRequest) -> Result<Publication, Denial> {
    let mut fields = Fields::new();
    let date = fields.day("publish_date", request.publish_date.as_ref());
    let place = fields.text("publish_place", request.publish_place.clone(), TEXT_MAX);
    fields.finish(date.zip(place).map(|(date, place)| Publication { date, place }))
}

fn read_digest(bytes: &[u8]) -> Option<Sm3Digest> {
    Sm3Digest::try_from(bytes).ok()
}

const fn document_type(kind: pb::DocumentType) -> Option<DocumentType> {
    match kind {
        pb::DocumentType::Grant => Some(DocumentType::Grant),
        pb::DocumentType::Adjust => Some(DocumentType::Adjust),
        pb::DocumentType::Withdraw => Some(DocumentType::Withdraw),
        pb::DocumentType::Basis => Some(DocumentType::Basis),
        pb::DocumentType::Evaluation => Some(DocumentType::Evaluation),
        pb::DocumentType::Other => Some(DocumentType::Other),
        pb::DocumentType::Unspecified => None,
    }
}

const fn type_to_wire(kind: DocumentType) -> pb::DocumentType {
    match kind {
        DocumentType::Grant => pb::DocumentType::Grant,
        DocumentType::Adjust => pb::DocumentType::Adjust,
        DocumentType::Withdraw => pb::DocumentType::Withdraw,
        DocumentType::Basis => pb::DocumentType::Basis,
        DocumentType::Evaluation => pb::DocumentType::Evaluation,
        DocumentType::Other => pb::DocumentType::Other,
    }
}

/// The stage by which a list is filtered, as it is stored; empty for all.
pub(crate) fn stage_filter(state: i32) -> Result<&'static str, Denial> {
    match pb::DocumentState::try_from(state) {
        Ok(pb::DocumentState::Unspecified) => Ok(""),
        Ok(pb::DocumentState::Registered) => Ok("REGISTERED"),
        Ok(pb::DocumentState::Confirmed) => Ok("CONFIRMED"),
        Ok(pb::DocumentState::Refused) => Ok("REFUSED"),
        Err(_) => {
            let mut fields = Fields::new();
            fields.fault("state", "AU-ENUM", "must be a state of a document");
            fields.finish(None)
        }
    }
}

/// A document as the contract shows it.
pub(crate) fn document(document: &Document, etag: String) -> pb::Document {
    let issued = &document.issued;
    let attached = document.directive.as_ref();
    let annex = attached.and_then(|attached| attached.annex.as_ref());
    let shown = pb::Document {
        name: document.id.name(),
        document_number: issued.number.to_string(),
        title: document.title.clone(),
        issuer: issued.issuer.clone(),
        issue_date: Some(day_to_wire(issued.date)),
        receive_date: Some(day_to_wire(document.received)),
        publish_date: issued.publication.as_ref().map(|publication| day_to_wire(publication.date)),
        publish_place: issued.publication.as_ref().map(|publication| publication.place.clone()).unwrap_or_default(),
        r#type: type_to_wire(issued.kind).into(),
        digest: Bytes::copy_from_slice(document.digest.as_bytes()),
        directive: attached.map(|attached| attached.object.clone()).unwrap_or_default(),
        annex_digest: annex.map(|annex| Bytes::copy_from_slice(annex.digest.as_bytes())).unwrap_or_default(),
        paper: document.paper.clone().unwrap_or_default(),
        registrar: document.registrar.clone(),
        etag,
        ..pb::Document::default()
    };
    match &document.stage {
        Stage::Registered => pb::Document { state: pb::DocumentState::Registered.into(), ..shown },
        Stage::Confirmed { confirmer, at, applied } => pb::Document {
            state: pb::DocumentState::Confirmed.into(),
            confirmer: confirmer.clone(),
            confirm_time: Some(instant_to_wire(*at)),
            applied: to_count(*applied),
            ..shown
        },
        Stage::Refused { confirmer, at, faults: found } => pb::Document {
            state: pb::DocumentState::Refused.into(),
            confirmer: confirmer.clone(),
            confirm_time: Some(instant_to_wire(*at)),
            faults: faults(found),
            ..shown
        },
    }
}

/// Faults as the contract shows them.
pub(crate) fn faults(faults: &[Fault]) -> Vec<receiver::Fault> {
    let shown = |fault: &Fault| receiver::Fault {
        row: to_count(fault.row),
        column: fault.column.to_string(),
        code: fault.code.to_string(),
        message: fault.message.clone(),
    };
    faults.iter().map(shown).collect()
}

/// Reads faults, of this program or of another service's receiver.
pub(crate) fn read_faults(faults: Vec<receiver::Fault>) -> Vec<Fault> {
    let read = |fault: receiver::Fault| Fault {
        row: u32::try_from(fault.row).unwrap_or(0),
        column: fault.column.into(),
        code: fault.code.into(),
        message: fault.message,
    };
    faults.into_iter().map(read).collect()
}

/// Reads a document that this program wrote, with the annex that is kept beside it.
pub(crate) fn read(message: pb::Document, annex: Bytes) -> Result<Document, Failure> {
    let state = message.state();
    let kind = kept(document_type(message.r#type()), "the type of a document")?;
    let id = kept(message.name.strip_prefix("documents/"), "the name of a document")?;
    let published = day(message.publish_date.as_ref())?;
    let issued = Issued {
        number: one(DocumentNumber::parse(&message.document_number))?,
        issuer: message.issuer,
        date: some_day(message.issue_date.as_ref())?,
        publication: published.map(|date| Publication { date, place: message.publish_place }),
        kind,
    };
    let annex =
        if annex.is_empty() { None } else { Some(Annex { digest: digest(&message.annex_digest)?, content: annex }) };
    let directive = (!message.directive.is_empty()).then_some(Attached { object: message.directive, annex });
    let at = message.confirm_time.as_ref().and_then(instant);
    let stage = match state {
        pb::DocumentState::Registered => Stage::Registered,
        pb::DocumentState::Confirmed => Stage::Confirmed {
            confirmer: message.confirmer,
            at: kept(at, "the time of a confirmation")?,
            applied: count(message.applied)?,
        },
        pb::DocumentState::Refused => Stage::Refused {
            confirmer: message.confirmer,
            at: kept(at, "the time of a confirmation")?,
            faults: read_faults(message.faults),
        },
        pb::DocumentState::Unspecified => return Err(Failure::internal("a document has no state")),
    };
    Ok(Document {
        id: DocumentId(one(Uuid::try_parse(id))?),
        issued: Arc::new(issued),
        title: message.title,
        received: some_day(message.receive_date.as_ref())?,
        digest: digest(&message.digest)?,
        directive,
        paper: text(message.paper),
        registrar: message.registrar,
        stage,
    })
}

impl journal::Event for Registered {
    fn record(&self) -> Record {
        let annex = self.document.directive.as_ref().and_then(|attached| attached.annex.as_ref());
        let message = pb::DocumentRegistered {
            document: Some(document(&self.document, String::new())),
            annex: annex.map(|annex| annex.content.clone()).unwrap_or_default(),
        };
        Record::of(&message, self.document.id.name())
    }
}
