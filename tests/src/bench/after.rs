//! What follows the acceptance of papers: their delivery into inboxes, and the log over the journal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use runtime::db::{Db, Options};
use runtime::log::Origin;
use runtime::sequencer::{Pace, Sequencer};
use runtime::signing::{Signer, SoftEd25519, SoftSm2};

use crate::bench::bare::rows;
use crate::bench::figure::{Bar, Figure, each};
use crate::bench::site::{Backend, Site};

/// How long all deliveries, or a whole log, may take.
const LIMIT: Duration = Duration::from_secs(600);

/// The pause between two looks; a look reads the database, so there are few.
const LOOK: Duration = Duration::from_millis(500);

/// The CPU time of one delivery: its number, the call to the office, the row in the inbox, and the end of the delivery, with the
/// journals and logs of both services.
///
/// # Errors
/// Where a delivery does not end.
pub async fn delivery(site: &mut Site<'_>) -> Result<Figure> {
    let accepted = rows::entries_of_kind(site.town.gateway_database(), "townlink.gateway.v1.PaperAccepted").await?;
    let papers = u64::try_from(accepted)?;
    let servers = site.servers()?;
    let (begun, begin) = (delivered(site).await?, servers.cpu()?);
    site.town.hold(false)?;
    let limit = Instant::now() + LIMIT;
    let end = loop {
        let end = servers.cpu()?;
        if delivered(site).await? >= papers {
            break end;
        }
        ensure!(Instant::now() < limit, "not every paper was delivered within {LIMIT:?}");
        tokio::time::sleep(LOOK).await;
    };
    Ok(Figure {
        what: format!("CPU per delivered paper, {}", site.backend.name()),
        measured: each(end.saturating_sub(begin), papers.saturating_sub(begun)).into(),
        bar: Bar::None,
        rule: "",
        parts: Vec::new(),
    })
}

async fn delivered(site: &Site<'_>) -> Result<u64> {
    let arrived = rows::entries_of_kind(site.town.office_database(), "townlink.office.v1.PaperArrived").await?;
    Ok(u64::try_from(arrived)?)
}

/// The CPU time of one leaf: the sequencer of the service, over a copy of the gateway's journal whose log was taken away. On
/// PostgreSQL it gives the positions too.
///
/// # Errors
/// Where the log is not made.
pub async fn log(site: &mut Site<'_>) -> Result<Figure> {
    site.town.stop();
    let copy = site.copy().await?;
    let postgres = matches!(site.backend, Backend::Postgres(_));
    let leaves = rows::forget_log(&copy, postgres).await?;
    let db = Db::open(&copy, Options::default()).await?;
    let signers: Vec<Arc<dyn Signer>> = vec![Arc::new(SoftEd25519::generate()?), Arc::new(SoftSm2::generate()?)];
    let sequencer = Sequencer::new(db.clone(), Origin::new("bench.townlink/gateway")?, signers, Pace::default());
    let mut tree = sequencer.tree();
    let here = site.here();
    let begin = here.cpu()?;
    tokio::select! {
        () = sequencer.run() => bail!("the sequencer ended"),
        () = tokio::time::sleep(LIMIT) => bail!("the log was not made within {LIMIT:?}"),
        reached = tree.wait_for(|size| *size >= leaves) => { reached.context("the sequencer ended")?; }
    }
    let spent = here.cpu()?.saturating_sub(begin);
    drop(sequencer);
    db.close().await;
    Ok(Figure {
        what: format!("CPU per leaf of the log, {}", site.backend.name()),
        measured: each(spent, leaves).into(),
        bar: Bar::None,
        rule: "",
        parts: Vec::new(),
    })
}
