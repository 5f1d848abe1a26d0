//! Figures: what was measured, beside its limit and the parts that it consists of; as a table and as JSON.
//!
//! All quantities are whole numbers of a small unit, so that nothing is lost between measuring and printing.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// A measured quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// Time, in nanoseconds.
    Nanoseconds(u64),
    /// A rate, in units a second.
    PerSecond(u64),
    /// Memory, in KiB.
    Kibibytes(u64),
}

impl Quantity {
    /// The number alone.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::Nanoseconds(number) | Self::PerSecond(number) | Self::Kibibytes(number) => number,
        }
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::Nanoseconds(_) => "ns",
            Self::PerSecond(_) => "per_second",
            Self::Kibibytes(_) => "KiB",
        }
    }
}

impl From<Duration> for Quantity {
    fn from(time: Duration) -> Self {
        Self::Nanoseconds(nanoseconds(time))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Nanoseconds(ns) if ns >= 1_000_000_000 => {
                write!(f, "{}.{:03} s", ns / 1_000_000_000, ns / 1_000_000 % 1_000)
            }
            Self::Nanoseconds(ns) if ns >= 1_000_000 => write!(f, "{}.{:03} ms", ns / 1_000_000, ns / 1_000 % 1_000),
            Self::Nanoseconds(ns) => write!(f, "{}.{} µs", ns / 1_000, ns / 100 % 10),
            Self::PerSecond(number) => write!(f, "{number} /s"),
            Self::Kibibytes(kib) => write!(f, "{}.{} MiB", kib / 1_024, kib % 1_024 * 10 / 1_024),
        }
    }
}

/// Whole nanoseconds.
#[must_use]
pub fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The share of one out of `count`.
#[must_use]
pub fn each(time: Duration, count: u64) -> Duration {
    Duration::from_nanos(nanoseconds(time) / count.max(1))
}

/// The one in the middle; of an even number the lower one, of none nothing.
#[must_use]
pub fn median<T: Ord + Copy>(values: &[T]) -> Option<T> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

/// On which side of its limit a figure must stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// No limit: the figure is reported only.
    None,
    /// At most this.
    AtMost(Quantity),
    /// At least this.
    AtLeast(Quantity),
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// The result, the median of the rounds.
    pub measured: Quantity,
    /// Its limit.
    pub bar: Bar,
    /// How the limit is made, in words.
    pub rule: &'static str,
    /// What it consists of, or what the limit is made of.
    pub parts: Vec<(String, Quantity)>,
}

impl Figure {
    /// Whether the limit is kept; nothing where there is none.
    #[must_use]
    pub fn reached(&self) -> Option<bool> {
        match self.bar {
            Bar::None => None,
            Bar::AtMost(limit) => Some(self.measured.number() <= limit.number()),
            Bar::AtLeast(limit) => Some(self.measured.number() >= limit.number()),
        }
    }

    fn to_json(&self) -> Value {
        let (relation, limit) = match self.bar {
            Bar::None => (Value::Null, Value::Null),
            Bar::AtMost(limit) => (json!("at_most"), json!(limit.number())),
            Bar::AtLeast(limit) => (json!("at_least"), json!(limit.number())),
        };
        let parts: Vec<_> = self
            .parts
            .iter()
            .map(|(name, part)| json!({"part": name, "value": part.number(), "unit": part.unit()}))
            .collect();
        json!({
            "what": self.what,
            "value": self.measured.number(),
            "unit": self.measured.unit(),
            "relation": relation,
            "limit": limit,
            "rule": self.rule,
            "reached": self.reached(),
            "parts": parts,
        })
    }
}

/// Everything that one run found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The figures, in order.
    pub figures: Vec<Figure>,
    /// What a reader must know of the run: machine, rounds, clients.
    pub setting: Vec<(&'static str, String)>,
}

impl Report {
    /// Whether every limit is kept.
    #[must_use]
    pub fn all_reached(&self) -> bool {
        self.figures.iter().all(|figure| figure.reached() != Some(false))
    }

    /// The report for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let setting: serde_json::Map<_, _> =
            self.setting.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let figures: Vec<_> = self.figures.iter().map(Figure::to_json).collect();
        json!({"setting": setting, "figures": figures, "reached": self.all_reached()})
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.setting {
            writeln!(f, "{name}: {value}")?;
        }
        let width = self.figures.iter().map(|figure| figure.what.chars().count()).max().unwrap_or(0).max(40);
        writeln!(f, "\n{:width$}  {:>12}  {:>14}", "", "measured", "limit")?;
        for figure in &self.figures {
            let limit = match figure.bar {
                Bar::None => String::new(),
                Bar::AtMost(limit) => format!("≤ {limit}"),
                Bar::AtLeast(limit) => format!("≥ {limit}"),
            };
            let verdict = match figure.reached() {
                None => "",
                Some(true) => "reached",
                Some(false) => "NOT REACHED",
            };
            let line = format!("{:width$}  {:>12}  {limit:>14}  {verdict}", figure.what, figure.measured.to_string());
            writeln!(f, "{}", line.trim_end())?;
            if !figure.rule.is_empty() {
                writeln!(f, "    limit: {}", figure.rule)?;
            }
            for (name, part) in &figure.parts {
                writeln!(f, "    {name:part$}  {:>12}", part.to_string(), part = width - 4)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_in_their_own_size() {
        let shown = |quantity: Quantity| quantity.to_string();
        assert_eq!(shown(Quantity::Nanoseconds(2_345_678)), "2.345 ms");
        assert_eq!(shown(Quantity::Nanoseconds(12_345)), "12.3 µs");
        assert_eq!(shown(Quantity::Nanoseconds(1_050_000_000)), "1.050 s");
        assert_eq!(shown(Quantity::PerSecond(31_000)), "31000 /s");
        assert_eq!(shown(Quantity::Kibibytes(65_536 + 512)), "64.5 MiB");
    }

    #[test]
    fn the_median_is_one_of_the_values() {
        assert_eq!(median(&[3, 1, 2]), Some(2));
        assert_eq!(median(&[4, 1, 2, 3]), Some(2));
        assert_eq!(median::<u64>(&[]), None);
    }

    #[test]
    fn a_figure_stays_on_its_side_of_the_limit() {
        let figure = |measured, bar| Figure { what: "x".to_owned(), measured, bar, rule: "", parts: Vec::new() };
        let (low, high) = (Quantity::PerSecond(1), Quantity::PerSecond(2));
        assert_eq!(figure(low, Bar::AtMost(high)).reached(), Some(true));
        assert_eq!(figure(low, Bar::AtLeast(high)).reached(), Some(false));
        assert_eq!(figure(high, Bar::AtLeast(high)).reached(), Some(true));
        assert_eq!(figure(high, Bar::None).reached(), None);
        let report = Report { figures: vec![figure(low, Bar::AtLeast(high))], setting: Vec::new() };
        assert!(!report.all_reached() && report.to_string().contains("NOT REACHED"));
        assert_eq!(report.to_json()["figures"][0]["limit"], 2);
    }
}
