//! Accepting papers: what it costs with many clients, how long it takes with one, and what the parts cost alone.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use runtime::signing::Algorithm;
use tonic::transport::Channel;
use townlink_proto::townlink::gateway::v1::paper_service_client::PaperServiceClient;
use townlink_proto::townlink::gateway::v1::{IssuePaperRequest, ReceiptType};

use crate::bench::bare::crypto::{Receipt, Signed};
use crate::bench::bare::empty_rpc::EmptyServer;
use crate::bench::bare::rows::{self, Rows};
use crate::bench::figure::{Bar, Figure, Quantity, each, median};
use crate::bench::load::{self, Served};
use crate::bench::papers;
use crate::bench::plan::Plan;
use crate::bench::site::{Backend, Site};
use crate::bench::town::TLS_NAME;

/// How many connections write at once on PostgreSQL, as many as the service has.
const WRITERS: usize = 16;

/// The costs of the four parts.
#[derive(Clone, Copy, Debug)]
struct Parts {
    check: Duration,
    receipt: Duration,
    insert: Duration,
    rpc: Duration,
}

/// What one round found.
#[derive(Clone, Copy, Debug)]
struct Round {
    measured: Duration,
    parts: Parts,
    per_second: u64,
    batch: u64,
}

/// Measures acceptance on a site.
#[derive(Debug)]
pub struct Acceptance<'a, 'b> {
    site: &'a mut Site<'b>,
    plan: Plan,
    empty: EmptyServer,
    clients: Vec<PaperServiceClient<Channel>>,
    serial: u32,
    content: Vec<u8>,
    leaves: String,
}

impl<'a, 'b> Acceptance<'a, 'b> {
    /// Begins.
    ///
    /// # Errors
    /// Where a paper is not accepted.
    pub async fn begin(site: &'a mut Site<'b>, plan: Plan) -> Result<Self> {
        let empty = EmptyServer::start(&site.town.files("service/gateway"))?;
        let mut acceptance =
            Self { site, plan, empty, clients: Vec::new(), serial: 1, content: Vec::new(), leaves: String::new() };
        acceptance.connect()?;
        let paper = acceptance.make(Algorithm::Sm2Sm3, 1)?.remove(0);
        let mut rpc = acceptance.clients.first().cloned().context("there are clients")?;
        acceptance.content = rpc.issue_paper(paper).await?.into_inner().content.to_vec();
        Ok(acceptance)
    }

    /// A copy of the database as it is, and a town that is warm: every client has its connection, since a handshake is no part of
    /// accepting a paper.
    async fn prepare(&mut self, algorithm: Algorithm) -> Result<String> {
        let copy = self.site.snapshot().await?;
        self.connect()?;
        let papers = self.make(algorithm, self.plan.clients * 2)?;
        self.issue(papers, self.plan.clients).await?;
        Ok(copy)
    }

    fn connect(&mut self) -> Result<()> {
        let client = |_| Ok(PaperServiceClient::new(self.site.town.channel("gateway", papers::IDENTITY)?));
        self.clients = (0..self.plan.clients).map(client).collect::<Result<_>>()?;
        Ok(())
    }

    fn make(&mut self, algorithm: Algorithm, count: usize) -> Result<Vec<IssuePaperRequest>> {
        papers::make(self.site.key(algorithm)?, count, &mut self.serial)
    }

    /// The figures of CPU time, one an algorithm.
    ///
    /// # Errors
    /// Where something cannot be measured.
    pub async fn cpu(&mut self) -> Result<Vec<Figure>> {
        let mut figures = Vec::new();
        let mut rounds = papers::ALGORITHMS.map(|_| Vec::new());
        for number in 1..=self.plan.rounds {
            for (algorithm, rounds) in papers::ALGORITHMS.into_iter().zip(&mut rounds) {
                let round = self.cpu_round(algorithm).await?;
                eprintln!(
                    "{}, {algorithm}, round {number}: {} a paper, {} papers/s",
                    self.site.backend.name(),
                    Quantity::from(round.measured),
                    round.per_second
                );
                rounds.push(round);
            }
        }
        for (algorithm, rounds) in papers::ALGORITHMS.into_iter().zip(&rounds) {
            let of = |part: fn(&Round) -> Duration| middle(rounds, part);
            let (check, receipt) = (of(|it| it.parts.check)?, of(|it| it.parts.receipt)?);
            let (insert, rpc) = (of(|it| it.parts.insert)?, of(|it| it.parts.rpc)?);
            let measured = of(|it| it.measured)?;
            let sum = check + receipt + insert + rpc;
            let batch = median(&rounds.iter().map(|it| it.batch).collect::<Vec<_>>()).unwrap_or(1);
            let inserted = match self.site.backend {
                Backend::Sqlite => format!("insert of {}; {batch} papers a commit", self.leaves),
                Backend::Postgres(_) => format!("insert of {}; a transaction each", self.leaves),
            };
            let rate = median(&rounds.iter().map(|it| it.per_second).collect::<Vec<_>>()).unwrap_or(0);
            figures.push(Figure {
                what: format!(
                    "CPU per accepted paper, {algorithm}, {}, {} clients",
                    self.site.backend.name(),
                    self.plan.clients
                ),
                measured: measured.into(),
                bar: Bar::AtMost((sum * 2).into()),
                rule: "2 × the sum of its parts measured bare",
                parts: vec![
                    ("one signature check".to_owned(), check.into()),
                    ("one receipt signature".to_owned(), receipt.into()),
                    (inserted, insert.into()),
                    ("empty mTLS rpc".to_owned(), rpc.into()),
                    ("what the town adds to them".to_owned(), measured.saturating_sub(sum).into()),
                    ("papers accepted a second".to_owned(), Quantity::PerSecond(rate)),
                ],
            });
        }
        Ok(figures)
    }

    async fn cpu_round(&mut self, algorithm: Algorithm) -> Result<Round> {
        let copy = self.prepare(algorithm).await?;
        let papers = self.make(algorithm, self.plan.papers)?;
        let count = papers.len();
        let signed = papers::signed(self.site.key(algorithm)?, papers.first().context("a round has papers")?)?;
        let before = rows::now(self.site.town.gateway_database()).await?;
        let (batches, jobs) = self.batches()?;
        let servers = self.site.servers()?;
        let begin = servers.cpu()?;
        let served = self.issue(papers, self.plan.clients).await?;
        let spent = servers.cpu()?.saturating_sub(begin);
        let (batches_after, jobs_after) = self.batches()?;
        let batch = (jobs_after - jobs) / (batches_after - batches).max(1);

        let rows = Arc::new(Rows::read(self.site.town.gateway_database(), &before, count).await?);
        self.leaves = rows.describe();
        self.site.town.rest(true)?;
        let parts = self.parts(&signed, rows, &copy, batch.max(1)).await;
        self.site.town.rest(false)?;
        Ok(Round {
            measured: each(spent, served.count()),
            parts: parts?,
            per_second: served.per_second(),
            batch: batch.max(1),
        })
    }

    /// The parts alone, while the town rests.
    async fn parts(&mut self, signed: &Signed, rows: Arc<Rows>, copy: &str, batch: u64) -> Result<Parts> {
        let check = signed.check_cpu(self.plan.signing)?;
        let receipt = Receipt::new(&self.content)?.sign_cpu(self.plan.signing)?;
        let client = self.site.town.files(papers::IDENTITY);
        let rpc = self.empty.call_cpu(TLS_NAME, &client, self.plan.clients, self.plan.lasting).await?;
        let here = self.site.here();
        let begin = here.cpu()?;
        match self.site.backend {
            Backend::Sqlite => rows.insert_in_batches(copy, usize::try_from(batch)?).await?,
            Backend::Postgres(_) => rows.insert_at_once(copy, WRITERS).await?,
        }
        let insert = each(here.cpu()?.saturating_sub(begin), u64::try_from(rows.papers())?);
        Ok(Parts { check, receipt, insert, rpc })
    }

    /// The figures of time with one client, one an algorithm.
    ///
    /// # Errors
    /// Where something cannot be measured.
    pub async fn latency(&mut self) -> Result<Vec<Figure>> {
        let mut figures = Vec::new();
        for algorithm in papers::ALGORITHMS {
            let mut rounds = Vec::new();
            for number in 1..=self.plan.rounds {
                let (measured, parts) = self.latency_round(algorithm).await?;
                let (told, insert) = (Quantity::from(measured), Quantity::from(parts.insert));
                eprintln!("one client, {algorithm}, round {number}: {told} a paper, {insert} an insert");
                rounds.push((measured, parts));
            }
            let of = |part: fn(&(Duration, Parts)) -> Duration| middle(&rounds, part);
            let (check, receipt) = (of(|it| it.1.check)?, of(|it| it.1.receipt)?);
            let (insert, rpc) = (of(|it| it.1.insert)?, of(|it| it.1.rpc)?);
            let measured = of(|it| it.0)?;
            let sum = check + receipt + insert + rpc;
            figures.push(Figure {
                what: format!("median of one accepted paper, {algorithm}, {}, 1 client", self.site.backend.name()),
                measured: measured.into(),
                bar: Bar::AtMost((sum * 3 / 2).into()),
                rule: "1.5 × the sum of its parts measured bare",
                parts: vec![
                    ("one signature check".to_owned(), check.into()),
                    ("one receipt signature".to_owned(), receipt.into()),
                    ("one durable insert of the same rows".to_owned(), insert.into()),
                    ("empty mTLS rpc".to_owned(), rpc.into()),
                    ("what the town adds to them".to_owned(), measured.saturating_sub(sum).into()),
                ],
            });
        }
        Ok(figures)
    }

    async fn latency_round(&mut self, algorithm: Algorithm) -> Result<(Duration, Parts)> {
        let copy = self.prepare(algorithm).await?;
        let papers = self.make(algorithm, self.plan.papers_alone)?;
        let count = papers.len();
        let signed = papers::signed(self.site.key(algorithm)?, papers.first().context("a round has papers")?)?;
        let before = rows::now(self.site.town.gateway_database()).await?;
        let served = self.issue(papers, 1).await?;
        let measured = median(&served.latencies).context("no paper was accepted")?;
        let rows = Rows::read(self.site.town.gateway_database(), &before, count).await?;
        self.site.town.rest(true)?;
        let parts = self.parts_alone(&signed, &rows, &copy).await;
        self.site.town.rest(false)?;
        Ok((measured, parts?))
    }

    async fn parts_alone(&mut self, signed: &Signed, rows: &Rows, copy: &str) -> Result<Parts> {
        // First, while the disk is as it was when the town wrote.
        let insert = rows.insert_latency(copy).await?;
        let check = signed.check_latency(self.plan.signing)?;
        let receipt = Receipt::new(&self.content)?.sign_latency(self.plan.signing)?;
        let client = self.site.town.files(papers::IDENTITY);
        let rpc = self.empty.call_latency(TLS_NAME, &client, self.plan.lasting).await?;
        Ok(Parts { check, receipt, insert, rpc })
    }

    /// Issues papers, shared out among clients, each on a connection of its own.
    async fn issue(&self, papers: Vec<IssuePaperRequest>, clients: usize) -> Result<Served> {
        let count = papers.len();
        let mut shares: Vec<Vec<_>> = (0..clients).map(|_| Vec::with_capacity(count / clients + 1)).collect();
        for (number, paper) in papers.into_iter().enumerate() {
            shares[number % clients].push(paper);
        }
        let mut running = Vec::new();
        for (share, rpc) in shares.into_iter().zip(&self.clients) {
            let mut rpc = rpc.clone();
            running.push(async move {
                let mut client = load::Client::default();
                for paper in share {
                    let receipt = client.wait(rpc.issue_paper(paper)).await?.into_inner();
                    ensure!(receipt.r#type() == ReceiptType::Received, "a paper got another receipt than RECEIVED");
                }
                Ok(client.done())
            });
        }
        load::run(running).await
    }

    /// How many commits the town has made, and of how many jobs.
    fn batches(&self) -> Result<(u64, u64)> {
        let town = &self.site.town;
        Ok((town.metric("townlink_db_batch_jobs_count")?, town.metric("townlink_db_batch_jobs_sum")?))
    }
}

fn middle<T>(rounds: &[T], part: fn(&T) -> Duration) -> Result<Duration> {
    median(&rounds.iter().map(part).collect::<Vec<_>>()).context("there were no rounds")
}
