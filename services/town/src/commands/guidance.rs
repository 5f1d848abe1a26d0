//! `townlink guidance`: how the back office guides the front desk, and what the front desk objects (政策指导、异议).

use std::path::PathBuf;

use clap::{Args, Subcommand};
use comfy_table::Table;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::Date;
use vocabulary::time::parse_date;

use crate::cli::Context;
use crate::commands::listing::{Filter, Page, Undone};
use crate::connection::{Connection, Guidances, call, pages};
use crate::names::{abbreviate, find_numbered, wire_day};
use crate::output::{day, facts, instant, short, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
Guidance is named by its number, its id, or as much of the id as tells it from the others; an objection by its id.

Examples:
  townlink --as person/construction-supervisor guidance draft --title 占道经营执法指导 \\
      --text 对占道经营首次违法情节轻微的，可以不予处罚 --basis 江苏省城市市容和环境卫生管理条例第十条 \\
      --field URBAN --from 2026-03-02 --to 2026-12-31
  townlink --as person/legal-reviewer guidance review 3f2a                             合法性审核
  townlink --as person/construction-supervisor guidance issue 3f2a                     印发
  townlink --as person/enforcement-clerk guidance sign-for 建指导〔2026〕1号           签收
  townlink --as person/enforcement-clerk guidance object 建指导〔2026〕1号 --ground CONTENT \\
      --reasons 与省条例第十条不一致 --point 首次违法的认定                            异议
  townlink --as person/construction-supervisor guidance answer 7c1d --text 维持
  townlink --as person/mayor guidance settle 7c1d --outcome AMENDED --text 按省条例第十条认定
  townlink --as person/enforcement-clerk guidance in-force --field URBAN
  townlink --as person/relay-clerk guidance list --overdue";

/// Guidance of the back office to the front desk.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List guidance, newest first
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Show guidance with its objections, and who must act next
    #[command(after_help = EXAMPLES)]
    Show(One),
    /// List the guidance in force for a field on a date
    #[command(after_help = EXAMPLES)]
    InForce(InForce),
    /// Draft guidance
    #[command(after_help = EXAMPLES)]
    Draft(Draft),
    /// Steps of the guidance itself
    #[command(flatten)]
    Change(Change),
    /// Steps of an objection
    #[command(flatten)]
    Dispute(Dispute),
}

/// A step of the guidance itself.
#[derive(Debug, Subcommand)]
pub enum Change {
    /// Pass the legality review of another's draft (合法性审核)
    #[command(after_help = EXAMPLES)]
    Review(One),
    /// Issue what was reviewed (印发): it gets the next number
    #[command(after_help = EXAMPLES)]
    Issue(One),
    /// Withdraw guidance, or drop a draft (撤回)
    #[command(after_help = EXAMPLES)]
    Withdraw(Withdraw),
    /// Sign for guidance in the name of a front institution (签收)
    #[command(after_help = EXAMPLES)]
    SignFor(One),
    /// Object to guidance in the name of a front institution (异议)
    #[command(after_help = EXAMPLES)]
    Object(Object),
}

/// A step of an objection.
#[derive(Debug, Subcommand)]
pub enum Dispute {
    /// Forward an objection to the leaders, in the name of OFFICE
    #[command(after_help = EXAMPLES)]
    Forward(Objection),
    /// Answer an objection in the name of the institution that guides
    #[command(after_help = EXAMPLES)]
    Answer(Answer),
    /// Settle an objection in the name of the leaders (裁定)
    #[command(after_help = EXAMPLES)]
    Settle(Settle),
}

/// Lists guidance.
#[derive(Debug, Args)]
pub struct List {
    /// Only guidance at this stage: DRAFT, REVIEWED, ISSUED, WITHDRAWN or SUPERSEDED
    #[arg(long, value_parser = stage)]
    stage: Option<pb::GuidanceStage>,
    #[command(flatten)]
    filter: Filter,
}

/// One guidance.
#[derive(Debug, Args)]
pub struct One {
    /// The guidance: its number, its id, or the beginning of that
    guidance: String,
}

/// One objection.
#[derive(Debug, Args)]
pub struct Objection {
    /// The objection: its id, or the beginning of it
    objection: String,
}

/// Lists the guidance in force.
#[derive(Debug, Args)]
pub struct InForce {
    /// The field, such as URBAN [default: every field]
    #[arg(long, default_value = "", hide_default_value = true)]
    field: String,
    /// The date [default: today in the town]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Option<Date>,
    #[command(flatten)]
    page: Page,
}

/// Drafts guidance.
#[derive(Debug, Args)]
pub struct Draft {
    /// The title
    #[arg(long)]
    title: String,
    /// The text: general rules, never the outcome of a case
    #[arg(long, required_unless_present = "text_file", conflicts_with = "text_file")]
    text: Option<String>,
    /// A file with the text
    #[arg(long, value_name = "FILE")]
    text_file: Option<PathBuf>,
    /// The basis that it cites
    #[arg(long)]
    basis: String,
    /// A field, such as URBAN; may be given several times
    #[arg(long = "field", value_name = "FIELD")]
    fields: Vec<String>,
    /// The first day of validity
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    from: Date,
    /// The last day of validity
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    to: Date,
    /// A front institution that it guides: SERVICE or ENFORCEMENT [default: both]
    #[arg(long = "front", value_name = "INSTITUTION")]
    fronts: Vec<String>,
    /// The county's paper that it implements, as `inbox show` names it
    #[arg(long, value_name = "PAPER", default_value = "", hide_default_value = true)]
    source_paper: String,
    /// The earlier guidance that it takes the place of: its number or its id
    #[arg(long, value_name = "GUIDANCE")]
    supersedes: Option<String>,
}

/// Withdraws guidance.
#[derive(Debug, Args)]
pub struct Withdraw {
    #[command(flatten)]
    one: One,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Objects to guidance.
#[derive(Debug, Args)]
pub struct Object {
    #[command(flatten)]
    one: One,
    /// The ground: CONTENT, UNLAWFUL or GRANT_CONFLICT
    #[arg(long, value_parser = ground)]
    ground: pb::ObjectionGround,
    /// The grant with which it conflicts, as grants/…; only for GRANT_CONFLICT
    #[arg(long, default_value = "", hide_default_value = true)]
    grant: String,
    /// The reasons
    #[arg(long)]
    reasons: String,
    /// A disputed point; may be given several times
    #[arg(long = "point", value_name = "POINT", required = true)]
    points: Vec<String>,
}

/// Answers an objection.
#[derive(Debug, Args)]
pub struct Answer {
    #[command(flatten)]
    objection: Objection,
    /// The answer
    #[arg(long)]
    text: String,
}

/// Settles an objection.
#[derive(Debug, Args)]
pub struct Settle {
    #[command(flatten)]
    objection: Objection,
    /// How it ends: UPHELD (the guidance stands), AMENDED or WITHDRAWN
    #[arg(long, value_parser = outcome)]
    outcome: pb::ObjectionOutcome,
    /// What now holds for the disputed points, or why
    #[arg(long)]
    text: String,
}

fn stage(text: &str) -> Result<pb::GuidanceStage, String> {
    pb::GuidanceStage::from_str_name(&format!("GUIDANCE_STAGE_{}", text.to_uppercase()))
        .ok_or_else(|| "a stage is DRAFT, REVIEWED, ISSUED, WITHDRAWN or SUPERSEDED".to_owned())
}

fn ground(text: &str) -> Result<pb::ObjectionGround, String> {
    pb::ObjectionGround::from_str_name(&format!("OBJECTION_GROUND_{}", text.to_uppercase().replace('-', "_")))
        .ok_or_else(|| "a ground is CONTENT, UNLAWFUL or GRANT_CONFLICT".to_owned())
}

fn outcome(text: &str) -> Result<pb::ObjectionOutcome, String> {
    pb::ObjectionOutcome::from_str_name(&format!("OBJECTION_OUTCOME_{}", text.to_uppercase()))
        .ok_or_else(|| "an objection ends UPHELD, AMENDED or WITHDRAWN".to_owned())
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, None)?.guidances()?;
    let guidance = match command {
        Command::List(asked) => return list(asked, &client, context).await,
        Command::InForce(asked) => return in_force(asked, &client, context).await,
        Command::Show(one) => {
            let name = name(&one.guidance, &client).await?;
            let mut client = client;
            call("office, GetGuidance", None, client.get_guidance(pb::GetGuidanceRequest { name })).await?
        }
        Command::Draft(draft) => self::draft(draft, client, context).await?,
        Command::Change(step) => change(step, client, context).await?,
        Command::Dispute(step) => dispute(step, client, context).await?,
    };
    context.output.message(&guidance, show)
}

async fn draft(draft: Draft, mut client: Guidances, context: &Context) -> Result<pb::Guidance, Problem> {
    let text = match (draft.text, &draft.text_file) {
        (_, Some(file)) => String::from_utf8(crate::files::read(file)?)
            .map_err(|error| Problem::usage(format!("{}: {error}", file.display()), "save it as UTF-8"))?,
        (text, None) => text.unwrap_or_default(),
    };
    let supersedes = match &draft.supersedes {
        Some(earlier) => name(earlier, &client).await?,
        None => String::new(),
    };
    let guidance = pb::Guidance {
        title: draft.title,
        text: text.replace("\r\n", "\n"),
        basis: draft.basis,
        fields: draft.fields,
        from: Some(wire_day(draft.from)),
        to: Some(wire_day(draft.to)),
        fronts: draft.fronts,
        source_paper: draft.source_paper,
        supersedes,
        ..pb::Guidance::default()
    };
    let request = context.request();
    let asked = pb::DraftGuidanceRequest { request_id: request.to_string(), guidance: Some(guidance) };
    call("office, DraftGuidance", Some(request), client.draft_guidance(asked)).await
}

/// A step of the guidance itself.
async fn change(command: Change, mut client: Guidances, context: &Context) -> Result<pb::Guidance, Problem> {
    let request = Some(context.request());
    let (request_id, etag) = (context.request().to_string(), String::new());
    match command {
        Change::Review(one) => {
            let name = name(&one.guidance, &client).await?;
            let asked = pb::ReviewGuidanceRequest { request_id, name, etag };
            call("office, ReviewGuidance", request, client.review_guidance(asked)).await
        }
        Change::Issue(one) => {
            let name = name(&one.guidance, &client).await?;
            let asked = pb::IssueGuidanceRequest { request_id, name, etag };
            call("office, IssueGuidance", request, client.issue_guidance(asked)).await
        }
        Change::SignFor(one) => {
            let name = name(&one.guidance, &client).await?;
            let asked = pb::SignForGuidanceRequest { request_id, name, etag };
            call("office, SignForGuidance", request, client.sign_for_guidance(asked)).await
        }
        Change::Withdraw(it) => {
            let name = name(&it.one.guidance, &client).await?;
            let asked = pb::WithdrawGuidanceRequest { request_id, name, reason: it.reason, etag };
            call("office, WithdrawGuidance", request, client.withdraw_guidance(asked)).await
        }
        Change::Object(it) => {
            let name = name(&it.one.guidance, &client).await?;
            let ground = it.ground.into();
            let Object { grant, reasons, points, .. } = it;
            let asked = pb::ObjectToGuidanceRequest { request_id, name, ground, grant, reasons, points, etag };
            call("office, ObjectToGuidance", request, client.object_to_guidance(asked)).await
        }
    }
}

/// A step of an objection.
async fn dispute(command: Dispute, mut client: Guidances, context: &Context) -> Result<pb::Guidance, Problem> {
    let request = Some(context.request());
    let (request_id, etag) = (context.request().to_string(), String::new());
    match command {
        Dispute::Forward(it) => {
            let name = objection(&it.objection, &client).await?;
            let asked = pb::ForwardObjectionRequest { request_id, name, etag };
            call("office, ForwardObjection", request, client.forward_objection(asked)).await
        }
        Dispute::Answer(it) => {
            let name = objection(&it.objection.objection, &client).await?;
            let asked = pb::AnswerObjectionRequest { request_id, name, answer: it.text, etag };
            call("office, AnswerObjection", request, client.answer_objection(asked)).await
        }
        Dispute::Settle(it) => {
            let name = objection(&it.objection.objection, &client).await?;
            let (outcome, settlement) = (it.outcome.into(), it.text);
            let asked = pb::SettleObjectionRequest { request_id, name, outcome, settlement, etag };
            call("office, SettleObjection", request, client.settle_objection(asked)).await
        }
    }
}

async fn guidances(
    client: &Guidances,
    limit: usize,
    wanted: pb::ListGuidancesRequest,
) -> Result<(Vec<pb::Guidance>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        let asked = pb::ListGuidancesRequest { page_size, page_token, ..wanted.clone() };
        async move {
            let page = call("office, ListGuidances", None, client.list_guidances(asked)).await?;
            Ok((page.guidances, page.next_page_token))
        }
    })
    .await
}

async fn list(asked: List, client: &Guidances, context: &Context) -> Result<(), Problem> {
    let List { stage, filter: Filter { undone: Undone { open, overdue }, mine, page } } = asked;
    let stage = stage.unwrap_or_default().into();
    let wanted = pb::ListGuidancesRequest { stage, open, overdue, mine, ..Default::default() };
    let (guidances, next_page_token) = guidances(client, page.limit, wanted).await?;
    let list = pb::ListGuidancesResponse { guidances, next_page_token };
    context.output.message(&list, |list| rows(&list.guidances))
}

async fn in_force(asked: InForce, client: &Guidances, context: &Context) -> Result<(), Problem> {
    let (guidances, next_page_token) = pages(asked.page.limit, |page_size, page_token| {
        let mut client = client.clone();
        let (field, date) = (asked.field.clone(), asked.date.map(wire_day));
        async move {
            let asked = pb::ListGuidanceInForceRequest { page_size, page_token, field, date };
            let page = call("office, ListGuidanceInForce", None, client.list_guidance_in_force(asked)).await?;
            Ok((page.guidances, page.next_page_token))
        }
    })
    .await?;
    let list = pb::ListGuidanceInForceResponse { guidances, next_page_token };
    context.output.message(&list, |list| rows(&list.guidances))
}

async fn everything(client: &Guidances) -> Result<Vec<pb::Guidance>, Problem> {
    Ok(guidances(client, usize::MAX, pb::ListGuidancesRequest::default()).await?.0)
}

async fn name(wanted: &str, client: &Guidances) -> Result<String, Problem> {
    if wanted.contains('/') {
        return Ok(wanted.to_owned());
    }
    let guidances = everything(client).await?;
    find_numbered(wanted, guidances.iter().map(|it| (it.name.as_str(), it.number.as_str())))
}

async fn objection(wanted: &str, client: &Guidances) -> Result<String, Problem> {
    if wanted.contains('/') {
        return Ok(wanted.to_owned());
    }
    let guidances = everything(client).await?;
    crate::names::find(wanted, guidances.iter().flat_map(|it| &it.objections).map(|it| it.name.as_str()))
}

fn rows(guidances: &[pb::Guidance]) -> Table {
    let mut table = table(&["GUIDANCE", "STAGE", "NUMBER", "FROM", "FIELDS", "VALID", "TITLE", "DISPUTED", "NEXT"]);
    for it in guidances {
        table.add_row([
            abbreviate(&it.name),
            short(it.stage().as_str_name(), "GUIDANCE_STAGE"),
            it.number.clone(),
            it.institution.clone(),
            it.fields.join(" "),
            format!("{}–{}", day(it.from.as_ref()), day(it.to.as_ref())),
            it.title.clone(),
            it.disputed_points.join("；"),
            it.duties.iter().map(super::coordination::duty).collect::<Vec<_>>().join(", "),
        ]);
    }
    table
}

fn by(person: &str, at: Option<&prost_types::Timestamp>) -> String {
    if person.is_empty() { String::new() } else { format!("{person}, {}", instant(at)) }
}

fn show(it: &pb::Guidance) -> Table {
    let validity = short(it.validity().as_str_name(), "GUIDANCE_VALIDITY");
    let mut rows = vec![
        ("guidance", it.name.clone()),
        ("stage", format!("{}, {validity}", short(it.stage().as_str_name(), "GUIDANCE_STAGE"))),
        ("number", it.number.clone()),
        ("from", it.institution.clone()),
        ("to", it.fronts.join(" ")),
        ("title", it.title.clone()),
        ("text", it.text.clone()),
        ("basis", it.basis.clone()),
        ("fields", it.fields.join(" ")),
        ("valid", format!("{}–{}", day(it.from.as_ref()), day(it.to.as_ref()))),
        ("paper", it.source_paper.clone()),
        ("supersedes", it.supersedes.clone()),
        ("drafted", by(&it.drafter, it.draft_time.as_ref())),
        ("reviewed", by(&it.reviewer, it.review_time.as_ref())),
        ("issued", by(&it.issuer, it.issue_time.as_ref())),
        ("ended", by(&it.ender, it.end_time.as_ref())),
        ("because", format!("{}{}", it.end_reason, it.superseded_by)),
        ("disputed", it.disputed_points.join("；")),
    ];
    for signing in &it.signings {
        rows.push(("signed for", format!("{} {}", signing.institution, by(&signing.person, signing.time.as_ref()))));
    }
    for objection in &it.objections {
        let ground = short(objection.ground().as_str_name(), "OBJECTION_GROUND");
        rows.push((
            "objection",
            format!("{} {} {ground} {}", abbreviate(&objection.name), objection.institution, objection.reasons),
        ));
        rows.push(("answered", objection.answer.clone()));
        let outcome = short(objection.outcome().as_str_name(), "OBJECTION_OUTCOME");
        rows.push(("settled", format!("{outcome} {}", objection.settlement).trim().to_owned()));
    }
    for duty in &it.duties {
        rows.push(("next", super::coordination::duty(duty)));
    }
    facts(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_typed() {
        assert_eq!(stage("issued"), Ok(pb::GuidanceStage::Issued));
        assert_eq!(ground("grant-conflict"), Ok(pb::ObjectionGround::GrantConflict));
        assert_eq!(outcome("AMENDED"), Ok(pb::ObjectionOutcome::Amended));
        assert!(stage("x").is_err() && ground("x").is_err() && outcome("x").is_err());
    }
}
