//! County, gateway and office on a simulated network: messages are late, connections break, parts of the network fall apart,
//! processes die. Whatever the network does, what was acknowledged is there, once, in order, and every answer is the same bytes.
//!
//! Each round follows a schedule of faults that its seed makes; the seed is printed, and `TOWNLINK_SIMULATION_SEED=n` plays its
//! schedule again. `TOWNLINK_SIMULATION_ROUNDS=n` plays more rounds.

mod check;
mod county;
mod faults;
mod stage;

use std::time::Duration;

use tests::random::Random;

use faults::Schedule;
use stage::Stage;

/// How many rounds are played unless it is said.
const ROUNDS: u64 = 5;

/// How long a round may take in simulated time. Faults end long before.
const LIFE_MAX: Duration = Duration::from_secs(900);

/// The machine's time that a step of simulated time is given, since databases work in the machine's time.
const STEP: Duration = Duration::from_micros(40);

#[expect(clippy::disallowed_methods, reason = "a round is chosen by the environment only")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

#[test]
fn nothing_is_lost_and_nothing_happens_twice_whatever_the_network_does() {
    if let Some(seed) = number("TOWNLINK_SIMULATION_SEED") {
        return round(seed);
    }
    for _ in 0..number("TOWNLINK_SIMULATION_ROUNDS").unwrap_or(ROUNDS) {
        round(Random::new_seed());
    }
}

fn round(seed: u64) {
    println!("TOWNLINK_SIMULATION_SEED={seed}");
    let mut random = Random::of_seed(seed);
    let stage = Stage::new();
    let mut schedule = Schedule::new(&mut random);
    let mut network = turmoil::Builder::new();
    network
        .rng_seed(seed)
        .simulation_duration(LIFE_MAX)
        .tick_duration(Duration::from_millis(2))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(60))
        .tcp_capacity(4096)
        .enable_random_order();
    let mut simulation = network.build();
    for service in stage::SERVICES {
        let stage = stage.clone();
        simulation.host(service, move || stage.clone().serve(service));
    }
    let (acting, story) = (stage.clone(), random.fork());
    simulation.client(stage::COUNTY, async move {
        county::act(&acting, story).await;
        Ok(())
    });
    loop {
        schedule.play(&mut simulation);
        match simulation.step() {
            Ok(true) => break,
            Ok(false) => std::thread::sleep(STEP),
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    println!("  {} faults, {:?} of simulated time", schedule.played(), simulation.elapsed());
    drop(simulation);
    check::everything_is_there_once(&stage, county::PAPERS);
}
