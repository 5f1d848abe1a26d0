//! A town with the data of the demo: how soon it serves, and how much memory it needs when nobody asks for anything.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::bench::cpu;
use crate::bench::figure::{Bar, Figure, Quantity, median};
use crate::bench::papers;
use crate::bench::plan::Plan;
use crate::bench::register::{self, Document};
use crate::bench::town::Town;
use runtime::signing::Algorithm;
use townlink_proto::townlink::gateway::v1::paper_service_client::PaperServiceClient;

/// The most memory, in KiB.
const RESIDENT_MAX: u64 = 64 * 1024;

/// The longest start.
const START_MAX: Duration = Duration::from_secs(1);

/// The document that grants everything.
const NUMBER: &str = "昆政发〔2026〕5号";

/// How many papers came.
const PAPERS: usize = 50;

/// Measures starts and memory.
///
/// # Errors
/// Where the town cannot be made.
pub async fn measure(folder: &Path, plan: Plan) -> Result<Vec<Figure>> {
    let mut town = Town::on_sqlite(folder)?;
    town.start().await?;
    fill(&town).await?;
    let mut starts = Vec::new();
    for _ in 0..plan.rounds.max(2) {
        town.stop();
        starts.push(town.start().await?);
    }
    tokio::time::sleep(plan.idle).await;
    let resident = cpu::resident_kib(town.pid()?)?;
    town.stop();
    let slowest = starts.iter().max().copied().context("the town started")?;
    Ok(vec![
        Figure {
            what: format!("resident memory of `up`, demo data, {} s idle", plan.idle.as_secs()),
            measured: Quantity::Kibibytes(resident),
            bar: Bar::AtMost(Quantity::Kibibytes(RESIDENT_MAX)),
            rule: "64 MiB",
            parts: Vec::new(),
        },
        Figure {
            what: "from start to serving, demo data present".to_owned(),
            measured: median(&starts).context("the town started")?.into(),
            bar: Bar::AtMost(START_MAX.into()),
            rule: "1 s",
            parts: vec![("the slowest start".to_owned(), slowest.into())],
        },
    ])
}

/// The catalogue and the grants that the program makes from its data, and some papers, which are delivered.
async fn fill(town: &Town) -> Result<()> {
    let (powers, grants) = (town.data_dir().join("powers.csv"), town.data_dir().join("grants.csv"));
    write(town, &["power", "catalogue"], &powers)?;
    write(town, &["grant", "catalogue", "--document", NUMBER, "--from", "2026-04-01"], &grants)?;
    register::catalogue(town, &powers)?;
    let directive = register::grant("grants.csv");
    let granting = Document {
        number: NUMBER,
        issuer: "昆山市人民政府",
        kind: "GRANT",
        directive: &directive,
        annex: Some(&grants),
    };
    register::document(town, &granting)?;
    let key = papers::register(town, Algorithm::Sm2Sm3)?;
    let mut client = PaperServiceClient::new(town.channel("gateway", papers::IDENTITY)?);
    for paper in papers::make(&key, PAPERS, &mut 1)? {
        client.issue_paper(paper).await?;
    }
    Ok(())
}

fn write(town: &Town, arguments: &[&str], file: &Path) -> Result<()> {
    let status =
        town.command().args(arguments).arg("--output").arg(file).stdout(std::process::Stdio::null()).status()?;
    ensure!(status.success(), "townlink {} ended with {status}", arguments.join(" "));
    Ok(())
}
