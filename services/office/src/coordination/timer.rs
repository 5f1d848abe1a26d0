//! Alarms: what is not done in its time, and what has a last day that cannot be told.

use std::sync::Arc;

use runtime::db::{Connection, Tx};
use runtime::execute::Writer;
use runtime::refusal::{Denial, Failure};
use runtime::timer::Timed;
use vocabulary::Timestamp;

use super::decide::{Command, Desk, Facts, Step};
use super::duty::{self, Duty};
use super::settings::Rules;
use super::state::ItemId;
use crate::guidance;
use crate::guidance::state::GuidanceId;

/// The duties that fall due.
pub(crate) struct Duties {
    writer: Writer,
    rules: Arc<Rules>,
}

impl Duties {
    /// The duties in the office's database.
    pub(crate) fn new(writer: Writer, rules: Arc<Rules>) -> Self {
        Self { writer, rules }
    }

    async fn fall_due(&self, tx: &mut Tx, subject: &str, now: Timestamp) -> Result<Vec<Duty>, Denial> {
        let facts = Facts { now, party: None, person: String::new(), rules: Arc::clone(&self.rules) };
        if let Some(id) = GuidanceId::parse(subject) {
            let command = guidance::decide::Command { id, etag: String::new(), step: guidance::decide::Step::FallDue };
            let desk = self.writer.carry_out::<guidance::decide::Desk>(tx, &command, &facts).await?;
            return Ok(desk.guidance.map(|guidance| guidance.duties).unwrap_or_default());
        }
        let id =
            ItemId::parse(subject).ok_or_else(|| Failure::internal(format!("{subject} has a duty and is nothing")))?;
        let command = Command { id, etag: String::new(), step: Step::FallDue };
        let desk = self.writer.carry_out::<Desk>(tx, &command, &facts).await?;
        Ok(desk.item.map(|item| item.duties).unwrap_or_default())
    }
}

impl Timed for Duties {
    fn name(&self) -> &'static str {
        "coordination duties"
    }

    async fn next(&self, sql: &mut Connection) -> Result<Option<Timestamp>, Failure> {
        duty::store::next(sql, self.rules.last_year()).await
    }

    async fn fire(&self, tx: &mut Tx, now: Timestamp) -> Result<usize, Failure> {
        let subjects = duty::store::due(tx, now, self.rules.last_year()).await?;
        for subject in &subjects {
            let duties = self.fall_due(tx, subject, now).await.map_err(Denial::unforeseen)?;
            for duty in duties.iter().filter(|duty| duty.alarmed == Some(now)) {
                let (party, kind) = (duty.party.code(), duty::wire::kind_name(duty.kind));
                tracing::warn!(
                    subject,
                    party,
                    kind,
                    missing_year = duty.missing_year(),
                    "a duty is overdue or has no last day"
                );
                metrics::counter!("townlink_coordination_alarms_total", "party" => party, "type" => kind).increment(1);
            }
        }
        Ok(subjects.len())
    }
}
