//! `townlink opinion`: joint reviews, as the service centre asks and the other institutions answer (组团审批).

use clap::{Args, Subcommand};
use comfy_table::Table;
use townlink_proto::townlink::casework::v1::OpinionType;
use townlink_proto::townlink::office::v1 as pb;

use crate::cli::Context;
use crate::commands::listing::{Filter, Undone};
use crate::connection::{Connection, Opinions, call, pages};
use crate::names::{abbreviate, find_numbered};
use crate::output::{day, facts, instant, short, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
A joint review is named by the number of its application, its id, or as much of the id as tells it from the others.

Examples:
  townlink --as person/service-clerk opinion request ZP20260301000012 PP-URB-0001 建筑工程施工许可 \\
      --question 是否符合规划条件 --of CONSTRUCTION:statutory --of ECONOMY:3
  townlink --as person/construction-opinion opinion list --mine
  townlink --as person/construction-opinion opinion give ZP20260301000012 AGREE
  townlink --as person/construction-opinion opinion give ZP20260301000012 DISAGREE \\
      --text 城乡规划法第四十条
  townlink --as person/service-clerk opinion show ZP20260301000012
  townlink --as person/service-clerk opinion merge ZP20260301000012 --notice 请补正红线图
  townlink --as person/service-clerk opinion close ZP20260301000012 GRANT
  townlink --as person/relay-chief opinion escalated";

/// Joint reviews.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask institutions for their opinions on an application
    #[command(after_help = EXAMPLES)]
    Request(Request),
    /// Give the opinion of the own institution
    #[command(after_help = EXAMPLES)]
    Give(Give),
    /// Merge what is needed into one supplement notice (一次性补正告知)
    #[command(after_help = EXAMPLES)]
    Merge(Merge),
    /// Record that the supplement came in
    #[command(after_help = EXAMPLES)]
    Receive(Named),
    /// Close a joint review when its application ends
    #[command(after_help = EXAMPLES)]
    Close(Close),
    /// Show one joint review
    #[command(after_help = EXAMPLES)]
    Show(Named),
    /// List the joint reviews that the own institution leads or is asked in
    #[command(after_help = EXAMPLES)]
    List(List),
    /// List the joint reviews in which an opinion was escalated, for OFFICE and the leaders (督办)
    #[command(after_help = EXAMPLES)]
    Escalated,
}

/// Asks for opinions.
#[derive(Debug, Args)]
pub struct Request {
    /// The number of the application: ZP, the day and six digits
    application: String,
    /// The code of the item
    item: String,
    /// The name of the item
    item_name: String,
    /// What is asked
    #[arg(long)]
    question: String,
    /// An institution, INSTITUTION[:DAYS][:statutory][:tacit=NUMBER]; may be repeated
    #[arg(long, value_name = "INSTITUTION", value_parser = asked_body, required = true)]
    of: Vec<pb::RequestedBody>,
    /// The service that opinions are delivered to
    #[arg(long, default_value = "", hide_default_value = true)]
    service: String,
}

/// Names a joint review.
#[derive(Debug, Args)]
pub struct Named {
    /// The number of the application, the id, or the beginning of that
    review: String,
}

/// Gives an opinion.
#[derive(Debug, Args)]
pub struct Give {
    #[command(flatten)]
    named: Named,
    /// AGREE, AGREE_WITH_CONDITIONS, DISAGREE, NEED_MORE or NOT_CONCERNED
    #[arg(value_parser = opinion_type)]
    says: OpinionType,
    /// The conditions, the legal basis, or what more is needed
    #[arg(long, default_value = "", hide_default_value = true)]
    text: String,
    /// The opinion whose place it takes, by its number
    #[arg(long, value_name = "NUMBER")]
    supersedes: Option<u32>,
}

/// Merges the notice.
#[derive(Debug, Args)]
pub struct Merge {
    #[command(flatten)]
    named: Named,
    /// The notice
    #[arg(long)]
    notice: String,
}

/// Closes a joint review.
#[derive(Debug, Args)]
pub struct Close {
    #[command(flatten)]
    named: Named,
    /// How the application ends: GRANT, REFUSE or NONE. It is compared with the opinions and not kept
    #[arg(value_parser = ending)]
    ending: pb::JointReviewEnding,
    /// Why it is granted against an opinion
    #[arg(long, default_value = "", hide_default_value = true)]
    reasons: String,
    /// The minutes of the joint meeting, by number
    #[arg(long, default_value = "", hide_default_value = true)]
    minutes: String,
}

/// Lists joint reviews.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    filter: Filter,
}

fn asked_body(text: &str) -> Result<pb::RequestedBody, String> {
    let mut words = text.split(':');
    let mut body = pb::RequestedBody { institution: words.next().unwrap_or_default().to_owned(), ..Default::default() };
    for word in words {
        if word == "statutory" {
            body.statutory = true;
        } else if let Some(number) = word.strip_prefix("tacit=") {
            number.clone_into(&mut body.tacit_document);
        } else {
            let form = "an institution is INSTITUTION[:DAYS][:statutory][:tacit=NUMBER]";
            body.working_days = word.parse().map_err(|_| form.to_owned())?;
        }
    }
    Ok(body)
}

fn opinion_type(text: &str) -> Result<OpinionType, String> {
    let found = OpinionType::from_str_name(&format!("OPINION_TYPE_{text}"));
    found.ok_or_else(|| "an opinion is AGREE, AGREE_WITH_CONDITIONS, DISAGREE, NEED_MORE or NOT_CONCERNED".to_owned())
}

fn ending(text: &str) -> Result<pb::JointReviewEnding, String> {
    let found = pb::JointReviewEnding::from_str_name(&format!("JOINT_REVIEW_ENDING_{text}"));
    found.ok_or_else(|| "an application ends by GRANT, REFUSE or NONE".to_owned())
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let mut client = Connection::open(context, None)?.opinions()?;
    let (request, request_id, etag) = (Some(context.request()), context.request().to_string(), String::new());
    let review = match command {
        Command::List(asked) => return list(&asked, &client, context).await,
        Command::Escalated => return escalated(client, context).await,
        Command::Request(asked) => {
            let Request { application, item, item_name, question, of, service } = asked;
            let asked =
                pb::RequestOpinionsRequest { request_id, application, item, item_name, question, service, bodies: of };
            call("office, RequestOpinions", request, client.request_opinions(asked)).await?
        }
        Command::Give(asked) => {
            let name = name(&asked.named, &client).await?;
            let supersedes = asked.supersedes.map(|number| format!("{name}/opinions/{number}")).unwrap_or_default();
            let (r#type, text) = (asked.says.into(), asked.text);
            let asked = pb::GiveOpinionRequest { request_id, name, r#type, text, supersedes, etag };
            call("office, GiveOpinion", request, client.give_opinion(asked)).await?
        }
        Command::Merge(asked) => {
            let name = name(&asked.named, &client).await?;
            let asked = pb::MergeSupplementRequest { request_id, name, notice: asked.notice, etag };
            call("office, MergeSupplement", request, client.merge_supplement(asked)).await?
        }
        Command::Receive(named) => {
            let name = name(&named, &client).await?;
            let asked = pb::ReceiveSupplementRequest { request_id, name, etag };
            call("office, ReceiveSupplement", request, client.receive_supplement(asked)).await?
        }
        Command::Close(asked) => {
            let name = name(&asked.named, &client).await?;
            let Close { ending, reasons, minutes, .. } = asked;
            let ending = ending.into();
            let asked = pb::CloseJointReviewRequest { request_id, name, ending, reasons, minutes, etag };
            call("office, CloseJointReview", request, client.close_joint_review(asked)).await?
        }
        Command::Show(named) => {
            let name = name(&named, &client).await?;
            call("office, GetJointReview", None, client.get_joint_review(pb::GetJointReviewRequest { name })).await?
        }
    };
    context.output.message(&review, show)
}

async fn list(asked: &List, client: &Opinions, context: &Context) -> Result<(), Problem> {
    let (reviews, next_page_token) = reviews(client, asked.filter).await?;
    context.output.message(&pb::ListJointReviewsResponse { reviews, next_page_token }, |list| overview(&list.reviews))
}

async fn escalated(client: Opinions, context: &Context) -> Result<(), Problem> {
    let (reviews, next_page_token) = pages(50, |page_size, page_token| {
        let mut client = client.clone();
        async move {
            let asked = pb::ListEscalatedReviewsRequest { page_size, page_token };
            let page = call("office, ListEscalatedReviews", None, client.list_escalated_reviews(asked)).await?;
            Ok((page.reviews, page.next_page_token))
        }
    })
    .await?;
    context
        .output
        .message(&pb::ListEscalatedReviewsResponse { reviews, next_page_token }, |list| overview(&list.reviews))
}

async fn reviews(
    client: &Opinions,
    Filter { undone: Undone { open, overdue }, mine, page }: Filter,
) -> Result<(Vec<pb::JointReview>, String), Problem> {
    pages(page.limit, |page_size, page_token| {
        let mut client = client.clone();
        async move {
            let asked = pb::ListJointReviewsRequest { page_size, page_token, open, overdue, mine };
            let page = call("office, ListJointReviews", None, client.list_joint_reviews(asked)).await?;
            Ok((page.reviews, page.next_page_token))
        }
    })
    .await
}

/// The whole name of the joint review that a person means.
async fn name(named: &Named, client: &Opinions) -> Result<String, Problem> {
    if named.review.contains('/') {
        return Ok(named.review.clone());
    }
    let (reviews, _) = reviews(client, Filter::ALL).await?;
    find_numbered(&named.review, reviews.iter().map(|it| (it.name.as_str(), it.application.as_str())))
}

fn overview(reviews: &[pb::JointReview]) -> Table {
    let mut table = table(&["REVIEW", "APPLICATION", "ITEM", "OWING", "NEXT DUE", "STATE"]);
    for it in reviews {
        let owing = it.bodies.iter().filter(|body| body.state() == pb::OpinionBodyState::Asked);
        let due = |body: &pb::OpinionBody| day(body.limit.as_ref().and_then(|limit| limit.due_date.as_ref()));
        table.add_row([
            abbreviate(&it.name),
            it.application.clone(),
            it.item_name.clone(),
            owing.clone().map(|body| body.institution.as_str()).collect::<Vec<_>>().join(" "),
            owing.map(due).filter(|due| !due.is_empty()).min().unwrap_or_default(),
            if it.closed.is_some() { "CLOSED" } else { "OPEN" }.to_owned(),
        ]);
    }
    table
}

fn show(review: &pb::JointReview) -> Table {
    let mut rows = vec![
        ("review", review.name.clone()),
        ("application", review.application.clone()),
        ("item", format!("{} {}", review.item, review.item_name)),
        ("question", review.question.clone()),
    ];
    for body in &review.bodies {
        let state = short(body.state().as_str_name(), "OPINION_BODY_STATE");
        let due = day(body.limit.as_ref().and_then(|limit| limit.due_date.as_ref()));
        let overdue = if body.overdue_time.is_some() { ", overdue" } else { "" };
        let escalated = if body.escalate_time.is_some() { ", escalated" } else { "" };
        rows.push(("asked", format!("{} {state}, due {due}{overdue}{escalated}", body.institution)));
    }
    for opinion in &review.opinions {
        let number = opinion.name.rsplit('/').next().unwrap_or_default();
        let says = short(opinion.r#type().as_str_name(), "OPINION_TYPE");
        rows.push(("opinion", format!("{number}. {} {says} {}", opinion.institution, opinion.text)));
    }
    if let Some(supplement) = &review.supplement {
        rows.push(("supplement", supplement.notice.clone()));
    }
    rows.push(("closed", review.closed.as_ref().map(|deed| instant(deed.time.as_ref())).unwrap_or_default()));
    rows.push(("reasons", review.reasons.clone()));
    rows.push(("minutes", review.minutes.clone()));
    facts(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_institution_is_read_with_what_is_said_of_it() {
        let body = asked_body("CONSTRUCTION:3:statutory").expect("an institution");
        assert_eq!((body.institution.as_str(), body.working_days, body.statutory), ("CONSTRUCTION", 3, true));
        let body = asked_body("FINANCE:tacit=昆政办发〔2026〕3号").expect("an institution");
        assert_eq!(body.tacit_document, "昆政办发〔2026〕3号");
        assert!(asked_body("FINANCE:soon").is_err());
        assert_eq!(opinion_type("DISAGREE"), Ok(OpinionType::Disagree));
        assert!(opinion_type("GRANT").is_err() && ending("AGREE").is_err());
    }
}
