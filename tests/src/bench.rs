//! The benchmarks: what accepting a paper costs, and how long its way through the town takes, beside the bare cost of their parts in
//! the same run.
//!
//! The program under test is the release build of `townlink`, run as it is run by people; `tests/bench` builds it. What a figure
//! is compared with is measured in the same run, on the same machine and disk, so that a slow or noisy machine moves both.
//!
//! - [`accept`]: accepting papers, with many clients and with one.
//! - [`after`]: what follows: delivery and the log.
//! - [`bare`]: the parts alone.
//! - [`cpu`]: what a process cost, as the system accounts for it.
//! - [`dispatch`]: from the acceptance of a paper to the receipt of the person who signed for it.
//! - [`figure`]: figures and their limits.
//! - [`holds`]: questions who holds a power.
//! - [`load`]: clients that ask one thing after the other.
//! - [`papers`]: papers, made and signed beforehand.
//! - [`plan`]: how much is measured.
//! - [`postgres`]: a throw-away PostgreSQL.
//! - [`register`]: filling the register of a town.
//! - [`resident`]: memory and starts.
//! - [`site`]: a town that is ready to be measured.
//! - [`town`]: the town as a child process.

pub mod accept;
pub mod after;
pub mod bare;
pub mod cpu;
pub mod dispatch;
pub mod figure;
pub mod holds;
pub mod load;
pub mod papers;
pub mod plan;
pub mod postgres;
pub mod register;
pub mod resident;
pub mod site;
pub mod town;

use std::io::Write as _;
use std::num::NonZero;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use accept::Acceptance;
use bare::empty_rpc;
use figure::Report;
use plan::Plan;
use postgres::Server;
use site::{Backend, Site};

/// Measures the town against the bare cost of what it does.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The relay: papers, the register, memory, start
    Relay(Relay),
    /// The way of a paper through the town: accepted, delivered, signed for, and seen so by the county
    Dispatch(Dispatch),
    /// The server of an empty rpc, which the benchmark starts for itself
    #[command(hide = true)]
    ServeEmptyRpc(empty_rpc::Files),
}

/// What of the relay is measured, and how it is told.
#[derive(Debug, Args)]
struct Relay {
    /// A short run that shows that everything works; its figures do not count
    #[arg(long)]
    quick: bool,
    /// Print JSON for programs instead of a table
    #[arg(long)]
    json: bool,
    /// Measure only this; may be given several times
    #[arg(long, value_name = "WHAT")]
    only: Vec<What>,
    /// How often everything is measured; the medians are reported
    #[arg(long)]
    rounds: Option<usize>,
    /// How many papers a round has with many clients
    #[arg(long)]
    papers: Option<usize>,
}

/// On what the way of papers is measured, and how it is told.
#[derive(Debug, Args)]
struct Dispatch {
    /// A short run that shows that everything works; its figures do not count
    #[arg(long)]
    quick: bool,
    /// Print JSON for programs instead of a table
    #[arg(long)]
    json: bool,
    /// How often everything is measured; the medians are reported
    #[arg(long)]
    rounds: Option<usize>,
    /// How many papers a round has
    #[arg(long)]
    papers: Option<usize>,
}

/// What can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Accepting and delivering papers on SQLite
    Sqlite,
    /// Accepting and delivering papers on PostgreSQL
    Postgres,
    /// Questions who holds a power
    Holds,
    /// Memory and start
    Resident,
}

/// Runs the benchmark.
#[must_use]
pub fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return failed(&cause.into()),
    };
    let result = runtime.block_on(async {
        match Cli::parse().command {
            Command::Relay(asked) => relay(&asked).await,
            Command::Dispatch(asked) => way(&asked).await,
            Command::ServeEmptyRpc(files) => empty_rpc::serve(&files).await.map(|()| ExitCode::SUCCESS),
        }
    });
    result.unwrap_or_else(|cause| failed(&cause))
}

fn failed(cause: &anyhow::Error) -> ExitCode {
    eprintln!("bench: {cause:?}");
    ExitCode::from(2)
}

/// How much is measured, where a person asks for other numbers.
fn plan(quick: bool, rounds: Option<usize>, papers: Option<usize>) -> Plan {
    let plan = if quick { Plan::QUICK } else { Plan::FULL };
    let rounds = rounds.unwrap_or(plan.rounds).max(1);
    let papers = papers.unwrap_or(plan.papers).max(plan.clients);
    Plan { rounds, papers, ..plan }
}

/// Answers 1 where a limit was missed in a run whose figures count.
async fn relay(asked: &Relay) -> Result<ExitCode> {
    let plan = plan(asked.quick, asked.rounds, asked.papers);
    let mut report = Report { figures: Vec::new(), setting: setting(asked.quick, plan) };
    let measured = measure(asked, plan, &mut report).await;
    // What was measured before a fault is told all the same.
    tell(&report, asked.json)?;
    measured?;
    Ok(if asked.quick || report.all_reached() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn way(asked: &Dispatch) -> Result<ExitCode> {
    let plan = plan(asked.quick, asked.rounds, asked.papers);
    let folder = tempfile::Builder::new().prefix("townlink-bench.").tempdir()?;
    let mut report = Report { figures: Vec::new(), setting: setting(asked.quick, plan) };
    report.figures.push(dispatch::measure(Backend::Sqlite, &folder.path().join("sqlite"), plan).await?);
    let server = Server::start()?;
    let backend = Backend::Postgres(&server);
    report.figures.push(dispatch::measure(backend, &folder.path().join("postgres"), plan).await?);
    tell(&report, asked.json)?;
    Ok(ExitCode::SUCCESS)
}

fn tell(report: &Report, json: bool) -> Result<()> {
    let text = if json { serde_json::to_string_pretty(&report.to_json())? } else { report.to_string() };
    Ok(writeln!(std::io::stdout().lock(), "{}", text.trim_end())?)
}

async fn measure(asked: &Relay, plan: Plan, report: &mut Report) -> Result<()> {
    let wanted = |what| asked.only.is_empty() || asked.only.contains(&what);
    let folder = tempfile::Builder::new().prefix("townlink-bench.").tempdir()?;
    if wanted(What::Sqlite) {
        on(Backend::Sqlite, &folder.path().join("sqlite"), plan, report).await?;
    }
    if wanted(What::Postgres) {
        let server = Server::start()?;
        on(Backend::Postgres(&server), &folder.path().join("postgres"), plan, report).await?;
    }
    if wanted(What::Holds) {
        report.figures.push(holds::measure(&folder.path().join("holds"), plan).await?);
    }
    if wanted(What::Resident) {
        report.figures.extend(resident::measure(&folder.path().join("resident"), plan).await?);
    }
    Ok(())
}

/// Everything that is measured of papers on one database.
async fn on(backend: Backend<'_>, folder: &std::path::Path, plan: Plan, report: &mut Report) -> Result<()> {
    let mut site = Site::make(backend, folder).await?;
    let mut acceptance = Acceptance::begin(&mut site, plan).await?;
    report.figures.extend(acceptance.cpu().await?);
    if matches!(backend, Backend::Sqlite) {
        report.figures.extend(acceptance.latency().await?);
    }
    drop(acceptance);
    report.figures.push(after::delivery(&mut site).await?);
    report.figures.push(after::log(&mut site).await?);
    Ok(())
}

fn setting(quick: bool, plan: Plan) -> Vec<(&'static str, String)> {
    let profile = if cfg!(debug_assertions) { "debug: the figures do not count" } else { "release" };
    vec![
        ("run", if quick { "quick: the figures do not count".to_owned() } else { "full".to_owned() }),
        ("build", profile.to_owned()),
        ("cores", std::thread::available_parallelism().map_or(1, NonZero::get).to_string()),
        ("rounds", plan.rounds.to_string()),
        ("papers a round", format!("{} with {} clients, {} with one", plan.papers, plan.clients, plan.papers_alone)),
    ]
}
