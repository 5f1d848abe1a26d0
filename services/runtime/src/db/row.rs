//! Reading columns.

use std::str::FromStr;

use sqlx::{ColumnIndex, Decode, Row as _, Type};
use vocabulary::{Date, Timestamp, time};

use super::Row;
use crate::refusal::Failure;

/// Reads the columns of a row, by name or number. A column that cannot be read is a damaged row, which is a failure of the
/// machine and never a refusal.
pub trait Columns {
    /// A text.
    fn text(&self, column: impl ColumnIndex<Row>) -> Result<String, Failure>;
    /// A text, or null.
    fn maybe_text(&self, column: impl ColumnIndex<Row>) -> Result<Option<String>, Failure>;
    /// A number.
    fn int(&self, column: impl ColumnIndex<Row>) -> Result<i64, Failure>;
    /// A number, or null.
    fn maybe_int(&self, column: impl ColumnIndex<Row>) -> Result<Option<i64>, Failure>;
    /// Bytes.
    fn bytes(&self, column: impl ColumnIndex<Row>) -> Result<Vec<u8>, Failure>;
    /// Bytes, or null.
    fn maybe_bytes(&self, column: impl ColumnIndex<Row>) -> Result<Option<Vec<u8>>, Failure>;
    /// An instant, kept in microseconds.
    fn instant(&self, column: impl ColumnIndex<Row>) -> Result<Timestamp, Failure>;
    /// An instant, or null.
    fn maybe_instant(&self, column: impl ColumnIndex<Row>) -> Result<Option<Timestamp>, Failure>;
    /// A day, kept as `YYYY-MM-DD`.
    fn day(&self, column: impl ColumnIndex<Row>) -> Result<Date, Failure>;
    /// A day, or null.
    fn maybe_day(&self, column: impl ColumnIndex<Row>) -> Result<Option<Date>, Failure>;
    /// A flag, kept as 0 or 1.
    fn flag(&self, column: impl ColumnIndex<Row>) -> Result<bool, Failure>;
    /// A value kept in its written form.
    fn parsed<T>(&self, column: impl ColumnIndex<Row>) -> Result<T, Failure>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>;
    /// A value kept in its written form, or null.
    fn maybe_parsed<T>(&self, column: impl ColumnIndex<Row>) -> Result<Option<T>, Failure>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>;
}

fn get<'r, T>(row: &'r Row, column: impl ColumnIndex<Row>) -> Result<T, Failure>
where
    T: Decode<'r, sqlx::Any> + Type<sqlx::Any>,
{
    row.try_get(column).map_err(damaged)
}

fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Internal(Box::new(error))
}

impl Columns for Row {
    fn text(&self, column: impl ColumnIndex<Row>) -> Result<String, Failure> {
        get(self, column)
    }

    fn maybe_text(&self, column: impl ColumnIndex<Row>) -> Result<Option<String>, Failure> {
        get(self, column)
    }

    fn int(&self, column: impl ColumnIndex<Row>) -> Result<i64, Failure> {
        get(self, column)
    }

    fn maybe_int(&self, column: impl ColumnIndex<Row>) -> Result<Option<i64>, Failure> {
        get(self, column)
    }

    fn bytes(&self, column: impl ColumnIndex<Row>) -> Result<Vec<u8>, Failure> {
        get(self, column)
    }

    fn maybe_bytes(&self, column: impl ColumnIndex<Row>) -> Result<Option<Vec<u8>>, Failure> {
        get(self, column)
    }

    fn instant(&self, column: impl ColumnIndex<Row>) -> Result<Timestamp, Failure> {
        time::from_us(self.int(column)?).map_err(damaged)
    }

    fn maybe_instant(&self, column: impl ColumnIndex<Row>) -> Result<Option<Timestamp>, Failure> {
        self.maybe_int(column)?.map(|us| time::from_us(us).map_err(damaged)).transpose()
    }

    fn day(&self, column: impl ColumnIndex<Row>) -> Result<Date, Failure> {
        time::parse_date(get(self, column)?).map_err(damaged)
    }

    fn maybe_day(&self, column: impl ColumnIndex<Row>) -> Result<Option<Date>, Failure> {
        get::<Option<&str>>(self, column)?.map(|text| time::parse_date(text).map_err(damaged)).transpose()
    }

    fn flag(&self, column: impl ColumnIndex<Row>) -> Result<bool, Failure> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Failure::Internal(format!("a flag holds {other}").into())),
        }
    }

    fn parsed<T>(&self, column: impl ColumnIndex<Row>) -> Result<T, Failure>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        get::<&str>(self, column)?.parse().map_err(damaged)
    }

    fn maybe_parsed<T>(&self, column: impl ColumnIndex<Row>) -> Result<Option<T>, Failure>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        get::<Option<&str>>(self, column)?.map(|text| text.parse().map_err(damaged)).transpose()
    }
}
