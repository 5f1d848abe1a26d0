//! What the gateway looks for in texts before a paper enters any queue (relay-and-sharing.md §8.1, §8.3).
//!
//! Secrets: a grade followed by a star, `(绝密|机密|秘密)\s*[★☆]`, and 工作秘密. A bare 内部资料 is no secret, but waits for OFFICE.
//! Demands and the words of consent decide whether a department directs the town government.
//!
//! White space and invisible characters never hide a mark: the search runs over the text without them, which takes in the
//! `\s*` of the law and the 秘 密 that old typewriters left. Looking reads a content as a stream and keeps a few characters of it.

mod container;
mod decode;
mod kind;
mod look;
mod markup;
mod ofd;

use vocabulary::screening::{SECRECY_MARKS, is_invisible};

pub use kind::Kind;
pub use look::{Caller, Look, Looks};

/// The longest pattern, in characters.
const PATTERN_LENGTH_MAX: usize = 32;

/// The mark that is no secret but waits for OFFICE's decision.
const INTERNAL: &str = "内部资料";

/// What a pattern stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    Secret,
    Internal,
    Demand,
    Consent,
}

#[derive(Clone, Debug)]
struct Pattern {
    sense: Sense,
    chars: Vec<char>,
}

/// The patterns that texts are searched for.
#[derive(Clone, Debug)]
pub struct Patterns {
    patterns: Vec<Pattern>,
}

/// A pattern that cannot be searched for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pattern has 2 to 32 characters without white space")]
pub struct PatternError;

impl Patterns {
    /// The marks of secrets, with the words of demands and of consent.
    ///
    /// # Errors
    /// [`PatternError`] where a word is too short, too long, or holds white space.
    pub fn new(demands: &[String], consents: &[String]) -> Result<Self, PatternError> {
        let fixed = SECRECY_MARKS.iter().map(|word| (Sense::Secret, *word)).chain([(Sense::Internal, INTERNAL)]);
        let demands = demands.iter().map(|word| (Sense::Demand, word.as_str()));
        let consents = consents.iter().map(|word| (Sense::Consent, word.as_str()));
        let patterns = fixed.chain(demands).chain(consents).map(|(sense, word)| Pattern::new(sense, word));
        Ok(Self { patterns: patterns.collect::<Result<_, _>>()? })
    }
}

impl Pattern {
    fn new(sense: Sense, word: &str) -> Result<Self, PatternError> {
        let chars: Vec<char> = word.chars().collect();
        let length = (2..=PATTERN_LENGTH_MAX).contains(&chars.len());
        if length && !chars.iter().any(|c| is_invisible(*c)) { Ok(Self { sense, chars }) } else { Err(PatternError) }
    }
}

/// What a text, or several, turned out to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The first mark of a secret, as the pattern writes it.
    pub secret: Option<String>,
    /// A bare 内部资料.
    pub internal: bool,
    /// The first demand.
    pub demand: Option<String>,
    /// Words that tell the city government's consent.
    pub consent: bool,
}

impl Seen {
    /// Adds what another text holds.
    pub fn merge(&mut self, other: Self) {
        self.secret = self.secret.take().or(other.secret);
        self.demand = self.demand.take().or(other.demand);
        self.internal |= other.internal;
        self.consent |= other.consent;
    }

    fn note(&mut self, pattern: &Pattern) {
        let word = || pattern.chars.iter().collect();
        match pattern.sense {
            Sense::Secret => self.secret = self.secret.take().or_else(|| Some(word())),
            Sense::Demand => self.demand = self.demand.take().or_else(|| Some(word())),
            Sense::Internal => self.internal = true,
            Sense::Consent => self.consent = true,
        }
    }
}

/// A search over a text that comes character by character.
#[derive(Debug)]
struct Search<'p> {
    patterns: &'p [Pattern],
    last: [char; PATTERN_LENGTH_MAX],
    at: usize,
    seen: Seen,
}

impl<'p> Search<'p> {
    const fn new(patterns: &'p [Pattern]) -> Self {
        Self {
            patterns,
            last: ['\0'; PATTERN_LENGTH_MAX],
            at: 0,
            seen: Seen { secret: None, internal: false, demand: None, consent: false },
        }
    }

    /// Forgets the text, and keeps what was seen.
    const fn restart(&mut self) {
        self.at = 0;
    }

    fn take(&mut self, c: char) {
        if is_invisible(c) {
            return;
        }
        self.last[self.at % PATTERN_LENGTH_MAX] = c;
        self.at += 1;
        // A pattern without its last character cannot end here; that sorts out nearly all of them at once.
        for pattern in self.patterns {
            if pattern.chars.last() == Some(&c) && self.ends_with(&pattern.chars) {
                self.seen.note(pattern);
            }
        }
    }

    fn ends_with(&self, chars: &[char]) -> bool {
        let from_end = chars.iter().rev().enumerate();
        self.at >= chars.len()
            && from_end.into_iter().all(|(back, c)| self.last[(self.at - 1 - back) % PATTERN_LENGTH_MAX] == *c)
    }
}

/// Looks through the text of a payload, with the escapes of JSON resolved.
#[must_use]
pub fn look_at_payload(payload: &[u8], patterns: &Patterns) -> Seen {
    use decode::Take as _;
    let mut reader = decode::JsonText::new(Search::new(&patterns.patterns));
    // A payload that is not UTF-8 is refused for its format; what can be read of it is still looked through.
    for piece in payload.utf8_chunks() {
        piece.valid().chars().for_each(|c| reader.take(c));
        reader.take('\u{fffd}');
    }
    reader.into_seen()
}

#[cfg(test)]
mod tests;
