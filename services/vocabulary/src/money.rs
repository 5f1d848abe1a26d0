//! Sums of money in fen.
//!
//! A sum is a signed number of fen in 64 bits, enough for 92 quadrillion yuan. Products are taken in 128 bits and rounded once,
//! half away from zero (identifiers.md §9.8). There is no floating point, and no operator that could overflow unseen.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use crate::text::is_digits;

/// A sum of money. Written in yuan with exactly two decimals, `12345.67`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

/// A sum that cannot be read, or is too large to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not yuan with exactly two decimals.
    #[error("a sum is written in yuan with exactly two decimals, such as 12345.67")]
    Form,
    /// The sum does not fit 64 bits of fen.
    #[error("the sum is out of range")]
    Range,
}

impl MoneyError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-MONEY"
    }
}

const FEN_PER_YUAN: i64 = 100;

/// Basis points in the whole: 10000 bp are 100%.
pub const BASIS_POINTS: NonZeroU64 = NonZeroU64::new(10_000).expect("not zero");

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A sum of fen.
    #[must_use]
    pub const fn from_fen(fen: i64) -> Self {
        Self(fen)
    }

    /// A sum of whole yuan.
    ///
    /// # Errors
    /// [`MoneyError::Range`] beyond 64 bits of fen.
    pub fn from_yuan(yuan: i64) -> Result<Self, MoneyError> {
        yuan.checked_mul(FEN_PER_YUAN).map(Self).ok_or(MoneyError::Range)
    }

    /// The sum in fen.
    #[must_use]
    pub const fn fen(self) -> i64 {
        self.0
    }

    /// The sum of both.
    ///
    /// # Errors
    /// [`MoneyError::Range`] beyond 64 bits of fen.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::Range)
    }

    /// What is left when `other` is taken away.
    ///
    /// # Errors
    /// [`MoneyError::Range`] beyond 64 bits of fen.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::Range)
    }

    /// The opposite sum, as of a reversal.
    ///
    /// # Errors
    /// [`MoneyError::Range`] for the lowest sum, which has no opposite.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.0.checked_neg().map(Self).ok_or(MoneyError::Range)
    }

    /// The sum of all, whatever their order: only the total must fit.
    ///
    /// # Errors
    /// [`MoneyError::Range`] when the total lies beyond 64 bits of fen.
    pub fn total(sums: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        let total: i128 = sums.into_iter().map(|sum| i128::from(sum.0)).sum();
        Self::in_range(total)
    }

    /// A share in basis points, rounded half away from zero to the fen.
    ///
    /// # Errors
    /// [`MoneyError::Range`] beyond 64 bits of fen.
    pub fn share(self, basis_points: i64) -> Result<Self, MoneyError> {
        self.scaled(basis_points, BASIS_POINTS)
    }

    /// The sum times a fraction, rounded once, half away from zero, to the fen.
    ///
    /// # Errors
    /// [`MoneyError::Range`] beyond 64 bits of fen.
    pub fn scaled(self, numerator: i64, denominator: NonZeroU64) -> Result<Self, MoneyError> {
        // Two factors of 64 bits always fit 128, and so does half the divisor on top of their product.
        let product = i128::from(self.0) * i128::from(numerator);
        let divisor = i128::from(denominator.get());
        Self::in_range((product + product.signum() * (divisor / 2)) / divisor)
    }

    /// Reads the exchange form: an optional `-`, yuan without leading zeros, a point, two decimals.
    ///
    /// Machines write this form, so it is not normalised: closing up `1 2.00` could change a sum.
    ///
    /// # Errors
    /// [`MoneyError::Form`] for any other spelling, `-0.00` among them; [`MoneyError::Range`] beyond 64 bits of fen.
    pub fn parse(input: &str) -> Result<Self, MoneyError> {
        let magnitude = input.strip_prefix('-').unwrap_or(input);
        let (yuan, decimals) = magnitude.split_once('.').ok_or(MoneyError::Form)?;
        let digits = !yuan.is_empty() && is_digits(yuan) && decimals.len() == 2 && is_digits(decimals);
        let leading_zero = yuan.len() > 1 && yuan.starts_with('0');
        if !digits || leading_zero || input == "-0.00" {
            return Err(MoneyError::Form);
        }
        // The form is right, so a number that cannot be read is too long.
        let fen: i128 = format!("{yuan}{decimals}").parse().map_err(|_| MoneyError::Range)?;
        Self::in_range(if magnitude == input { fen } else { -fen })
    }

    fn in_range(fen: i128) -> Result<Self, MoneyError> {
        i64::try_from(fen).map(Self).map_err(|_| MoneyError::Range)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fen = self.0.unsigned_abs();
        let per_yuan = FEN_PER_YUAN.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}.{:02}", fen / per_yuan, fen % per_yuan))
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        Self::parse(input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_exchange_form_has_exactly_two_decimals() {
        assert_eq!(Money::parse("12345.67"), Ok(Money::from_fen(1_234_567)));
        assert_eq!(Money::parse("-0.05"), Ok(Money::from_fen(-5)));
        let others = [
            "",
            ".",
            "1",
            "1.",
            "1.5",
            "12345.678",
            "1,000.00",
            "+1.00",
            " 1.00",
            "1.00 ",
            "-0.00",
            "007.00",
            ".50",
            "1e3",
            "--1.00",
            "1.00.00",
            "１.00",
            "NaN",
        ];
        for other in others {
            assert_eq!(Money::parse(other), Err(MoneyError::Form), "{other}");
        }
        assert_eq!(MoneyError::Form.code(), "ID-MONEY");
    }

    #[test]
    fn fourteen_point_two_yi_is_so_many_fen() {
        assert_eq!(Money::from_yuan(1_420_000_000), Ok(Money::from_fen(142_000_000_000)));
    }

    #[test]
    fn the_range_ends_without_a_panic() {
        let (lowest, highest) = (Money::from_fen(i64::MIN), Money::from_fen(i64::MAX));
        assert_eq!(Money::parse("92233720368547758.07"), Ok(highest));
        assert_eq!(Money::parse("-92233720368547758.08"), Ok(lowest));
        assert_eq!(lowest.to_string(), "-92233720368547758.08");
        assert_eq!(Money::parse("92233720368547758.08"), Err(MoneyError::Range));
        assert_eq!(Money::parse(&format!("{}.00", "9".repeat(100))), Err(MoneyError::Range));
        assert_eq!(highest.checked_add(Money::from_fen(1)), Err(MoneyError::Range));
        assert_eq!(lowest.checked_sub(Money::from_fen(1)), Err(MoneyError::Range));
        assert_eq!(lowest.checked_neg(), Err(MoneyError::Range));
        assert_eq!(Money::from_yuan(i64::MAX), Err(MoneyError::Range));
        assert_eq!(lowest.scaled(i64::MIN, NonZeroU64::MIN), Err(MoneyError::Range));
        assert_eq!(lowest.scaled(i64::MIN, NonZeroU64::MAX).map(Money::fen), Ok(1 << 62));
        assert_eq!(Money::total([highest, highest, lowest, lowest]), Ok(Money::from_fen(-2)));
        assert_eq!(Money::total([highest, highest]), Err(MoneyError::Range));
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (fen, basis_points, expected) in [
            (1, 5000, 1),
            (-1, 5000, -1),
            (1, 4999, 0),
            (-1, 4999, 0),
            (3, 5000, 2),
            (100, 300, 3),
            (150, 300, 5),
            (7, 10_000, 7),
        ] {
            assert_eq!(Money::from_fen(fen).share(basis_points), Ok(Money::from_fen(expected)), "{fen} {basis_points}");
        }
        let thirds = NonZeroU64::new(3).expect("three");
        assert_eq!(Money::from_fen(5).scaled(1, thirds), Ok(Money::from_fen(2)));
        assert_eq!(Money::from_fen(4).scaled(1, thirds), Ok(Money::from_fen(1)));
    }

    proptest! {
        #[test]
        fn every_sum_reads_back(fen in any::<i64>(), input in any::<String>(), near in "-?[0-9]{0,20}[.]?[0-9]{0,3}") {
            let sum = Money::from_fen(fen);
            prop_assert_eq!(sum.to_string().parse(), Ok(sum));
            for text in [&input, &near] {
                if let Ok(read) = Money::parse(text) {
                    prop_assert_eq!(&read.to_string(), text);
                }
            }
        }

        #[test]
        fn rounding_is_off_by_half_a_fen_at_most(fen in any::<i64>(), basis_points in -20_000i64..=20_000) {
            if let Ok(share) = Money::from_fen(fen).share(basis_points) {
                let exact = i128::from(fen) * i128::from(basis_points);
                let off = i128::from(share.fen()) * 10_000 - exact;
                prop_assert!(off.abs() <= 5_000);
                // At exactly half, the result lies further from zero.
                prop_assert!(off.abs() < 5_000 || off.signum() == exact.signum());
            }
        }

        #[test]
        fn taking_away_undoes_adding(a in any::<i64>(), b in any::<i64>()) {
            let (a, b) = (Money::from_fen(a), Money::from_fen(b));
            if let Ok(sum) = a.checked_add(b) {
                prop_assert_eq!(sum.checked_sub(b), Ok(a));
                prop_assert_eq!(Money::total([a, b]), Ok(sum));
            }
        }

        #[test]
        fn scaling_never_panics(fen in any::<i64>(), numerator in any::<i64>(), denominator in any::<NonZeroU64>()) {
            let _ = Money::from_fen(fen).scaled(numerator, denominator);
        }
    }
}
