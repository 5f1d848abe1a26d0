//! The text of statements that write or look for several rows at once. One query per row would cost a round trip per row.

use std::fmt::Write as _;

/// How many rows one statement writes. Few, so that few texts have to be prepared.
pub(crate) const ROWS_MAX: usize = 8;

/// The places of several rows: `($1, $2), ($3, $4)`.
pub(crate) fn values(rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for row in 0..rows {
        let separator = if row == 0 { "(" } else { ", (" };
        let _ = write!(text, "{separator}{})", places(row * columns + 1, columns));
    }
    text
}

/// Places from a number on: `$3, $4, $5`.
pub(crate) fn places(from: usize, count: usize) -> String {
    let mut text = String::new();
    for place in from..from + count {
        let separator = if place == from { "$" } else { ", $" };
        let _ = write!(text, "{separator}{place}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_through() {
        assert_eq!(values(2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(places(3, 2), "$3, $4");
        assert_eq!((values(0, 3), places(1, 0)), (String::new(), String::new()));
    }
}
