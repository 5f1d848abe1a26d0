//! `townlink supervise`: the supervision of the front desk by the back office (监督), and calling to account (问责).

mod account;
mod sample;

use clap::{Args, Subcommand};
use comfy_table::Table;
use townlink_proto::townlink::office::v1 as pb;

use crate::cli::Context;
use crate::commands::listing::{Filter, Page, Undone};
use crate::connection::{Connection, Supervision, call, pages};
use crate::names::{abbreviate, find_numbered};
use crate::output::{day, facts, instant, short, table};
use crate::problem::Problem;
use account::{Account, HandOver, Hear};
use sample::{Coverage, DrawCheck, Plan, Review};

const EXAMPLES: &str = "\
Examples:
  townlink --as person/construction-supervisor supervise sample 2025Q4 HOUSING service-center
  townlink --as person/construction-supervisor supervise draw 3f2a
  # anyone who has seed and list finds the same cases; needs no town
  townlink supervise draw-check --seed 2026Q1-ENV list.txt --count 2
  townlink --as person/construction-supervisor supervise review service-center cases/ZP20251001000001 \\
      --finding 未告知诉权=行政许可法第三十八条
  townlink --as person/construction-supervisor supervise opinion service-center cases/ZP20251001000001 \\
      --facts 受理通知书未载明受理日期 --rule 行政许可法第三十二条 --request CORRECT_PROCEDURE
  townlink --as person/service-relay-clerk supervise answer 张建监督〔2026〕1号 --text 已补正并重新送达
  townlink --as person/mayor supervise coverage 2025Q4
  townlink --as person/construction-supervisor supervise account clerk-1 SERVICE --to PERSONNEL --fault SERIOUS \\
      --facts 一年内多次未按期告知 --evidence caseReviews/…";

/// Supervision of the front desk.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plan the sample of a quarter: fixes the seed of the draw (抽查)
    #[command(after_help = EXAMPLES)]
    Sample(Plan),
    /// Draw a planned sample of closed cases
    #[command(after_help = EXAMPLES)]
    Draw(Named),
    /// Repeat a draw from its seed and list, offline
    #[command(after_help = EXAMPLES)]
    DrawCheck(DrawCheck),
    /// List samples
    #[command(after_help = EXAMPLES)]
    Samples(Page),
    /// Record the review of a closed case (案卷评查)
    #[command(after_help = EXAMPLES)]
    Review(Review),
    /// Tell who has reviewed how many closed cases of a quarter
    #[command(after_help = EXAMPLES)]
    Coverage(Coverage),
    /// Issue a supervision opinion (监督意见书)
    #[command(after_help = EXAMPLES)]
    Opinion(Opinion),
    /// List supervision opinions
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Show one supervision opinion
    #[command(after_help = EXAMPLES)]
    Show(Named),
    /// Answer a supervision opinion, in the name of the front institution
    #[command(after_help = EXAMPLES)]
    Answer(WithText),
    /// Accept the answer
    #[command(after_help = EXAMPLES)]
    Accept(Named),
    /// Reject the answer, once
    #[command(after_help = EXAMPLES)]
    Reject(WithText),
    /// Close a supervision opinion
    #[command(after_help = EXAMPLES)]
    Close(WithText),
    /// Propose to call somebody to account (问责建议)
    #[command(after_help = EXAMPLES)]
    Account(Account),
    /// Record that the person was heard (听取陈述)
    #[command(after_help = EXAMPLES)]
    Hear(Hear),
    /// Hand a proposal over under a document number
    #[command(after_help = EXAMPLES)]
    HandOver(HandOver),
    /// List proposals to call somebody to account
    #[command(after_help = EXAMPLES)]
    Accounts(Page),
}

/// Names one record.
#[derive(Debug, Args)]
pub struct Named {
    /// Its number, its id, or the beginning of that
    name: String,
}

/// Issues a supervision opinion.
#[derive(Debug, Args)]
pub struct Opinion {
    /// The service that holds the case
    service: String,
    /// The case, as cases/NUMBER
    case: String,
    /// The facts
    #[arg(long)]
    facts: String,
    /// The rule
    #[arg(long)]
    rule: String,
    /// What it asks for: EXPLAIN, RE_EXAMINE, CORRECT_PROCEDURE or REPORT
    #[arg(long, value_parser = request_type)]
    request: pb::SupervisionRequestType,
    /// The review that it follows, as caseReviews/ID
    #[arg(long, default_value = "", hide_default_value = true)]
    review: String,
}

/// Lists supervision opinions.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    filter: Filter,
}

/// A step that says something.
#[derive(Debug, Args)]
pub struct WithText {
    #[command(flatten)]
    named: Named,
    /// The words
    #[arg(long)]
    text: String,
}

fn request_type(text: &str) -> Result<pb::SupervisionRequestType, String> {
    let found = pb::SupervisionRequestType::from_str_name(&format!("SUPERVISION_REQUEST_TYPE_{text}"));
    found.ok_or_else(|| "a request is EXPLAIN, RE_EXAMINE, CORRECT_PROCEDURE or REPORT".to_owned())
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    match command {
        Command::DrawCheck(asked) => sample::draw_check(&asked, context),
        Command::Sample(asked) => sample::plan(asked, context).await,
        Command::Draw(named) => sample::draw(&named, context).await,
        Command::Samples(asked) => sample::list_samples(asked, context).await,
        Command::Review(asked) => sample::review(asked, context).await,
        Command::Coverage(asked) => sample::coverage(asked, context).await,
        Command::Opinion(asked) => issue(asked, context).await,
        Command::List(asked) => list(&asked, context).await,
        Command::Show(named) => show_one(&named, context).await,
        Command::Answer(asked) => answer(asked, context).await,
        Command::Accept(named) => accept(&named, context).await,
        Command::Reject(asked) => reject(asked, context).await,
        Command::Close(asked) => close(asked, context).await,
        Command::Account(asked) => account::account(asked, context).await,
        Command::Hear(asked) => account::hear(asked, context).await,
        Command::HandOver(asked) => account::hand_over(asked, context).await,
        Command::Accounts(asked) => account::list_proposals(asked, context).await,
    }
}

fn open(context: &Context) -> Result<Supervision, Problem> {
    Connection::open(context, None)?.supervision()
}

async fn issue(asked: Opinion, context: &Context) -> Result<(), Problem> {
    let asked = pb::IssueSupervisionOpinionRequest {
        request_id: context.request().to_string(),
        service: asked.service,
        case_name: asked.case,
        review: asked.review,
        facts: asked.facts,
        rule: asked.rule,
        request: asked.request.into(),
    };
    let mut client = open(context)?;
    let issued = client.issue_supervision_opinion(asked);
    let opinion = call("office, IssueSupervisionOpinion", Some(context.request()), issued).await?;
    context.output.message(&opinion, show)
}

async fn show_one(named: &Named, context: &Context) -> Result<(), Problem> {
    let mut client = open(context)?;
    let asked = pb::GetSupervisionOpinionRequest { name: opinion_name(named, &client).await? };
    let opinion = call("office, GetSupervisionOpinion", None, client.get_supervision_opinion(asked)).await?;
    context.output.message(&opinion, show)
}

async fn answer(asked: WithText, context: &Context) -> Result<(), Problem> {
    let mut client = open(context)?;
    let name = opinion_name(&asked.named, &client).await?;
    let request_id = context.request().to_string();
    let asked = pb::AnswerSupervisionOpinionRequest { request_id, name, text: asked.text, etag: String::new() };
    let answered = client.answer_supervision_opinion(asked);
    let opinion = call("office, AnswerSupervisionOpinion", Some(context.request()), answered).await?;
    context.output.message(&opinion, show)
}

async fn accept(named: &Named, context: &Context) -> Result<(), Problem> {
    let mut client = open(context)?;
    let name = opinion_name(named, &client).await?;
    let request_id = context.request().to_string();
    let asked = pb::AcceptSupervisionAnswerRequest { request_id, name, etag: String::new() };
    let accepted = client.accept_supervision_answer(asked);
    let opinion = call("office, AcceptSupervisionAnswer", Some(context.request()), accepted).await?;
    context.output.message(&opinion, show)
}

async fn reject(asked: WithText, context: &Context) -> Result<(), Problem> {
    let mut client = open(context)?;
    let name = opinion_name(&asked.named, &client).await?;
    let request_id = context.request().to_string();
    let asked = pb::RejectSupervisionAnswerRequest { request_id, name, reason: asked.text, etag: String::new() };
    let rejected = client.reject_supervision_answer(asked);
    let opinion = call("office, RejectSupervisionAnswer", Some(context.request()), rejected).await?;
    context.output.message(&opinion, show)
}

async fn close(asked: WithText, context: &Context) -> Result<(), Problem> {
    let mut client = open(context)?;
    let name = opinion_name(&asked.named, &client).await?;
    let request_id = context.request().to_string();
    let asked = pb::CloseSupervisionOpinionRequest { request_id, name, note: asked.text, etag: String::new() };
    let closed = client.close_supervision_opinion(asked);
    let opinion = call("office, CloseSupervisionOpinion", Some(context.request()), closed).await?;
    context.output.message(&opinion, show)
}

async fn list(asked: &List, context: &Context) -> Result<(), Problem> {
    let (opinions, next_page_token) = listed(&open(context)?, asked.filter).await?;
    context.output.message(&pb::ListSupervisionOpinionsResponse { opinions, next_page_token }, |list| {
        let mut table = table(&["OPINION", "NUMBER", "STAGE", "FRONT", "CASE", "DUE", ""]);
        for it in &list.opinions {
            table.add_row([
                abbreviate(&it.name),
                it.number.clone(),
                stage_name(it),
                it.front.clone(),
                it.case_line.clone().unwrap_or_default().name,
                day(it.limit.as_ref().and_then(|limit| limit.due_date.as_ref())),
                if it.overdue { "overdue" } else { "" }.to_owned(),
            ]);
        }
        table
    })
}

async fn listed(
    client: &Supervision,
    Filter { undone: Undone { open, overdue }, mine, page }: Filter,
) -> Result<(Vec<pb::SupervisionOpinion>, String), Problem> {
    pages(page.limit, |page_size, page_token| {
        let mut client = client.clone();
        async move {
            let asked = pb::ListSupervisionOpinionsRequest { page_size, page_token, open, overdue, mine };
            let page = call("office, ListSupervisionOpinions", None, client.list_supervision_opinions(asked)).await?;
            Ok((page.opinions, page.next_page_token))
        }
    })
    .await
}

async fn opinion_name(named: &Named, client: &Supervision) -> Result<String, Problem> {
    if named.name.contains('/') {
        return Ok(named.name.clone());
    }
    let (opinions, _) = listed(client, Filter::ALL).await?;
    find_numbered(&named.name, opinions.iter().map(|it| (it.name.as_str(), it.number.as_str())))
}

fn stage_name(opinion: &pb::SupervisionOpinion) -> String {
    short(opinion.stage().as_str_name(), "SUPERVISION_OPINION_STAGE")
}

fn show(opinion: &pb::SupervisionOpinion) -> Table {
    let case = opinion.case_line.clone().unwrap_or_default();
    let mut rows = vec![
        ("opinion", opinion.name.clone()),
        ("number", opinion.number.clone()),
        ("stage", stage_name(opinion)),
        ("from", opinion.institution.clone()),
        ("to", opinion.front.clone()),
        ("case", case.name),
        ("facts", opinion.facts.clone()),
        ("rule", opinion.rule.clone()),
        ("asks to", short(opinion.request().as_str_name(), "SUPERVISION_REQUEST_TYPE")),
        ("answer due", day(opinion.limit.as_ref().and_then(|limit| limit.due_date.as_ref()))),
        ("alarm", instant(opinion.alarm_time.as_ref())),
    ];
    for answer in &opinion.answers {
        rows.push((if answer.late { "late answer" } else { "answer" }, answer.text.clone()));
        rows.push(("rejected", answer.reject_reason.clone()));
    }
    rows.push(("closed", opinion.close_note.clone()));
    facts(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read() {
        assert_eq!(request_type("REPORT"), Ok(pb::SupervisionRequestType::Report));
        assert!(request_type("GRANT").is_err());
    }
}
