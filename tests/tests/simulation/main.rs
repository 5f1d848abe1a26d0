//! County, gateway and office on a simulated network: messages are late, come twice, come again and overtake one another, connections
//! break, parts of the network fall apart, processes die. Whatever the network does, what was acknowledged is there, once, in order,
//! and every answer is the same bytes: of papers to the town, and of the town's own papers to departments that pull and are pushed to.
//!
//! Each round follows a schedule of faults that its seed makes; the seed is printed, and `TOWNLINK_SIMULATION_SEED=n` plays its
//! schedule again. `TOWNLINK_SIMULATION_ROUNDS=n` plays more rounds.

mod check;
mod county;
mod dispatches;
mod faults;
mod front;
mod messages;
mod receivers;
mod stage;

use std::time::{Duration, Instant};

use tests::random::Random;

use dispatches::Letter;
use faults::Schedule;
use messages::{Fate, Messages};
use stage::Stage;

/// How many rounds are played unless it is said, where the machine is quick enough.
const ROUNDS: u64 = 5;

/// After how much of the machine's time no further round begins, unless it is said how many are played.
const ENOUGH: Duration = Duration::from_secs(45);

/// How long a round may take in simulated time. Faults end long before.
const LIFE_MAX: Duration = Duration::from_secs(900);

/// The machine's time that a step of simulated time is given, since databases work in the machine's time.
const STEP: Duration = Duration::from_micros(100);

#[expect(clippy::disallowed_methods, reason = "a round is chosen by the environment only")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

#[test]
fn nothing_is_lost_and_nothing_happens_twice_whatever_the_network_does() {
    if let Some(seed) = number("TOWNLINK_SIMULATION_SEED") {
        return round(seed);
    }
    let (began, wanted) = (Instant::now(), number("TOWNLINK_SIMULATION_ROUNDS"));
    for played in 0..wanted.unwrap_or(ROUNDS) {
        if wanted.is_none() && played > 0 && began.elapsed() > ENOUGH {
            return;
        }
        round(Random::new_seed());
    }
}

/// What a seed decides before a round begins.
struct Plan {
    schedule: Schedule,
    messages: u64,
    letters: Vec<Letter>,
    /// The choices of whoever acts.
    story: Random,
}

impl Plan {
    fn of_seed(seed: u64) -> Self {
        let mut random = Random::of_seed(seed);
        let schedule = Schedule::new(&mut random);
        let messages = random.next_number();
        let letters = dispatches::plan(&mut random);
        Self { schedule, messages, letters, story: random }
    }
}

#[test]
fn a_seed_brings_the_same_faults_again() {
    let fates = |plan: &Plan, way: &str| (1..=200).map(|n| Fate::of(plan.messages, way, n)).collect::<Vec<_>>();
    for seed in [0, 1, 2_026, u64::MAX] {
        let (plan, again, other) = (Plan::of_seed(seed), Plan::of_seed(seed), Plan::of_seed(seed ^ 1));
        assert_eq!((&plan.schedule, &plan.letters), (&again.schedule, &again.letters));
        assert_ne!(plan.schedule, other.schedule);
        for way in ["gateway office /Deliver", "county/water gateway /AcknowledgeDispatch"] {
            assert_eq!(fates(&plan, way), fates(&again, way));
            assert_ne!(fates(&plan, way), fates(&other, way));
        }
        assert_ne!(fates(&plan, "gateway office"), fates(&plan, "gateway housing"), "each way has faults of its own");
    }
}

fn round(seed: u64) {
    println!("TOWNLINK_SIMULATION_SEED={seed}");
    let began = Instant::now();
    let Plan { mut schedule, messages, letters, mut story } = Plan::of_seed(seed);
    let stage = Stage::new(Messages::new(messages));
    let mut network = turmoil::Builder::new();
    network
        .rng_seed(seed)
        .simulation_duration(LIFE_MAX)
        .tick_duration(Duration::from_millis(5))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(60))
        .tcp_capacity(4096)
        .enable_random_order();
    let mut simulation = network.build();
    for service in stage::SERVICES {
        let stage = stage.clone();
        simulation.host(service, move || stage.clone().serve(service));
    }
    for department in [stage::PUSHED, stage::LATE] {
        let stage = stage.clone();
        simulation.host(department, move || receivers::serve(stage.clone(), department));
    }
    let (acting, papers, outgoing, sent) = (stage.clone(), story.fork(), story.fork(), letters.clone());
    simulation.client(stage::COUNTY, async move {
        let both = async { futures::join!(county::act(&acting, papers), dispatches::act(&acting, &sent, outgoing)) };
        tokio::select! {
            ((), ()) = both => Ok(()),
            () = county::hours(&acting) => Ok(()),
        }
    });
    loop {
        schedule.play(&mut simulation);
        match simulation.step() {
            Ok(true) => break,
            Ok(false) => std::thread::sleep(STEP),
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    let (repeated, kept) = stage.messages().end();
    println!(
        "  {} faults, {repeated} messages repeated, {kept} held back, {:?} of simulated time, {:.1?}",
        schedule.played(),
        simulation.elapsed(),
        began.elapsed()
    );
    drop(simulation);
    check::everything_is_there_once(&stage, county::PAPERS, &letters);
}
