//! The stored town clock.

use std::time::Duration;

use runtime::both_databases;
use runtime::clock::{ClockMode, TownClock};
use runtime::testing::NO_MIGRATIONS;
use vocabulary::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

both_databases! {
    async fn a_manual_clock_goes_forward_only_and_survives_a_restart(db: TestDb) {
        let opened = db.open(&NO_MIGRATIONS).await;
        let mode = ClockMode::Manual { start: at("2026-03-02T01:00:00Z") };
        let clock = TownClock::open(mode, &opened).await.expect("a clock");
        assert!(clock.is_manual());
        assert_eq!((clock.now(), clock.today().to_string()), (at("2026-03-02T01:00:00Z"), "2026-03-02".to_owned()));
        assert_eq!(clock.advance(at("2026-03-02T16:00:00Z")).await.expect("moved"), at("2026-03-02T16:00:00Z"));
        assert_eq!(clock.today().to_string(), "2026-03-03", "midnight in Shanghai has passed");
        assert_eq!(clock.advance(at("2026-03-01T00:00:00Z")).await.expect("kept"), at("2026-03-02T16:00:00Z"));
        opened.close().await;
        let opened = db.open(&NO_MIGRATIONS).await;
        let clock = TownClock::open(mode, &opened).await.expect("a clock");
        assert_eq!(clock.now(), at("2026-03-02T16:00:00Z"), "the stored time is the later one");
        let later = ClockMode::Manual { start: at("2026-04-01T00:00:00Z") };
        let clock = TownClock::open(later, &opened).await.expect("a clock");
        assert_eq!(clock.now(), at("2026-04-01T00:00:00Z"), "the configured time is the later one");
    }

    async fn a_timer_fires_when_the_clock_is_moved(db: TestDb) {
        let opened = db.open(&NO_MIGRATIONS).await;
        let mode = ClockMode::Manual { start: at("2026-03-02T01:00:00Z") };
        let clock = TownClock::open(mode, &opened).await.expect("a clock");
        clock.sleep_until(at("2026-03-01T00:00:00Z")).await;
        let timer = {
            let clock = clock.clone();
            tokio::spawn(async move { clock.sleep_until(at("2026-03-10T00:00:00Z")).await })
        };
        clock.advance(at("2026-03-09T00:00:00Z")).await.expect("moved");
        assert!(tokio::time::timeout(Duration::from_millis(50), clock.sleep_until(at("2026-03-10T00:00:00Z"))).await.is_err());
        assert!(!timer.is_finished());
        clock.advance(at("2026-04-02T00:00:00Z")).await.expect("moved");
        tokio::time::timeout(Duration::from_secs(10), timer).await.expect("it fires").expect("no panic");
    }
}

#[tokio::test]
async fn the_machines_clock_never_goes_back_and_cannot_be_moved() {
    let clock = TownClock::system();
    let first = clock.now();
    assert_eq!(
        clock.advance(at("2099-01-01T00:00:00Z")).await.expect("nothing happens").as_second() / 60,
        first.as_second() / 60
    );
    for _ in 0..1_000 {
        assert!(clock.now() >= first);
    }
    clock.sleep_until(clock.now() + jiff::SignedDuration::from_millis(20)).await;
    assert!(clock.now() >= first + jiff::SignedDuration::from_millis(20));
}
