//! Putting attachments: a stream of bytes into the spool.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use runtime::refusal::{Denial, Failure, Violation};
use tonic::Streaming;
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::gateway::v1::put_attachment_request::Part;
use vocabulary::DepartmentCode;

use super::wire;
use crate::refusal::Refusal;
use crate::relay::content::spool::{Spool, SpoolError, Upload, disk_failure};

/// The longest chunk.
const CHUNK_BYTES_MAX: usize = 1024 * 1024;

/// Takes one attachment in, as far as the stream goes.
pub(super) async fn put(
    spool: &Spool,
    sender: &DepartmentCode,
    bytes_max: u64,
    mut parts: Streaming<pb::PutAttachmentRequest>,
) -> Result<pb::AttachmentUpload, Denial> {
    let _stream = spool.stream(sender).map_err(denial)?;
    let patience = spool.idle_max();
    let header = match next(&mut parts, patience).await? {
        Some(Part::Header(header)) => wire::header(&header, bytes_max)?,
        Some(Part::Chunk(_)) | None => return Err(Violation::malformed("header", "must be the first message").into()),
    };
    let opening = (spool.clone(), sender.clone());
    let writing = blocking(move || {
        let (spool, sender) = opening;
        spool.write(&sender, header.digest, header.size_bytes, header.offset)
    });
    let writing = Arc::new(writing.await?);
    while let Some(part) = next(&mut parts, patience).await? {
        let chunk = chunk(part)?;
        let spooled = Arc::clone(&writing);
        blocking(move || spooled.add(&chunk)).await?;
    }
    let writing = Arc::try_unwrap(writing).map_err(|_| Failure::internal("an upload is still being written"))?;
    let upload = blocking(move || writing.finish()).await?;
    Ok(shown(&upload)?)
}

/// How far an upload is.
pub(super) fn shown(upload: &Upload) -> Result<pb::AttachmentUpload, Failure> {
    wire::upload(upload.digest(), upload.received(), upload.is_complete())
}

async fn next(parts: &mut Streaming<pb::PutAttachmentRequest>, patience: Duration) -> Result<Option<Part>, Denial> {
    // Where the sender hangs up or sends nothing more, what has arrived stays, and is resumed.
    let message = tokio::time::timeout(patience, parts.message()).await;
    let message = message
        .map_err(|late| Failure::unavailable("the sender of the attachment", late))?
        .map_err(|status| Failure::unavailable("the sender of the attachment", status))?;
    match message {
        None => Ok(None),
        Some(pb::PutAttachmentRequest { part: Some(part) }) => Ok(Some(part)),
        Some(pb::PutAttachmentRequest { part: None }) => Err(Violation::malformed("part", "must be given").into()),
    }
}

fn chunk(part: Part) -> Result<Bytes, Denial> {
    match part {
        Part::Chunk(chunk) if chunk.len() <= CHUNK_BYTES_MAX => Ok(chunk),
        Part::Chunk(_) => {
            Err(Violation::malformed("chunk", format!("must have at most {CHUNK_BYTES_MAX} bytes")).into())
        }
        Part::Header(_) => Err(Violation::malformed("header", "must be the first message only").into()),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SpoolError> + Send + 'static,
) -> Result<T, Denial> {
    let done = tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?;
    done.map_err(denial)
}

fn denial(error: SpoolError) -> Denial {
    match error {
        SpoolError::Full => Failure::Exhausted("the spool of attachments").into(),
        SpoolError::Busy => Failure::Contention.into(),
        SpoolError::Offset { received } => {
            Violation::malformed("header.offset_bytes", format!("must be {received}: so many bytes have arrived"))
                .into()
        }
        SpoolError::Digest => runtime::refusal::Refusal::from(Refusal::Digest { index: None }).into(),
        SpoolError::Failed(error) => disk_failure(error).into(),
    }
}
