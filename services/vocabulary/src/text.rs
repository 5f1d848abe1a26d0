//! How input is normalised before it is checked, and which characters no text may hold.
//!
//! The rule of identifiers.md §9: trim, bring full-width digits and letters to half width, raise letters of codes, remove inner
//! spaces. Only then is a form checked, and only the normalised form is stored and compared. Punctuation is left as it came:
//! a wrong bracket or dash is an error to be reported, not one to be hidden.

use unicode_normalization::UnicodeNormalization as _;

/// Normalises a text that is not a code, such as a document number.
///
/// Spaces of every kind are removed, full-width digits and letters become half width, and case is kept.
#[must_use]
pub fn normalise(input: &str) -> String {
    input.chars().filter(|c| !c.is_whitespace()).map(half_width).collect()
}

/// Normalises a code: as [`normalise`], and raises ASCII letters.
///
/// Only ASCII is raised: a Turkish `ı` must not become the `I` of another code.
#[must_use]
pub fn normalise_code(input: &str) -> String {
    let mut code = normalise(input);
    code.make_ascii_uppercase();
    code
}

/// Trims a text that people wrote and brings it into its composed form (NFC), so that one name has one spelling.
///
/// Nothing is transliterated, and no character is replaced by one that merely looks like it (identifiers.md §9.10).
#[must_use]
pub fn composed(input: &str) -> String {
    input.trim().nfc().collect()
}

/// Tells whether a text is made of ASCII digits only. The empty text is.
#[must_use]
pub fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a character changes how a text reads without being seen: a control, a line break among them, or one that turns the
/// direction of writing.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text reads as it is stored: none of its characters is hidden.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(is_hidden)
}

/// The distance between a full-width form and its ASCII character, constant over the whole block.
const FULL_WIDTH_OFFSET: u32 = 0xFEE0;

fn half_width(c: char) -> char {
    match c {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(u32::from(c) - FULL_WIDTH_OFFSET).unwrap_or(c),
        _ => c,
    }
}

/// Gives a value that wraps one `String` its reader, `Display` and `FromStr`. The type itself provides `parse`.
macro_rules! text_value {
    ($value:ident, $error:ty) => {
        impl $value {
            /// The normalised text, as it is stored and compared.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $value {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::str::FromStr for $value {
            type Err = $error;

            fn from_str(input: &str) -> Result<Self, Self::Err> {
                Self::parse(input)
            }
        }
    };
}

pub(crate) use text_value;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_raised_narrowed_and_closed_up() {
        assert_eq!(normalise_code(" 91320583ma000000 7r\u{3000}"), "91320583MA0000007R");
        assert_eq!(normalise_code("ＺＰ-０２-ａｂ"), "ZP-02-AB");
    }

    #[test]
    fn other_texts_keep_their_case_and_punctuation() {
        assert_eq!(normalise(" 昆政发（２０２６） 5号 a"), "昆政发（2026）5号a");
    }

    #[test]
    fn letters_outside_ascii_are_not_raised() {
        assert_eq!(normalise_code("ıß"), "ıß");
    }

    #[test]
    fn a_plain_text_has_no_control_and_turns_no_direction() {
        for text in ["", "张浦镇 3号", "a\u{3000}b", "a\u{200b}b", "👨\u{200d}👩"] {
            assert!(is_plain(text), "{text:?}");
        }
        let hidden = "\0\t\n\r\u{1b}\u{7f}\u{85}\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}";
        for c in hidden.chars() {
            assert!(!is_plain(&format!("a{c}b")), "{c:?}");
        }
    }

    #[test]
    fn a_composed_text_has_one_spelling() {
        assert_eq!(composed(" e\u{301}va\u{3000}"), "\u{e9}va");
        // The Greek dot is the middle dot by definition; the bullet only looks like it.
        assert_eq!(composed("阿\u{387}买"), "阿·买");
        assert_eq!(composed("阿•买"), "阿•买");
        assert_eq!(composed("\u{20bb7}野"), "\u{20bb7}野");
    }

    proptest! {
        #[test]
        fn composing_twice_changes_nothing(input in any::<String>()) {
            let once = composed(&input);
            prop_assert_eq!(composed(&once), once);
        }

        #[test]
        fn normalising_twice_changes_nothing(input in any::<String>()) {
            let once = normalise_code(&input);
            prop_assert_eq!(normalise_code(&once), once);
        }
    }
}
