//! The contents of attachments: first in the spool, encrypted and nameless; after an acceptance in the store, by digest.
//!
//! Only an acceptance turns a spooled upload into content. So a paper that is refused leaves nothing behind that anybody could
//! read: the key of the spool lives in the memory of this process, and its files have no name on the disk.
//!
//! - [`spool`]: uploads that no paper has taken yet.
//! - [`store`]: what accepted papers hold.
//! - [`sweep`]: what nobody refers to any more.

mod cipher;
pub mod spool;
pub mod store;
pub mod sweep;

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use vocabulary::DepartmentCode;

use super::envelope::Envelope;
use super::paper::decide::{Attached, Table, annex_place};
use super::screening::{Caller, Looks, Patterns};
use spool::{Spool, Upload};
use store::Store;

/// The largest annex of a directive: whoever applies it reads it whole.
const ANNEX_BYTES_MAX: u64 = 3 * 1024 * 1024;

/// Spool and store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Content {
    /// Uploads that no paper has taken yet.
    pub spool: Spool,
    /// What accepted papers hold.
    pub store: Store,
}

/// What a sender has put of a paper's attachments, and the uploads themselves.
#[derive(Debug, Default)]
pub struct Looked {
    /// In the payload's order.
    pub attached: Vec<Attached>,
    uploads: Vec<Option<Arc<Upload>>>,
}

impl Content {
    /// Looks through what a sender has put of a paper's attachments. Blocks for as long as the reading takes.
    ///
    /// # Errors
    /// Where the spool cannot be read, or the caller is gone.
    pub fn look(
        &self,
        sender: &DepartmentCode,
        envelope: &Envelope,
        patterns: &Patterns,
        caller: &Caller,
    ) -> io::Result<Looked> {
        let annex = envelope.directive.as_ref().and_then(|directive| directive.annex.as_deref());
        let annex = annex.and_then(|named| annex_place(envelope, named));
        let mut looks = Looks::new(patterns);
        let mut looked = Looked::default();
        for (index, reference) in envelope.attachments.iter().enumerate() {
            let upload = self.spool.complete(sender, reference.digest);
            looked.attached.push(match &upload {
                None => Attached::Absent,
                Some(upload) => {
                    let mut content = caller.watched(upload.reader()?);
                    let look = looks.look(&reference.name, reference.digest, &mut content)?;
                    let table = if annex == Some(index) { table(upload)? } else { Table::NotAsked };
                    Attached::Put { size_bytes: upload.size_bytes(), look, table }
                }
            });
            looked.uploads.push(upload);
        }
        Ok(looked)
    }

    /// Turns the uploads of a paper that is about to be accepted into content, durably. Blocks until that is done.
    ///
    /// # Errors
    /// Where spool or store fail.
    pub fn keep(&self, looked: &Looked) -> io::Result<()> {
        for upload in looked.uploads.iter().flatten() {
            self.store.keep(upload.digest(), upload.reader()?)?;
        }
        Ok(())
    }

    /// Lets the uploads of a paper go: it was accepted and they are content now, or it was refused.
    pub fn let_go(&self, looked: &Looked) {
        for upload in looked.uploads.iter().flatten() {
            self.spool.remove(upload);
        }
    }
}

/// Whether an upload can be read as the annex of a directive: a UTF-8 CSV with a header row.
fn table(upload: &Upload) -> io::Result<Table> {
    if upload.size_bytes() > ANNEX_BYTES_MAX {
        return Ok(Table::Unreadable);
    }
    let mut text = Vec::new();
    let mut reader = upload.reader()?;
    reader.seek(SeekFrom::Start(0))?;
    reader.read_to_end(&mut text)?;
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
    let mut rows = csv::Reader::from_reader(text);
    let header = rows.headers().is_ok_and(|header| header.iter().any(|name| !name.trim().is_empty()));
    let readable = header && rows.records().all(|row| row.is_ok());
    Ok(if readable { Table::Readable } else { Table::Unreadable })
}
