//! Legal numbers (文号, decision numbers): gap-free for each series and year.
//!
//! A decision names the series; the number is taken after it said yes, in the same transaction, so that a rollback gives it
//! back. Nothing is ever taken back afterwards: a number that must not stand is voided by an event of its owner.

use crate::db::{Columns as _, Tx};
use crate::refusal::Failure;

/// A series of numbers of one year, such as `昆政发` of 2026.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Series {
    /// The name of the series.
    pub name: String,
    /// The year.
    pub year: i16,
}

/// A number that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The series it is of.
    pub series: Series,
    /// The number, from 1.
    pub number: i64,
}

/// Takes the next number of a series. The series is held until the transaction ends, so numbers follow commit order.
///
/// # Errors
/// [`Failure`] where the database fails.
pub async fn take(tx: &mut Tx, series: Series) -> Result<Taken, Failure> {
    let row = sqlx::query(
        "insert into number_series (series, year, last) values ($1, $2, 1) \
         on conflict (series, year) do update set last = number_series.last + 1 returning last",
    )
    .bind(series.name.as_str())
    .bind(i64::from(series.year))
    .fetch_one(tx.sql())
    .await?;
    Ok(Taken { number: row.int(0)?, series })
}
