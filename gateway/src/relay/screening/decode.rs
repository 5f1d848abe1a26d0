//! From bytes to characters: UTF-8, UTF-16 with its mark, and as much of GB18030 as a mark of a secret needs.

use std::io::{self, Read, Seek, SeekFrom};

use super::{Search, Seen};

const PIECE_BYTES: usize = 64 * 1024;

/// Whether a content turned out to be text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Legibility {
    /// Every byte was understood.
    Text,
    /// It is no text, or in an encoding that is only searched for marks of secrets.
    Opaque,
}

/// Takes the characters of a text one by one.
pub(super) trait Take {
    fn take(&mut self, c: char);
}

impl Take for Search<'_> {
    fn take(&mut self, c: char) {
        Search::take(self, c);
    }
}

/// Reads a content as text and hands on its characters.
pub(super) fn read_text(content: &mut (impl Read + Seek), to: &mut impl Take) -> io::Result<Legibility> {
    let mut start = [0; 3];
    let known = fill(content, &mut start)?;
    let (skip, wide) = match &start[..known] {
        [0xEF, 0xBB, 0xBF] => (3, None),
        [0xFF, 0xFE, ..] => (2, Some(u16::from_le_bytes as fn([u8; 2]) -> u16)),
        [0xFE, 0xFF, ..] => (2, Some(u16::from_be_bytes as fn([u8; 2]) -> u16)),
        _ => (0, None),
    };
    content.seek(SeekFrom::Start(skip))?;
    match wide {
        Some(unit) => read_utf16(content, unit, to),
        None => read_utf8(content, to),
    }
}

/// Reads until the buffer is full or the content ends.
pub(super) fn fill(content: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match content.read(&mut buffer[filled..])? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(filled)
}

fn read_utf8(content: &mut (impl Read + Seek), to: &mut impl Take) -> io::Result<Legibility> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut kept = 0;
    loop {
        let length = kept + fill(content, &mut piece[kept..])?;
        let ended = length < PIECE_BYTES;
        let (valid, broken) = match std::str::from_utf8(&piece[..length]) {
            Ok(_) => (length, false),
            // A character cut by the end of the piece is whole once the next piece is there.
            Err(error) => (error.valid_up_to(), ended || error.error_len().is_some()),
        };
        let text = std::str::from_utf8(&piece[..valid]).map_err(io::Error::other)?;
        if broken || text.contains('\0') {
            content.seek(SeekFrom::Start(0))?;
            return read_gb18030(content, to);
        }
        text.chars().for_each(|c| to.take(c));
        if ended {
            return Ok(Legibility::Text);
        }
        piece.copy_within(valid..length, 0);
        kept = length - valid;
    }
}

fn read_utf16(content: &mut impl Read, unit: fn([u8; 2]) -> u16, to: &mut impl Take) -> io::Result<Legibility> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut legibility = Legibility::Text;
    loop {
        let length = fill(content, &mut piece)?;
        let (pairs, odd) = piece[..length].as_chunks::<2>();
        // No mark lies outside the basic plane, so halves of pairs need not be put together.
        for pair in pairs {
            to.take(char::from_u32(u32::from(unit(*pair))).unwrap_or('\u{fffd}'));
        }
        if !odd.is_empty() {
            legibility = Legibility::Opaque;
        }
        if length < PIECE_BYTES {
            return Ok(legibility);
        }
    }
}

/// The characters of the marks, as GB18030 writes them.
const GB18030: [(u16, char); 12] = [
    (0xBEF8, '绝'),
    (0xBBFA, '机'),
    (0xC3D8, '秘'),
    (0xC3DC, '密'),
    (0xA1EF, '★'),
    (0xA1EE, '☆'),
    (0xB9A4, '工'),
    (0xD7F7, '作'),
    (0xC4DA, '内'),
    (0xB2BF, '部'),
    (0xD7CA, '资'),
    (0xC1CF, '料'),
];

/// Looks for marks in what may be GB18030. A whole table of it is not carried, so the content stays unscreened: OFFICE looks.
fn read_gb18030(content: &mut impl Read, to: &mut impl Take) -> io::Result<Legibility> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut lead = None;
    loop {
        let length = fill(content, &mut piece)?;
        for &byte in &piece[..length] {
            lead = match lead {
                Some(first) => {
                    to.take(from_gb18030(first, byte));
                    None
                }
                None if byte < 0x80 => {
                    to.take(char::from(byte));
                    None
                }
                None => Some(byte),
            };
        }
        if length < PIECE_BYTES {
            return Ok(Legibility::Opaque);
        }
    }
}

fn from_gb18030(lead: u8, trail: u8) -> char {
    let code = u16::from_be_bytes([lead, trail]);
    // The full-width space is white space there too.
    let other = if code == 0xA1A1 { ' ' } else { '\u{fffd}' };
    GB18030.iter().find(|(known, _)| *known == code).map_or(other, |(_, c)| *c)
}

/// Resolves the `\u` escapes of JSON, so that no mark hides behind them.
pub(super) struct JsonText<'p> {
    search: Search<'p>,
    escape: Escape,
}

enum Escape {
    None,
    Begun,
    Unicode { value: u32, digits: u8 },
}

impl<'p> JsonText<'p> {
    pub(super) const fn new(search: Search<'p>) -> Self {
        Self { search, escape: Escape::None }
    }

    pub(super) fn into_seen(self) -> Seen {
        self.search.seen
    }
}

impl Take for JsonText<'_> {
    fn take(&mut self, c: char) {
        self.escape = match self.escape {
            Escape::None if c == '\\' => Escape::Begun,
            Escape::None => {
                self.search.take(c);
                Escape::None
            }
            Escape::Begun if c == 'u' => Escape::Unicode { value: 0, digits: 0 },
            // An escaped n, r, t, b or f is white space on the page.
            Escape::Begun => {
                self.search.take(if matches!(c, 'n' | 'r' | 't' | 'b' | 'f') { ' ' } else { c });
                Escape::None
            }
            Escape::Unicode { value, digits } => {
                let value = (value << 4) | c.to_digit(16).unwrap_or_default();
                if digits == 3 {
                    self.search.take(char::from_u32(value).unwrap_or('\u{fffd}'));
                    Escape::None
                } else {
                    Escape::Unicode { value, digits: digits + 1 }
                }
            }
        };
    }
}
