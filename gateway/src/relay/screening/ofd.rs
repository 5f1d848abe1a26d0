//! The text of an OFD file: XML parts in a zip file, inflated within bounds.
//!
//! What a part is its first bytes tell, not its name. A page that is only a picture has no text to look through: such a file is
//! unscreened, and so is one with parts that OFD does not need, with an odd frame, or with a bomb, which ends the look.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use zip::ZipArchive;

use super::decode::{Legibility, fill, read_text};
use super::markup::Markup;
use super::{Patterns, Search, Seen, container};

/// The most parts that are looked at.
const PARTS_MAX: usize = 4_096;

/// The most bytes of one part, inflated.
const PART_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The most bytes of all parts together, inflated.
const TOTAL_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// As much of a part as tells what it is.
const HEAD_BYTES: usize = 4_096;

/// The element that holds the visible text of a page.
const TEXT_ELEMENT: &str = "TextCode";

/// Pictures, fonts and seals: parts of OFD that hold no text. Whether a page has text is told by its own part.
const TEXTLESS: [&str; 15] =
    ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "gif", "jb2", "jbig2", "ttf", "otf", "ttc", "cff", "esl", "dat"];

pub(super) fn look(content: &mut (impl Read + Seek), patterns: &Patterns) -> io::Result<(Legibility, Seen)> {
    let mut found = Found { legibility: Legibility::Text, seen: Seen::default(), text: false, left: TOTAL_BYTES_MAX };
    match container::names(content)? {
        Some(names) => found.seen.merge(in_names(&names, patterns)),
        None => found.legibility = Legibility::Opaque,
    }
    content.seek(SeekFrom::Start(0))?;
    let Ok(mut archive) = ZipArchive::new(&mut *content) else {
        return Ok((Legibility::Opaque, found.seen));
    };
    if archive.len() > PARTS_MAX {
        found.legibility = Legibility::Opaque;
    }
    for index in 0..archive.len().min(PARTS_MAX) {
        match part(&mut archive, index, &mut found.left) {
            Part::Textless => {}
            Part::Opaque => found.legibility = Legibility::Opaque,
            Part::Overrun => {
                found.legibility = Legibility::Opaque;
                break;
            }
            Part::Text { bytes, xml } => found.read(bytes, xml, patterns)?,
        }
    }
    drop(archive);
    // A content that could not be read to here is an error, not an odd file.
    content.seek(SeekFrom::Start(0))?;
    fill(content, &mut [0])?;
    let legibility = if found.text { found.legibility } else { Legibility::Opaque };
    Ok((legibility, found.seen))
}

fn in_names(names: &[String], patterns: &Patterns) -> Seen {
    let mut search = Search::new(&patterns.patterns);
    for name in names {
        name.chars().for_each(|c| search.take(c));
        search.restart();
    }
    search.seen
}

struct Found {
    legibility: Legibility,
    seen: Seen,
    text: bool,
    left: u64,
}

enum Part {
    /// It holds no text.
    Textless,
    /// It cannot be read, or is of a kind that may hold text unseen.
    Opaque,
    /// It is larger than any honest part.
    Overrun,
    Text {
        bytes: Vec<u8>,
        xml: bool,
    },
}

fn part(archive: &mut ZipArchive<&mut (impl Read + Seek)>, index: usize, left: &mut u64) -> Part {
    let Ok(mut part) = archive.by_index(index) else { return Part::Opaque };
    let name = part.name().to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    // The size that the file claims is not believed: what is inflated is counted, kept or not.
    let limit = (*left).min(PART_BYTES_MAX);
    let mut part = Read::take(&mut part, limit + 1);
    let mut bytes = vec![0; HEAD_BYTES];
    let head = fill(&mut part, &mut bytes);
    let inflated = match head {
        Ok(known) => {
            bytes.truncate(known);
            if known < HEAD_BYTES || is_text(ending, &bytes) {
                part.read_to_end(&mut bytes).map(|_| ())
            } else {
                Ok(())
            }
        }
        Err(error) => {
            bytes.clear();
            Err(error)
        }
    };
    let used = limit + 1 - part.limit();
    *left = left.saturating_sub(used);
    if used > limit {
        return Part::Overrun;
    }
    if inflated.is_err() {
        return Part::Opaque;
    }
    if bytes.is_empty() || !is_text(ending, &bytes) {
        let known = bytes.is_empty() || TEXTLESS.contains(&ending);
        return if known { Part::Textless } else { Part::Opaque };
    }
    let xml = ending == "xml" || begins_like_xml(&bytes);
    Part::Text { bytes, xml }
}

/// Whether a part holds text: by its name, or because it begins like XML or like any text.
fn is_text(ending: &str, bytes: &[u8]) -> bool {
    if ["xml", "txt", "csv", "json"].contains(&ending) || begins_like_xml(bytes) {
        return true;
    }
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let legible = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    TEXTLESS.contains(&ending)
        && (legible && !head.contains(&0) || head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF"))
}

/// Whether the first byte after marks of the byte order, white space and zeros is the one that begins XML.
fn begins_like_xml(bytes: &[u8]) -> bool {
    let first =
        bytes.iter().find(|byte| !matches!(byte, 0 | b'\t' | b'\n' | b'\r' | b' ' | 0xEF | 0xBB | 0xBF | 0xFE | 0xFF));
    first == Some(&b'<')
}

impl Found {
    fn read(&mut self, bytes: Vec<u8>, xml: bool, patterns: &Patterns) -> io::Result<()> {
        self.text |= xml && bytes.windows(TEXT_ELEMENT.len()).any(|piece| piece == TEXT_ELEMENT.as_bytes());
        let mut content = Cursor::new(bytes);
        let (mut legibility, seen) = if xml {
            let mut markup = Markup::new(patterns);
            let read = read_text(&mut content, &mut markup)?;
            let (sound, seen) = markup.into_seen();
            (if sound == Legibility::Opaque { sound } else { read }, seen)
        } else {
            let mut text = Search::new(&patterns.patterns);
            (read_text(&mut content, &mut text)?, text.seen)
        };
        if self.legibility == Legibility::Opaque {
            legibility = Legibility::Opaque;
        }
        self.legibility = legibility;
        self.seen.merge(seen);
        Ok(())
    }
}
