//! What the methods of the office read alike: pages, and names that this service gave.

use runtime::page::Page;
pub(crate) use runtime::refusal::fields::{Fields, day_to_wire, instant, instant_to_wire};
use runtime::refusal::{Denial, Violation};
use vocabulary::text::is_plain;

/// Reads which page of a list is wanted. Keys are text, so a token with other contents was not given by any list.
///
/// # Errors
/// [`Denial::Malformed`] for a bad size or token.
pub(crate) fn page(size: i32, token: &str, list: &str) -> Result<Page, Denial> {
    let page = Page::parse(size, token, list)?;
    if page.after().is_some_and(|key| !is_plain(key)) {
        return Err(bad_token());
    }
    Ok(page)
}

/// The fault of a page token that no list gave.
pub(crate) fn bad_token() -> Denial {
    Violation::malformed("page_token", "was not given by this list; begin again without a token").into()
}

/// The one-field fault of a name that was not given by this service.
pub(crate) fn no_name(field: &str, form: &str) -> Denial {
    Denial::from(Violation::malformed(field, format!("must be a name of the form {form}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_with_odd_contents_is_malformed() {
        let (_, token) = Page::parse(1, "", "papers").expect("a page").close(vec![1, 2], |_| "a\0b".to_owned());
        let Err(Denial::Malformed(faults)) = page(1, &token, "papers") else { panic!("it was not given by a list") };
        assert_eq!(faults[0].field, "page_token");
    }
}
