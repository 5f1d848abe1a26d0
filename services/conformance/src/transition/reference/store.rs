//! Work and ends of authority, as rows.

use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Version, guard};
use runtime::refusal::{Denial, Failure};
use vocabulary::{AuthorityEnd, Date, DocumentNumber, Institution, PowerCode, Sm3Digest, Timestamp, Transition, time};

use super::state::{Ended, Work};

/// There is no such work.
pub(super) fn not_found(name: &str) -> Denial {
    Denial::NotFound { kind: "conformance.townlink/Work", name: name.to_owned() }
}

/// Files work.
pub(super) async fn insert(tx: &mut Tx, work: &Work) -> Result<(), Failure> {
    sqlx::query(
        "insert into works (name, kind, power_code, filed, decided, holder, version, recorded_us) \
         values ($1, $2, $3, $4, $5, $6, 0, 0)",
    )
    .bind(work.name.clone())
    .bind(work.kind.clone())
    .bind(work.power.to_string())
    .bind(work.filed.to_string())
    .bind(work.decided.map(|day| day.to_string()))
    .bind(work.holder.code())
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Decides work.
pub(super) async fn decide(tx: &mut Tx, name: &str, on: Date) -> Result<(), Failure> {
    sqlx::query("update works set decided = $1 where name = $2")
        .bind(on.to_string())
        .bind(name.to_owned())
        .execute(tx.sql())
        .await?;
    Ok(())
}

/// Loads work with the end of its authority, if it has one.
pub(super) async fn load(
    sql: &mut Connection,
    name: &str,
) -> Result<Option<(Work, Option<AuthorityEnd>, Version)>, Failure> {
    let row = sqlx::query(
        "select name, kind, power_code, filed, decided, holder, file_digest, version, recorded_us from works \
         where name = $1",
    )
    .bind(name.to_owned())
    .fetch_optional(&mut *sql)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let work = read(&row)?;
    let version = row.int(7)?;
    let version = if version == 0 { Version::ABSENT } else { Version::of(version, row.int(8)?)? };
    let ends = ends_of(sql, &work.power).await?;
    let end = governing(&ends, &work);
    Ok(Some((work, end, version)))
}

/// Loads work that must be there.
pub(super) async fn required(sql: &mut Connection, name: &str) -> Result<(Work, Option<AuthorityEnd>), Failure> {
    let found = load(sql, name).await?;
    let (work, end, _) = found.ok_or_else(|| Failure::internal(format!("{name} was never filed")))?;
    Ok((work, end))
}

/// The ends of authority over a power, the earliest first.
pub(super) async fn ends_of(sql: &mut Connection, power: &PowerCode) -> Result<Vec<AuthorityEnd>, Failure> {
    let rows = sqlx::query("select end_date, transition, until from ends where power_code = $1 order by end_date")
        .bind(power.to_string())
        .fetch_all(sql)
        .await?;
    rows.iter().map(|row| read_end(row, 0)).collect()
}

/// The end that work comes under: the first after it was filed.
pub(super) fn governing(ends: &[AuthorityEnd], work: &Work) -> Option<AuthorityEnd> {
    ends.iter().copied().find(|end| work.filed < end.on)
}

/// The end of a grant's authority.
pub(super) async fn end_of(sql: &mut Connection, grant: &str) -> Result<Option<(Ended, Version)>, Failure> {
    let row = sqlx::query(
        "select end_date, transition, until, grant_name, power_code, document_number, clause, version, recorded_us \
         from ends where grant_name = $1",
    )
    .bind(grant.to_owned())
    .fetch_optional(sql)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let ended = Ended {
        grant: row.text(3)?,
        power: one(PowerCode::parse(&row.text(4)?))?,
        end: read_end(&row, 0)?,
        document: one(DocumentNumber::parse(&row.text(5)?))?,
        clause: row.text(6)?,
    };
    Ok(Some((ended, Version::of(row.int(7)?, row.int(8)?)?)))
}

/// Writes the end of an authority.
pub(super) async fn insert_end(tx: &mut Tx, ended: &Ended, recorded: Timestamp) -> Result<(), SaveError> {
    let (transition, until) = match ended.end.transition {
        Transition::Transfer => ("TRANSFER", None),
        Transition::FinishByTown => ("FINISH_BY_TOWN", None),
        Transition::FinishUntil(until) => ("FINISH_UNTIL", Some(until.to_string())),
    };
    sqlx::query(
        "insert into ends (grant_name, power_code, end_date, transition, until, document_number, clause, version, \
         recorded_us) values ($1, $2, $3, $4, $5, $6, $7, 1, $8)",
    )
    .bind(ended.grant.clone())
    .bind(ended.power.to_string())
    .bind(ended.end.on.to_string())
    .bind(transition)
    .bind(until)
    .bind(ended.document.to_string())
    .bind(ended.clause.clone())
    .bind(time::to_us(recorded))
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Writes that work was handed over.
pub(super) async fn hand_over(
    tx: &mut Tx,
    work: &Work,
    digest: Sm3Digest,
    version: i64,
    recorded: Timestamp,
) -> Result<(), SaveError> {
    let saved = sqlx::query(
        "update works set file_digest = $1, version = $2, recorded_us = $3 \
         where name = $4 and version = $5 and file_digest is null",
    )
    .bind(digest.as_bytes().to_vec())
    .bind(version + 1)
    .bind(time::to_us(recorded))
    .bind(work.name.clone())
    .bind(version)
    .execute(tx.sql())
    .await?;
    guard(&saved)
}

/// Work under a power that was filed before a day and not handed over, by name. What was decided is left out by its standing, which
/// no statement can know.
pub(super) async fn filed_before(
    sql: &mut Connection,
    power: &PowerCode,
    at: Date,
    after: &str,
    limit: i64,
) -> Result<Vec<Work>, Failure> {
    let rows = sqlx::query(
        "select name, kind, power_code, filed, decided, holder, file_digest from works \
         where power_code = $1 and filed < $2 and file_digest is null and name > $3 order by name limit $4",
    )
    .bind(power.to_string())
    .bind(at.to_string())
    .bind(after.to_owned())
    .bind(limit)
    .fetch_all(sql)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Work, Failure> {
    let digest = row.maybe_bytes(6)?.map(|bytes| one(Sm3Digest::try_from(bytes.as_slice()))).transpose()?;
    Ok(Work {
        name: row.text(0)?,
        kind: row.text(1)?,
        power: one(PowerCode::parse(&row.text(2)?))?,
        filed: one(time::parse_date(&row.text(3)?))?,
        decided: row.maybe_text(4)?.map(|day| one(time::parse_date(&day))).transpose()?,
        holder: one(Institution::parse(&row.text(5)?))?,
        handed_over: digest,
    })
}

fn read_end(row: &Row, first: usize) -> Result<AuthorityEnd, Failure> {
    let on = one(time::parse_date(&row.text(first)?))?;
    let until = row.maybe_text(first + 2)?.map(|day| one(time::parse_date(&day))).transpose()?;
    let transition = match (row.text(first + 1)?.as_str(), until) {
        ("FINISH_UNTIL", Some(until)) => Transition::FinishUntil(until),
        ("FINISH_BY_TOWN", None) => Transition::FinishByTown,
        ("TRANSFER", None) => Transition::Transfer,
        _ => return Err(Failure::internal("the end of an authority does not read back")),
    };
    one(AuthorityEnd::new(on, transition))
}

fn one<T, E: std::error::Error + Send + Sync + 'static>(value: Result<T, E>) -> Result<T, Failure> {
    value.map_err(Failure::internal)
}
