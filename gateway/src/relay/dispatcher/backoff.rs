//! When a delivery that failed is tried again: after 1, 5, 15 and 60 minutes, then every hour, by the town's clock (§8.6).

use jiff::SignedDuration;
use vocabulary::Timestamp;

/// The pauses after the first failures, in minutes; the last one repeats.
const PAUSES_MINUTES: [i64; 4] = [1, 5, 15, 60];

/// A lane that waits for its recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    failures: usize,
    at: Timestamp,
}

impl Waiting {
    /// After one more failure at a town time.
    pub(super) fn after(before: Option<&Self>, now: Timestamp) -> Self {
        let failures = before.map_or(0, |before| before.failures) + 1;
        let minutes = PAUSES_MINUTES[failures.min(PAUSES_MINUTES.len()) - 1];
        let at = now.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
        Self { failures, at }
    }

    /// How often it failed in a row.
    pub(super) const fn failures(&self) -> usize {
        self.failures
    }

    /// When it is tried again.
    pub(super) const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether it is time.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.at <= now
    }

    /// The recipient is there again: no reason to wait.
    pub(super) const fn retry_now(&mut self) {
        self.at = Timestamp::MIN;
    }

    /// Whether the hourly stage is reached, which somebody must be told of.
    pub(super) const fn is_alarming(&self) -> bool {
        self.failures >= PAUSES_MINUTES.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_to_an_hour_and_then_alarm() {
        let start: Timestamp = "2026-03-02T01:00:00Z".parse().expect("an instant");
        let mut waiting: Option<Waiting> = None;
        let mut seen = Vec::new();
        for _ in 0..6 {
            let next = Waiting::after(waiting.as_ref(), start);
            seen.push((next.at().duration_since(start).as_mins(), next.is_alarming()));
            waiting = Some(next);
        }
        assert_eq!(seen, [(1, false), (5, false), (15, false), (60, true), (60, true), (60, true)]);
        let mut waiting = waiting.expect("it waits");
        assert!(!waiting.is_due(start));
        waiting.retry_now();
        assert!(waiting.is_due(start));
    }
}
