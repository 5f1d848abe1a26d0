//! Sums in 万 and 亿, for people to read (identifiers.md §9.8). Display only: nothing is ever read back from it, stored or
//! exchanged.

use crate::money::Money;

/// The units, in fen, from the largest.
const UNITS: [(u64, &str); 2] = [(10_000_000_000, "亿元"), (1_000_000, "万元")];

/// Writes a sum in its largest unit with at most two decimals, rounded half away from zero: `14.2亿元`, `1.23万元`, `99.50元`.
#[must_use]
pub fn in_large_units(sum: Money) -> String {
    let fen = sum.fen().unsigned_abs();
    let Some((unit, name)) = UNITS.into_iter().find(|(unit, _)| fen >= *unit) else { return format!("{sum}元") };
    let sign = if sum.fen() < 0 { "-" } else { "" };
    // Hundredths of the unit; half a hundredth counts up.
    let hundredth = unit / 100;
    let hundredths = fen / hundredth + u64::from(fen % hundredth >= hundredth / 2);
    let decimals = format!("{:02}", hundredths % 100);
    let decimals = decimals.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{decimals}{name}", hundredths / 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sums_are_shown_in_their_largest_unit() {
        for (fen, shown) in [
            (142_000_000_000, "14.2亿元"),
            (10_000_000_000, "1亿元"),
            (1_234_567, "1.23万元"),
            (1_235_000, "1.24万元"),
            (-1_235_000, "-1.24万元"),
            (999_999, "9999.99元"),
            (9_950, "99.50元"),
            (0, "0.00元"),
        ] {
            assert_eq!(in_large_units(Money::from_fen(fen)), shown);
        }
    }

    proptest! {
        #[test]
        fn no_sum_panics(fen in any::<i64>()) {
            prop_assert!(in_large_units(Money::from_fen(fen)).ends_with('元'));
        }
    }
}
