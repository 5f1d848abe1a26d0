//! Which lanes fail, for whoever asks what is wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vocabulary::Timestamp;

use crate::relay::delivery::store::Lane;

/// A lane whose first delivery fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failing {
    /// How often it failed in a row.
    pub failures: usize,
    /// When it is tried again, by the town's clock.
    pub again: Timestamp,
    /// Why it failed last.
    pub cause: String,
}

/// The lanes that fail. Held in memory: a gateway that starts tries every lane at once.
#[derive(Clone, Default)]
pub(crate) struct Board(Arc<Mutex<BTreeMap<Lane, Failing>>>);

impl Board {
    /// Notes that a lane fails.
    pub(crate) fn fails(&self, lane: Lane, failing: Failing) {
        self.lanes().insert(lane, failing);
    }

    /// Notes that a lane works.
    pub(crate) fn works(&self, lane: &Lane) {
        self.lanes().remove(lane);
    }

    /// Notes that another replica works the lanes now.
    pub(crate) fn clear(&self) {
        self.lanes().clear();
    }

    /// How a lane fails, if it does.
    pub(crate) fn of(&self, lane: &Lane) -> Option<Failing> {
        self.lanes().get(lane).cloned()
    }

    fn lanes(&self) -> MutexGuard<'_, BTreeMap<Lane, Failing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
