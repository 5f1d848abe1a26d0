//! Personal details, masked: what a supervisor sees of the parties of a case (relay-and-sharing.md §8.8).
//!
//! Enough stays to tell two parties of one case apart, and not enough to find a person by.

/// A name with all but its first character masked: 张*, 欧***.
#[must_use]
pub fn person_name(name: &str) -> String {
    shown_ends(name, 1, 0)
}

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

/// An address with its first six characters, which name the county and hardly more.
#[must_use]
pub fn address(address: &str) -> String {
    shown_ends(address, 6, 0)
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
    fn the_forms_are_those_of_the_rule() {
        assert_eq!(person_name("张三"), "张*");
        assert_eq!(person_name("欧阳某某"), "欧***");
        assert_eq!(person_name("张"), "*");
        assert_eq!(identity_number("32058319900101001X"), "320583********001X");
        assert_eq!(identity_number("H12345678"), "*******78");
        assert_eq!(telephone("13800010001"), "138****0001");
        assert_eq!(telephone("57441234"), "******34");
        assert_eq!(address("江苏省昆山市张浦镇某某路1号"), "江苏省昆山市********");
    }

    proptest! {
        #[test]
        fn nothing_whole_is_ever_shown(text in "\\PC{1,30}") {
            for masked in [person_name(&text), identity_number(&text), telephone(&text), address(&text)] {
                prop_assert_eq!(masked.chars().count(), text.chars().count());
                prop_assert!(masked.contains('*'));
            }
        }
    }
}
