//! The clock of the inboxes: what falls due is raised once, in order, in the name of the office (催办、督办).

use std::sync::Arc;

use runtime::db::{Columns as _, Connection, Tx};
use runtime::execute::Writer;
use runtime::refusal::{Denial, Failure};
use runtime::timer::Timed;
use vocabulary::{Timestamp, time};

use super::decide::{Actor, Command, Desk, Facts, Step};
use super::rules::Rules;
use super::state::PaperName;
use super::store::save;

/// How many alarms one transaction raises at most.
const TOGETHER_MAX: usize = 64;

/// How many papers one transaction sets anew at a start.
const ANEW_MAX: i64 = 200;

/// Raises the alarms of the papers in all inboxes.
pub(crate) struct Alarms {
    writer: Writer,
    rules: Arc<Rules>,
}

impl Alarms {
    /// The alarms by these rules.
    pub(crate) const fn new(writer: Writer, rules: Arc<Rules>) -> Self {
        Self { writer, rules }
    }

    fn facts(&self, now: Timestamp) -> Facts {
        facts(&self.rules, now)
    }
}

fn facts(rules: &Arc<Rules>, now: Timestamp) -> Facts {
    let rules = Some(Arc::clone(rules));
    Facts { now, person: String::new(), actor: Actor::Service, directive: None, rules }
}

impl Timed for Alarms {
    fn name(&self) -> &'static str {
        "inbox"
    }

    async fn next(&self, sql: &mut Connection) -> Result<Option<Timestamp>, Failure> {
        let row = sqlx::query("select min(next_us) from inbox_papers where next_us is not null").fetch_one(sql).await?;
        row.maybe_instant(0)
    }

    /// One alarm after the other, each time the earliest of all papers, so that a clock that jumps far raises them in order.
    async fn fire(&self, tx: &mut Tx, now: Timestamp) -> Result<usize, Failure> {
        let facts = self.facts(now);
        for raised in 0..TOGETHER_MAX {
            let Some(name) = earliest(tx.sql(), now).await? else { return Ok(raised) };
            let command = Command { name, etag: String::new(), step: Step::Ring };
            let desk = self.writer.carry_out::<Desk>(tx, &command, &facts).await.map_err(Denial::unforeseen)?;
            // Where the rules say now that nothing was due, the row is told so; else the alarm has set it already.
            save::schedule(tx, &desk.paper, &self.rules).await?;
        }
        Ok(TOGETHER_MAX)
    }
}

async fn earliest(sql: &mut Connection, now: Timestamp) -> Result<Option<PaperName>, Failure> {
    let row = sqlx::query(
        "select inbox, sender, message_id from inbox_papers where next_us <= $1 and next_us is not null \
         order by next_us, inbox, sender, message_id limit 1",
    )
    .bind(time::to_us(now))
    .fetch_optional(sql)
    .await?;
    row.map(|row| Ok(PaperName { inbox: row.parsed(0)?, sender: row.parsed(1)?, message: row.parsed(2)? })).transpose()
}

/// Derives the dues that waited for a calendar, and sets the alarms of open papers that were set by other rules. At the start.
///
/// # Errors
/// [`Failure`] where the database is away.
pub(crate) async fn set_anew(writer: &Writer, rules: &Arc<Rules>) -> Result<(), Failure> {
    loop {
        let job = (writer.clone(), Arc::clone(rules));
        let set = writer.run(job, |(writer, rules), tx| Box::pin(set_some(tx, writer, rules))).await?;
        if set == 0 {
            return Ok(());
        }
        tracing::info!(papers = set, rules = rules.version(), "dues and alarms of papers are derived anew");
    }
}

async fn set_some(tx: &mut Tx, writer: &Writer, rules: &Arc<Rules>) -> Result<usize, Failure> {
    let rows = sqlx::query(
        "select inbox, sender, message_id from inbox_papers where open = 1 and rules <> $1 \
         order by inbox, sender, message_id limit $2",
    )
    .bind(rules.version())
    .bind(ANEW_MAX)
    .fetch_all(tx.sql())
    .await?;
    let facts = facts(rules, writer.clock().now());
    for row in &rows {
        let name = PaperName { inbox: row.parsed(0)?, sender: row.parsed(1)?, message: row.parsed(2)? };
        let command = Command { name, etag: String::new(), step: Step::Derive };
        let desk = writer.carry_out::<Desk>(tx, &command, &facts).await.map_err(Denial::unforeseen)?;
        save::schedule(tx, &desk.paper, rules).await?;
    }
    Ok(rows.len())
}
