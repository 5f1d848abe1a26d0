//! Looks through one attachment.

use std::io::{self, Read, Seek, SeekFrom};

use super::decode::{JsonText, Legibility, fill, read_text};
use super::kind::{HEAD_BYTES, Kind};
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

/// Looks through a content, as a stream.
///
/// # Errors
/// Only where the content itself cannot be read; a content that is not what its name says is unscreened, no error.
pub fn look(name: &str, content: &mut (impl Read + Seek), patterns: &Patterns) -> io::Result<Look> {
    let mut head = [0; HEAD_BYTES];
    content.seek(SeekFrom::Start(0))?;
    let known = fill(content, &mut head)?;
    let kind = Kind::of(name, &head[..known]);
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
            (read_text(content, &mut markup)?, markup.into_seen())
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
