//! `townlink coordination`: what institutions tell and ask each other beside guidance (工作信息、线索、会商、外部监督).

use clap::{Args, Subcommand};
use comfy_table::Table;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::Date;
use vocabulary::time::parse_date;

use crate::cli::Context;
use crate::commands::listing::{Filter, Undone};
use crate::connection::{Connection, Matters, call, pages};
use crate::names::{abbreviate, find, wire_day};
use crate::output::{day, facts, instant, short, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
A matter is named by its id, or as much of it as tells it from the others.

Examples:
  townlink --as person/construction-clerk coordination tell HAZARD --to ENFORCEMENT --to SERVICE \\
      --title 路段塌陷 --text 城南路与商秧路口塌陷，已设围挡                       工作信息
  townlink --as person/enforcement-clerk coordination sign-for 3f2a                签收
  townlink --as person/service-clerk coordination report --title 倾倒渣土 --text 城南路夜间倾倒渣土   线索
  townlink --as person/enforcement-officer coordination answer-clue 3f2a --case ZPCF202600012
  townlink --as person/enforcement-officer coordination answer-clue 3f2a --not-filed 查无此事
  townlink --as person/enforcement-clerk coordination ask CONSTRUCTION --field URBAN \\
      --title 首次违法 --text 首次违法如何认定                                     会商
  townlink --as person/construction-supervisor coordination answer 3f2a --text 一般指两年内
  townlink --as person/relay-clerk coordination supervise inboxes/OFFICE/papers/… --due 2026-03-20 --text 说明程序
  townlink --as person/relay-clerk coordination answer-supervision 3f2a --number 张政函〔2026〕1号 --text 已说明
  townlink --as person/relay-clerk coordination list --overdue";

/// Matters between institutions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List matters, newest first
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Show one matter, and who must act next
    #[command(after_help = EXAMPLES)]
    Show(One),
    /// What opens a matter
    #[command(flatten)]
    Open(Opening),
    /// What carries a matter on
    #[command(flatten)]
    Change(Change),
}

/// What opens a matter.
#[derive(Debug, Subcommand)]
pub enum Opening {
    /// Send work information to other institutions (工作信息)
    #[command(after_help = EXAMPLES)]
    Tell(Tell),
    /// Report a clue to ENFORCEMENT (线索)
    #[command(after_help = EXAMPLES)]
    Report(Words),
    /// Ask a back institution what its policy means (会商)
    #[command(after_help = EXAMPLES)]
    Ask(Ask),
    /// Open a document of external supervision from a paper in OFFICE's inbox (行政执法监督)
    #[command(after_help = EXAMPLES)]
    Supervise(Supervise),
}

/// What carries a matter on.
#[derive(Debug, Subcommand)]
pub enum Change {
    /// Sign for work information (签收)
    #[command(after_help = EXAMPLES)]
    SignFor(One),
    /// Answer a clue: filed as a case, or not
    #[command(after_help = EXAMPLES)]
    AnswerClue(AnswerClue),
    /// Answer a consultation, to both front institutions
    #[command(after_help = EXAMPLES)]
    Answer(Answer),
    /// Record the town government's answer to external supervision
    #[command(after_help = EXAMPLES)]
    AnswerSupervision(AnswerSupervision),
    /// Close external supervision that was answered
    #[command(after_help = EXAMPLES)]
    Close(One),
}

/// Lists matters.
#[derive(Debug, Args)]
pub struct List {
    /// Only matters of this type: WORK_INFO, CLUE, CONSULTATION or EXTERNAL_SUPERVISION
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    kind: Option<pb::CoordinationType>,
    #[command(flatten)]
    filter: Filter,
}

/// One matter.
#[derive(Debug, Args)]
pub struct One {
    /// The matter: its id, or the beginning of it
    item: String,
}

/// A title and a text.
#[derive(Debug, Args)]
pub struct Words {
    /// The title
    #[arg(long)]
    title: String,
    /// The text
    #[arg(long)]
    text: String,
}

/// Sends work information.
#[derive(Debug, Args)]
pub struct Tell {
    /// What it tells: FACT, FORECAST, LAW_CHANGE, STATISTICS or HAZARD
    #[arg(value_parser = info)]
    info: pb::WorkInfoType,
    /// An institution that it goes to; may be given several times
    #[arg(long = "to", value_name = "INSTITUTION", required = true)]
    to: Vec<String>,
    #[command(flatten)]
    words: Words,
}

/// Asks for a consultation.
#[derive(Debug, Args)]
pub struct Ask {
    /// The back institution that is asked
    institution: String,
    /// The field, such as URBAN
    #[arg(long, default_value = "", hide_default_value = true)]
    field: String,
    #[command(flatten)]
    words: Words,
}

/// Opens external supervision.
#[derive(Debug, Args)]
pub struct Supervise {
    /// The paper, as `inbox show` names it
    paper: String,
    /// The day by which it is to be answered, as the paper states it
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    due: Option<Date>,
    /// What it demands, in short
    #[arg(long)]
    text: String,
}

/// Answers a clue.
#[derive(Debug, Args)]
pub struct AnswerClue {
    #[command(flatten)]
    one: One,
    /// The case that it was filed as, such as ZPCF202600012
    #[arg(long, required_unless_present = "not_filed", conflicts_with = "not_filed")]
    case: Option<String>,
    /// Why it was not filed
    #[arg(long, value_name = "REASON")]
    not_filed: Option<String>,
}

/// Answers a consultation.
#[derive(Debug, Args)]
pub struct Answer {
    #[command(flatten)]
    one: One,
    /// The answer, in general terms
    #[arg(long)]
    text: String,
}

/// Records the answer to external supervision.
#[derive(Debug, Args)]
pub struct AnswerSupervision {
    #[command(flatten)]
    one: One,
    /// The number of the town government's document
    #[arg(long)]
    number: String,
    /// What it answers, in short
    #[arg(long)]
    text: String,
}

fn kind(text: &str) -> Result<pb::CoordinationType, String> {
    pb::CoordinationType::from_str_name(&format!("COORDINATION_TYPE_{}", text.to_uppercase().replace('-', "_")))
        .ok_or_else(|| "a type is WORK_INFO, CLUE, CONSULTATION or EXTERNAL_SUPERVISION".to_owned())
}

fn info(text: &str) -> Result<pb::WorkInfoType, String> {
    pb::WorkInfoType::from_str_name(&format!("WORK_INFO_TYPE_{}", text.to_uppercase().replace('-', "_")))
        .ok_or_else(|| "work information is FACT, FORECAST, LAW_CHANGE, STATISTICS or HAZARD".to_owned())
}

/// Who must do what by when, in one line; also for guidance.
pub fn duty(duty: &pb::Duty) -> String {
    let kind = short(duty.r#type().as_str_name(), "DUTY_TYPE");
    let due = match (duty.due_date.as_ref(), duty.missing_year) {
        (None, 0) => String::new(),
        (None, year) => format!(" UNDETERMINED (no calendar for {year})"),
        (due, _) => format!(" by {}", day(due)),
    };
    let overdue = if duty.overdue { " OVERDUE" } else { "" };
    format!("{} {kind}{due}{overdue}", duty.party)
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, None)?.matters()?;
    let item = match command {
        Command::List(asked) => return list(asked, &client, context).await,
        Command::Show(one) => {
            let name = name(&one, &client).await?;
            let mut client = client;
            let asked = pb::GetCoordinationItemRequest { name };
            call("office, GetCoordinationItem", None, client.get_coordination_item(asked)).await?
        }
        Command::Open(opening) => open(opening, client, context).await?,
        Command::Change(change) => self::change(change, client, context).await?,
    };
    context.output.message(&item, show)
}

/// Opens a matter.
async fn open(command: Opening, mut client: Matters, context: &Context) -> Result<pb::CoordinationItem, Problem> {
    let (request, request_id) = (Some(context.request()), context.request().to_string());
    match command {
        Opening::Tell(it) => {
            let Words { title, text } = it.words;
            let asked = pb::SendWorkInfoRequest { request_id, r#type: it.info.into(), to_parties: it.to, title, text };
            call("office, SendWorkInfo", request, client.send_work_info(asked)).await
        }
        Opening::Report(Words { title, text }) => {
            let asked = pb::ReportClueRequest { request_id, title, text };
            call("office, ReportClue", request, client.report_clue(asked)).await
        }
        Opening::Ask(it) => {
            let Words { title, text } = it.words;
            let (to_party, field) = (it.institution, it.field);
            let asked = pb::AskConsultationRequest { request_id, to_party, field, title, text };
            call("office, AskConsultation", request, client.ask_consultation(asked)).await
        }
        Opening::Supervise(it) => {
            let (source_paper, stated_due_date) = (it.paper, it.due.map(wire_day));
            let text = it.text;
            let asked = pb::OpenExternalSupervisionRequest { request_id, source_paper, stated_due_date, text };
            call("office, OpenExternalSupervision", request, client.open_external_supervision(asked)).await
        }
    }
}

/// Carries a matter on.
async fn change(command: Change, mut client: Matters, context: &Context) -> Result<pb::CoordinationItem, Problem> {
    let (request, request_id) = (Some(context.request()), context.request().to_string());
    let etag = String::new();
    match command {
        Change::SignFor(one) => {
            let name = name(&one, &client).await?;
            let asked = pb::SignForCoordinationItemRequest { request_id, name, etag };
            call("office, SignForCoordinationItem", request, client.sign_for_coordination_item(asked)).await
        }
        Change::AnswerClue(it) => {
            let name = name(&it.one, &client).await?;
            let result = if it.case.is_some() { pb::ClueResult::Filed } else { pb::ClueResult::NotFiled };
            let (case_number, reason) = (it.case.unwrap_or_default(), it.not_filed.unwrap_or_default());
            let result = result.into();
            let asked = pb::AnswerClueRequest { request_id, name, result, case_number, reason, etag };
            call("office, AnswerClue", request, client.answer_clue(asked)).await
        }
        Change::Answer(it) => {
            let name = name(&it.one, &client).await?;
            let asked = pb::AnswerConsultationRequest { request_id, name, answer: it.text, etag };
            call("office, AnswerConsultation", request, client.answer_consultation(asked)).await
        }
        Change::AnswerSupervision(it) => {
            let name = name(&it.one, &client).await?;
            let (document_number, text) = (it.number, it.text);
            let asked = pb::AnswerExternalSupervisionRequest { request_id, name, document_number, text, etag };
            call("office, AnswerExternalSupervision", request, client.answer_external_supervision(asked)).await
        }
        Change::Close(one) => {
            let name = name(&one, &client).await?;
            let asked = pb::CloseExternalSupervisionRequest { request_id, name, etag };
            call("office, CloseExternalSupervision", request, client.close_external_supervision(asked)).await
        }
    }
}

async fn items(
    client: &Matters,
    limit: usize,
    wanted: pb::ListCoordinationItemsRequest,
) -> Result<(Vec<pb::CoordinationItem>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        let asked = pb::ListCoordinationItemsRequest { page_size, page_token, ..wanted.clone() };
        async move {
            let page = call("office, ListCoordinationItems", None, client.list_coordination_items(asked)).await?;
            Ok((page.items, page.next_page_token))
        }
    })
    .await
}

async fn list(asked: List, client: &Matters, context: &Context) -> Result<(), Problem> {
    let List { kind, filter: Filter { undone: Undone { open, overdue }, mine, page } } = asked;
    let kind = kind.unwrap_or_default().into();
    let wanted = pb::ListCoordinationItemsRequest { r#type: kind, open, overdue, mine, ..Default::default() };
    let (items, next_page_token) = items(client, page.limit, wanted).await?;
    context.output.message(&pb::ListCoordinationItemsResponse { items, next_page_token }, |list| {
        let mut table = table(&["MATTER", "TYPE", "STAGE", "FROM", "TO", "TITLE", "NEXT"]);
        for it in &list.items {
            table.add_row([
                abbreviate(&it.name),
                short(it.r#type().as_str_name(), "COORDINATION_TYPE"),
                short(it.stage().as_str_name(), "COORDINATION_STAGE"),
                it.from_party.clone(),
                it.to_parties.join(" "),
                it.title.clone(),
                it.duties.iter().map(duty).collect::<Vec<_>>().join(", "),
            ]);
        }
        table
    })
}

async fn name(one: &One, client: &Matters) -> Result<String, Problem> {
    if one.item.contains('/') {
        return Ok(one.item.clone());
    }
    let (items, _) = items(client, usize::MAX, pb::ListCoordinationItemsRequest::default()).await?;
    find(&one.item, items.iter().map(|item| item.name.as_str()))
}

fn by(person: &str, at: Option<&prost_types::Timestamp>) -> String {
    if person.is_empty() { String::new() } else { format!("{person}, {}", instant(at)) }
}

fn show(it: &pb::CoordinationItem) -> Table {
    let info = short(it.work_info_type().as_str_name(), "WORK_INFO_TYPE");
    let kind = short(it.r#type().as_str_name(), "COORDINATION_TYPE");
    let answer = it.answer.clone().unwrap_or_default();
    let result = short(answer.clue_result().as_str_name(), "CLUE_RESULT");
    let words = [result, answer.case_number, answer.document_number, answer.text];
    let mut rows = vec![
        ("matter", it.name.clone()),
        ("type", format!("{kind} {info}").trim().to_owned()),
        ("stage", short(it.stage().as_str_name(), "COORDINATION_STAGE")),
        ("from", it.from_party.clone()),
        ("to", it.to_parties.join(" ")),
        ("title", it.title.clone()),
        ("text", it.text.clone()),
        ("field", it.field.clone()),
        ("paper", it.source_paper.clone()),
        ("number", it.document_number.clone()),
        ("stated due", day(it.stated_due_date.as_ref())),
        ("opened", by(&it.opener, it.open_time.as_ref())),
        ("answer", words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")),
        ("answered", by(&answer.person, answer.time.as_ref())),
        ("published to", it.published_to.join(" ")),
        ("closed", by(&it.closer, it.close_time.as_ref())),
    ];
    for signing in &it.signings {
        rows.push(("signed for", format!("{} {}", signing.institution, by(&signing.person, signing.time.as_ref()))));
    }
    for next in &it.duties {
        rows.push(("next", duty(next)));
    }
    facts(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_typed() {
        assert_eq!(kind("work-info"), Ok(pb::CoordinationType::WorkInfo));
        assert_eq!(info("hazard"), Ok(pb::WorkInfoType::Hazard));
        assert!(kind("x").is_err() && info("x").is_err());
    }

    #[test]
    fn a_duty_says_who_must_do_what_by_when() {
        let due_date = Some(townlink_proto::google::r#type::Date { year: 2026, month: 3, day: 4 });
        let mut late = pb::Duty { party: "SERVICE".to_owned(), due_date, overdue: true, ..pb::Duty::default() };
        late.set_type(pb::DutyType::SignFor);
        assert_eq!(duty(&late), "SERVICE SIGN_FOR by 2026-03-04 OVERDUE");
        let unknown = pb::Duty { due_date: None, missing_year: 2027, overdue: false, ..late };
        assert_eq!(duty(&unknown), "SERVICE SIGN_FOR UNDETERMINED (no calendar for 2027)");
    }
}
