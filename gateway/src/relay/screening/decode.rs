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

    /// What comes now is the same content in another reading; what was seen stays.
    fn restart(&mut self);
}

impl Take for Search<'_> {
    fn take(&mut self, c: char) {
        Search::take(self, c);
    }

    fn restart(&mut self) {
        Search::restart(self);
    }
}

/// Puts halves of surrogate pairs together. A half that stands alone is no character.
#[derive(Clone, Copy, Debug, Default)]
struct Pairs {
    high: Option<u32>,
}

impl Pairs {
    fn unit(&mut self, unit: u32) -> Option<char> {
        match (self.high.take(), unit) {
            (_, 0xD800..0xDC00) => {
                self.high = Some(unit);
                None
            }
            (Some(high), 0xDC00..0xE000) => char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (unit - 0xDC00)),
            (_, unit) => char::from_u32(unit),
        }
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
pub(super) fn fill(content: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
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
            return read_any(content, to);
        }
        text.chars().for_each(|c| to.take(c));
        if ended {
            return Ok(Legibility::Text);
        }
        piece.copy_within(valid..length, 0);
        kept = length - valid;
    }
}

/// One way to read bytes as letters.
type Reading = fn(&mut dyn Read, &mut dyn FnMut(char)) -> io::Result<()>;

/// Looks for marks in every reading that somebody's program may give the bytes. The content stays unscreened: OFFICE looks.
///
/// UTF-32 needs no reading of its own: in UTF-16 it is the same characters with zeros between them.
fn read_any(content: &mut (impl Read + Seek), to: &mut impl Take) -> io::Result<Legibility> {
    let readings: [Reading; 5] = [
        read_lossy,
        |content, to| read_gb18030(content, false, to),
        |content, to| read_gb18030(content, true, to),
        |content, to| read_units(content, u16::from_le_bytes, to).map(|_| ()),
        |content, to| read_units(content, u16::from_be_bytes, to).map(|_| ()),
    ];
    for reading in readings {
        content.seek(SeekFrom::Start(0))?;
        to.restart();
        reading(content, &mut |c| to.take(c))?;
    }
    Ok(Legibility::Opaque)
}

/// UTF-8 without the bytes that are none.
fn read_lossy(content: &mut dyn Read, to: &mut dyn FnMut(char)) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut kept = 0;
    loop {
        let length = kept + fill(content, &mut piece[kept..])?;
        let ended = length < PIECE_BYTES;
        // A character may be cut by the end of the piece: its bytes wait for the next.
        let whole = match std::str::from_utf8(&piece[length.saturating_sub(3)..length]) {
            Err(error) if !ended && error.error_len().is_none() => length.saturating_sub(3) + error.valid_up_to(),
            Err(_) if !ended => (length.saturating_sub(3)..length).rfind(|at| piece[*at] >= 0xC0).unwrap_or(length),
            Ok(_) | Err(_) => length,
        };
        piece[..whole].utf8_chunks().for_each(|chunk| chunk.valid().chars().for_each(&mut *to));
        if ended {
            return Ok(());
        }
        piece.copy_within(whole..length, 0);
        kept = length - whole;
    }
}

fn read_utf16(content: &mut impl Read, unit: fn([u8; 2]) -> u16, to: &mut impl Take) -> io::Result<Legibility> {
    read_units(content, unit, &mut |c| to.take(c))
}

fn read_units(content: &mut dyn Read, unit: fn([u8; 2]) -> u16, to: &mut dyn FnMut(char)) -> io::Result<Legibility> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut legibility = Legibility::Text;
    let mut pairs = Pairs::default();
    loop {
        let length = fill(content, &mut piece)?;
        let (units, odd) = piece[..length].as_chunks::<2>();
        for bytes in units {
            match pairs.unit(u32::from(unit(*bytes))) {
                // Zeros between the characters: it is UTF-32, or no text.
                Some('\0') => legibility = Legibility::Opaque,
                Some(c) => to(c),
                None => {}
            }
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

/// Looks for marks in what may be GB18030; of its table no more is carried than they need. `shifted` leaves the first byte of each
/// run of high bytes out: a stray byte before a mark must not hide it.
fn read_gb18030(content: &mut dyn Read, shifted: bool, to: &mut dyn FnMut(char)) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut lead = None;
    let mut fresh = true;
    loop {
        let length = fill(content, &mut piece)?;
        for &byte in &piece[..length] {
            lead = match lead {
                // A character of four bytes; no mark has one, and some are invisible.
                Some(_) if byte.is_ascii_digit() => None,
                Some(first) => {
                    to(from_gb18030(first, byte));
                    None
                }
                None if byte < 0x80 => {
                    to(char::from(byte));
                    None
                }
                None if shifted && fresh => None,
                None => Some(byte),
            };
            fresh = byte < 0x80;
        }
        if length < PIECE_BYTES {
            return Ok(());
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
    pairs: Pairs,
}

enum Escape {
    None,
    Begun,
    Unicode { value: u32, digits: u8 },
}

impl<'p> JsonText<'p> {
    pub(super) const fn new(search: Search<'p>) -> Self {
        Self { search, escape: Escape::None, pairs: Pairs { high: None } }
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
                    if let Some(c) = self.pairs.unit(value) {
                        self.search.take(c);
                    }
                    Escape::None
                } else {
                    Escape::Unicode { value, digits: digits + 1 }
                }
            }
        };
    }

    fn restart(&mut self) {
        self.search.restart();
        self.escape = Escape::None;
        self.pairs = Pairs::default();
    }
}
