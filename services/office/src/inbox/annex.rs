//! The directive of a paper that is to pass the check, with its annex.
//!
//! The annex is an attachment at the gateway. It is fetched in the name of the officer who checks, before the transaction, and
//! kept with the document, so that a confirmation needs nobody else. What the sender did wrong is a finding for the officer;
//! a gateway that is away is a failure, and the officer tries again.

use bytes::{Bytes, BytesMut};
use runtime::access::Access;
use runtime::directory::Directory;
use runtime::refusal::Failure;
use serde::Deserialize;
use serde_json::value::RawValue;
use tonic::Code;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::gateway::v1::paper_service_client::PaperServiceClient;
use vocabulary::{DocumentNumber, Sm3Digest, time};

use super::state::{Attachment, FindingCode, Paper, Remedy, Resolution};
use crate::GATEWAY;
use crate::register::document::FromPaper;
use crate::register::document::state::Annex;

/// How large an annex may be: it is kept in a row, and read as a whole.
const ANNEX_MAX: usize = 3 * 1024 * 1024;

/// The directive in the payload.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    directive: Option<&'a RawValue>,
}

/// What every directive says of itself.
#[derive(Deserialize)]
struct Head {
    r#type: String,
    annex: Option<String>,
}

/// Reads the directive of a paper, with its annex; none where the paper, taken with these resolutions, directs nothing. The inner
/// error says what the sender did wrong.
pub(crate) async fn read(
    directory: &Directory,
    access: &Access,
    paper: &Paper,
    resolutions: &[Resolution],
) -> Result<Option<Result<FromPaper, String>>, Failure> {
    if !paper.directs(resolutions) {
        return Ok(None);
    }
    let (without_annex, annex) = match from_paper(paper, resolutions, access) {
        Ok(read) => read,
        Err(fault) => return Ok(Some(Err(fault))),
    };
    let Some(annex) = annex else { return Ok(Some(Ok(without_annex))) };
    let fetched = fetch(directory, access, paper, annex).await?;
    Ok(Some(fetched.map(|content| FromPaper { annex: Some(Annex { digest: annex.digest, content }), ..without_annex })))
}

/// What the payload says: all but the annex, whose attachment is given beside it.
fn from_paper<'p>(
    paper: &'p Paper,
    resolutions: &[Resolution],
    access: &Access,
) -> Result<(FromPaper, Option<&'p Attachment>), String> {
    let arrival = &paper.arrival;
    let (object, annex) = directive(&arrival.payload, &arrival.summary.directive_type)?;
    let annex = annex.map(|annex| attachment(&arrival.attachments, &annex)).transpose()?;
    let issue_date = arrival.summary.date().ok_or_else(|| format!("{} is no date", arrival.summary.issue_date))?;
    let from_paper = FromPaper {
        paper: paper.name.to_string(),
        message: paper.name.message,
        number: number(paper, resolutions)?,
        title: arrival.summary.title.clone(),
        issuer: arrival.summary.issuer.clone(),
        issue_date,
        received: time::town_date(arrival.accepted),
        payload_digest: arrival.payload_digest,
        directive: object,
        annex: None,
        registrar: access.person().map(ToString::to_string).unwrap_or_default(),
    };
    Ok((from_paper, annex))
}

/// The directive object, byte for byte as it was signed, and what it calls its annex.
fn directive(payload: &Bytes, expected: &str) -> Result<(Bytes, Option<String>), String> {
    let read: Payload<'_> =
        serde_json::from_slice(payload).map_err(|error| format!("the payload cannot be read: {error}"))?;
    let object = read.directive.ok_or("the payload has no directive")?.get();
    let head: Head = serde_json::from_str(object).map_err(|error| format!("the directive cannot be read: {error}"))?;
    if head.r#type != expected {
        return Err(format!("the directive is a {}, not a {expected}", head.r#type));
    }
    Ok((payload.slice_ref(object.as_bytes()), head.annex))
}

/// The attachment that a directive calls its annex, by its digest or by its file name.
fn attachment<'p>(attachments: &'p [Attachment], annex: &str) -> Result<&'p Attachment, String> {
    let named = |attachment: &&Attachment| attachment.digest.to_string() == annex || attachment.name == annex;
    let found =
        attachments.iter().find(named).ok_or_else(|| format!("the annex {annex} is not among the attachments"))?;
    let fits = usize::try_from(found.size_bytes).is_ok_and(|size| size <= ANNEX_MAX);
    if fits { Ok(found) } else { Err(format!("the annex has {} bytes, more than {ANNEX_MAX}", found.size_bytes)) }
}

/// The number of the document: as the office repaired it, or as it came.
fn number(paper: &Paper, resolutions: &[Resolution]) -> Result<DocumentNumber, String> {
    let repaired = resolutions.iter().find_map(|resolution| match (&resolution.code, &resolution.remedy) {
        (FindingCode::DocumentNumber, Remedy::Repaired(number)) => Some(number.clone()),
        _ => None,
    });
    match repaired {
        Some(number) => Ok(number),
        None => DocumentNumber::parse(&paper.arrival.summary.document_number).map_err(|error| error.to_string()),
    }
}

/// Fetches the annex from the gateway and checks its digest.
async fn fetch(
    directory: &Directory,
    access: &Access,
    paper: &Paper,
    annex: &Attachment,
) -> Result<Result<Bytes, String>, Failure> {
    let mut gateway = PaperServiceClient::new(directory.channel_for(GATEWAY, access)?);
    let digest = Bytes::copy_from_slice(annex.digest.as_bytes());
    let request = gateway::ReadAttachmentRequest { paper: paper.name.at_gateway(), digest };
    let mut chunks = match gateway.read_attachment(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return missing(status),
    };
    let mut content = BytesMut::new();
    loop {
        match chunks.message().await {
            Ok(Some(part)) if content.len() + part.chunk.len() > ANNEX_MAX => {
                return Ok(Err(format!("the annex has more than {ANNEX_MAX} bytes")));
            }
            Ok(Some(part)) => content.extend_from_slice(&part.chunk),
            Ok(None) => break,
            Err(status) => return missing(status),
        }
    }
    let content = content.freeze();
    let right = Sm3Digest::of(&content) == annex.digest;
    Ok(if right { Ok(content) } else { Err("the annex is not what its digest says".to_owned()) })
}

/// An annex that the gateway does not have, or holds back, is the paper's fault; anything else is the machine's.
fn missing(status: tonic::Status) -> Result<Result<Bytes, String>, Failure> {
    if matches!(status.code(), Code::NotFound | Code::FailedPrecondition) {
        Ok(Err(format!("the annex is missing: {}", status.message())))
    } else {
        Err(Failure::unavailable("the gateway", status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::state::Screening;

    #[test]
    fn the_directive_is_taken_byte_for_byte() {
        let object = "{\"type\":\"GRANT_POWERS\",\"annex\":\"附件.csv\",\"n\":1.50}";
        let payload = Bytes::from(format!("{{\"v\":1,\"directive\":{object}}}"));
        let read = directive(&payload, "GRANT_POWERS");
        assert_eq!(read, Ok((Bytes::from(object), Some("附件.csv".to_owned()))));
    }

    #[test]
    fn a_directive_without_an_annex_is_taken() {
        let payload = Bytes::from_static(b"{\"directive\":{\"type\":\"REGISTER_BASIS\"}}");
        assert_eq!(directive(&payload, "REGISTER_BASIS").map(|(_, annex)| annex), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let rows: [&'static str; 6] = [
            "",
            "{\"v\":1}",
            "{\"directive\":null}",
            "{\"directive\":{\"annex\":\"\"}}",
            "{\"directive\":{\"type\":\"WITHDRAW_POWERS\"}}",
            "{\"directive\":{\"type\":\"GRANT_POWERS\",\"annex\":1}}",
        ];
        for payload in rows {
            assert!(directive(&Bytes::from_static(payload.as_bytes()), "GRANT_POWERS").is_err(), "{payload}");
        }
    }

    #[test]
    fn an_annex_is_known_by_its_digest_or_its_name() {
        let digest = Sm3Digest::of(b"a,b");
        let annex = |size_bytes| {
            [Attachment { name: "附件.csv".to_owned(), size_bytes, digest, screening: Screening::Screened }]
        };
        for named in [digest.to_string(), "附件.csv".to_owned()] {
            assert!(attachment(&annex(3), &named).is_ok(), "{named}");
            assert!(attachment(&annex(3 * 1024 * 1024), &named).is_ok(), "{named}");
            assert!(attachment(&annex(3 * 1024 * 1024 + 1), &named).is_err(), "{named}");
        }
        assert!(attachment(&annex(3), "附件").is_err());
        assert!(attachment(&[], "附件.csv").is_err());
    }
}
