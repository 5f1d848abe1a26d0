//! `townlink inbox`: the papers that came, worked by the persons of an institution (收文办理).
//!
//! - [`work`]: what is done about a paper after its first check.

mod work;

use clap::{Args, Subcommand};
use comfy_table::Table;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::values::v1::{Finding, PaperSummary};

use crate::cli::Context;
use crate::commands::listing::{Filter, Page, Undone};
use crate::connection::{Connection, Inboxes, call, pages};
use crate::names::{abbreviate, find_numbered};
use crate::output::{digest, facts, instant, short, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
A paper is named by its document number, its message id, or as much of the id as tells it from the others.

Examples:
  townlink --as person/relay-clerk inbox list
  townlink --as person/relay-clerk inbox list --overdue                                督办
  townlink --as person/finance-clerk inbox list --mine
  townlink --as person/relay-clerk inbox sign-for 3f2a                                 签收
  townlink --as person/relay-clerk inbox register 3f2a                                 登记
  townlink --as person/relay-clerk inbox register 3f2a --supersedes 昆政办发〔2026〕18号
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
    Register(Register),
    /// Pass the first check (初审); a directive then waits for a second person
    #[command(after_help = EXAMPLES)]
    Check(Check),
    /// Return a paper to its sender with the reason (退回)
    #[command(after_help = EXAMPLES)]
    Return(Return),
    /// List what lies on the leaders' desk: supervision orders that were not followed, and assignments refused twice
    #[command(after_help = work::WORK_EXAMPLES)]
    Desk(Desk),
    /// What is done about a checked paper.
    #[command(flatten)]
    Work(work::Command),
}

/// Which inbox.
#[derive(Clone, Debug, Args)]
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
    /// Only papers at this stage, such as ARRIVED, CHECKED, ASSIGNED, REPORTED or ARCHIVED
    #[arg(long, value_parser = stage)]
    stage: Option<pb::InboxStage>,
    #[command(flatten)]
    filter: Filter,
}

/// One paper.
#[derive(Debug, Args)]
pub struct One {
    /// The paper: its document number, its message id, or the beginning of that
    paper: String,
    #[command(flatten)]
    which: Which,
}

/// Registers a paper.
#[derive(Debug, Args)]
pub struct Register {
    #[command(flatten)]
    one: One,
    /// The paper of the same inbox that this one replaces
    #[arg(long, value_name = "PAPER")]
    supersedes: Option<String>,
}

/// Lists the leaders' desk.
#[derive(Debug, Args)]
pub struct Desk {
    #[command(flatten)]
    page: Page,
}

/// Who sees a paper, and so in which list its name is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Those who read the inbox.
    All,
    /// Those who have a part in it.
    Part,
    /// The leaders.
    Leaders,
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
        .ok_or_else(|| {
            "a stage is ARRIVED, SIGNED_FOR, REGISTERED, CHECKED, ASSIGNED, ACCEPTED, IN_PROGRESS, GUIDANCE_ISSUED, REPORTED, \
             COMPLETED, REPLIED, ARCHIVED, RETURNED, MERGED, TRANSFERRED or RECALLED"
                .to_owned()
        })
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
        Command::Desk(asked) => return desk(asked, client, context).await,
        Command::Work(command) => work::run(command, client, context).await?,
        Command::Show(one) => {
            // Whoever does not read the inbox sees what is assigned to him there.
            let name = match name(&one, &client, Seen::All).await {
                Err(_) => name(&one, &client, Seen::Part).await?,
                Ok(name) => name,
            };
            call("office, GetInboxPaper", None, client.get_inbox_paper(pb::GetInboxPaperRequest { name })).await?
        }
        Command::SignFor(one) => {
            let name = name(&one, &client, Seen::All).await?;
            let asked = pb::SignForPaperRequest { request_id, name, etag: String::new() };
            call("office, SignForPaper", request, client.sign_for_paper(asked)).await?
        }
        Command::Register(it) => {
            let name = name(&it.one, &client, Seen::All).await?;
            let supersedes = match it.supersedes {
                Some(paper) => self::name(&One { paper, which: it.one.which }, &client, Seen::All).await?,
                None => String::new(),
            };
            let asked = pb::RegisterPaperRequest { request_id, name, etag: String::new(), supersedes };
            call("office, RegisterPaper", request, client.register_paper(asked)).await?
        }
        Command::Check(check) => {
            let name = name(&check.one, &client, Seen::All).await?;
            let asked = pb::CheckPaperRequest { request_id, name, resolutions: check.resolve, etag: String::new() };
            call("office, CheckPaper", request, client.check_paper(asked)).await?
        }
        Command::Return(back) => {
            let name = name(&back.one, &client, Seen::All).await?;
            let asked =
                pb::ReturnPaperRequest { request_id, name, code: back.code, reason: back.reason, etag: String::new() };
            call("office, ReturnPaper", request, client.return_paper(asked)).await?
        }
    };
    context.output.message(&paper, show)
}

async fn list(asked: List, client: Inboxes, context: &Context) -> Result<(), Problem> {
    let Filter { undone: Undone { open, overdue }, mine, page } = asked.filter;
    let wanted = pb::ListInboxPapersRequest {
        parent: format!("inboxes/{}", asked.which.inbox),
        stage: asked.stage.unwrap_or_default().into(),
        open,
        overdue,
        mine,
        ..pb::ListInboxPapersRequest::default()
    };
    let (papers, next_page_token) = papers(&client, &wanted, page.limit).await?;
    let timed = overdue || open || mine;
    context.output.message(&pb::ListInboxPapersResponse { papers, next_page_token }, |list| {
        if timed { by_due(&list.papers) } else { by_arrival(&list.papers) }
    })
}

async fn desk(asked: Desk, client: Inboxes, context: &Context) -> Result<(), Problem> {
    let (papers, next_page_token) = desk_papers(&client, asked.page.limit).await?;
    context.output.message(&pb::ListLeaderPapersResponse { papers, next_page_token }, |list| by_due(&list.papers))
}

fn by_arrival(papers: &[pb::InboxPaper]) -> Table {
    let mut table = table(&["PAPER", "STAGE", "BOOK", "FROM", "NUMBER", "TITLE", "FINDINGS"]);
    for paper in papers {
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
}

fn by_due(papers: &[pb::InboxPaper]) -> Table {
    let mut table = table(&["PAPER", "LIGHT", "DUE", "STAGE", "MUST ACT", "NUMBER", "TITLE"]);
    for paper in papers {
        let summary = paper.summary.clone().unwrap_or_default();
        table.add_row([
            abbreviate(&paper.name),
            light(paper),
            due(paper),
            stage_name(paper),
            must_act(paper),
            summary.document_number,
            summary.title,
        ]);
    }
    table
}

fn light(paper: &pb::InboxPaper) -> String {
    let light = paper.light();
    if light == pb::InboxLight::Unspecified { String::new() } else { short(light.as_str_name(), "INBOX_LIGHT") }
}

/// The last day, or why there is none.
fn due(paper: &pb::InboxPaper) -> String {
    let Some(due) = paper.work.as_ref().and_then(|work| work.due.as_ref()) else { return String::new() };
    match &due.date {
        Some(day) => format!("{:04}-{:02}-{:02}", day.year, day.month, day.day),
        None => format!("undetermined: no calendar of {}", due.missing_year),
    }
}

fn must_act(paper: &pb::InboxPaper) -> String {
    let act = paper.next_act();
    if act == pb::InboxAct::Unspecified {
        return String::new();
    }
    format!("{}: {}", paper.next_actors.join(", "), short(act.as_str_name(), "INBOX_ACT"))
}

async fn papers(
    client: &Inboxes,
    wanted: &pb::ListInboxPapersRequest,
    limit: usize,
) -> Result<(Vec<pb::InboxPaper>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        let asked = pb::ListInboxPapersRequest { page_size, page_token, ..wanted.clone() };
        async move {
            let page = call("office, ListInboxPapers", None, client.list_inbox_papers(asked)).await?;
            Ok((page.papers, page.next_page_token))
        }
    })
    .await
}

async fn desk_papers(client: &Inboxes, limit: usize) -> Result<(Vec<pb::InboxPaper>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        let asked = pb::ListLeaderPapersRequest { page_size, page_token };
        async move {
            let page = call("office, ListLeaderPapers", None, client.list_leader_papers(asked)).await?;
            Ok((page.papers, page.next_page_token))
        }
    })
    .await
}

/// The whole name of the paper that a person means.
async fn name(one: &One, client: &Inboxes, seen: Seen) -> Result<String, Problem> {
    if one.paper.contains('/') {
        return Ok(one.paper.clone());
    }
    let parent = format!("inboxes/{}", one.which.inbox);
    let wanted =
        pb::ListInboxPapersRequest { parent, mine: seen == Seen::Part, ..pb::ListInboxPapersRequest::default() };
    let (papers, _) = match seen {
        Seen::All | Seen::Part => papers(client, &wanted, usize::MAX).await?,
        Seen::Leaders => desk_papers(client, usize::MAX).await?,
    };
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
        ("due", due(paper)),
        ("light", light(paper)),
        ("must act", must_act(paper)),
        ("directive", summary.directive_type),
        ("arrived", instant(paper.arrive_time.as_ref())),
        ("signed for", join(&paper.signed_for_by, &instant(paper.sign_for_time.as_ref()))),
        ("registered", join(&book(paper), &instant(paper.register_time.as_ref()))),
        ("checked", instant(paper.check_time.as_ref())),
        ("returned", join(&paper.return_code, &paper.return_reason)),
        ("document", paper.document.clone()),
        ("assigned", assigned(paper)),
        ("linked", linked(paper)),
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

/// Who has which part in the paper.
fn assigned(paper: &pb::InboxPaper) -> String {
    let Some(assignment) = paper.work.as_ref().and_then(|work| work.assignment.as_ref()) else { return String::new() };
    let parts = [
        ("lead", vec![assignment.lead.clone()]),
        ("co-handlers", assignment.co_handlers.clone()),
        ("readers", assignment.readers.clone()),
        ("persons", assignment.persons.clone()),
    ];
    let parts = parts.into_iter().filter(|(_, who)| who.iter().any(|it| !it.is_empty()));
    parts.map(|(part, who)| format!("{part} {}", who.join(", "))).collect::<Vec<_>>().join("; ")
}

/// The papers that it replaces, goes on in, or came from.
fn linked(paper: &pb::InboxPaper) -> String {
    let work = paper.work.clone().unwrap_or_default();
    let links = [
        ("supersedes", work.supersedes),
        ("superseded by", work.superseded_by),
        ("merged into", work.merged_into),
        ("transferred to", work.transferred_to),
        ("transferred from", work.transferred_from),
    ];
    let links = links.into_iter().filter(|(_, paper)| !paper.is_empty());
    links.map(|(how, paper)| format!("{how} {paper}")).collect::<Vec<_>>().join("; ")
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
