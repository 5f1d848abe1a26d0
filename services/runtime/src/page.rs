//! Keyset pages.
//!
//! A page token is the key of the last row shown, opaque to the caller and bound to what was asked, so that it cannot be carried
//! to another list. It never authorizes: the call that brings it is checked like every other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vocabulary::Sm3Digest;

use crate::refusal::Violation;

/// How many rows a page has where the caller names no size.
pub const SIZE_DEFAULT: u32 = 50;

/// How many rows a page has at most; a larger wish is cut down to it (AIP-158).
pub const SIZE_MAX: u32 = 1_000;

/// How long a token may be: keys are short.
const TOKEN_LENGTH_MAX: usize = 1_024;

/// Bytes of the digest that binds a token to its list.
const BINDING_LENGTH: usize = 8;

/// A page that was asked for: how many rows, after which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    size: u32,
    after: Option<String>,
    binding: [u8; BINDING_LENGTH],
}

impl Page {
    /// Reads `page_size` and `page_token` of a list request. `list` names the list with its parent and filter: a token that was
    /// given for another list is refused.
    ///
    /// # Errors
    /// A [`Violation`] for a negative size, or a token that this list did not give.
    pub fn parse(page_size: i32, page_token: &str, list: &str) -> Result<Self, Violation> {
        let size = match u32::try_from(page_size) {
            Ok(0) => SIZE_DEFAULT,
            Ok(size) => size.min(SIZE_MAX),
            Err(_) => return Err(violation("page_size", "must not be negative; 0 means 50, the maximum is 1000")),
        };
        let binding = binding_of(list);
        let after = if page_token.is_empty() { None } else { Some(open(page_token, binding)?) };
        Ok(Self { size, after, binding })
    }

    /// How many rows the page has at most.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// How many rows to fetch: one more than the page has, to know whether another page follows.
    #[must_use]
    pub fn fetch(&self) -> i64 {
        i64::from(self.size) + 1
    }

    /// The key after which the page begins; `None` for the first page.
    #[must_use]
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Cuts fetched rows down to the page and makes the token of the next page, empty where none follows.
    pub fn close<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> String) -> (Vec<T>, String) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return (rows, String::new());
        }
        rows.truncate(size);
        let token = rows.last().map(|last| self.token(&key(last))).unwrap_or_default();
        (rows, token)
    }

    fn token(&self, key: &str) -> String {
        let mut bytes = self.binding.to_vec();
        bytes.extend_from_slice(key.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

fn binding_of(list: &str) -> [u8; BINDING_LENGTH] {
    let digest = Sm3Digest::of(list.as_bytes());
    std::array::from_fn(|at| digest.as_bytes()[at])
}

fn open(token: &str, binding: [u8; BINDING_LENGTH]) -> Result<String, Violation> {
    let refused = || violation("page_token", "was not given by this list; begin again without a token");
    if token.len() > TOKEN_LENGTH_MAX {
        return Err(refused());
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    let key = bytes.strip_prefix(&binding).ok_or_else(refused)?;
    String::from_utf8(key.to_vec()).map_err(|_| refused())
}

fn violation(field: &str, message: &str) -> Violation {
    Violation { field: field.to_owned(), code: "", message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_defaulted_and_bounded() {
        assert_eq!(Page::parse(0, "", "papers").map(|page| page.size()), Ok(50));
        assert_eq!(Page::parse(7, "", "papers").map(|page| page.size()), Ok(7));
        assert_eq!(Page::parse(i32::MAX, "", "papers").map(|page| page.size()), Ok(1_000));
        assert_eq!(Page::parse(-1, "", "papers").map_err(|fault| fault.field), Err("page_size".to_owned()));
    }

    #[test]
    fn a_token_continues_its_own_list_only() {
        let first = Page::parse(2, "", "papers?state=ARRIVED").expect("a first page");
        let (rows, token) = first.close(vec!["甲", "b", "c"], |row| (*row).to_owned());
        assert_eq!(rows, ["甲", "b"]);
        let next = Page::parse(2, &token, "papers?state=ARRIVED").expect("the next page");
        assert_eq!(next.after(), Some("b"));
        for (token, list) in [(token.as_str(), "papers"), ("?", "papers"), ("AAAA", "papers")] {
            assert_eq!(Page::parse(2, token, list).map_err(|fault| fault.field), Err("page_token".to_owned()));
        }
        assert!(Page::parse(2, &"A".repeat(2_000), "papers").is_err());
    }

    #[test]
    fn the_last_page_has_no_token() {
        let page = Page::parse(2, "", "papers").expect("a page");
        assert_eq!(page.close(vec![1, 2], ToString::to_string), (vec![1, 2], String::new()));
        assert_eq!(page.fetch(), 3);
    }
}
