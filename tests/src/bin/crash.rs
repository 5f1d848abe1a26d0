//! Kills a town again and again under load, and checks that it kept its word. `tests/crash` runs it.

use clap::Parser;
use runtime::db::Backend;
use tests::crash;
use tests::random::Random;

/// Kill a town (SIGKILL) at random moments under load; nothing acknowledged may be lost, nothing done twice, and every answer
/// must come again byte for byte.
#[derive(Debug, Parser)]
#[command(name = "tests/crash")]
struct Arguments {
    /// How often it is killed on each database
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// The seed of moments and choices; a new one where none is given
    #[arg(long)]
    seed: Option<u64>,
    /// Only this database: sqlite or postgres
    #[arg(long, value_parser = backend)]
    database: Option<Backend>,
}

fn backend(name: &str) -> Result<Backend, String> {
    match name {
        "sqlite" => Ok(Backend::Sqlite),
        "postgres" => Ok(Backend::Postgres),
        _ => Err("sqlite or postgres".to_owned()),
    }
}

fn main() {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(Random::new_seed);
    println!("seed {seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let backends = arguments.database.map_or_else(|| vec![Backend::Sqlite, Backend::Postgres], |one| vec![one]);
    for backend in backends {
        println!("{backend:?}: {}", runtime.block_on(crash::run(backend, arguments.rounds, seed)));
    }
}
