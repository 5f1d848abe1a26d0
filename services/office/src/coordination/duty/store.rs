//! Duties, as rows beside what they are about.

use runtime::db::{Columns as _, Connection, Tx};
use runtime::refusal::Failure;
use vocabulary::{Timestamp, time};

use super::Duty;
use super::wire::kind_name;

/// How many things fall due in one transaction.
const TOGETHER_MAX: i64 = 32;

/// Puts the duties about something in the place of those before.
pub(crate) async fn put(tx: &mut Tx, subject: &str, duties: &[Duty]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from coordination_duties where subject = $1")
        .bind(subject.to_owned())
        .execute(tx.sql())
        .await?;
    for (place, duty) in (0_i64..).zip(duties) {
        sqlx::query(
            "insert into coordination_duties (subject, place, party, type, overdue_us, missing_year, next_us) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(subject.to_owned())
        .bind(place)
        .bind(duty.party.code())
        .bind(kind_name(duty.kind))
        .bind(duty.overdue_at().map(time::to_us))
        .bind(duty.missing_year().map(i64::from))
        .bind(duty.next().map(time::to_us))
        .execute(tx.sql())
        .await?;
    }
    Ok(())
}

/// The earliest instant at which an alarm is to be raised, or a day can be derived that could not be before.
pub(crate) async fn next(sql: &mut Connection, last_year: i16) -> Result<Option<Timestamp>, Failure> {
    let row = sqlx::query(
        "select (select min(next_us) from coordination_duties) as next_us, \
         (select count(*) from coordination_duties where missing_year <= $1) as known",
    )
    .bind(i64::from(last_year))
    .fetch_one(sql)
    .await?;
    if row.int("known")? > 0 { Ok(Some(Timestamp::UNIX_EPOCH)) } else { row.maybe_instant("next_us") }
}

/// What falls due at an instant, by the names of what it is about.
pub(crate) async fn due(tx: &mut Tx, now: Timestamp, last_year: i16) -> Result<Vec<String>, Failure> {
    let rows = sqlx::query(
        "select subject, min(next_us) as next_us from coordination_duties where next_us <= $1 or missing_year <= $2 \
         group by subject order by 2, 1 limit $3",
    )
    .bind(time::to_us(now))
    .bind(i64::from(last_year))
    .bind(TOGETHER_MAX)
    .fetch_all(tx.sql())
    .await?;
    rows.iter().map(|row| row.text("subject")).collect()
}
