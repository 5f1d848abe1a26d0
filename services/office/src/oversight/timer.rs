//! What falls due: answers to supervision opinions, and opinions of joint reviews.

use std::sync::Arc;

use runtime::db::{Connection, Tx};
use runtime::execute::Writer;
use runtime::refusal::{Denial, Failure};
use runtime::timer::Timed;
use vocabulary::Timestamp;

use super::facts::Facts;
use super::record::{Command, Desk, Resource};
use super::settings::Rules;
use super::store::{self, Waiting};
use crate::opinion::decide::Step as ReviewStep;
use crate::opinion::state::JointReview;
use crate::supervision::decide::instrument::Step as OpinionStep;
use crate::supervision::state::SupervisionOpinion;

/// How many take effect in one transaction.
const BATCH: i64 = 16;

/// Lets limits run out.
pub(crate) struct Limits {
    writer: Writer,
    rules: Arc<Rules>,
}

impl Limits {
    /// Over the office's database.
    pub(crate) const fn new(writer: Writer, rules: Arc<Rules>) -> Self {
        Self { writer, rules }
    }

    async fn fall_due<R: Resource>(
        &self,
        tx: &mut Tx,
        due: &Waiting,
        step: R::Step,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let command = Command::<R> { id: due.id, etag: String::new(), step };
        let facts = Facts::of_clock(now, &self.rules);
        self.writer.carry_out::<Desk<R>>(tx, &command, &facts).await.map_err(Denial::unforeseen)?;
        Ok(())
    }
}

impl Timed for Limits {
    fn name(&self) -> &'static str {
        "oversight"
    }

    async fn next(&self, sql: &mut Connection) -> Result<Option<Timestamp>, Failure> {
        store::next_due(sql, self.rules.last_year()).await
    }

    async fn fire(&self, tx: &mut Tx, now: Timestamp) -> Result<usize, Failure> {
        let due = store::due(tx.sql(), now, self.rules.last_year(), BATCH).await?;
        for waiting in &due {
            if waiting.kind == JointReview::TYPE {
                self.fall_due::<JointReview>(tx, waiting, ReviewStep::FallDue, now).await?;
            } else {
                self.fall_due::<SupervisionOpinion>(tx, waiting, OpinionStep::FallDue, now).await?;
            }
        }
        Ok(due.len())
    }
}
