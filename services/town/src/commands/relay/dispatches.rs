//! The town's own papers, as a department pulls and acknowledges them.

use std::path::PathBuf;

use clap::Args;
use comfy_table::Table;
use gateway::county::Receiver;
use tokio::sync::mpsc;
use townlink_proto::townlink::gateway::v1 as pb;

use super::follow::follow;
use super::receipt_type;
use super::receive::town_key;
use crate::cli::Context;
use crate::connection::{Connection, call};
use crate::output::{digest, facts, instant, short, to_json};
use crate::problem::Problem;

pub(super) const EXAMPLES: &str = "\
The town's papers have numbers of their own for each department, from 1 without gaps. With --folder each is checked against the one
before and the town's key, and kept as a file, as `relay receive` keeps it.

Examples:
  townlink --as county/government relay pull
  # what is new since number 12, into a folder, and no longer
  townlink --as county/government relay pull --after 12 --once --folder papers
  townlink --as county/government relay acknowledge 13
  townlink --as county/government relay acknowledge 13 --type SIGNED_FOR
  townlink --as county/government relay acknowledge 13 --type RETURNED --reason 文种有误";

/// Takes the town's papers.
#[derive(Debug, Args)]
pub struct Pull {
    /// The last number that is here already [default: the last of the folder, or none]
    #[arg(long, value_name = "NUMBER")]
    after: Option<i64>,
    /// End once all that was sent is here
    #[arg(long)]
    once: bool,
    /// The folder in which to keep them
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The town's public key, SPKI PEM [default: that of the development town]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Acknowledges a paper of the town.
#[derive(Debug, Args)]
pub struct Acknowledge {
    /// The number of the paper with this department
    number: i64,
    /// What is acknowledged: RECEIVED, SIGNED_FOR, RETURNED or COMPLETED
    #[arg(long = "type", value_name = "TYPE", default_value = "RECEIVED", value_parser = receipt_type)]
    kind: pb::ReceiptType,
    /// Why, for a return
    #[arg(long, default_value = "")]
    reason: String,
    /// The department's own signed receipt, a file of at most 16 KiB
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

pub(super) async fn pull(asked: &Pull, connection: &Connection, context: &Context) -> Result<(), Problem> {
    let parent = format!("departments/{}", connection.department()?);
    let (news, _heard) = mpsc::unbounded_channel();
    let keeper = match &asked.folder {
        Some(folder) => {
            let key = town_key(asked.key.as_deref(), connection)?;
            let opened = Receiver::open(folder, key, news);
            Some(opened.map_err(|error| Problem::usage(error, "name another folder"))?)
        }
        None => None,
    };
    let last = keeper.as_ref().map_or(0, Receiver::last);
    let client = connection.outgoing()?;
    let open = |after_number| {
        let (mut client, parent) = (client.clone(), parent.clone());
        async move { client.pull_dispatches(pb::PullDispatchesRequest { parent, after_number }).await }
    };
    let from = asked.after.unwrap_or(last);
    let mut number = from;
    let told = |message: pb::PullDispatchesResponse| {
        if let Some(dispatch) = message.dispatch {
            if let Some(keeper) = &keeper {
                keeper.take(&dispatch).map_err(|error| Problem::failed(&dispatch.name, error))?;
            }
            tell(&dispatch, context)?;
            number = dispatch.number;
        }
        Ok(number)
    };
    follow("gateway, PullDispatches", asked.once, from, open, told).await
}

/// Tells of a dispatch in a line.
pub(super) fn tell(dispatch: &pb::Dispatch, context: &Context) -> Result<(), Problem> {
    context.output.value(&to_json(dispatch)?, || {
        let summary = dispatch.summary.clone().unwrap_or_default();
        let sent = instant(dispatch.send_time.as_ref());
        format!("{}  {sent}  {}  {}", dispatch.number, summary.document_number, summary.title)
    })
}

pub(super) async fn acknowledge(asked: Acknowledge, connection: &Connection, context: &Context) -> Result<(), Problem> {
    let receipt = asked.receipt.as_deref().map(crate::files::read).transpose()?.unwrap_or_default();
    let request = pb::AcknowledgeDispatchRequest {
        request_id: context.request().to_string(),
        name: format!("departments/{}/dispatches/{}", connection.department()?, asked.number),
        r#type: asked.kind.into(),
        reason: asked.reason,
        receipt: receipt.into(),
    };
    let mut client = connection.outgoing()?;
    let answer = client.acknowledge_dispatch(request);
    let answer = call("gateway, AcknowledgeDispatch", Some(context.request()), answer).await?;
    context.output.message(&answer, show)
}

fn show(dispatch: &pb::Dispatch) -> Table {
    let summary = dispatch.summary.clone().unwrap_or_default();
    let mut rows = vec![
        ("dispatch", dispatch.name.clone()),
        ("number", summary.document_number),
        ("title", summary.title),
        ("sent", instant(dispatch.send_time.as_ref())),
        ("payload SM3", hex::encode(&dispatch.payload_digest)),
    ];
    for it in &dispatch.attachments {
        rows.push(("attachment", format!("{} ({} bytes, SM3 {})", it.name, it.size_bytes, digest(&it.digest))));
    }
    for it in &dispatch.acknowledgements {
        let kind = short(it.r#type().as_str_name(), "RECEIPT_TYPE");
        let told = format!("{kind} at {} {}", instant(it.time.as_ref()), it.reason);
        rows.push(("acknowledged", told.trim_end().to_owned()));
    }
    facts(rows)
}
