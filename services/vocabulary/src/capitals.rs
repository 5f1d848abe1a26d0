//! Sums in the characters used on payment papers (大写), which cannot be altered with a stroke of the pen.
//!
//! Digits 零壹贰叁肆伍陆柒捌玖, places 拾佰仟万亿, units 圆角分; whole yuan end in 整 (identifiers.md §9.8). Empty places
//! between two filled ones are read as one 零, and none is read before 圆.

use crate::money::Money;

const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];

/// The units from the largest. What stands before a unit is read as a number of its own, so 万亿 needs no entry.
const UNITS: [(u64, char); 5] = [(100_000_000, '亿'), (10_000, '万'), (1_000, '仟'), (100, '佰'), (10, '拾')];

/// Writes a sum in capitals; none for a negative sum, which is never printed so.
#[must_use]
pub fn in_capitals(sum: Money) -> Option<String> {
    let fen = u64::try_from(sum.fen()).ok()?;
    let yuan = fen / 100;
    let (jiao, fen) = (fen / 10 % 10, fen % 10);
    if yuan == 0 && jiao == 0 && fen == 0 {
        return Some("零圆整".to_owned());
    }
    let mut text = String::new();
    if yuan > 0 {
        text.push_str(&whole(yuan));
        text.push('圆');
    }
    match (jiao, fen) {
        (0, 0) => text.push('整'),
        (0, fen) => {
            if yuan > 0 {
                text.push('零');
            }
            text.extend([digit(fen), '分']);
        }
        (jiao, 0) => text.extend([digit(jiao), '角', '整']),
        (jiao, fen) => text.extend([digit(jiao), '角', digit(fen), '分']),
    }
    Some(text)
}

/// Writes a whole number above zero.
fn whole(number: u64) -> String {
    let Some((unit, name)) = UNITS.into_iter().find(|(unit, _)| number >= *unit) else {
        return digit(number).to_string();
    };
    let mut text = whole(number / unit);
    text.push(name);
    let rest = number % unit;
    if rest > 0 {
        if rest < unit / 10 {
            text.push('零');
        }
        text.push_str(&whole(rest));
    }
    text
}

fn digit(value: u64) -> char {
    usize::try_from(value).ok().and_then(|index| DIGITS.get(index).copied()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_specification_hold() {
        let cases = [
            ("10000.00", "壹万圆整"),
            ("100200.05", "壹拾万零贰佰圆零伍分"),
            ("1420000000.00", "壹拾肆亿贰仟万圆整"),
            ("0.00", "零圆整"),
            ("0.07", "柒分"),
            ("0.30", "叁角整"),
            ("10.50", "壹拾圆伍角整"),
            ("1001.11", "壹仟零壹圆壹角壹分"),
            ("1234500000000.00", "壹万贰仟叁佰肆拾伍亿圆整"),
            ("100000001.00", "壹亿零壹圆整"),
        ];
        for (sum, expected) in cases {
            let sum = sum.parse().expect("a sum");
            assert_eq!(in_capitals(sum).as_deref(), Some(expected));
        }
        assert_eq!(in_capitals(Money::from_fen(-1)), None);
    }

    /// Reads a whole number back: what stands before the largest unit is multiplied by it.
    fn read(text: &[char]) -> u64 {
        let text = text.strip_prefix(&['零']).unwrap_or(text);
        for (unit, name) in UNITS {
            if let Some(place) = text.iter().rposition(|c| *c == name) {
                return read(&text[..place]) * unit + read(&text[place + 1..]);
            }
        }
        match text {
            [one] => u64::try_from(DIGITS.iter().position(|c| c == one).expect("a digit")).expect("small"),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn whole_yuan_read_back(yuan in prop_oneof![1u64..100_000, 1u64..92_233_720_368_547_758]) {
            let text: Vec<char> = whole(yuan).chars().collect();
            prop_assert_eq!(read(&text), yuan);
        }

        #[test]
        fn no_sum_panics(fen in any::<i64>()) {
            prop_assert_eq!(in_capitals(Money::from_fen(fen)).is_some(), fen >= 0);
        }
    }
}
