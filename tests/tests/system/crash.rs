//! SIGKILL at random moments under load: ten rounds here, more with `tests/crash --rounds N`.

use tests::crash;
use tests::random::Random;

const ROUNDS: usize = 10;

crate::both_databases! {
    async fn what_was_acknowledged_survives_being_killed(backend: Backend) {
        let seed = Random::new_seed();
        println!("seed {seed}");
        println!("{}", crash::run(backend, ROUNDS, seed).await);
    }
}
