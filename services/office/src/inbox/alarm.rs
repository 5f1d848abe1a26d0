//! The clock of the inboxes: what falls due is raised once, in order, in the name of the office (催办、督办).

use std::sync::Arc;

use runtime::db::{Connection, Tx};
use runtime::execute::Writer;
use runtime::refusal::{Denial, Failure};
use runtime::timer::Timed;
use vocabulary::Timestamp;

use super::decide::{Actor, Command, Desk, Facts, Step};
use super::rules::Rules;
use super::store::{clock, save};

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
        clock::next(sql).await
    }

    /// One alarm after the other, each time the earliest of all papers, so that a clock that jumps far raises them in order.
    async fn fire(&self, tx: &mut Tx, now: Timestamp) -> Result<usize, Failure> {
        let facts = self.facts(now);
        for raised in 0..TOGETHER_MAX {
            let Some(name) = clock::earliest(tx.sql(), now).await? else { return Ok(raised) };
            let command = Command { name, etag: String::new(), step: Step::Ring };
            let desk = self.writer.carry_out::<Desk>(tx, &command, &facts).await.map_err(Denial::unforeseen)?;
            // Where the rules say now that nothing was due, the row is told so; else the alarm has set it already.
            save::schedule(tx, &desk.paper, &self.rules).await?;
        }
        Ok(TOGETHER_MAX)
    }
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
    let names = clock::set_by_others(tx.sql(), rules.version(), ANEW_MAX).await?;
    let facts = facts(rules, writer.clock().now());
    let set = names.len();
    for name in names {
        let command = Command { name, etag: String::new(), step: Step::Derive };
        let desk = writer.carry_out::<Desk>(tx, &command, &facts).await.map_err(Denial::unforeseen)?;
        save::schedule(tx, &desk.paper, rules).await?;
    }
    Ok(set)
}

#[cfg(test)]
mod tests;
