//! A strict scanner of compact JSON: no white space, no key twice in one object, and every fault has its byte.
//!
//! A general JSON reader would forgive what a signature must not: it skips white space, lets the last of two equal keys win, and
//! says nothing about order.

use std::borrow::Cow;
use std::collections::HashSet;
use std::mem;

use vocabulary::text::is_plain;

use super::FormatFault;

/// How deep arrays and objects may lie in each other.
const DEPTH_MAX: usize = 16;

const STRING: &str = "expected a string";
const NOT_PLAIN: &str = "no character that controls or turns the direction of writing may stand here, not even escaped";
const ESCAPE: &str = "an escape of the string is not one of JSON";

/// A place in the text of a payload.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    key: &'static str,
    plain: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, key: "v", plain: false }
    }

    /// The byte that comes next.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Names the known key that faults from here on are reported at.
    pub(super) const fn name(&mut self, key: &'static str) {
        self.key = key;
    }

    pub(super) const fn fault(&self, rule: &'static str) -> FormatFault {
        self.fault_at(self.at, rule)
    }

    pub(super) const fn fault_at(&self, offset: usize, rule: &'static str) -> FormatFault {
        FormatFault { offset, key: self.key, rule }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes `literal` if it comes next.
    pub(super) fn take(&mut self, literal: &str) -> bool {
        let there = self.rest().starts_with(literal);
        if there {
            self.at += literal.len();
        }
        there
    }

    pub(super) fn expect(&mut self, literal: &str, rule: &'static str) -> Result<(), FormatFault> {
        if self.take(literal) { Ok(()) } else { Err(self.fault(rule)) }
    }

    /// Takes `"key":`, after a comma unless it is the first of its object. Known keys are written without escapes.
    pub(super) fn member(&mut self, key: &'static str, label: &'static str, first: bool) -> Result<(), FormatFault> {
        self.name(label);
        if !first {
            self.expect(",", "expected a comma and the next key of the fixed order")?;
        }
        let fault = self.fault("expected this key next: the order of keys is fixed, and there is no white space");
        let there = self.take("\"") && self.take(key) && self.take("\":");
        if there { Ok(()) } else { Err(fault) }
    }

    /// Reads what holds plain strings only, keys among them.
    pub(super) fn plainly<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, FormatFault>,
    ) -> Result<T, FormatFault> {
        let before = mem::replace(&mut self.plain, true);
        let read = read(self);
        self.plain = before;
        read
    }

    /// Takes a string and resolves its escapes.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, FormatFault> {
        let start = self.at;
        let string = self.any_string()?;
        if self.plain && !is_plain(&string) { Err(self.fault_at(start, NOT_PLAIN)) } else { Ok(string) }
    }

    fn any_string(&mut self) -> Result<Cow<'a, str>, FormatFault> {
        self.expect("\"", STRING)?;
        let start = self.at;
        let mut resolved: Option<String> = None;
        loop {
            let piece = self.rest();
            let plain = piece
                .find(|c: char| c == '"' || c == '\\' || c < ' ')
                .ok_or_else(|| self.fault_at(self.text.len(), "the string does not end"))?;
            if let Some(text) = &mut resolved {
                text.push_str(&piece[..plain]);
            }
            self.at += plain;
            if self.take("\"") {
                let raw = &self.text[start..self.at - 1];
                return Ok(resolved.map_or(Cow::Borrowed(raw), Cow::Owned));
            }
            let text = resolved.get_or_insert_with(|| self.text[start..self.at].to_owned());
            if !self.take("\\") {
                return Err(self.fault("a control character must be escaped in a string"));
            }
            let escaped = self.escape()?;
            text.push(escaped);
        }
    }

    fn escape(&mut self) -> Result<char, FormatFault> {
        let fault = self.fault(ESCAPE);
        let plain = match self.peek().ok_or(fault)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(fault),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode_escape(&mut self) -> Result<char, FormatFault> {
        let high = self.code_unit()?;
        if !(0xD800..0xE000).contains(&high) {
            return char::from_u32(high).ok_or_else(|| self.fault(ESCAPE));
        }
        let lone = self.fault("half of a surrogate pair stands alone");
        if high >= 0xDC00 || !self.take("\\") {
            return Err(lone);
        }
        let low = self.code_unit()?;
        if !(0xDC00..0xE000).contains(&low) {
            return Err(lone);
        }
        char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)).ok_or(lone)
    }

    fn code_unit(&mut self) -> Result<u32, FormatFault> {
        let fault = self.fault(ESCAPE);
        let digits = self.rest().get(1..5).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let unit = digits.filter(|_| self.peek() == Some(b'u')).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 5;
        unit.ok_or(fault)
    }

    /// Takes a whole number without sign, fraction and exponent.
    pub(super) fn integer(&mut self) -> Result<u64, FormatFault> {
        let fault = self.fault("expected a whole number without sign, fraction, exponent or leading zero");
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let number = &self.rest()[..digits];
        if digits > 1 && number.starts_with('0') {
            return Err(fault);
        }
        let value = number.parse().map_err(|_| fault)?;
        self.at += digits;
        Ok(value)
    }

    /// Takes an array, element by element.
    pub(super) fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), FormatFault>,
    ) -> Result<(), FormatFault> {
        self.expect("[", "expected an array")?;
        if self.take("]") {
            return Ok(());
        }
        loop {
            element(self)?;
            if self.take("]") {
                return Ok(());
            }
            self.expect(",", "expected a comma or the end of the array")?;
        }
    }

    /// Takes an object of unknown keys, member by member; no key stands twice.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &str) -> Result<(), FormatFault>,
    ) -> Result<(), FormatFault> {
        self.expect("{", "expected an object")?;
        if self.take("}") {
            return Ok(());
        }
        let mut seen: HashSet<Cow<'a, str>> = HashSet::new();
        loop {
            let start = self.at;
            let key = self.string()?;
            self.expect(":", "expected a colon after the key")?;
            member(self, &key)?;
            if !seen.insert(key) {
                return Err(self.fault_at(start, "the key stands twice"));
            }
            if self.take("}") {
                return Ok(());
            }
            self.expect(",", "expected a comma or the end of the object")?;
        }
    }

    /// Takes any value, and keeps nothing of it.
    pub(super) fn skip_value(&mut self) -> Result<(), FormatFault> {
        self.skip(DEPTH_MAX)
    }

    fn skip(&mut self, depth: usize) -> Result<(), FormatFault> {
        let inner = depth.checked_sub(1).ok_or_else(|| self.fault("arrays and objects lie too deep in each other"))?;
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'[') => self.array(|scanner| scanner.skip(inner)),
            Some(b'{') => self.object(|scanner, _| scanner.skip(inner)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) | None if self.take("true") || self.take("false") || self.take("null") => Ok(()),
            Some(_) | None => Err(self.fault("expected a value; there is no white space between tokens")),
        }
    }

    fn number(&mut self) -> Result<(), FormatFault> {
        let fault = self.fault("the number is not one of JSON");
        self.take("-");
        if !self.take("0") && self.digits() == 0 {
            return Err(fault);
        }
        if self.take(".") && self.digits() == 0 {
            return Err(fault);
        }
        if self.take("e") || self.take("E") {
            let _sign = self.take("+") || self.take("-");
            if self.digits() == 0 {
                return Err(fault);
            }
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += digits;
        digits
    }
}
