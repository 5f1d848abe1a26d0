//! An empty rpc over mutual TLS: tonic as it comes, with a handler that answers an empty message, in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};
use townlink_proto::townlink::clock::v1 as pb;
use townlink_proto::townlink::clock::v1::clock_service_client::ClockServiceClient;
use townlink_proto::townlink::clock::v1::clock_service_server::{ClockService, ClockServiceServer};

use crate::bench::cpu::Trees;
use crate::bench::figure::{each, median};
use crate::bench::load;

/// The windows that a connection needs for many small answers.
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;

/// An identity: the files that TLS needs.
#[derive(Clone, Debug, Args)]
pub struct Files {
    /// The certificate, PEM.
    #[arg(long)]
    pub certificate: PathBuf,
    /// The private key, PEM.
    #[arg(long)]
    pub key: PathBuf,
    /// The authority that both ends trust, PEM.
    #[arg(long)]
    pub authority: PathBuf,
}

impl Files {
    fn identity(&self) -> Result<Identity> {
        Ok(Identity::from_pem(read(&self.certificate)?, read(&self.key)?))
    }

    fn authority(&self) -> Result<Certificate> {
        Ok(Certificate::from_pem(read(&self.authority)?))
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}

/// Answers an empty message.
#[derive(Clone, Copy, Debug)]
struct Empty;

#[tonic::async_trait]
impl ClockService for Empty {
    async fn get_clock(&self, _: Request<pb::GetClockRequest>) -> Result<Response<pb::Clock>, Status> {
        Ok(Response::new(pb::Clock::default()))
    }

    async fn advance_clock(&self, _: Request<pb::AdvanceClockRequest>) -> Result<Response<pb::Clock>, Status> {
        Ok(Response::new(pb::Clock::default()))
    }
}

/// Serves until the process is killed. The first line of the output is the address.
///
/// # Errors
/// Where it cannot serve.
pub async fn serve(files: &Files) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    writeln!(std::io::stdout().lock(), "{}", listener.local_addr()?)?;
    let tls = ServerTlsConfig::new().identity(files.identity()?).client_ca_root(files.authority()?);
    Server::builder()
        .tls_config(tls)?
        .tcp_nodelay(true)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .add_service(ClockServiceServer::new(Empty))
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await?;
    Ok(())
}

/// The server as a child process.
#[derive(Debug)]
pub struct EmptyServer {
    child: Child,
    address: String,
}

impl EmptyServer {
    /// Starts this very program as the server.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start(files: &Files) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve-empty-rpc")
            .arg("--certificate")
            .arg(&files.certificate)
            .arg("--key")
            .arg(&files.key)
            .arg("--authority")
            .arg(&files.authority)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("the output was piped")?;
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().to_owned() })
    }

    /// Connects as a client does: tonic's own channel over TLS with both certificates.
    async fn connect(&self, tls_name: &str, files: &Files) -> Result<Channel> {
        let tls =
            ClientTlsConfig::new().domain_name(tls_name).ca_certificate(files.authority()?).identity(files.identity()?);
        let endpoint = Endpoint::from_shared(format!("https://{}", self.address))?
            .tls_config(tls)?
            .tcp_nodelay(true)
            .initial_connection_window_size(CONNECTION_WINDOW);
        endpoint.connect().await.with_context(|| format!("connecting to the empty server at {}", self.address))
    }

    /// The server's CPU time of one call, with this many clients for so long.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn call_cpu(&self, tls_name: &str, files: &Files, clients: usize, lasting: Duration) -> Result<Duration> {
        let mut channels = Vec::new();
        for _ in 0..clients {
            channels.push(self.connect(tls_name, files).await?);
        }
        let tree = Trees::of(&[self.child.id()]);
        let begin = tree.cpu()?;
        let end = Instant::now() + lasting;
        let served = load::run(channels.into_iter().map(|channel| calls(channel, end)).collect()).await?;
        Ok(each(tree.cpu()?.saturating_sub(begin), served.count()))
    }

    /// The median time of one call, with one client for so long.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn call_latency(&self, tls_name: &str, files: &Files, lasting: Duration) -> Result<Duration> {
        let channel = self.connect(tls_name, files).await?;
        let served = load::run(vec![calls(channel, Instant::now() + lasting)]).await?;
        median(&served.latencies).context("no call was answered")
    }
}

impl Drop for EmptyServer {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            let _ = self.child.wait();
        }
    }
}

async fn calls(channel: Channel, end: Instant) -> Result<Vec<Duration>> {
    let mut rpc = ClockServiceClient::new(channel);
    let mut client = load::Client::default();
    while Instant::now() < end {
        client.wait(rpc.get_clock(pb::GetClockRequest {})).await?;
    }
    Ok(client.done())
}
