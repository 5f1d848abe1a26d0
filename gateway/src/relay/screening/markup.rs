//! The text of XML: a mark may be cut by tags and comments, stand in CDATA, or be written with character references.

use super::decode::{Legibility, Take};
use super::{Patterns, Search, Seen};

/// The longest name of an entity that is known without a definition, such as `quot`.
const NAME_LENGTH_MAX: usize = 8;

/// As much of a processing instruction as tells the encoding.
const INSTRUCTION_LENGTH_MAX: usize = 200;

/// As much after `<` as tells what begins there: `![CDATA[`.
const OPENING_LENGTH_MAX: usize = 8;

/// Searches the source, attributes and comments included, and the text without its tags; both with their references resolved.
///
/// What another reader might understand otherwise makes the whole opaque: definitions of entities, an encoding that is not the one
/// it was read in, an unknown entity, an end in the middle of something.
pub(super) struct Markup<'p> {
    source: Search<'p>,
    text: Search<'p>,
    place: Place,
    reference: Option<Reference>,
    odd: bool,
}

enum Place {
    Text,
    /// After `<`, as long as it may begin a comment, CDATA, or a definition.
    Opening(String),
    Tag {
        quote: Option<char>,
    },
    Instruction {
        text: String,
        ending: bool,
    },
    /// How many characters of `-->` were there.
    Comment(u8),
    /// How many characters of `]]>` were there.
    CData(u8),
}

enum Reference {
    Begun,
    Number { radix: u32, value: u32 },
    Name(String),
}

impl<'p> Markup<'p> {
    pub(super) fn new(patterns: &'p Patterns) -> Self {
        let search = || Search::new(&patterns.patterns);
        Self { source: search(), text: search(), place: Place::Text, reference: None, odd: false }
    }

    pub(super) fn into_seen(self) -> (Legibility, Seen) {
        let ended = matches!(self.place, Place::Text) && self.reference.is_none();
        let mut seen = self.source.seen;
        seen.merge(self.text.seen);
        (if ended && !self.odd { Legibility::Text } else { Legibility::Opaque }, seen)
    }

    /// Takes a character that a reference stands for: it begins no tag.
    fn resolved(&mut self, c: char) {
        self.source.take(c);
        if matches!(self.place, Place::Text | Place::CData(_)) {
            self.text.take(c);
        }
    }

    fn refer(&mut self, reference: Reference, c: char) {
        self.reference = match (reference, c) {
            (Reference::Begun, '#') => Some(Reference::Number { radix: 10, value: 0 }),
            (Reference::Number { radix: 10, value: 0 }, 'x' | 'X') => Some(Reference::Number { radix: 16, value: 0 }),
            // However many zeros lead, it is the same character.
            (Reference::Number { radix, value }, c) if c.is_digit(radix) => {
                let digit = c.to_digit(radix).unwrap_or_default();
                Some(Reference::Number { radix, value: value.saturating_mul(radix).saturating_add(digit) })
            }
            (Reference::Number { value, .. }, ';') => {
                self.resolved(char::from_u32(value).unwrap_or('\u{fffd}'));
                None
            }
            (Reference::Begun, c) if c.is_alphanumeric() => Some(Reference::Name(c.to_string())),
            (Reference::Name(mut name), c) if c.is_alphanumeric() && name.chars().count() < NAME_LENGTH_MAX => {
                name.push(c);
                Some(Reference::Name(name))
            }
            (Reference::Name(name), ';') if entity(&name).is_some() => {
                self.resolved(entity(&name).unwrap_or_default());
                None
            }
            // No reference after all, or one that only a definition could explain: what it swallowed is text.
            (Reference::Name(name), c) => {
                self.odd = true;
                name.chars().for_each(|c| self.resolved(c));
                self.plain(c);
                None
            }
            (Reference::Begun | Reference::Number { .. }, c) => {
                self.odd = true;
                self.plain(c);
                None
            }
        };
    }

    fn plain(&mut self, c: char) {
        self.source.take(c);
        self.place = match (std::mem::replace(&mut self.place, Place::Text), c) {
            (Place::Text, '<') => Place::Opening(String::new()),
            (Place::Text, c) => {
                self.text.take(c);
                Place::Text
            }
            (Place::Opening(begun), c) => self.opening(begun, c),
            (Place::Tag { quote: None }, '>') => Place::Text,
            (Place::Tag { quote: None }, '"' | '\'') => Place::Tag { quote: Some(c) },
            (Place::Tag { quote: Some(quote) }, c) if c == quote => Place::Tag { quote: None },
            (tag @ Place::Tag { .. }, _) => tag,
            (Place::Instruction { text, ending: true }, '>') => {
                self.odd |= other_encoding(&text);
                Place::Text
            }
            (Place::Instruction { mut text, .. }, c) => {
                if text.len() < INSTRUCTION_LENGTH_MAX {
                    text.push(c.to_ascii_lowercase());
                }
                Place::Instruction { text, ending: c == '?' }
            }
            (Place::Comment(2..), '>') => Place::Text,
            (Place::Comment(dashes), '-') => Place::Comment(dashes.saturating_add(1)),
            (Place::Comment(_), _) => Place::Comment(0),
            (Place::CData(2..), '>') => Place::Text,
            // Brackets wait: they may be the end, and then they are no text.
            (Place::CData(brackets), ']') => Place::CData(brackets.saturating_add(1)),
            (Place::CData(brackets), c) => {
                (0..brackets).for_each(|_| self.text.take(']'));
                self.text.take(c);
                Place::CData(0)
            }
        };
    }

    fn opening(&mut self, mut begun: String, c: char) -> Place {
        begun.push(c);
        match &*begun {
            "?" => Place::Instruction { text: String::new(), ending: false },
            "!--" => Place::Comment(0),
            "![CDATA[" => Place::CData(0),
            begun if begun.len() < OPENING_LENGTH_MAX && ["!--", "![CDATA["].iter().any(|it| it.starts_with(begun)) => {
                Place::Opening(begun.to_owned())
            }
            begun => {
                // A definition of a document type may define entities, and so any text at all.
                self.odd |= begun.starts_with('!');
                if c == '>' { Place::Text } else { Place::Tag { quote: Some(c).filter(|c| matches!(c, '"' | '\'')) } }
            }
        }
    }
}

impl Take for Markup<'_> {
    fn take(&mut self, c: char) {
        if c == '\0' {
            return;
        }
        match self.reference.take() {
            Some(reference) => self.refer(reference, c),
            None if c == '&' => self.reference = Some(Reference::Begun),
            None => self.plain(c),
        }
    }

    fn restart(&mut self) {
        self.source.restart();
        self.text.restart();
        self.place = Place::Text;
        self.reference = None;
    }
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

fn other_encoding(instruction: &str) -> bool {
    instruction.contains("encoding") && !["utf-8", "utf8", "utf-16", "utf16"].iter().any(|it| instruction.contains(it))
}
