//! How personal data is shown where the whole of it need not be known (relay-and-sharing.md §8.7).
//!
//! The defaults: a name `张*`, a resident's number `320583********001X`, a telephone number `138****0000`, a bank account by its
//! last four digits, an address down to the street. A credit code is public and is not masked. Who may see more, for which case
//! and why, is decided and logged by the service that shows it.

use crate::phone::PhoneNumber;
use crate::text::is_digits;

/// What stands for what is hidden. Its length tells nothing.
const HIDDEN: &str = "****";

/// How many characters of the end are shown of a number that is told apart by its end.
const SHOWN: usize = 4;

/// A person's name by its first character, `张*`: the one form that §8.7 gives, in every list and every file. One star stands for
/// whatever follows, and for nothing, so that neither the length of a name nor a name of one character is given away. Nothing is
/// split, so a double-character surname is shown by half. What is no well-formed name is masked all the same.
#[must_use]
pub fn name(name: &str) -> String {
    let first = name.trim().chars().next();
    first.into_iter().flat_map(|first| [first, '*']).collect()
}

/// A telephone number by its first three and last four digits, a landline by its area code and last four. A hotline is public.
#[must_use]
pub fn phone(number: &PhoneNumber) -> String {
    match number {
        PhoneNumber::Hotline(number) => number.clone(),
        PhoneNumber::Mobile(number) => covered(number, 3),
        PhoneNumber::Landline(number) => covered(number, number.find('-').map_or(0, |hyphen| hyphen + 1)),
    }
}

/// A bank account by its last four digits, `****1234`. One that is too short to hide anything is hidden whole.
#[must_use]
pub fn bank_account(account: &str) -> String {
    let account = crate::text::normalise(account);
    if is_digits(&account) { end_of(&account) } else { HIDDEN.to_owned() }
}

/// A number of any form by its end, if it is long enough that the end does not give it away.
pub(crate) fn end_of(number: &str) -> String {
    let length = number.chars().count();
    let shown = if length >= 2 * SHOWN { SHOWN } else { 0 };
    HIDDEN.chars().chain(number.chars().skip(length - shown)).collect()
}

/// The words with which the name of a street ends.
const STREETS: [&str; 7] = ["大道", "公路", "路", "街", "巷", "弄", "胡同"];

/// The words with which a town, a village or a part of a city ends, as far as an address without a street is shown.
const PLACES: [&str; 6] = ["街道", "镇", "乡", "县", "区", "市"];

/// An address down to its street, `昆山市张浦镇商鞅路****`; where it names none, down to the town. House, floor and door are hidden.
#[must_use]
pub fn address(address: &str) -> String {
    let address = address.trim();
    // A house number ends what may be shown, wherever it stands.
    let head = address.find(|c: char| c.is_numeric() && !is_han_number(c)).map_or(address, |digit| &address[..digit]);
    let shown = end_of_street(head).or_else(|| end_of_place(head)).unwrap_or(0);
    if shown == address.len() { address.to_owned() } else { format!("{}{HIDDEN}", &address[..shown]) }
}

/// Where the first street ends. `街道` is a part of a city and no street.
fn end_of_street(head: &str) -> Option<usize> {
    let end = |word: &str| {
        let found =
            head.match_indices(word).find(|(at, _)| !(word == "街" && head[at + word.len()..].starts_with('道')));
        found.map(|(at, _)| at + word.len())
    };
    STREETS.into_iter().filter_map(end).min()
}

fn end_of_place(head: &str) -> Option<usize> {
    PLACES.into_iter().find_map(|word| head.find(word).map(|at| at + word.len()))
}

/// Numbers in Han characters stand in the names of streets, as in 人民一路.
fn is_han_number(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{4e00}'..='\u{9fff}')
}

fn covered(number: &str, first: usize) -> String {
    let last = number.len().saturating_sub(SHOWN);
    let cover = |(at, c)| if at < first || at >= last { c } else { '*' };
    number.char_indices().map(cover).collect()
}

// What a file holds need not be well-formed, and is masked all the same.

/// The number of an identity paper with its first six and last four characters: 320583********001X. A short number keeps only its
/// last two.
#[must_use]
pub fn identity_number(number: &str) -> String {
    match number.chars().count() {
        15.. => shown_ends(number, 6, 4),
        _ => shown_ends(number, 0, 2),
    }
}

/// A telephone number with its first three and last four digits: 138****0001. A short one keeps only its last two.
#[must_use]
pub fn telephone(number: &str) -> String {
    match number.chars().count() {
        11.. => shown_ends(number, 3, 4),
        _ => shown_ends(number, 0, 2),
    }
}

/// Keeps the first and the last characters. What is no longer than both together is masked whole.
fn shown_ends(text: &str, first: usize, last: usize) -> String {
    let length = text.chars().count();
    let whole = length <= first + last;
    let shown = |at: usize| !whole && (at < first || at >= length - last);
    text.chars().enumerate().map(|(at, c)| if shown(at) { c } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_shown_by_its_first_character() {
        for (whole, shown) in [
            ("张三", "张*"),
            ("张三丰", "张*"),
            ("张", "张*"),
            ("欧阳娜娜", "欧*"),
            ("阿卜杜拉·买买提", "阿*"),
            ("𠮷野", "𠮷*"),
            (" 张三", "张*"),
            ("", ""),
        ] {
            assert_eq!(name(whole), shown, "{whole}");
        }
    }

    #[test]
    fn a_telephone_number_is_shown_by_its_ends() {
        for (whole, shown) in [
            ("13812340000", "138****0000"),
            ("0512-57441234", "0512-****1234"),
            ("025-1234567", "025-***4567"),
            ("12345", "12345"),
            ("110", "110"),
        ] {
            assert_eq!(phone(&PhoneNumber::parse(whole).expect("a number")), shown);
        }
    }

    #[test]
    fn a_bank_account_is_shown_by_its_last_four_digits() {
        assert_eq!(bank_account("6222 0000 1111 2345 678"), "****5678");
        assert_eq!(bank_account("6222-0000-1111-2345"), "****");
        for short in ["", "1234", "1234567"] {
            assert_eq!(bank_account(short), "****");
        }
    }

    #[test]
    fn an_address_is_shown_down_to_its_street() {
        for (whole, shown) in [
            ("昆山市张浦镇商鞅路168号3幢201室", "昆山市张浦镇商鞅路****"),
            ("江苏省昆山市张浦镇人民一路８号", "江苏省昆山市张浦镇人民一路****"),
            ("柏庐街道震川西路阳光里小区五幢", "柏庐街道震川西路****"),
            ("玉山镇前进大道一百号", "玉山镇前进大道****"),
            ("张浦镇老街后巷二号", "张浦镇老街****"),
            ("昆山市柏庐街道某小区3幢", "昆山市柏庐街道****"),
            ("昆山市张浦镇某村12组", "昆山市张浦镇****"),
            ("张浦镇商鞅路", "张浦镇商鞅路"),
            ("某处", "****"),
            ("", ""),
        ] {
            assert_eq!(address(whole), shown, "{whole}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_masking_panic(input in any::<String>(), near in "[张浦镇街道路市0-9八 -]{0,20}") {
            for text in [&input, &near] {
                let shown = address(text);
                prop_assert!(shown.ends_with(HIDDEN) || shown == text.trim());
                let _ = (bank_account(text), end_of(text));
            }
        }

        #[test]
        fn no_house_number_is_shown(house in "[1-9][0-9]{0,3}", street in "(商鞅路|人民一路|老街|某村|)") {
            let shown = address(&format!("昆山市张浦镇{street}{house}号"));
            prop_assert!(!shown.contains(&house));
        }
    }

    #[test]
    fn texts_of_any_form_are_masked() {
        assert_eq!(identity_number("32058319900101001X"), "320583********001X");
        assert_eq!(identity_number("H12345678"), "*******78");
        assert_eq!(telephone("13800010001"), "138****0001");
        assert_eq!(telephone("57441234"), "******34");
    }
}
