//! `townlink inbox`: the papers that came, worked by the persons of an institution (收文办理).

use clap::{Args, Subcommand};
use comfy_table::Table;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::values::v1::{Finding, PaperSummary};

use crate::cli::Context;
use crate::connection::{Connection, Inboxes, call, pages};
use crate::names::{abbreviate, find_numbered};
use crate::output::{digest, facts, instant, short, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
A paper is named by its document number, its message id, or as much of the id as tells it from the others.

Examples:
  townlink --as person/relay-clerk inbox list
  townlink --as person/relay-clerk inbox sign-for 3f2a                                 签收
  townlink --as person/relay-clerk inbox register 3f2a                                 登记
  townlink --as person/relay-clerk inbox check 3f2a                                    初审
  townlink --as person/relay-clerk inbox check 3f2a \\
      --resolve ID-DOCNO=REPAIRED:昆政办发〔2026〕18号
  townlink --as person/relay-clerk inbox return 3f2a --code RE-DEPT-DIRECTIVE \\
      --reason 部门不得向镇政府发布指令性公文";

/// Papers in the town, as its institutions work them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the papers of an inbox, newest first
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Show one paper
    #[command(after_help = EXAMPLES)]
    Show(One),
    /// Sign for a paper (签收); the sender gets a receipt
    #[command(after_help = EXAMPLES)]
    SignFor(One),
    /// Register a paper (登记): it gets the next number of the year's book
    #[command(after_help = EXAMPLES)]
    Register(One),
    /// Pass the first check (初审); a directive then waits for a second person
    #[command(after_help = EXAMPLES)]
    Check(Check),
    /// Return a paper to its sender with the reason (退回)
    #[command(after_help = EXAMPLES)]
    Return(Return),
}

/// Which inbox.
#[derive(Debug, Args)]
pub struct Which {
    /// The institution whose inbox it is
    #[arg(long, value_name = "INSTITUTION", default_value = "OFFICE")]
    inbox: String,
}

/// Lists an inbox.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    which: Which,
    /// Only papers at this stage: ARRIVED, SIGNED_FOR, REGISTERED, CHECKED or RETURNED
    #[arg(long, value_parser = stage)]
    stage: Option<pb::InboxStage>,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// One paper.
#[derive(Debug, Args)]
pub struct One {
    /// The paper: its document number, its message id, or the beginning of that
    paper: String,
    #[command(flatten)]
    which: Which,
}

/// Passes the first check.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    one: One,
    /// How a finding is resolved, CODE=RESOLUTION[:NOTE]: CLEARED, AS_LETTER, or REPAIRED with the right document number
    #[arg(long, value_name = "CODE=RESOLUTION[:NOTE]", value_parser = resolution)]
    resolve: Vec<pb::Resolution>,
}

/// Returns a paper.
#[derive(Debug, Args)]
pub struct Return {
    #[command(flatten)]
    one: One,
    /// The code of the rule that the paper breaks, such as RE-DEPT-DIRECTIVE
    #[arg(long)]
    code: String,
    /// The reason, in words, for the sender's office
    #[arg(long)]
    reason: String,
}

fn stage(text: &str) -> Result<pb::InboxStage, String> {
    pb::InboxStage::from_str_name(&format!("INBOX_STAGE_{}", text.to_uppercase().replace('-', "_")))
        .ok_or_else(|| "a stage is ARRIVED, SIGNED_FOR, REGISTERED, CHECKED or RETURNED".to_owned())
}

fn resolution(text: &str) -> Result<pb::Resolution, String> {
    let form = || {
        "a resolution is CODE=CLEARED, CODE=AS_LETTER or CODE=REPAIRED:NUMBER; a note follows after a colon".to_owned()
    };
    let (code, rest) = text.split_once('=').ok_or_else(form)?;
    let (kind, note) = rest.split_once(':').unwrap_or((rest, ""));
    let kind = pb::ResolutionType::from_str_name(&format!("RESOLUTION_TYPE_{kind}")).ok_or_else(form)?;
    let mut resolution = pb::Resolution { code: code.to_owned(), ..pb::Resolution::default() };
    resolution.set_type(kind);
    if kind == pb::ResolutionType::Repaired {
        note.clone_into(&mut resolution.repaired_document_number);
    } else {
        note.clone_into(&mut resolution.note);
    }
    Ok(resolution)
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let connection = Connection::open(context, None)?;
    let mut client = connection.inbox()?;
    let request = Some(context.request());
    let request_id = context.request().to_string();
    let paper = match command {
        Command::List(asked) => return list(asked, client, context).await,
        Command::Show(one) => {
            let name = name(&one, &client).await?;
            call("office, GetInboxPaper", None, client.get_inbox_paper(pb::GetInboxPaperRequest { name })).await?
        }
        Command::SignFor(one) => {
            let name = name(&one, &client).await?;
            let asked = pb::SignForPaperRequest { request_id, name, etag: String::new() };
            call("office, SignForPaper", request, client.sign_for_paper(asked)).await?
        }
        Command::Register(one) => {
            let name = name(&one, &client).await?;
            let asked = pb::RegisterPaperRequest { request_id, name, etag: String::new(), ..Default::default() };
            call("office, RegisterPaper", request, client.register_paper(asked)).await?
        }
        Command::Check(check) => {
            let name = name(&check.one, &client).await?;
            let asked = pb::CheckPaperRequest { request_id, name, resolutions: check.resolve, etag: String::new() };
            call("office, CheckPaper", request, client.check_paper(asked)).await?
        }
        Command::Return(back) => {
            let name = name(&back.one, &client).await?;
            let asked =
                pb::ReturnPaperRequest { request_id, name, code: back.code, reason: back.reason, etag: String::new() };
            call("office, ReturnPaper", request, client.return_paper(asked)).await?
        }
    };
    context.output.message(&paper, show)
}

async fn list(asked: List, client: Inboxes, context: &Context) -> Result<(), Problem> {
    let parent = format!("inboxes/{}", asked.which.inbox);
    let (papers, next_page_token) = papers(&client, &parent, asked.stage, asked.limit).await?;
    context.output.message(&pb::ListInboxPapersResponse { papers, next_page_token }, |list| {
        let mut table = table(&["PAPER", "STAGE", "BOOK", "FROM", "NUMBER", "TITLE", "FINDINGS"]);
        for paper in &list.papers {
            let summary = paper.summary.clone().unwrap_or_default();
            table.add_row([
                abbreviate(&paper.name),
                stage_name(paper),
                if paper.serial == 0 { String::new() } else { paper.serial.to_string() },
                sender(&paper.paper),
                summary.document_number,
                summary.title,
                codes(&paper.findings),
            ]);
        }
        table
    })
}

async fn papers(
    client: &Inboxes,
    parent: &str,
    stage: Option<pb::InboxStage>,
    limit: usize,
) -> Result<(Vec<pb::InboxPaper>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        let mut asked =
            pb::ListInboxPapersRequest { parent: parent.to_owned(), page_size, page_token, ..Default::default() };
        asked.set_stage(stage.unwrap_or_default());
        async move {
            let page = call("office, ListInboxPapers", None, client.list_inbox_papers(asked)).await?;
            Ok((page.papers, page.next_page_token))
        }
    })
    .await
}

/// The whole name of the paper that a person means.
async fn name(one: &One, client: &Inboxes) -> Result<String, Problem> {
    if one.paper.contains('/') {
        return Ok(one.paper.clone());
    }
    let parent = format!("inboxes/{}", one.which.inbox);
    let (papers, _) = papers(client, &parent, None, usize::MAX).await?;
    find_numbered(&one.paper, papers.iter().map(|paper| (paper.name.as_str(), number(paper.summary.as_ref()))))
}

/// The document number of a paper.
pub fn number(summary: Option<&PaperSummary>) -> &str {
    summary.map_or("", |summary| &summary.document_number)
}

fn stage_name(paper: &pb::InboxPaper) -> String {
    let copy = if paper.copy { " (copy)" } else { "" };
    format!("{}{copy}", short(paper.stage().as_str_name(), "INBOX_STAGE"))
}

/// The department in `senders/{department}/papers/{message id}`.
fn sender(paper: &str) -> String {
    paper.split('/').nth(1).unwrap_or_default().to_owned()
}

fn codes(findings: &[Finding]) -> String {
    findings.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>().join(" ")
}

fn show(paper: &pb::InboxPaper) -> Table {
    let summary = paper.summary.clone().unwrap_or_default();
    let mut rows = vec![
        ("paper", paper.name.clone()),
        ("stage", stage_name(paper)),
        ("number", summary.document_number),
        ("title", summary.title),
        ("issuer", summary.issuer),
        ("dated", summary.issue_date),
        ("due", summary.due),
        ("directive", summary.directive_type),
        ("arrived", instant(paper.arrive_time.as_ref())),
        ("signed for", join(&paper.signed_for_by, &instant(paper.sign_for_time.as_ref()))),
        ("registered", join(&book(paper), &instant(paper.register_time.as_ref()))),
        ("checked", instant(paper.check_time.as_ref())),
        ("returned", join(&paper.return_code, &paper.return_reason)),
        ("document", paper.document.clone()),
        ("digest", digest(&paper.payload_digest)),
    ];
    for finding in &paper.findings {
        let weight = if finding.blocking { "finding" } else { "warning" };
        rows.push((weight, format!("{} {} ({})", finding.code, finding.message, finding.law)));
    }
    for resolution in &paper.resolutions {
        let kind = short(resolution.r#type().as_str_name(), "RESOLUTION_TYPE");
        rows.push((
            "resolved",
            format!("{} {kind} {}{}", resolution.code, resolution.repaired_document_number, resolution.note),
        ));
    }
    for attachment in &paper.attachments {
        rows.push((
            "attachment",
            format!("{} ({} bytes, SM3 {})", attachment.name, attachment.size_bytes, digest(&attachment.digest)),
        ));
    }
    facts(rows)
}

fn book(paper: &pb::InboxPaper) -> String {
    if paper.serial == 0 { String::new() } else { format!("no. {}", paper.serial) }
}

fn join(first: &str, second: &str) -> String {
    match (first.is_empty(), second.is_empty()) {
        (false, false) => format!("{first}, {second}"),
        _ => format!("{first}{second}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolution_is_read_as_it_is_typed() {
        let repaired = resolution("ID-DOCNO=REPAIRED:昆政办发〔2026〕18号").expect("a resolution");
        assert_eq!(repaired.repaired_document_number, "昆政办发〔2026〕18号");
        let letter = resolution("RE-DEPT-DIRECTIVE=AS_LETTER:改作函").expect("a resolution");
        assert_eq!((letter.r#type(), letter.note.as_str()), (pb::ResolutionType::AsLetter, "改作函"));
        assert!(resolution("ID-DOCNO").is_err());
        assert!(resolution("ID-DOCNO=IGNORED").is_err());
    }
}
