//! The text of statements that write several rows at once. One statement per row would cost a round trip per row.

use std::fmt::Write as _;

/// The places of several rows: `($1, $2), ($3, $4)`.
pub(crate) fn values(rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for row in 0..rows {
        for column in 0..columns {
            let open = match (row, column) {
                (0, 0) => "(",
                (_, 0) => ", (",
                _ => ", ",
            };
            let _ = write!(text, "{open}${}", row * columns + column + 1);
        }
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_through() {
        assert_eq!(values(2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(values(0, 3), "");
    }
}
