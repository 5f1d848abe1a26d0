//! Days on which a time limit stands still, such as those of a hearing or an expert opinion.
//!
//! Intervals include both ends, may be given in any order and may overlap; they are kept sorted and merged, so that no day is
//! ever left out twice (service-centre.md §3.5).

use crate::time::Date;

/// The days from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: Date,
    end: Date,
}

/// An interval was given whose end comes before its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the interval ends before it starts")]
pub struct IntervalReversed;

impl IntervalReversed {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-INTERVAL"
    }
}

impl Interval {
    /// The days from `start` to `end`, both included.
    ///
    /// # Errors
    /// [`IntervalReversed`] when `end` comes before `start`.
    pub fn new(start: Date, end: Date) -> Result<Self, IntervalReversed> {
        if start <= end { Ok(Self { start, end }) } else { Err(IntervalReversed) }
    }

    /// The first day.
    #[must_use]
    pub const fn start(self) -> Date {
        self.start
    }

    /// The last day.
    #[must_use]
    pub const fn end(self) -> Date {
        self.end
    }

    /// The part from a day on, if any.
    #[must_use]
    pub fn from(self, first: Date) -> Option<Self> {
        Self::new(self.start.max(first), self.end).ok()
    }

    /// How many days these are, at least one.
    #[must_use]
    pub fn days(self) -> i64 {
        self.start.duration_until(self.end).as_hours() / 24 + 1
    }
}

/// All days on which one time limit stands still.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suspensions {
    /// Sorted, disjoint and not adjacent.
    merged: Vec<Interval>,
}

impl Suspensions {
    /// No day at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { merged: Vec::new() }
    }

    /// The merged intervals, in order.
    #[must_use]
    pub fn intervals(&self) -> &[Interval] {
        &self.merged
    }

    /// Tells whether the limit stands still on a day.
    #[must_use]
    pub fn contains(&self, day: Date) -> bool {
        let after = self.merged.partition_point(|interval| interval.start <= day);
        after.checked_sub(1).is_some_and(|before| day <= self.merged[before].end)
    }
}

impl FromIterator<Interval> for Suspensions {
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> Self {
        let mut sorted: Vec<_> = intervals.into_iter().collect();
        sorted.sort_unstable();
        let mut merged: Vec<Interval> = Vec::with_capacity(sorted.len());
        for next in sorted {
            match merged.last_mut() {
                Some(last) if last.end.tomorrow().map_or(true, |after| next.start <= after) => {
                    last.end = last.end.max(next.end);
                }
                _ => merged.push(next),
            }
        }
        Self { merged }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn interval(start: Date, end: Date) -> Interval {
        Interval::new(start, end).expect("an interval")
    }

    #[test]
    fn overlapping_and_adjacent_intervals_are_merged() {
        let merged: Suspensions = [
            interval(date(2026, 3, 20), date(2026, 3, 27)),
            interval(date(2026, 3, 10), date(2026, 3, 15)),
            interval(date(2026, 3, 12), date(2026, 3, 13)),
            interval(date(2026, 3, 16), date(2026, 3, 19)),
            interval(date(2026, 4, 1), date(2026, 4, 1)),
        ]
        .into_iter()
        .collect();
        let expected = [interval(date(2026, 3, 10), date(2026, 3, 27)), interval(date(2026, 4, 1), date(2026, 4, 1))];
        assert_eq!(merged.intervals(), expected);
        assert_eq!(expected.map(Interval::days), [18, 1]);
    }

    #[test]
    fn an_interval_does_not_end_before_it_starts() {
        assert_eq!(Interval::new(date(2026, 3, 2), date(2026, 3, 1)), Err(IntervalReversed));
        assert_eq!(IntervalReversed.code(), "ID-INTERVAL");
    }

    #[test]
    fn all_days_can_be_suspended() {
        let all: Suspensions = [interval(Date::MIN, Date::MAX), interval(Date::MAX, Date::MAX)].into_iter().collect();
        assert_eq!(all.intervals().len(), 1);
        assert!(all.contains(Date::MIN) && all.contains(Date::MAX));
        assert!(!Suspensions::none().contains(Date::MIN));
    }

    proptest! {
        #[test]
        fn a_day_is_suspended_exactly_when_an_interval_has_it(
            pairs in proptest::collection::vec((1i8..=28, 1i8..=28), 0..6), day in 1i8..=28,
        ) {
            let given: Vec<_> =
                pairs.iter().map(|&(a, b)| interval(date(2026, 3, a.min(b)), date(2026, 3, a.max(b)))).collect();
            let day = date(2026, 3, day);
            let expected = given.iter().any(|interval| interval.start() <= day && day <= interval.end());
            prop_assert_eq!(given.into_iter().collect::<Suspensions>().contains(day), expected);
        }
    }
}
