//! Work in the background: every task belongs to a set that knows it, ends it within a bound, and never loses its panic.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::refusal::Failure;

/// The pause before a task that ended badly runs again; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest pause between two runs.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The background tasks of one service. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
}

impl Tasks {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a task until it ends. It must watch [`Tasks::stopping`], or it is cut off when the drain's bound is over.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = Result<(), Failure>> + Send + 'static) {
        self.tracker.spawn(async move {
            let _ = attempt(name, task).await;
        });
    }

    /// Keeps a task running: where it fails or panics it is made again, after a pause that grows. It ends for good when it
    /// returns `Ok`, or when the process stops.
    pub fn keep<F>(&self, name: &'static str, mut make: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let stopping = self.stopping.clone();
        self.tracker.spawn(async move {
            let mut pause = PAUSE_MIN;
            while !stopping.is_cancelled() && attempt(name, make()).await.is_err() {
                if stopping.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                    return;
                }
                pause = (pause * 2).min(PAUSE_MAX);
            }
        });
    }

    /// Resolves when the process stops: tasks end at their next safe point.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + use<> {
        self.stopping.clone().cancelled_owned()
    }

    /// Whether the process is stopping.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Tells every task to end, and waits for it at most `bound`. Answers whether all ended.
    pub async fn stop(&self, bound: Duration) -> bool {
        self.stopping.cancel();
        self.tracker.close();
        tokio::time::timeout(bound, self.tracker.wait()).await.is_ok()
    }
}

/// Runs a task to its end and logs how it ended, where it did not end well.
async fn attempt(name: &'static str, task: impl Future<Output = Result<(), Failure>>) -> Result<(), ()> {
    match AssertUnwindSafe(task).catch_unwind().await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(failure)) => {
            tracing::error!(task = name, "background task failed: {}", crate::telemetry::chain(&failure));
            Err(())
        }
        Err(panic) => {
            tracing::error!(task = name, "background task panicked: {}", crate::telemetry::panic_text(&*panic));
            Err(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_task_that_fails_or_panics_is_made_again() {
        let tasks = Tasks::new();
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        tasks.keep("trial", move || {
            let run = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert_ne!(run, 0, "the first run panics");
                if run == 1 { Err(Failure::Contention) } else { Ok(()) }
            }
        });
        tasks.tracker.close();
        tasks.tracker.wait().await;
        assert_eq!(runs.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn stopping_waits_no_longer_than_its_bound() {
        let tasks = Tasks::new();
        let stopping = tasks.stopping();
        tasks.spawn("polite", async move {
            stopping.await;
            Ok(())
        });
        assert!(tasks.stop(Duration::from_secs(5)).await);
        let deaf = Tasks::new();
        deaf.spawn("deaf", std::future::pending());
        assert!(!deaf.stop(Duration::from_millis(10)).await);
    }
}
