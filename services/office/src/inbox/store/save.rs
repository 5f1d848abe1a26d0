//! Writing papers.

use runtime::db::Tx;
use runtime::execute::{SaveError, Version, guard};
use sqlx::AssertSqlSafe;
use vocabulary::time;

use super::super::event::{Event, What};
use super::super::rules::Rules;
use super::super::state::{Arrival, Paper, PaperName, Purpose, Stage};
use super::super::work::{Assignment, Urge};
use super::super::{timing, wire};
use crate::rows::{ROWS_MAX, values};

/// A paper that arrives, with when that is recorded.
pub(crate) struct Arriving {
    /// The paper.
    pub paper: Paper,
    /// When its arrival is recorded.
    pub recorded_us: i64,
}

/// Writes papers that have just arrived, a few in each statement.
pub(crate) async fn insert(tx: &mut Tx, papers: &[Arriving], rules: &Rules) -> Result<(), SaveError> {
    for chunk in papers.chunks(ROWS_MAX) {
        insert_few(tx, chunk, rules).await?;
    }
    Ok(())
}

async fn insert_few(tx: &mut Tx, papers: &[Arriving], rules: &Rules) -> Result<(), SaveError> {
    const COLUMNS: usize = 23;
    let text = format!(
        "insert into inbox_papers (inbox, sender, message_id, delivered_to, number, copy, accepted_us, arrived_us, issuer, \
         document_key, payload_digest, face, stage, work, open, runs, due_day, with_leaders, stands, next_us, rules, \
         version, recorded_us) values {}",
        values(papers.len(), COLUMNS)
    );
    let mut query = sqlx::query(AssertSqlSafe(text));
    for Arriving { paper, recorded_us } in papers {
        let arrival: &Arrival = &paper.arrival;
        query = query
            .bind(paper.name.inbox.code())
            .bind(paper.name.sender.as_str())
            .bind(paper.name.message.to_string())
            .bind(arrival.delivered_to.code())
            .bind(arrival.number)
            .bind(i64::from(arrival.purpose == Purpose::Information))
            .bind(time::to_us(arrival.accepted))
            .bind(time::to_us(arrival.arrived))
            .bind(arrival.summary.issuer.as_str())
            .bind(arrival.summary.document_key())
            .bind(arrival.payload_digest.as_bytes().to_vec())
            .bind(wire::face(arrival))
            .bind(paper.stage.as_str())
            .bind(wire::work::work_column(paper))
            .bind(i64::from(timing::is_open(paper)))
            .bind(i64::from(timing::runs(paper)))
            .bind(timing::last_day(paper).map(|day| day.to_string()))
            .bind(i64::from(timing::with_leaders(paper)))
            .bind(i64::from(paper.stands()))
            .bind(next_us(paper, rules))
            .bind(rules.version())
            .bind(Version::ABSENT.next())
            .bind(*recorded_us);
    }
    query.execute(tx.sql()).await?;
    Ok(())
}

fn next_us(paper: &Paper, rules: &Rules) -> Option<i64> {
    timing::next(paper, rules).map(|(at, _)| time::to_us(at))
}

/// Writes the stage of a paper and its work, where its version is still the one that was loaded. Without rules the next alarm
/// stays as it is, unless the paper has come to an end.
pub(crate) async fn save(
    tx: &mut Tx,
    paper: &Paper,
    version: Version,
    recorded_us: i64,
    rules: Option<&Rules>,
) -> Result<(), SaveError> {
    let returned = if let Stage::Returned { returned, .. } = &paper.stage { Some(returned) } else { None };
    let (signed, registered, checked) = (paper.signed(), paper.registered(), paper.checked());
    let saved = sqlx::query(
        "update inbox_papers set stage = $1, signed_for_by = $2, signed_us = $3, book_year = $4, serial = $5, \
         registered_us = $6, resolutions = $7, document = $8, checked_us = $9, return_code = $10, return_reason = $11, \
         returned_us = $12, work = $13, open = $14, runs = $15, due_day = $16, with_leaders = $17, stands = $18, \
         version = $19, recorded_us = $20 where inbox = $21 and sender = $22 and message_id = $23 and version = $24",
    )
    .bind(paper.stage.as_str())
    .bind(signed.map(|signed| signed.person.as_str()))
    .bind(signed.map(|signed| time::to_us(signed.at)))
    .bind(registered.map(|registered| i64::from(registered.year())))
    .bind(registered.map(|registered| registered.serial))
    .bind(registered.map(|registered| time::to_us(registered.at)))
    .bind(checked.map(|checked| wire::resolutions(&checked.resolutions)))
    .bind(checked.and_then(|checked| checked.document.as_deref()))
    .bind(checked.map(|checked| time::to_us(checked.at)))
    .bind(returned.map(|returned| returned.code.as_str()))
    .bind(returned.map(|returned| returned.reason.as_str()))
    .bind(returned.map(|returned| time::to_us(returned.at)))
    .bind(wire::work::work_column(paper))
    .bind(i64::from(timing::is_open(paper)))
    .bind(i64::from(timing::runs(paper)))
    .bind(timing::last_day(paper).map(|day| day.to_string()))
    .bind(i64::from(timing::with_leaders(paper)))
    .bind(i64::from(paper.stands()))
    .bind(version.next())
    .bind(recorded_us)
    .bind(paper.name.inbox.code())
    .bind(paper.name.sender.as_str())
    .bind(paper.name.message.to_string())
    .bind(version.number())
    .execute(tx.sql())
    .await?;
    guard(&saved)?;
    match rules {
        Some(rules) => schedule(tx, paper, rules).await,
        None if !timing::is_open(paper) => silence(tx, &paper.name).await,
        None => Ok(()),
    }
}

/// Writes when the clock has something to say next. Derived from the rest of the row, so that no event holds it.
pub(crate) async fn schedule(tx: &mut Tx, paper: &Paper, rules: &Rules) -> Result<(), SaveError> {
    sqlx::query(
        "update inbox_papers set next_us = $1, rules = $2 where inbox = $3 and sender = $4 and message_id = $5",
    )
    .bind(next_us(paper, rules))
    .bind(rules.version())
    .bind(paper.name.inbox.code())
    .bind(paper.name.sender.as_str())
    .bind(paper.name.message.to_string())
    .execute(tx.sql())
    .await?;
    Ok(())
}

async fn silence(tx: &mut Tx, name: &PaperName) -> Result<(), SaveError> {
    sqlx::query("update inbox_papers set next_us = null where inbox = $1 and sender = $2 and message_id = $3")
        .bind(name.inbox.code())
        .bind(name.sender.as_str())
        .bind(name.message.to_string())
        .execute(tx.sql())
        .await?;
    Ok(())
}

/// Makes sure that a paper which a decision relied on is still what was loaded, until the transaction ends.
pub(crate) async fn unmoved(tx: &mut Tx, name: &PaperName, version: Version) -> Result<(), SaveError> {
    let held = sqlx::query(
        "update inbox_papers set version = version where inbox = $1 and sender = $2 and message_id = $3 and version = $4",
    )
    .bind(name.inbox.code())
    .bind(name.sender.as_str())
    .bind(name.message.to_string())
    .bind(version.number())
    .execute(tx.sql())
    .await?;
    guard(&held)
}

/// Writes what an event brings beside the row of its paper: the parts of institutions, and urges.
pub(crate) async fn beside(tx: &mut Tx, event: &Event) -> Result<(), SaveError> {
    let Event::Worked { name, what } = event else { return Ok(()) };
    match &**what {
        What::Assigned(assignment) => insert_parts(tx, name, assignment).await,
        What::AssignmentRefused(_) => delete_parts(tx, name).await,
        What::Urged(urge) => insert_urge(tx, name, urge).await,
        What::Instructed(_)
        | What::DueSet(_)
        | What::Accepted(_)
        | What::Progressed(_)
        | What::PartFinished(_)
        | What::Read(_)
        | What::Guided { .. }
        | What::Reported(_)
        | What::SentBack(_)
        | What::Completed { .. }
        | What::Replied(_)
        | What::Archived(_)
        | What::ExtensionRequested { .. }
        | What::Extended { .. }
        | What::ExtensionRefused(_)
        | What::Merged { .. }
        | What::Transferred { .. }
        | What::Taken { .. }
        | What::Superseded { .. }
        | What::Recalled(_)
        | What::Alarmed { .. }
        | What::Supervised { .. }
        | What::Escalated { .. }
        | What::SupervisionDueSet(_) => Ok(()),
    }
}

async fn insert_parts(tx: &mut Tx, name: &PaperName, assignment: &Assignment) -> Result<(), SaveError> {
    const COLUMNS: usize = 5;
    let parts: Vec<_> = assignment.parts().collect();
    let text = format!(
        "insert into inbox_parts (institution, inbox, sender, message_id, part) values {}",
        values(parts.len(), COLUMNS)
    );
    let mut query = sqlx::query(AssertSqlSafe(text));
    for (institution, part) in parts {
        query = query
            .bind(institution.code())
            .bind(name.inbox.code())
            .bind(name.sender.as_str())
            .bind(name.message.to_string())
            .bind(part.as_str());
    }
    query.execute(tx.sql()).await?;
    Ok(())
}

async fn delete_parts(tx: &mut Tx, name: &PaperName) -> Result<(), SaveError> {
    sqlx::query("delete from inbox_parts where inbox = $1 and sender = $2 and message_id = $3")
        .bind(name.inbox.code())
        .bind(name.sender.as_str())
        .bind(name.message.to_string())
        .execute(tx.sql())
        .await?;
    Ok(())
}

async fn insert_urge(tx: &mut Tx, name: &PaperName, urge: &Urge) -> Result<(), SaveError> {
    sqlx::query(
        "insert into inbox_urges (inbox, sender, message_id, urge, note, urged_us) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(name.inbox.code())
    .bind(name.sender.as_str())
    .bind(name.message.to_string())
    .bind(urge.urge.as_str())
    .bind(urge.note.as_str())
    .bind(time::to_us(urge.at))
    .execute(tx.sql())
    .await?;
    Ok(())
}
