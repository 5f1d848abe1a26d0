//! Answers and acknowledgements that do not come: each is told when it is overdue, an answer again (relay-and-sharing.md §8.5).

use std::sync::Arc;

use runtime::db::{Connection, Tx};
use runtime::execute::Writer;
use runtime::refusal::{Denial, Failure};
use runtime::timer::Timed;
use vocabulary::Timestamp;

use super::decide::{Command, Desk, Step};
use super::state::DispatchId;
use super::store::Missing;
use super::{Desks, store};

/// How many are told, or derived, in one transaction.
const BATCH: i64 = 32;

/// Tells of missing answers and acknowledgements by the town's clock.
pub(crate) struct Reminders {
    writer: Writer,
    desks: Arc<Desks>,
}

impl Reminders {
    /// The timer over the office's database.
    pub(crate) fn new(writer: Writer, desks: Arc<Desks>) -> Self {
        Self { writer, desks }
    }
}

impl Timed for Reminders {
    fn name(&self) -> &'static str {
        "dispatch-reminders"
    }

    async fn next(&self, sql: &mut Connection) -> Result<Option<Timestamp>, Failure> {
        store::next(sql).await
    }

    async fn fire(&self, tx: &mut Tx, now: Timestamp) -> Result<usize, Failure> {
        let due = store::due(tx.sql(), now, BATCH).await?;
        for (id, missing) in &due {
            let step = match missing {
                Missing::Answer => Step::Remind,
                Missing::Acknowledgement => Step::TellSilence,
            };
            let command = Command { id: *id, etag: String::new(), step };
            let facts = self.desks.facts(now);
            self.writer.carry_out::<Desk>(tx, &command, &facts).await.map_err(Denial::unforeseen)?;
            match missing {
                Missing::Answer => metrics::counter!("townlink_office_replies_overdue_total").increment(1),
                Missing::Acknowledgement => {
                    tracing::warn!(dispatch = %id, "a department has not acknowledged a dispatch in time; ask it by telephone (请电话核实收文单位是否收到)");
                    metrics::counter!("townlink_office_acknowledgements_overdue_total").increment(1);
                }
            }
        }
        Ok(due.len())
    }
}

/// Derives by when answers and acknowledgements are expected that could not be derived while the calendar of a year was missing: at
/// every start, since a calendar is loaded with the process.
///
/// # Errors
/// [`Failure`] where the database is away.
pub(crate) async fn determine(writer: &Writer, desks: &Arc<Desks>) -> Result<(), Failure> {
    let mut after: Option<DispatchId> = None;
    loop {
        let batch = store::undetermined(writer.db().read().await?.sql(), after, BATCH).await?;
        let Some(last) = batch.last().copied() else { return Ok(()) };
        after = Some(last);
        let job = (writer.clone(), Arc::clone(desks), batch);
        writer
            .run(job, |(writer, desks, batch), tx| {
                Box::pin(async move {
                    for id in batch {
                        let command = Command { id: *id, etag: String::new(), step: Step::Determine };
                        let facts = desks.facts(writer.clock().now());
                        writer.carry_out::<Desk>(tx, &command, &facts).await.map_err(Denial::unforeseen)?;
                    }
                    Ok(())
                })
            })
            .await?;
    }
}
