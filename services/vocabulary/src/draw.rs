//! A draw that anyone can repeat: who is inspected, and which closed cases are looked at again (enforcement.md §4.11).
//!
//! Ids are put in the order of `SM3(seed + ":" + id)` and the first `n` are taken. Whoever has the seed, which is fixed before the
//! list is read, and the list finds the same ones; so nobody has to be trusted with chance.

use std::collections::BTreeSet;

use crate::digest::Sm3Digest;

/// What was drawn, and from what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// The ids that were drawn, in the order of the draw.
    pub drawn: Vec<String>,
    /// How many ids the list has.
    pub listed: usize,
    /// The digest of the list.
    pub list_digest: Sm3Digest,
}

/// Draws `n` of some ids; all of them where there are no more. An id that is listed twice is one.
pub fn draw<'i>(seed: &str, ids: impl IntoIterator<Item = &'i str>, n: usize) -> Draw {
    let ids: BTreeSet<&str> = ids.into_iter().collect();
    let mut keyed: Vec<(Sm3Digest, &str)> = ids.iter().map(|id| (key(seed, id), *id)).collect();
    // The order of the digests is that of their hex, and ids that share one, should there be any, go by their own order.
    keyed.sort_by_key(|(key, id)| (*key.as_bytes(), *id));
    let drawn = keyed.into_iter().take(n).map(|(_, id)| id.to_owned()).collect();
    Draw { drawn, listed: ids.len(), list_digest: list_digest(ids.iter().copied()) }
}

/// The digest by which an id takes its place in the draw.
#[must_use]
pub fn key(seed: &str, id: &str) -> Sm3Digest {
    Sm3Digest::of_parts(&[seed.as_bytes(), b":", id.as_bytes()])
}

/// The digest of a list: of its ids in ascending order, each once and ended by a line feed, so that the order in which a list was
/// given makes no difference.
pub fn list_digest<'i>(ids: impl IntoIterator<Item = &'i str>) -> Sm3Digest {
    let ids: BTreeSet<&str> = ids.into_iter().collect();
    let lines: String = ids.into_iter().flat_map(|id| [id, "\n"]).collect();
    Sm3Digest::of(lines.as_bytes())
}

/// How many of some cases are looked at: a share of them, rounded up, but no fewer than the least number and no more than there
/// are (relay-and-sharing.md §8.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleSize {
    /// The share, in thousandths.
    pub per_mille: u16,
    /// The least number.
    pub least: u32,
}

impl Default for SampleSize {
    /// Five in a hundred, and three.
    fn default() -> Self {
        Self { per_mille: 50, least: 3 }
    }
}

impl SampleSize {
    /// How many of `count`.
    #[must_use]
    pub fn of(&self, count: usize) -> usize {
        let share = count.saturating_mul(usize::from(self.per_mille)).div_ceil(1_000);
        let least = usize::try_from(self.least).unwrap_or(usize::MAX);
        share.max(least).min(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_worked_draws_of_the_rule_hold() {
        let objects = ["E001", "E002", "E003", "E004", "E005", "E006"];
        assert_eq!(draw("2026Q1-ENV", objects, 2).drawn, ["E002", "E006"]);
        assert_eq!(draw("2026Q1-ENV", ["O01", "O02", "O03", "O04"], 2).drawn, ["O02", "O04"]);
    }

    #[test]
    fn a_sample_has_its_share_rounded_up_and_its_least_number() {
        let size = SampleSize::default();
        let rows =
            [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (60, 3), (61, 4), (80, 4), (81, 5), (1_000, 50), (1_001, 51)];
        for (count, wanted) in rows {
            assert_eq!(size.of(count), wanted, "{count}");
        }
        assert_eq!(SampleSize { per_mille: 1_000, least: 0 }.of(7), 7);
        assert_eq!(SampleSize { per_mille: 0, least: 0 }.of(7), 0);
    }

    proptest! {
        #[test]
        fn the_order_of_a_list_makes_no_difference(
            seed in "[0-9]{4}Q[1-4]-[A-Z]{2,8}",
            ids in prop::collection::vec("[A-Z]{1,3}[0-9]{1,6}", 0..40),
            n in 0_usize..50,
        ) {
            let forward = draw(&seed, ids.iter().map(String::as_str), n);
            let backward = draw(&seed, ids.iter().rev().map(String::as_str), n);
            prop_assert_eq!(&forward, &backward);
            prop_assert_eq!(forward.drawn.len(), n.min(forward.listed));
            prop_assert!(forward.drawn.iter().all(|id| ids.contains(id)));
            let again: BTreeSet<_> = forward.drawn.iter().collect();
            prop_assert_eq!(again.len(), forward.drawn.len(), "none twice");
            // Whoever draws more draws the same ones first.
            let more = draw(&seed, ids.iter().map(String::as_str), n + 1);
            prop_assert!(more.drawn.starts_with(&forward.drawn));
        }
    }
}
