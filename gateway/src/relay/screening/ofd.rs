//! The text of an OFD file: XML parts in a zip file, inflated within bounds.
//!
//! A page that is only a picture has no text to look through: such a file is unscreened, and so is one with parts of a kind that
//! OFD does not need. A bomb is cut off at the bound and unscreened too.

use std::io::{self, Cursor, Read, Seek};

use zip::ZipArchive;

use super::decode::{Legibility, read_text};
use super::markup::Markup;
use super::{Patterns, Search, Seen};

/// The most parts that are looked at.
const PARTS_MAX: usize = 4_096;

/// The most bytes of one part, inflated.
const PART_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The most bytes of all parts together, inflated.
const TOTAL_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// The element that holds the visible text of a page.
const TEXT_ELEMENT: &str = "TextCode";

/// Pictures, fonts and seals: parts of OFD that hold no text. Whether a page has text is told by its own part.
const TEXTLESS: [&str; 15] =
    ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "gif", "jb2", "jbig2", "ttf", "otf", "ttc", "cff", "esl", "dat"];

pub(super) fn look(content: &mut (impl Read + Seek), patterns: &Patterns) -> io::Result<(Legibility, Seen)> {
    let Ok(mut archive) = ZipArchive::new(content) else {
        return Ok((Legibility::Opaque, Seen::default()));
    };
    let mut found = Found { legibility: Legibility::Text, seen: Seen::default(), text: false, left: TOTAL_BYTES_MAX };
    if archive.len() > PARTS_MAX {
        found.legibility = Legibility::Opaque;
    }
    for index in 0..archive.len().min(PARTS_MAX) {
        match part(&mut archive, index, found.left)? {
            Part::Textless => {}
            Part::Opaque => found.legibility = Legibility::Opaque,
            Part::Text { bytes, xml } => found.read(bytes, xml, patterns)?,
        }
    }
    let legibility = if found.text { found.legibility } else { Legibility::Opaque };
    Ok((legibility, found.seen))
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
    /// It cannot be read, is too large, or is of a kind that may hold text unseen.
    Opaque,
    Text {
        bytes: Vec<u8>,
        xml: bool,
    },
}

fn part(archive: &mut ZipArchive<&mut (impl Read + Seek)>, index: usize, left: u64) -> io::Result<Part> {
    let Ok(part) = archive.by_index(index) else { return Ok(Part::Opaque) };
    let name = part.name().to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if part.is_dir() || TEXTLESS.contains(&ending) {
        return Ok(Part::Textless);
    }
    let xml = ending == "xml";
    if !xml && !["txt", "csv", "json"].contains(&ending) {
        return Ok(Part::Opaque);
    }
    // The size that the file claims is not believed: what is inflated is counted.
    let limit = left.min(PART_BYTES_MAX);
    let mut bytes = Vec::new();
    let inflated = part.take(limit + 1).read_to_end(&mut bytes);
    if inflated.is_err() || u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Ok(Part::Opaque);
    }
    Ok(Part::Text { bytes, xml })
}

impl Found {
    fn read(&mut self, bytes: Vec<u8>, xml: bool, patterns: &Patterns) -> io::Result<()> {
        self.left = self.left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.text |= xml && bytes.windows(TEXT_ELEMENT.len()).any(|piece| piece == TEXT_ELEMENT.as_bytes());
        let mut content = Cursor::new(bytes);
        let (legibility, seen) = if xml {
            let mut markup = Markup::new(patterns);
            (read_text(&mut content, &mut markup)?, markup.into_seen())
        } else {
            let mut text = Search::new(&patterns.patterns);
            (read_text(&mut content, &mut text)?, text.seen)
        };
        if legibility == Legibility::Opaque {
            self.legibility = Legibility::Opaque;
        }
        self.seen.merge(seen);
        Ok(())
    }
}
