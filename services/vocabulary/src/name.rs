//! Names of persons and of organisations (identifiers.md §9.10).
//!
//! A name is one text. It is never split into family and given name, never transliterated, and no length is taken for granted:
//! `欧阳娜娜`, `阿卜杜拉·买买提` and a rare character beyond the basic plane are names like any other.

use crate::text::{composed, is_plain, text_value};

/// The most characters of a person's name.
pub const PERSON_NAME_MAX: usize = 50;

/// The most characters of an organisation's name.
pub const ORGANISATION_NAME_MAX: usize = 200;

/// The dot between the parts of a name, U+00B7.
pub const MIDDLE_DOT: char = '·';

/// The name of a person, 1 to 50 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonName(String);

text_value!(PersonName, NameError);

/// The name of an organisation, 1 to 200 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganisationName(String);

text_value!(OrganisationName, NameError);

/// A text that is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty, or too long.
    #[error("a name has 1 to {max} characters")]
    Length {
        /// How many it may have.
        max: usize,
    },
    /// It holds a character that no name has: a digit, a mark, a control, another dot than `·`.
    #[error("a person's name is made of letters and Han characters, joined by · (U+00B7), a space, - or '")]
    Character,
    /// It holds a character that is not seen.
    #[error("a name holds no hidden character")]
    Hidden,
}

impl NameError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-NAME"
    }
}

impl PersonName {
    /// Reads a name: trimmed, composed (NFC), full-width letters narrowed. Spaces beside a Han character are slips of the
    /// keyboard and are removed; between the words of a foreign name one is kept.
    ///
    /// # Errors
    /// [`NameError`], the first of hidden characters, length, characters.
    pub fn parse(input: &str) -> Result<Self, NameError> {
        let name = close_up(&bounded(input, PERSON_NAME_MAX * 4)?);
        within(&name, PERSON_NAME_MAX)?;
        let joined = |c: char| matches!(c, MIDDLE_DOT | ' ' | '-' | '\'' | '’' | '.');
        let begins = name.starts_with(is_letter);
        if !begins || !name.chars().all(|c| is_letter(c) || joined(c) || is_variation(c)) {
            return Err(NameError::Character);
        }
        Ok(Self(name))
    }
}

impl OrganisationName {
    /// Reads a name: trimmed, composed (NFC), full-width digits and letters narrowed, spaces beside a Han character removed.
    ///
    /// # Errors
    /// [`NameError`] for a hidden character or a wrong length.
    pub fn parse(input: &str) -> Result<Self, NameError> {
        let name = close_up(&bounded(input, ORGANISATION_NAME_MAX * 4)?);
        within(&name, ORGANISATION_NAME_MAX)?;
        Ok(Self(name))
    }
}

/// Refuses what is far too long before it is worked upon, and what cannot be seen.
fn bounded(input: &str, most: usize) -> Result<String, NameError> {
    if input.chars().nth(most).is_some() {
        return Err(NameError::Length { max: most / 4 });
    }
    let text = composed(input);
    if is_plain(&text) { Ok(composed(&text.chars().map(narrow).collect::<String>())) } else { Err(NameError::Hidden) }
}

fn within(name: &str, max: usize) -> Result<(), NameError> {
    if (1..=max).contains(&name.chars().count()) { Ok(()) } else { Err(NameError::Length { max }) }
}

/// One space between two words of another script, none beside a Han character or a dot.
fn close_up(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let open = |c: char| !is_han(c) && !is_variation(c) && c != MIDDLE_DOT;
        if name.chars().last().is_some_and(open) && word.starts_with(open) {
            name.push(' ');
        }
        name.push_str(word);
    }
    name
}

fn narrow(c: char) -> char {
    crate::text::normalise(c.encode_utf8(&mut [0; 4])).chars().next().unwrap_or(' ')
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || is_han(c)
}

/// Whether a character is Han, in any plane: what later versions of Unicode add lies in planes 2 and 3.
fn is_han(c: char) -> bool {
    matches!(c, '〇' | '々' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether a character chooses one of the forms of the Han character before it.
fn is_variation(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person(text: &str) -> Result<String, NameError> {
        PersonName::parse(text).map(|name| name.to_string())
    }

    #[test]
    fn names_of_every_form_are_taken_whole() {
        let longest = "赵".repeat(PERSON_NAME_MAX);
        for name in [
            "张",
            "张三",
            "欧阳娜娜",
            "阿卜杜拉·买买提",
            "\u{20bb7}野",
            "𬱟\u{30000}",
            "〇一",
            "John Smith",
            "O'Neil",
            "Éva",
            &longest,
        ] {
            assert_eq!(person(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn slips_are_mended_and_nothing_is_transliterated() {
        for (typed, name) in [
            (" 张 三\u{3000}", "张三"),
            ("阿卜杜拉 · 买买提", "阿卜杜拉·买买提"),
            ("John   Smith", "John Smith"),
            ("Ｊohn 张", "John张"),
            ("E\u{301}va", "Éva"),
            ("張三", "張三"),
        ] {
            assert_eq!(person(typed).as_deref(), Ok(name), "{typed}");
        }
    }

    #[test]
    fn other_texts_are_no_names() {
        let long = "赵".repeat(PERSON_NAME_MAX + 1);
        for none in ["", "  ", long.as_str(), &"赵".repeat(10_000)] {
            assert_eq!(person(none), Err(NameError::Length { max: PERSON_NAME_MAX }));
        }
        for other in ["张3", "张•三", "张・三", "·张", "张(三)", "张@三", "-"] {
            assert_eq!(person(other), Err(NameError::Character), "{other}");
        }
        for hidden in ["张\n三", "张\u{202e}三", "张\0"] {
            assert_eq!(person(hidden), Err(NameError::Hidden), "{hidden:?}");
        }
        assert_eq!(NameError::Character.code(), "ID-NAME");
    }

    #[test]
    fn an_organisation_has_up_to_two_hundred_characters() {
        let name = |text: &str| OrganisationName::parse(text).map(|name| name.to_string());
        assert_eq!(name(" 昆山 某某（张浦）有限公司 ").as_deref(), Ok("昆山某某（张浦）有限公司"));
        assert_eq!(name("Ｋunshan ３Ｄ Ltd. & Co").as_deref(), Ok("Kunshan 3D Ltd. & Co"));
        let (longest, longer) = ("厂".repeat(ORGANISATION_NAME_MAX), "厂".repeat(ORGANISATION_NAME_MAX + 1));
        assert_eq!(name(&longest).as_deref(), Ok(longest.as_str()));
        assert_eq!(name(&longer), Err(NameError::Length { max: ORGANISATION_NAME_MAX }));
        assert_eq!(name("某\u{7}公司"), Err(NameError::Hidden));
        let endless = "\u{7}".repeat(ORGANISATION_NAME_MAX * 4 + 1);
        let told = Err(NameError::Length { max: ORGANISATION_NAME_MAX });
        assert_eq!(name(&endless), told, "its length is looked at before its characters");
    }

    proptest! {
        #[test]
        fn every_name_reads_back(text in "[\u{4e00}-\u{9fa5}\u{20000}-\u{2a6df}a-z]([\u{4e00}-\u{9fa5}a-zé·' -]){0,30}", input in any::<String>()) {
            for text in [&text, &input] {
                if let Ok(name) = PersonName::parse(text) {
                    prop_assert_eq!(PersonName::parse(name.as_str()), Ok(name));
                }
                if let Ok(name) = OrganisationName::parse(text) {
                    prop_assert_eq!(OrganisationName::parse(name.as_str()), Ok(name));
                }
            }
        }
    }
}
