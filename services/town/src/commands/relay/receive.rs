//! The endpoint of a department, into a folder.

use std::path::{Path, PathBuf};

use clap::Args;
use gateway::county::{Receiver, serve};
use runtime::caller::Cell;
use runtime::pki::IdentityFiles;
use runtime::signing::PublicKey;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::dispatches::tell;
use crate::cli::Context;
use crate::connection::Connection;
use crate::files::read;
use crate::problem::Problem;

pub(super) const EXAMPLES: &str = "\
Each paper is checked (it follows the one before, and bears the town's signature), is on disk before it is answered, and is told of in a
line. In the folder, 00000001.json is the payload as it was signed, and 00000001.json.sig the signature. The town pushes where its
settings name the endpoint:

  [gateway.receivers.government]
  address = \"127.0.0.1:7500\"
  tls_name = \"localhost\"

The certificate of the department must bear that name; `townlink up` makes such certificates for its county identities.

Examples:
  townlink --as county/government relay receive --listen 127.0.0.1:7500 --folder papers
  townlink --as county/government relay receive --listen 0.0.0.0:7500 --folder papers --key town-key.pem";

/// Serves an endpoint.
#[derive(Debug, Args)]
pub struct Receive {
    /// Where to listen
    #[arg(long, value_name = "HOST:PORT")]
    listen: String,
    /// The folder in which the papers are kept
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// The town's public key, SPKI PEM [default: that of the development town]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// The town's public key: the file that was named, or that of a development town.
pub(super) fn town_key(named: Option<&Path>, connection: &Connection) -> Result<PublicKey, Problem> {
    let file = named.map_or_else(|| connection.ready.identities.join("gateway.log-sm2.pub"), Path::to_path_buf);
    let remedy = "name the town's key with --key; `townlink key export` saves it";
    let text = String::from_utf8(read(&file)?).map_err(|error| Problem::usage(error, remedy))?;
    PublicKey::from_pem(&text).map_err(|error| Problem::usage(format!("{}: {error}", file.display()), remedy))
}

pub(super) async fn receive(asked: &Receive, connection: &Connection, context: &Context) -> Result<(), Problem> {
    connection.department()?;
    let key = town_key(asked.key.as_deref(), connection)?;
    let cell = Cell::parse(&connection.ready.cell).map_err(|error| Problem::failed("ready.json", error))?;
    let (news, mut heard) = mpsc::unbounded_channel();
    let receiver = Receiver::open(&asked.folder, key, news);
    let receiver = receiver.map_err(|error| Problem::usage(error, "name another folder"))?;
    let listener = TcpListener::bind(&asked.listen).await;
    let listener =
        listener.map_err(|error| Problem::usage(format!("{}: {error}", asked.listen), "choose another address"))?;
    let address = listener.local_addr()?.to_string();
    let last = receiver.last();
    context.output.value(&json!({ "address": address, "last": last }), || {
        format!("receives at {address}, after number {last}; ctrl-c ends it")
    })?;
    let identity = IdentityFiles::in_folder(&connection.ready.identities, &connection.identity);
    let mut terminate = signal(SignalKind::terminate())?;
    let end = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    let serving = serve(listener, cell, &connection.ready.authority, &identity, receiver, end);
    let telling = async {
        while let Some(dispatch) = heard.recv().await {
            tell(&dispatch, context)?;
        }
        Ok(())
    };
    let served = async {
        serving.await.map_err(|error| Problem::usage(error, "`townlink pki list` shows the identities that there are"))
    };
    tokio::try_join!(served, telling).map(|_| ())
}
