//! The text of XML: a mark may be cut by tags, or written with character references.

use super::decode::Take;
use super::{Patterns, Search, Seen};

/// The longest reference that is resolved, such as `#x79D8`.
const REFERENCE_LENGTH_MAX: usize = 10;

/// Searches the source as it stands, attributes and comments included, and the text without its tags.
pub(super) struct Markup<'p> {
    source: Search<'p>,
    text: Search<'p>,
    place: Place,
}

enum Place {
    Text,
    Tag,
    Reference(String),
}

impl<'p> Markup<'p> {
    pub(super) fn new(patterns: &'p Patterns) -> Self {
        let search = || Search::new(&patterns.patterns);
        Self { source: search(), text: search(), place: Place::Text }
    }

    pub(super) fn into_seen(self) -> Seen {
        let mut seen = self.source.seen;
        seen.merge(self.text.seen);
        seen
    }
}

impl Take for Markup<'_> {
    fn take(&mut self, c: char) {
        self.source.take(c);
        self.place = match (std::mem::replace(&mut self.place, Place::Text), c) {
            (Place::Text | Place::Reference(_), '<') => Place::Tag,
            (Place::Tag, '>') => Place::Text,
            (Place::Tag, _) => Place::Tag,
            (Place::Text, '&') => Place::Reference(String::new()),
            (Place::Reference(name), ';') => {
                self.text.take(resolve(&name));
                Place::Text
            }
            (Place::Reference(mut name), c) if name.len() < REFERENCE_LENGTH_MAX && c.is_ascii() => {
                name.push(c);
                Place::Reference(name)
            }
            (Place::Text | Place::Reference(_), c) => {
                self.text.take(c);
                Place::Text
            }
        };
    }
}

fn resolve(name: &str) -> char {
    let code = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => number.parse().ok(),
        },
        None => None,
    };
    code.and_then(char::from_u32).unwrap_or('\u{fffd}')
}
