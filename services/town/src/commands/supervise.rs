//! `townlink supervise`: the supervision of the front desk by the back office (监督), and calling to account (问责).

use std::path::PathBuf;

use clap::{Args, Subcommand};
use comfy_table::Table;
use serde_json::json;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::time::parse_date;
use vocabulary::{Date, SampleSize};

use crate::cli::Context;
use crate::connection::{Connection, Supervision, call, pages};
use crate::files::{at_file, read};
use crate::names::{abbreviate, find, find_numbered, wire_day};
use crate::output::{day, digest, facts, instant, short, table};
use crate::problem::Problem;

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
    Samples(Limit),
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
    Accounts(Limit),
}

/// Plans a sample.
#[derive(Debug, Args)]
pub struct Plan {
    /// The quarter, such as 2025Q4
    quarter: String,
    /// The field, such as HOUSING
    field: String,
    /// The service that holds the cases, such as service-center
    service: String,
}

/// Names one record.
#[derive(Debug, Args)]
pub struct Named {
    /// Its number, its id, or the beginning of that
    name: String,
}

/// How many to list.
#[derive(Debug, Args)]
pub struct Limit {
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Repeats a draw.
#[derive(Debug, Args)]
pub struct DrawCheck {
    /// The file with the list: one id on each line
    file: PathBuf,
    /// The seed
    #[arg(long)]
    seed: String,
    /// How many were drawn [default: 5 in a hundred, and at least 3]
    #[arg(long, value_name = "N")]
    count: Option<usize>,
}

/// Records a review.
#[derive(Debug, Args)]
pub struct Review {
    /// The service that holds the case
    service: String,
    /// The case, as cases/NUMBER
    case: String,
    /// What was found, FACT=RULE; none where all was in order
    #[arg(long, value_name = "FACT=RULE", value_parser = finding)]
    finding: Vec<pb::ReviewFinding>,
}

/// Asks for the coverage.
#[derive(Debug, Args)]
pub struct Coverage {
    /// The quarter, such as 2025Q4
    quarter: String,
    /// Only where reviews are missing
    #[arg(long)]
    short: bool,
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
    /// Only those that are not closed
    #[arg(long)]
    open: bool,
    /// Only those whose answer is overdue
    #[arg(long)]
    overdue: bool,
    /// Only those on which the own institution has to act
    #[arg(long)]
    mine: bool,
    #[command(flatten)]
    limit: Limit,
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

/// Proposes to call somebody to account.
#[derive(Debug, Args)]
pub struct Account {
    /// The person concerned, by the id in the certificate
    person: String,
    /// The front institution of that person: SERVICE or ENFORCEMENT
    front: String,
    /// To whom it goes: LEADERS, PERSONNEL or DISCIPLINE
    #[arg(long, value_parser = addressee)]
    to: pb::AccountabilityAddressee,
    /// What kind of fault it is: PERSISTENT or SERIOUS
    #[arg(long, value_parser = fault)]
    fault: pb::FaultType,
    /// The facts
    #[arg(long)]
    facts: String,
    /// The evidence: caseReviews/ID or supervisionOpinions/ID; may be repeated
    #[arg(long)]
    evidence: Vec<String>,
}

/// Records a hearing.
#[derive(Debug, Args)]
pub struct Hear {
    #[command(flatten)]
    named: Named,
    /// The day
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Date,
    /// What the person said; without it, the person did not want to say anything
    #[arg(long)]
    statement: Option<String>,
}

/// Hands a proposal over.
#[derive(Debug, Args)]
pub struct HandOver {
    #[command(flatten)]
    named: Named,
    /// The number of the document
    #[arg(long, value_name = "NUMBER")]
    document: String,
}

fn finding(text: &str) -> Result<pb::ReviewFinding, String> {
    let (fact, rule) = text.split_once('=').ok_or("a finding is FACT=RULE")?;
    Ok(pb::ReviewFinding { fact: fact.to_owned(), rule: rule.to_owned() })
}

fn request_type(text: &str) -> Result<pb::SupervisionRequestType, String> {
    let found = pb::SupervisionRequestType::from_str_name(&format!("SUPERVISION_REQUEST_TYPE_{text}"));
    found.ok_or_else(|| "a request is EXPLAIN, RE_EXAMINE, CORRECT_PROCEDURE or REPORT".to_owned())
}

fn addressee(text: &str) -> Result<pb::AccountabilityAddressee, String> {
    let found = pb::AccountabilityAddressee::from_str_name(&format!("ACCOUNTABILITY_ADDRESSEE_{text}"));
    found.ok_or_else(|| "a proposal goes to LEADERS, PERSONNEL or DISCIPLINE".to_owned())
}

fn fault(text: &str) -> Result<pb::FaultType, String> {
    pb::FaultType::from_str_name(&format!("FAULT_TYPE_{text}"))
        .ok_or_else(|| "a fault is PERSISTENT or SERIOUS".to_owned())
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    match command {
        Command::DrawCheck(asked) => draw_check(&asked, context),
        Command::Sample(asked) => plan(asked, context).await,
        Command::Draw(named) => draw(&named, context).await,
        Command::Samples(asked) => list_samples(&asked, context).await,
        Command::Review(asked) => review(asked, context).await,
        Command::Coverage(asked) => coverage(asked, context).await,
        Command::Opinion(asked) => issue(asked, context).await,
        Command::List(asked) => list(&asked, context).await,
        Command::Show(named) => show_one(&named, context).await,
        Command::Answer(asked) => answer(asked, context).await,
        Command::Accept(named) => accept(&named, context).await,
        Command::Reject(asked) => reject(asked, context).await,
        Command::Close(asked) => close(asked, context).await,
        Command::Account(asked) => account(asked, context).await,
        Command::Hear(asked) => hear(asked, context).await,
        Command::HandOver(asked) => hand_over(asked, context).await,
        Command::Accounts(asked) => list_proposals(&asked, context).await,
    }
}

fn open(context: &Context) -> Result<Supervision, Problem> {
    Connection::open(context, None)?.supervision()
}

/// Draws again what was drawn. The size is that of the default rule unless it is given.
fn draw_check(asked: &DrawCheck, context: &Context) -> Result<(), Problem> {
    let text = String::from_utf8(read(&asked.file)?).map_err(std::io::Error::other);
    let text = at_file(&asked.file, text)?;
    let ids: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let listed = vocabulary::draw::draw(&asked.seed, ids.iter().copied(), 0).listed;
    let count = asked.count.unwrap_or_else(|| SampleSize::default().of(listed));
    let draw = vocabulary::draw::draw(&asked.seed, ids.iter().copied(), count);
    let value = json!({
        "seed": asked.seed, "listed": draw.listed, "listDigest": draw.list_digest.to_string(), "drawn": draw.drawn,
    });
    context.output.value(&value, || {
        format!("{} of {} (list SM3 {}):\n{}", draw.drawn.len(), draw.listed, draw.list_digest, draw.drawn.join("\n"))
    })
}

async fn plan(asked: Plan, context: &Context) -> Result<(), Problem> {
    let Plan { quarter, field, service } = asked;
    let request_id = context.request().to_string();
    let asked = pb::PlanSampleRequest { request_id, quarter, field, service };
    let sample = call("office, PlanSample", Some(context.request()), open(context)?.plan_sample(asked)).await?;
    context.output.message(&sample, show_sample)
}

async fn draw(named: &Named, context: &Context) -> Result<(), Problem> {
    let mut client = open(context)?;
    let (known, _) = samples(&client, usize::MAX).await?;
    let name = find(&named.name, known.iter().map(|sample| sample.name.as_str()))?;
    let asked = pb::DrawSampleRequest { request_id: context.request().to_string(), name, etag: String::new() };
    let sample = call("office, DrawSample", Some(context.request()), client.draw_sample(asked)).await?;
    context.output.message(&sample, show_sample)
}

async fn list_samples(asked: &Limit, context: &Context) -> Result<(), Problem> {
    let (samples, next_page_token) = samples(&open(context)?, asked.limit).await?;
    context.output.message(&pb::ListSamplesResponse { samples, next_page_token }, |list| {
        let mut table = table(&["SAMPLE", "QUARTER", "FIELD", "SERVICE", "SEED", "DRAWN"]);
        for it in &list.samples {
            let drawn = it.draw.as_ref().map(|draw| format!("{} of {}", draw.cases.len(), draw.listed));
            table.add_row([
                abbreviate(&it.name),
                it.quarter.clone(),
                it.field.clone(),
                it.service.clone(),
                it.seed.clone(),
                drawn.unwrap_or_default(),
            ]);
        }
        table
    })
}

async fn review(asked: Review, context: &Context) -> Result<(), Problem> {
    let Review { service, case, finding } = asked;
    let request_id = context.request().to_string();
    let asked = pb::RecordCaseReviewRequest { request_id, service, case_name: case, findings: finding };
    let mut client = open(context)?;
    let review = call("office, RecordCaseReview", Some(context.request()), client.record_case_review(asked)).await?;
    context.output.message(&review, |review| {
        let case = review.case_line.clone().unwrap_or_default();
        let known = [("review", review.name.clone()), ("case", case.name), ("quarter", review.quarter.clone())];
        let found = review.findings.iter().map(|it| ("found", format!("{} ({})", it.fact, it.rule)));
        facts(known.into_iter().chain(found))
    })
}

async fn coverage(asked: Coverage, context: &Context) -> Result<(), Problem> {
    let Coverage { quarter, short } = asked;
    let asked = pb::GetCoverageRequest { quarter };
    let mut report = call("office, GetCoverage", None, open(context)?.get_coverage(asked)).await?;
    report.lines.retain(|line| !short || line.short);
    context.output.message(&report, show_coverage)
}

fn show_coverage(report: &pb::Coverage) -> Table {
    let mut table = table(&["FIELD", "SERVICE", "INSTITUTION", "CLOSED", "NEEDED", "REVIEWED", ""]);
    for it in &report.lines {
        let closed = if it.sampled { it.closed.to_string() } else { "not drawn".to_owned() };
        table.add_row([
            it.field.clone(),
            it.service.clone(),
            it.institution.clone(),
            closed,
            it.needed.to_string(),
            format!("{} ({} drawn)", it.reviewed, it.drawn_reviewed),
            if it.short { "short" } else { "" }.to_owned(),
        ]);
    }
    table
}

fn show_sample(sample: &pb::Sample) -> Table {
    let draw = sample.draw.clone();
    let mut rows = vec![
        ("sample", sample.name.clone()),
        ("quarter", sample.quarter.clone()),
        ("field", sample.field.clone()),
        ("service", sample.service.clone()),
        ("seed", sample.seed.clone()),
    ];
    if let Some(draw) = draw {
        rows.push(("closed cases", draw.listed.to_string()));
        rows.push(("list", digest(&draw.list_digest)));
        rows.extend(draw.cases.into_iter().map(|case| ("drawn", case)));
    }
    facts(rows)
}

async fn samples(client: &Supervision, limit: usize) -> Result<(Vec<pb::Sample>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        async move {
            let asked = pb::ListSamplesRequest { page_size, page_token };
            let page = call("office, ListSamples", None, client.list_samples(asked)).await?;
            Ok((page.samples, page.next_page_token))
        }
    })
    .await
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
    let flags = (asked.open, asked.overdue, asked.mine);
    let (opinions, next_page_token) = listed(&open(context)?, flags, asked.limit.limit).await?;
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
    (open, overdue, mine): (bool, bool, bool),
    limit: usize,
) -> Result<(Vec<pb::SupervisionOpinion>, String), Problem> {
    pages(limit, |page_size, page_token| {
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
    let (opinions, _) = listed(client, (false, false, false), usize::MAX).await?;
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

async fn account(asked: Account, context: &Context) -> Result<(), Problem> {
    let Account { person, front, to, fault, facts, evidence } = asked;
    let asked = pb::ProposeAccountabilityRequest {
        request_id: context.request().to_string(),
        person,
        front,
        addressee: to.into(),
        fault: fault.into(),
        facts,
        evidence,
    };
    let mut client = open(context)?;
    let proposed = client.propose_accountability(asked);
    let proposal = call("office, ProposeAccountability", Some(context.request()), proposed).await?;
    context.output.message(&proposal, show_proposal)
}

async fn hear(asked: Hear, context: &Context) -> Result<(), Problem> {
    let mut client = open(context)?;
    let asked = pb::RecordHearingRequest {
        request_id: context.request().to_string(),
        name: proposal_name(&asked.named, &client).await?,
        declined: asked.statement.is_none(),
        statement: asked.statement.unwrap_or_default(),
        date: Some(wire_day(asked.date)),
        etag: String::new(),
    };
    let proposal = call("office, RecordHearing", Some(context.request()), client.record_hearing(asked)).await?;
    context.output.message(&proposal, show_proposal)
}

async fn hand_over(asked: HandOver, context: &Context) -> Result<(), Problem> {
    let mut client = open(context)?;
    let asked = pb::HandOverAccountabilityRequest {
        request_id: context.request().to_string(),
        name: proposal_name(&asked.named, &client).await?,
        document_number: asked.document,
        etag: String::new(),
    };
    let handed_over = client.hand_over_accountability(asked);
    let proposal = call("office, HandOverAccountability", Some(context.request()), handed_over).await?;
    context.output.message(&proposal, show_proposal)
}

async fn list_proposals(asked: &Limit, context: &Context) -> Result<(), Problem> {
    let (accountabilities, next_page_token) = proposals(&open(context)?, asked.limit).await?;
    context.output.message(&pb::ListAccountabilitiesResponse { accountabilities, next_page_token }, |list| {
        let mut table = table(&["PROPOSAL", "STAGE", "PERSON", "FRONT", "TO", "DOCUMENT"]);
        for it in &list.accountabilities {
            table.add_row([
                abbreviate(&it.name),
                short(it.stage().as_str_name(), "ACCOUNTABILITY_STAGE"),
                it.person.clone(),
                it.front.clone(),
                short(it.addressee().as_str_name(), "ACCOUNTABILITY_ADDRESSEE"),
                it.document_number.clone(),
            ]);
        }
        table
    })
}

fn show_proposal(proposal: &pb::Accountability) -> Table {
    facts([
        ("proposal", proposal.name.clone()),
        ("stage", short(proposal.stage().as_str_name(), "ACCOUNTABILITY_STAGE")),
        ("person", proposal.person.clone()),
        ("front", proposal.front.clone()),
        ("facts", proposal.facts.clone()),
        ("evidence", proposal.evidence.join(" ")),
        ("document", proposal.document_number.clone()),
    ])
}

async fn proposals(client: &Supervision, limit: usize) -> Result<(Vec<pb::Accountability>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        async move {
            let asked = pb::ListAccountabilitiesRequest { page_size, page_token, open: false };
            let page = call("office, ListAccountabilities", None, client.list_accountabilities(asked)).await?;
            Ok((page.accountabilities, page.next_page_token))
        }
    })
    .await
}

async fn proposal_name(named: &Named, client: &Supervision) -> Result<String, Problem> {
    if named.name.contains('/') {
        return Ok(named.name.clone());
    }
    let (proposals, _) = proposals(client, usize::MAX).await?;
    find(&named.name, proposals.iter().map(|it| it.name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read() {
        let read = finding("未告知诉权=行政许可法第三十八条").expect("a finding");
        assert_eq!((read.fact.as_str(), read.rule.as_str()), ("未告知诉权", "行政许可法第三十八条"));
        assert!(finding("未告知诉权").is_err());
        assert_eq!(request_type("REPORT"), Ok(pb::SupervisionRequestType::Report));
        assert!(request_type("GRANT").is_err() && addressee("MAYOR").is_err() && fault("SMALL").is_err());
    }
}
