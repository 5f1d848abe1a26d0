//! Papers as a county department makes them: the attachments are put first, then the payload is composed, signed and issued.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use gateway::envelope::{AttachmentRef, Envelope};
use runtime::signing::{Signer, soft_signer};
use std::sync::Arc;
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::values::v1::Signature;
use vocabulary::Sm3Digest;

use crate::connection::{Papers, call};
use crate::files::read;
use crate::output::progress;
use crate::problem::Problem;

/// How many bytes one message of an upload carries; the contract allows 1 MiB.
const CHUNK_BYTES: usize = 512 * 1024;

/// A file that travels with a paper.
#[derive(Debug, Clone)]
pub struct AttachedFile {
    /// What the payload says of it.
    pub named: AttachmentRef,
    content: Bytes,
}

impl AttachedFile {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let content = read(path)?;
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
            Problem::usage(
                format!("{} has no name that a paper could carry", path.display()),
                "give the file a name in UTF-8",
            )
        })?;
        let size_bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let named = AttachmentRef { name: name.to_owned(), size_bytes, digest: Sm3Digest::of(&content) };
        Ok(Self { named, content: content.into() })
    }

    /// Puts the content at the gateway, going on where an earlier attempt ended.
    pub async fn put(&self, papers: &mut Papers) -> Result<(), Problem> {
        let digest = Bytes::copy_from_slice(self.named.digest.as_bytes());
        let asked = pb::GetAttachmentUploadRequest { digest: digest.clone() };
        // An upload that nobody began is no fault: it begins here.
        let begun = papers.get_attachment_upload(asked).await.map(tonic::Response::into_inner).unwrap_or_default();
        if begun.complete {
            return Ok(());
        }
        let from = usize::try_from(begun.received_bytes).unwrap_or(0).min(self.content.len());
        let header = pb::AttachmentHeader {
            digest,
            size_bytes: i64::try_from(self.content.len()).unwrap_or(i64::MAX),
            offset_bytes: begun.received_bytes,
        };
        let bar = progress(&self.named.name, self.named.size_bytes);
        bar.set_position(begun.received_bytes.unsigned_abs());
        let head = pb::PutAttachmentRequest { part: Some(pb::put_attachment_request::Part::Header(header)) };
        let (content, counted) = (self.content.clone(), bar.clone());
        let chunks = (from..content.len()).step_by(CHUNK_BYTES).map(move |at| {
            let chunk = content.slice(at..content.len().min(at + CHUNK_BYTES));
            counted.inc(u64::try_from(chunk.len()).unwrap_or(0));
            pb::PutAttachmentRequest { part: Some(pb::put_attachment_request::Part::Chunk(chunk)) }
        });
        let upload = tokio_stream::iter(std::iter::once(head).chain(chunks));
        let put = call("gateway, PutAttachment", None, papers.put_attachment(upload)).await?;
        bar.finish_and_clear();
        if put.complete {
            return Ok(());
        }
        Err(Problem::Unavailable {
            place: "gateway, PutAttachment".to_owned(),
            fault: format!("{} of {} bytes arrived", put.received_bytes, self.named.size_bytes),
            request: None,
        })
    }
}

/// A private key that signs papers, with the name under which it is registered.
#[derive(Debug, Clone)]
pub struct PaperKey {
    /// The name.
    pub id: String,
    signer: Arc<dyn Signer>,
}

impl PaperKey {
    /// Reads a key from its file.
    pub fn read(id: &str, file: &PathBuf) -> Result<Self, Problem> {
        let remedy = "`townlink key generate` makes a key";
        let pem = std::fs::read_to_string(file)
            .map_err(|error| Problem::usage(format!("{}: {error}", file.display()), remedy))?;
        let signer =
            soft_signer(&pem).map_err(|error| Problem::usage(format!("{}: {error}", file.display()), remedy))?;
        Ok(Self { id: id.to_owned(), signer })
    }

    /// The algorithm, as payloads name it.
    #[must_use]
    pub fn algorithm(&self) -> String {
        self.signer.algorithm().to_string()
    }

    /// Signs a payload.
    pub fn sign(&self, payload: &[u8]) -> Result<Signature, Problem> {
        let value = self.signer.sign(payload).map_err(|error| Problem::failed(&self.id, error))?;
        Ok(Signature { key_id: self.id.clone(), algorithm: self.algorithm(), value: value.into() })
    }
}

/// The payload of an envelope. A declaration of secrecy other than `NONE` is written as it was given, for the gateway to refuse.
#[must_use]
pub fn payload(envelope: &Envelope, secrecy: &str) -> Vec<u8> {
    let payload = envelope.to_payload();
    if secrecy == "NONE" {
        return payload;
    }
    let text = String::from_utf8(payload).expect("JSON is text");
    let declared = format!("\"secrecy\":{}", serde_json::Value::from(secrecy));
    text.replacen("\"secrecy\":\"NONE\"", &declared, 1).into_bytes()
}
