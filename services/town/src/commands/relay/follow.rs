//! Watching, urging and recalling one's own papers.

use std::time::Duration;

use clap::Args;
use tonic::{Response, Status, Streaming};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::gateway::v1::watch_papers_response::Event;

use super::show::{delivery, recalled, show, told};
use super::{One, paper};
use crate::cli::Context;
use crate::connection::{Connection, call};
use crate::names::abbreviate;
use crate::output::{day, to_json};
use crate::problem::Problem;

pub(super) const EXAMPLES: &str = "\
A watch tells the position of each event; with --after it goes on behind the last one seen, without loss or repetition. A paper
is named by its document number, its message id, or the beginning of that. It can be recalled until somebody signs for it, by a
document of its issuer.

Examples:
  townlink --as county/government relay watch
  # what happened since, and no longer
  townlink --as county/government relay watch --after 120 --once
  townlink --as county/government relay urge 3f2a --note 请于本周内报送
  townlink --as county/government relay recall 3f2a --document 昆政办函〔2026〕30号 --reason 附件有误";

/// After how much silence a watch that is asked for once has seen all.
const QUIET: Duration = Duration::from_secs(1);

/// The pause before a stream that ended is opened again.
const PAUSE: Duration = Duration::from_millis(500);

/// Follows one's own papers.
#[derive(Debug, Args)]
pub struct Watch {
    /// The position of the last event that was seen
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    after: i64,
    /// End once all that happened is told
    #[arg(long)]
    once: bool,
}

/// Urges a paper.
#[derive(Debug, Args)]
pub struct Urge {
    #[command(flatten)]
    one: One,
    /// What to say with it
    #[arg(long, default_value = "")]
    note: String,
}

/// Recalls a paper.
#[derive(Debug, Args)]
pub struct Recall {
    #[command(flatten)]
    one: One,
    /// The document by which the issuer recalls it (文号)
    #[arg(long, value_name = "NUMBER")]
    document: String,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Follows a stream from a place on, and opens it again behind what was told wherever it breaks off: a stream has a longest life, and
/// a service may be started anew. `tell` gives the place of what it told.
pub(super) async fn follow<M, F>(
    method: &str,
    once: bool,
    mut place: i64,
    mut open: impl FnMut(i64) -> F,
    mut tell: impl FnMut(M) -> Result<i64, Problem>,
) -> Result<(), Problem>
where
    F: Future<Output = Result<Response<Streaming<M>>, Status>>,
{
    let mut opened = false;
    loop {
        let mut stream = match call(method, None, open(place)).await {
            Ok(stream) => stream,
            Err(Problem::Unavailable { .. }) if opened => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(problem) => return Err(problem),
        };
        opened = true;
        loop {
            let message = if once {
                let Ok(message) = tokio::time::timeout(QUIET, stream.message()).await else { return Ok(()) };
                message
            } else {
                stream.message().await
            };
            match message {
                Ok(Some(message)) => place = tell(message)?,
                Ok(None) => break,
                Err(status) => {
                    let problem = Problem::of_status(method, &status, None);
                    if matches!(problem, Problem::Unavailable { .. }) {
                        break;
                    }
                    return Err(problem);
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

pub(super) async fn watch(asked: &Watch, connection: &Connection, context: &Context) -> Result<(), Problem> {
    let parent = format!("senders/{}", connection.department()?);
    let client = connection.papers()?;
    let open = |after_position| {
        let (mut client, parent) = (client.clone(), parent.clone());
        async move { client.watch_papers(pb::WatchPapersRequest { parent, after_position }).await }
    };
    let told = |message: pb::WatchPapersResponse| tell(&message, context).map(|()| message.position);
    follow("gateway, WatchPapers", asked.once, asked.after, open, told).await
}

fn tell(message: &pb::WatchPapersResponse, context: &Context) -> Result<(), Problem> {
    let Some(event) = &message.event else { return Ok(()) };
    let (position, paper) = (message.position, abbreviate(&message.paper));
    let value = to_json(message)?;
    context.output.value(&value, || format!("{position}  {paper}  {}", line(event)))
}

/// What happened, in a line.
fn line(event: &Event) -> String {
    match event {
        Event::Receipt(it) => format!("receipt {} {}", told(it), it.reason),
        Event::Delivery(it) => format!("delivery {} {}", delivery(it), it.return_code),
        Event::Hold(it) if it.released => "goes on after the look of OFFICE".to_owned(),
        Event::Hold(it) => format!("goes no further: {}", it.reason),
        Event::Urge(it) => format!("urged {}", it.note),
        Event::Recall(it) => format!("recalled {}", recalled(it)),
        Event::Extension(it) => format!("due date extended to {} by {}", day(it.due.as_ref()), it.institution),
        Event::Reply(it) => format!("replied to with {} by {}", it.document_number, it.institution),
    }
    .trim_end()
    .to_owned()
}

pub(super) async fn urge(asked: Urge, connection: &Connection, context: &Context) -> Result<(), Problem> {
    let name = paper(&asked.one, connection).await?.name;
    let request = pb::UrgePaperRequest { request_id: context.request().to_string(), name, note: asked.note };
    let mut client = connection.papers()?;
    let answer = call("gateway, UrgePaper", Some(context.request()), client.urge_paper(request)).await?;
    context.output.message(&answer, show)
}

pub(super) async fn recall(asked: Recall, connection: &Connection, context: &Context) -> Result<(), Problem> {
    // Another's paper is not found here; whoever names it whole is told by the town why it is not his to recall.
    let name = match asked.one.whole() {
        Some(name) => name,
        None => paper(&asked.one, connection).await?.name,
    };
    let request = pb::RecallPaperRequest {
        request_id: context.request().to_string(),
        name,
        document_number: asked.document,
        reason: asked.reason,
    };
    let mut client = connection.papers()?;
    let answer = call("gateway, RecallPaper", Some(context.request()), client.recall_paper(request)).await?;
    context.output.message(&answer, show)
}
