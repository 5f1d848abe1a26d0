//! SIGKILL at random moments under load, again and again, and then the reckoning: nothing acknowledged is lost, nothing was done
//! twice, every answer comes again byte for byte, positions are dense, deliveries stand in order.
//!
//! The seed decides moments and choices; what the machine does in between is its own, so a seed repeats the plan and not the run.
//!
//! - [`load`]: clients that repeat what had no answer and never give up.
//! - [`reckoning`]: what must be true at the end.

pub mod load;
pub mod reckoning;

use std::fmt;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use runtime::db::Backend;

use crate::act::Act;
use crate::ledger;
use crate::random::Random;
use crate::raw::Answer;
use crate::town::Town;

/// The longest time between a start and the kill that follows, in milliseconds.
const LIFE_MAX_MS: u64 = 1_000;

/// How many earlier answers are asked for again after each start.
const SAMPLE: usize = 40;

/// How many questions are asked at once in the reckoning.
const AT_ONCE: usize = 16;

/// What a run did.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// How often the town was killed.
    pub rounds: usize,
    /// Acts that were answered, repetitions apart.
    pub acts: usize,
    /// Papers among them.
    pub papers: usize,
    /// Attempts that had no answer and were repeated.
    pub unanswered: usize,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, acts, papers, unanswered, took } = self;
        write!(
            f,
            "killed {rounds} times: {acts} acts answered, {papers} papers among them, {unanswered} attempts repeated, {took:.1?}"
        )
    }
}

/// Runs so many rounds on a database, and checks everything.
///
/// # Panics
/// Where anything is lost, doubled, changed or out of order.
pub async fn run(backend: Backend, rounds: usize, seed: u64) -> Tally {
    let begin = Instant::now();
    let mut random = Random::of_seed(seed);
    let mut town = Town::up(backend).await;
    let load = load::begin(&town.clients, &mut random).await;
    for _ in 0..rounds {
        tokio::time::sleep(Duration::from_millis(random.below(LIFE_MAX_MS))).await;
        town.kill9();
        town.start().await;
        let acts = load.acts();
        let sampled = (0..SAMPLE.min(acts.len())).map(|_| random.choose(&acts).clone()).collect::<Vec<_>>();
        repeat(&sampled).await;
    }
    let unanswered = load.unanswered();
    let acts = load.end().await;
    repeat(&acts).await;
    reckoning::reckon(&town.clients, &acts).await;
    town.stop();
    let ledgers = ledger::check(&town.databases).await;
    reckoning::reckon_journals(&ledgers, &acts);
    let papers = acts.iter().filter(|(act, _)| act.path == load::ISSUE).count();
    Tally { rounds, acts: acts.len(), papers, unanswered, took: begin.elapsed() }
}

/// Asks again for what was answered before. The same bytes must come.
async fn repeat(acts: &[(Act, Answer)]) {
    let asked = futures::stream::iter(acts).for_each_concurrent(AT_ONCE, async |(act, answer)| {
        let again = act.insist().await;
        assert_eq!(again, *answer, "{} is answered again, byte for byte", act.path);
    });
    asked.await;
}
