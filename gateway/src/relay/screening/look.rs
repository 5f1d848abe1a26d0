//! Looks through the attachments of one paper.

use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vocabulary::Sm3Digest;
use vocabulary::screening::HEAD_BYTES;

use super::decode::{JsonText, Legibility, fill, read_text};
use super::kind::Kind;
use super::markup::Markup;
use super::{Patterns, Search, Seen, ofd};

/// What a look through an attachment found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What it is.
    pub kind: Kind,
    /// Whether its text could be read, so that finding no mark means something.
    pub screened: bool,
    /// What its text holds.
    pub seen: Seen,
}

/// Whoever waits for a look. Once he is gone, because he hung up or the process stops, reading for him fails.
#[derive(Clone, Debug, Default)]
pub struct Caller(Arc<AtomicBool>);

/// Held by the one who waits.
#[derive(Debug)]
pub struct Waiting(Caller);

impl Caller {
    /// While this lives the caller is there.
    #[must_use]
    pub fn wait(&self) -> Waiting {
        Waiting(self.clone())
    }

    /// Whether he is still there.
    ///
    /// # Errors
    /// Where he is not.
    pub fn is_there(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(io::Error::other("the caller is gone")) } else { Ok(()) }
    }

    /// A content that is read for this caller only.
    pub const fn watched<C>(&self, content: C) -> Watched<'_, C> {
        Watched { caller: self, content }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// A content that is read for somebody who may go.
#[derive(Debug)]
pub struct Watched<'c, C> {
    caller: &'c Caller,
    content: C,
}

impl<C: Read> Read for Watched<'_, C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.caller.is_there()?;
        self.content.read(buffer)
    }
}

impl<C: Seek> Seek for Watched<'_, C> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.content.seek(to)
    }
}

/// The looks through the attachments of one paper. A paper may list one content many times; it is read once for each kind that its
/// names make of it.
#[derive(Debug)]
pub struct Looks<'p> {
    patterns: &'p Patterns,
    known: HashMap<(Sm3Digest, Kind), Look>,
}

impl<'p> Looks<'p> {
    /// No content was looked through yet.
    #[must_use]
    pub fn new(patterns: &'p Patterns) -> Self {
        Self { patterns, known: HashMap::new() }
    }

    /// What a look through the content of this digest finds, under this name.
    ///
    /// # Errors
    /// Only where the content itself cannot be read; a content that is not what its name says is unscreened, no error.
    pub fn look(&mut self, name: &str, digest: Sm3Digest, content: &mut (impl Read + Seek)) -> io::Result<Look> {
        let mut head = [0; HEAD_BYTES];
        content.seek(SeekFrom::Start(0))?;
        let read = fill(content, &mut head)?;
        let kind = Kind::of(name, &head[..read]);
        if let Some(known) = self.known.get(&(digest, kind)) {
            return Ok(known.clone());
        }
        let look = look(kind, content, self.patterns)?;
        self.known.insert((digest, kind), look.clone());
        Ok(look)
    }
}

/// Looks through a content, as a stream.
fn look(kind: Kind, content: &mut (impl Read + Seek), patterns: &Patterns) -> io::Result<Look> {
    content.seek(SeekFrom::Start(0))?;
    let (legibility, seen) = match kind {
        Kind::Executable | Kind::Opaque => (Legibility::Opaque, Seen::default()),
        Kind::Table | Kind::Plain => {
            let mut search = Search::new(&patterns.patterns);
            (read_text(content, &mut search)?, search.seen)
        }
        Kind::Json => {
            let mut text = JsonText::new(Search::new(&patterns.patterns));
            (read_text(content, &mut text)?, text.into_seen())
        }
        Kind::Xml => {
            let mut markup = Markup::new(patterns);
            let read = read_text(content, &mut markup)?;
            let (sound, seen) = markup.into_seen();
            (if sound == Legibility::Opaque { sound } else { read }, seen)
        }
        Kind::Ofd => ofd::look(content, patterns)?,
    };
    Ok(Look { kind, screened: legibility == Legibility::Text, seen: of_kind(kind, seen) })
}

/// Data speaks of demands without making any, as a list of powers does: only its marks count.
fn of_kind(kind: Kind, seen: Seen) -> Seen {
    match kind {
        Kind::Table | Kind::Json => Seen { demand: None, consent: false, ..seen },
        Kind::Executable | Kind::Plain | Kind::Xml | Kind::Ofd | Kind::Opaque => seen,
    }
}
