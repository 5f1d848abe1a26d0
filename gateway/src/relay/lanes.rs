//! What an operator is told of lanes in which nothing moves: the paper behind which the others wait.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use runtime::clock::TownClock;
use runtime::db::Db;
use runtime::diagnosis::{Check, Finding};
use runtime::refusal::Failure;
use vocabulary::time;
use vocabulary::time::format_instant;

use super::delivery::store::{self, Lane, Oldest};
use super::dispatcher::{Board, Deliveries, Failing, Hold, Work};

/// How many lanes are told of at most.
const TOLD_MAX: usize = 20;

const STUCK: &str = "DR-LANE-STUCK";
const MEND: &str = "请先恢复收文单位的服务，必要时电话通知；该件之后的文件按编号顺序等待，恢复后自动续投。";

/// Looks at the lanes of the relay.
pub(crate) struct Lanes {
    db: Db,
    clock: TownClock,
    board: Board,
    hold: Hold,
    wait_max: SignedDuration,
}

impl Lanes {
    /// A look at the lanes; a paper may wait for so many minutes of town time.
    pub(crate) fn new(db: Db, clock: TownClock, board: Board, hold: Hold, wait_max_minutes: u64) -> Self {
        let wait_max = SignedDuration::from_mins(i64::try_from(wait_max_minutes).unwrap_or(i64::MAX / 60));
        Self { db, clock, board, hold, wait_max }
    }

    async fn look(&self) -> Result<Vec<Finding>, Failure> {
        let mut found = Vec::new();
        let name = crate::NAME.as_str();
        if self.hold.is_on() {
            let fault = "the dispatcher is held: nothing is delivered";
            found.push(Finding::warning(
                name,
                "DR-LANE-HELD",
                fault,
                "请删除数据目录中的 dispatcher.hold，或者关闭 gateway.dispatcher_hold。",
            ));
        }
        let mut reader = self.db.read().await?;
        for lane in store::lanes(reader.sql()).await? {
            if found.len() > TOLD_MAX {
                break;
            }
            if let Some(oldest) = store::oldest(reader.sql(), &lane).await? {
                found.extend(self.of_lane(&lane, &oldest)?);
            }
        }
        for (work, lane, failing) in self.board.beside(Deliveries::NAME).into_iter().take(TOLD_MAX) {
            let fault = format!("{work}, {lane}: {}", told(failing));
            found.push(Finding::fault(name, STUCK, fault, MEND));
        }
        Ok(found)
    }

    fn of_lane(&self, lane: &Lane, oldest: &Oldest) -> Result<Option<Finding>, Failure> {
        let since = time::from_us(oldest.since_us).map_err(Failure::internal)?;
        let age = self.clock.now().duration_since(since);
        let failing = self.board.of(Deliveries::NAME, lane);
        if failing.is_none() && (age <= self.wait_max || self.hold.is_on()) {
            return Ok(None);
        }
        let Lane { sender, recipient } = lane;
        let (minutes, number, paper) = (age.as_mins(), oldest.number, &oldest.name);
        let mut fault =
            format!("{paper}, number {number} from {sender} to {recipient}, waits for {minutes} minutes of town time");
        if let Some(failing) = failing {
            fault.push_str(&format!("; it {}", told(failing)));
        }
        Ok(Some(Finding::fault(crate::NAME.as_str(), STUCK, fault, MEND)))
    }
}

/// How a lane fails, in words.
fn told(Failing { failures, again, cause }: Failing) -> String {
    let again = format_instant(again);
    format!("failed {failures} times, is tried again at {again}, and failed last because: {cause}")
}

impl Check for Lanes {
    fn findings(&self) -> BoxFuture<'_, Result<Vec<Finding>, Failure>> {
        self.look().boxed()
    }
}
