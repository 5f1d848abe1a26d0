//! Load: clients that each send one request after the other, as fast as the answers come.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

/// What came of a load.
#[derive(Clone, Debug, Default)]
pub struct Served {
    /// How long each request took, in no order.
    pub latencies: Vec<Duration>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

impl Served {
    /// How many requests were answered.
    #[must_use]
    pub fn count(&self) -> u64 {
        u64::try_from(self.latencies.len()).unwrap_or(u64::MAX)
    }

    /// Requests a second.
    #[must_use]
    pub fn per_second(&self) -> u64 {
        let ns = self.elapsed.as_nanos().max(1);
        u64::try_from(u128::from(self.count()) * 1_000_000_000 / ns).unwrap_or(u64::MAX)
    }
}

/// Runs clients at once, each to its own end, and gathers what they saw.
///
/// # Errors
/// The first error of a client; the others are then stopped.
pub async fn run<C>(clients: Vec<C>) -> Result<Served>
where
    C: Future<Output = Result<Vec<Duration>>> + Send + 'static,
{
    let begin = Instant::now();
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn(client);
    }
    let mut served = Served::default();
    while let Some(ended) = running.join_next().await {
        served.latencies.extend(ended.context("a client panicked")??);
    }
    served.elapsed = begin.elapsed();
    Ok(served)
}

/// What one client saw.
#[derive(Debug, Default)]
pub struct Client {
    latencies: Vec<Duration>,
}

impl Client {
    /// Waits for an answer, and notes how long it took.
    ///
    /// # Errors
    /// The error of the call.
    pub async fn wait<T, E: Into<anyhow::Error>>(&mut self, call: impl Future<Output = Result<T, E>>) -> Result<T> {
        let begin = Instant::now();
        let answer = call.await.map_err(Into::into)?;
        self.latencies.push(begin.elapsed());
        Ok(answer)
    }

    /// What it saw, in order.
    #[must_use]
    pub fn done(self) -> Vec<Duration> {
        self.latencies
    }
}
