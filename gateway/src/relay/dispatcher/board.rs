//! Which lanes fail, for whoever asks what is wrong.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vocabulary::Timestamp;

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

/// The lanes that fail, by the kind of work and their name. Held in memory: a gateway that starts tries every lane at once.
#[derive(Clone, Default)]
pub(crate) struct Board(Arc<Mutex<BTreeMap<(&'static str, String), Failing>>>);

impl Board {
    /// Notes that a lane fails.
    pub(crate) fn fails(&self, work: &'static str, lane: &impl Display, failing: Failing) {
        self.lanes().insert((work, lane.to_string()), failing);
    }

    /// Notes that a lane works.
    pub(crate) fn works(&self, work: &'static str, lane: &impl Display) {
        self.lanes().remove(&(work, lane.to_string()));
    }

    /// Notes that another replica works the lanes now.
    pub(crate) fn clear(&self) {
        self.lanes().clear();
    }

    /// How a lane fails, if it does.
    pub(crate) fn of(&self, work: &'static str, lane: &impl Display) -> Option<Failing> {
        self.lanes().get(&(work, lane.to_string())).cloned()
    }

    /// The lanes of other kinds of work that fail.
    pub(crate) fn beside(&self, work: &'static str) -> Vec<(&'static str, String, Failing)> {
        let lanes = self.lanes();
        let others = lanes.iter().filter(|((of, _), _)| *of != work);
        others.map(|((of, lane), failing)| (*of, lane.clone(), failing.clone())).collect()
    }

    fn lanes(&self) -> MutexGuard<'_, BTreeMap<(&'static str, String), Failing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
