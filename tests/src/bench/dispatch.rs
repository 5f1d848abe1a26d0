//! From the acceptance of a paper to the receipt of the person who signed for it, as the county sees it: relay, delivery, inbox,
//! and the way back, with many clients at once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures::future::try_join_all;
use runtime::signing::Algorithm;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::gateway::v1::paper_service_client::PaperServiceClient;
use townlink_proto::townlink::gateway::v1::watch_papers_response::Event;
use townlink_proto::townlink::office::v1 as office;
use townlink_proto::townlink::office::v1::inbox_service_client::InboxServiceClient;

use crate::bench::bare::commits::{Commits, entry_bytes};
use crate::bench::figure::{Bar, Figure, Quantity, median};
use crate::bench::load::{self, Served};
use crate::bench::papers;
use crate::bench::plan::Plan;
use crate::bench::site::{Backend, Site};
use crate::setup::request_id;

/// The clerk who signs for papers.
const CLERK: &str = "person/relay-clerk";

/// The inbox of the papers.
const INBOX: &str = "inboxes/OFFICE";

/// The pause of the clerk before an empty inbox.
const LOOK: Duration = Duration::from_millis(2);

/// The commits on the way of one paper: in which service, and of which entry.
const COMMITS: [(&str, &str); 6] = [
    ("gateway", "townlink.gateway.v1.PaperAccepted"),
    ("gateway", "townlink.gateway.v1.DeliveryNumbered"),
    ("office", "townlink.office.v1.PaperArrived"),
    ("gateway", "townlink.gateway.v1.DeliveryEnded"),
    ("office", "townlink.office.v1.PaperSignedFor"),
    ("gateway", "townlink.gateway.v1.ReceiptIssued"),
];

/// Who waits for the receipt of a paper.
type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<()>>>>;

/// Measures the way of papers and back.
///
/// # Errors
/// Where a paper does not come back.
pub async fn measure(backend: Backend<'_>, folder: &Path, plan: Plan) -> Result<Figure> {
    let mut site = Site::make(backend, folder).await?;
    site.town.hold(false)?;
    let mut serial = 1;
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        let papers = papers::make(site.key(Algorithm::Sm2Sm3)?, plan.papers, &mut serial)?;
        let served = round(&site, papers, plan.clients).await?;
        let middle = median(&served.latencies).context("no paper came back")?;
        eprintln!("{}, round {number}: {} a paper, {}/s", backend.name(), Quantity::from(middle), served.per_second());
        rounds.push((middle, served.per_second()));
    }
    let mut parts = bare(&mut site).await?;
    let sum = parts.iter().map(|(_, time)| *time).sum::<Duration>();
    let of = |part: fn(&(Duration, u64)) -> u64| median(&rounds.iter().map(part).collect::<Vec<_>>());
    let measured = median(&rounds.iter().map(|it| it.0).collect::<Vec<_>>()).context("there were no rounds")?;
    parts.push(("the sum of the bare commits".to_owned(), sum));
    let mut parts: Vec<_> = parts.into_iter().map(|(what, time)| (what, time.into())).collect();
    parts.push(("papers that came back a second".to_owned(), Quantity::PerSecond(of(|it| it.1).unwrap_or(0))));
    Ok(Figure {
        what: format!("median, accept to visible SIGNED_FOR, {}, {} clients", backend.name(), plan.clients),
        measured: measured.into(),
        bar: Bar::None,
        rule: "beside the sum of its bare commits",
        parts,
    })
}

/// The commits alone, while the town rests.
async fn bare(site: &mut Site<'_>) -> Result<Vec<(String, Duration)>> {
    site.town.rest(true)?;
    let mut commits = Commits::open(&site.empty("bare").await?).await?;
    let mut parts = Vec::new();
    for (service, kind) in COMMITS {
        let url = if service == "gateway" { site.town.gateway_database() } else { site.town.office_database() };
        let bytes = entry_bytes(url, kind).await?;
        let name = kind.rsplit('.').next().unwrap_or(kind);
        parts.push((format!("{service}, {name}, {bytes} bytes"), commits.of_bytes(bytes).await?));
    }
    commits.close().await?;
    site.town.rest(false)?;
    Ok(parts)
}

/// Sends papers, signs for them, and waits for each until the county sees that.
async fn round(site: &Site<'_>, papers: Vec<gateway::IssuePaperRequest>, clients: usize) -> Result<Served> {
    let waiting = Waiting::default();
    let mut background = JoinSet::new();
    let watched = PaperServiceClient::new(site.town.channel("gateway", papers::IDENTITY)?);
    background.spawn(watch(watched, Arc::clone(&waiting)));
    background.spawn(sign(InboxServiceClient::new(site.town.channel("office", CLERK)?)));
    let mut shares: Vec<Vec<_>> = (0..clients).map(|_| Vec::new()).collect();
    for (number, paper) in papers.into_iter().enumerate() {
        shares[number % clients].push(paper);
    }
    let mut running = Vec::new();
    for share in shares {
        let rpc = PaperServiceClient::new(site.town.channel("gateway", papers::IDENTITY)?);
        running.push(send(rpc, share, Arc::clone(&waiting)));
    }
    tokio::select! {
        served = load::run(running) => served,
        Some(ended) = background.join_next() => {
            ended.context("the clerk or the county panicked")??;
            bail!("the clerk or the county stopped looking")
        }
    }
}

async fn send(
    mut rpc: PaperServiceClient<Channel>,
    papers: Vec<gateway::IssuePaperRequest>,
    waiting: Waiting,
) -> Result<Vec<Duration>> {
    let mut client = load::Client::default();
    for paper in papers {
        let name = format!("senders/{}/papers/{}", papers::SENDER, paper.request_id);
        let (told, seen) = oneshot::channel();
        waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(name, told);
        let there_and_back = async {
            rpc.issue_paper(paper).await?;
            seen.await.context("nobody watches any more")
        };
        client.wait(there_and_back).await?;
    }
    Ok(client.done())
}

/// Tells whoever waits for a paper that its receipt is there.
async fn watch(mut rpc: PaperServiceClient<Channel>, waiting: Waiting) -> Result<()> {
    let parent = format!("senders/{}", papers::SENDER);
    let mut after_position = 0;
    loop {
        let request = gateway::WatchPapersRequest { parent: parent.clone(), after_position };
        let mut stream = rpc.watch_papers(request).await?.into_inner();
        while let Some(told) = stream.message().await? {
            after_position = told.position;
            let signed =
                matches!(&told.event, Some(Event::Receipt(it)) if it.r#type() == gateway::ReceiptType::SignedFor);
            let waits =
                if signed { waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&told.paper) } else { None };
            // Whoever waited may have given up with the round.
            let _ = waits.map(|waits| waits.send(()));
        }
    }
}

/// Signs for what lies in the inbox, again and again.
async fn sign(rpc: InboxServiceClient<Channel>) -> Result<()> {
    loop {
        let request = office::ListInboxPapersRequest {
            parent: INBOX.to_owned(),
            page_size: 64,
            stage: office::InboxStage::Arrived.into(),
            ..Default::default()
        };
        let papers = rpc.clone().list_inbox_papers(request).await?.into_inner().papers;
        if papers.is_empty() {
            tokio::time::sleep(LOOK).await;
        }
        let signed = papers.into_iter().map(|paper| {
            let mut rpc = rpc.clone();
            let request =
                office::SignForPaperRequest { request_id: request_id(), name: paper.name, etag: String::new() };
            async move { rpc.sign_for_paper(request).await }
        });
        for answer in try_join_all(signed).await? {
            ensure!(answer.get_ref().stage() == office::InboxStage::SignedFor, "a paper was not signed for");
        }
    }
}
