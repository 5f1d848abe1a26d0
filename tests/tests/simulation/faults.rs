//! The faults of a round, by a seed: what happens to whom, when, and for how long.

use std::time::Duration;

use tests::random::Random;
use turmoil::Sim;

use crate::stage::{COUNTY, PUSHED};

/// Every pair that the network can part.
const PAIRS: [(&str, &str); 4] = [(COUNTY, "gateway"), (COUNTY, "office"), ("gateway", "office"), ("gateway", PUSHED)];

/// Every host that can die.
const HOSTS: [&str; 3] = ["office", "gateway", PUSHED];

/// When the last fault begins, at the latest.
const TROUBLE: Duration = Duration::from_secs(45);

/// When everything is mended, whatever was broken.
const MENDED: Duration = Duration::from_secs(90);

/// How many faults a round has at least, and how many more it may have.
const FAULTS: (u64, u64) = (12, 12);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// Nothing passes between two hosts.
    Part(&'static str, &'static str),
    /// Nothing passes one way.
    PartOneWay(&'static str, &'static str),
    /// Messages between two hosts wait, and come together when they are let go.
    Hold(&'static str, &'static str),
    /// What was parted or held is as before.
    Mend(&'static str, &'static str),
    /// A process dies in the middle of whatever it does.
    Kill(&'static str),
    /// A process starts on what it left.
    Start(&'static str),
    /// Messages take up to so many milliseconds.
    Slow(u64),
}

/// The faults still to come, the next one last.
#[derive(Debug, PartialEq, Eq)]
pub struct Schedule {
    changes: Vec<(Duration, Change)>,
    played: usize,
}

impl Schedule {
    /// The schedule of a seed.
    pub fn new(random: &mut Random) -> Self {
        let mut changes = Vec::new();
        let count = FAULTS.0 + random.below(FAULTS.1);
        for _ in 0..count {
            let begin = milliseconds(random, 500, TROUBLE);
            let end = begin + milliseconds(random, 100, Duration::from_secs(12));
            let (left, right) = *random.choose(&PAIRS);
            let host = *random.choose(&HOSTS);
            let (change, mended) = match random.below(6) {
                0 => (Change::Part(left, right), Change::Mend(left, right)),
                1 => (Change::PartOneWay(left, right), Change::Mend(left, right)),
                2 => (Change::Hold(left, right), Change::Mend(left, right)),
                3 => (Change::Slow(random.below(900)), Change::Slow(60)),
                _ => (Change::Kill(host), Change::Start(host)),
            };
            changes.extend([(begin, change), (end, mended)]);
        }
        for (left, right) in PAIRS {
            changes.push((MENDED, Change::Mend(left, right)));
        }
        changes.extend(HOSTS.map(|host| (MENDED, Change::Start(host))));
        changes.push((MENDED, Change::Slow(60)));
        changes.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Self { changes, played: 0 }
    }

    /// Lets happen what is due.
    pub fn play(&mut self, simulation: &mut Sim<'_>) {
        while let Some((_, change)) = self.changes.pop_if(|(at, _)| *at <= simulation.elapsed()) {
            self.played += 1;
            happen(simulation, change);
        }
    }

    /// How many changes there were.
    pub const fn played(&self) -> usize {
        self.played
    }
}

fn milliseconds(random: &mut Random, least: u64, most: Duration) -> Duration {
    let most = u64::try_from(most.as_millis()).expect("a short time");
    Duration::from_millis(least + random.below(most - least))
}

fn happen(simulation: &mut Sim<'_>, change: Change) {
    match change {
        Change::Part(left, right) => simulation.partition(left, right),
        Change::PartOneWay(left, right) => simulation.partition_oneway(left, right),
        Change::Hold(left, right) => simulation.hold(left, right),
        Change::Mend(left, right) => {
            simulation.release(left, right);
            simulation.repair(left, right);
        }
        Change::Kill(host) => {
            if simulation.is_host_running(host) {
                simulation.crash(host);
            }
        }
        Change::Start(host) => {
            if !simulation.is_host_running(host) {
                simulation.bounce(host);
            }
        }
        Change::Slow(most) => simulation.set_max_message_latency(Duration::from_millis(most + 1)),
    }
}
