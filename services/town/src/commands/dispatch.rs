//! `townlink dispatch`: the papers that the town sends, worked by those who draft, review, sign and send them (发文办理).

mod content;
mod show;

use clap::{Args, Subcommand};
use townlink_proto::townlink::office::v1 as pb;

use crate::cli::Context;
use crate::commands::listing::{Page, Undone};
use crate::connection::{Connection, Dispatches, at_office, call, pages};
use crate::names::find_numbered;
use crate::problem::Problem;

use content::{Draft, Revise};

const EXAMPLES: &str = "\
A dispatch is named by its document number, its id, or as much of the id as tells it from the others.

Examples:
  townlink --as person/construction-clerk dispatch draft --type 函 --title 关于商请支持校车管理的函 \\
      --text 正文.txt --to 昆山市教育局                                                      拟稿
  townlink --as person/construction-clerk dispatch cosign 3f2a --ask SOCIAL                    会签
  townlink --as person/social-clerk dispatch cosign 3f2a --agree
  townlink --as person/relay-chief dispatch review 3f2a                                        审核
  townlink --as person/legal-reviewer dispatch legal 3f2a --words 合法                         合法性审核
  townlink --as person/mayor dispatch sign 3f2a                                                签发
  townlink --as person/relay-clerk dispatch number 3f2a                                        编号
  townlink --as person/relay-clerk dispatch seal 张政发〔2026〕1号                             用印
  townlink --as person/relay-clerk dispatch send 张政发〔2026〕1号                             发出
  townlink --as person/relay-clerk dispatch deliver 张政发〔2026〕1号 --to 昆山市周庄镇人民政府 \\
      --words 收发室签收                                                                       送达
  townlink --as person/relay-clerk dispatch urge 张政发〔2026〕1号 --how 电话 --words 正在研究 催办
  townlink --as person/relay-clerk dispatch list --overdue                                     督办
  townlink --as person/relay-clerk dispatch thread 张政发〔2026〕1号                           来往文件";

/// Papers that the town sends.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Draft a dispatch (拟稿)
    #[command(after_help = EXAMPLES)]
    Draft(Box<Draft>),
    /// Change a dispatch that is not sealed (改稿); it is reviewed and signed anew
    #[command(after_help = EXAMPLES)]
    Revise(Box<Revise>),
    /// Ask institutions to agree, or say whether one's own does (会签)
    #[command(after_help = EXAMPLES)]
    Cosign(Cosign),
    /// Pass OFFICE's review (审核)
    #[command(after_help = EXAMPLES)]
    Review(Said),
    /// Pass the review of legality (合法性审核)
    #[command(after_help = EXAMPLES)]
    Legal(MustSay),
    /// Sign a dispatch as the head of the town (签发)
    #[command(after_help = EXAMPLES)]
    Sign(Said),
    /// Give a signed dispatch its number (编号)
    #[command(after_help = EXAMPLES)]
    Number(One),
    /// Seal a dispatch (用印): its content is fixed
    #[command(after_help = EXAMPLES)]
    Seal(One),
    /// Send a dispatch (发出)
    #[command(after_help = EXAMPLES)]
    Send(One),
    /// Void the number of a dispatch that was not sent (作废)
    #[command(after_help = EXAMPLES)]
    Void(MustSay),
    /// Give up a dispatch that has no number (撤销)
    #[command(after_help = EXAMPLES)]
    Withdraw(MustSay),
    /// Record that a recipient got a dispatch by hand (送达)
    #[command(after_help = EXAMPLES)]
    Deliver(Deliver),
    /// Record that an answer was urged (催办)
    #[command(after_help = EXAMPLES)]
    Urge(Urge),
    /// Close a dispatch (办结)
    #[command(after_help = EXAMPLES)]
    Close(Said),
    /// List dispatches, newest first
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Show one dispatch with its text
    #[command(after_help = EXAMPLES)]
    Show(Show),
    /// List void numbers (作废文号), newest first
    #[command(after_help = EXAMPLES)]
    VoidNumbers(Page),
    /// Show the correspondence about a document number, oldest first
    #[command(after_help = EXAMPLES)]
    Thread(Thread),
}

/// One dispatch.
#[derive(Debug, Args)]
pub struct One {
    /// The dispatch: its document number, its id, or the beginning of that
    dispatch: String,
}

/// One dispatch, and words that may be left out.
#[derive(Debug, Args)]
pub struct Said {
    #[command(flatten)]
    one: One,
    /// What is said about it
    #[arg(long, default_value = "", hide_default_value = true)]
    words: String,
}

/// One dispatch, and words that must be there.
#[derive(Debug, Args)]
pub struct MustSay {
    #[command(flatten)]
    one: One,
    /// What is said about it
    #[arg(long)]
    words: String,
}

/// Asks to agree, or answers.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct Cosign {
    #[command(flatten)]
    one: One,
    /// Ask this institution to agree; may be repeated
    #[arg(long, value_name = "INSTITUTION", group = "what")]
    ask: Vec<String>,
    /// Say that one's institution agrees
    #[arg(long, group = "what")]
    agree: bool,
    /// Say that one's institution does not agree
    #[arg(long, group = "what", requires = "words")]
    disagree: bool,
    /// What is said about it
    #[arg(long, default_value = "", hide_default_value = true)]
    words: String,
}

/// Records a delivery by hand.
#[derive(Debug, Args)]
pub struct Deliver {
    #[command(flatten)]
    one: One,
    /// The recipient, by the name in the dispatch
    #[arg(long, value_name = "NAME")]
    to: String,
    /// What the receipt on paper says
    #[arg(long)]
    words: String,
}

/// Records that an answer was urged.
#[derive(Debug, Args)]
pub struct Urge {
    #[command(flatten)]
    one: One,
    /// How: 电话, 函 or 当面
    #[arg(long, default_value = "电话")]
    how: String,
    /// What was said
    #[arg(long)]
    words: String,
}

/// Lists dispatches.
#[derive(Debug, Args)]
pub struct List {
    /// Only those that this institution drafted
    #[arg(long, value_name = "INSTITUTION", default_value = "", hide_default_value = true)]
    institution: String,
    /// Only those at this stage, such as DRAFT, SIGNED or SENT
    #[arg(long, value_parser = stage)]
    stage: Option<pb::DispatchStage>,
    #[command(flatten)]
    undone: Undone,
    /// Only sent requests without an answer
    #[arg(long)]
    awaiting_reply: bool,
    /// Only those that one's institution was asked to agree to and has not answered
    #[arg(long, conflicts_with = "institution")]
    to_cosign: bool,
    /// As the head of the town: those that wait for a signature, or those at a stage
    #[arg(long, conflicts_with_all = ["institution", "open", "overdue", "awaiting_reply", "to_cosign"])]
    to_sign: bool,
    #[command(flatten)]
    page: Page,
}

/// Shows a dispatch.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    one: One,
    /// As the head of the town, to sign it
    #[arg(long)]
    to_sign: bool,
}

/// Shows a correspondence.
#[derive(Debug, Args)]
pub struct Thread {
    /// The document number of one of its papers
    number: String,
}

fn stage(text: &str) -> Result<pb::DispatchStage, String> {
    let name = format!("DISPATCH_STAGE_{}", text.to_uppercase().replace('-', "_"));
    let known = pb::DispatchStage::from_str_name(&name).filter(|stage| *stage != pb::DispatchStage::Unspecified);
    known.ok_or_else(|| {
        "a stage is DRAFT, COSIGNED, OFFICE_REVIEWED, LEGAL_REVIEWED, SIGNED, NUMBERED, SEALED, SENT, DELIVERED, REPLIED, \
         CLOSED, VOID or WITHDRAWN"
            .to_owned()
    })
}

/// A step: what is asked, and with which words.
macro_rules! step {
    ($client:ident, $context:ident, $one:expr, $among:expr, $method:ident, $request:ident { $($field:ident: $value:expr),* }) => {{
        let name = name(&$one.dispatch, &$client, $among).await?;
        let request_id = $context.request().to_string();
        let asked = pb::$request { request_id, name, etag: String::new(), $($field: $value),* };
        call(&at_office(stringify!($request)), Some($context.request()), $client.$method(asked)).await?
    }};
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let connection = Connection::open(context, None)?;
    let mut client = connection.dispatches()?;
    let dispatch = match command {
        Command::Draft(draft) => {
            let request_id = context.request().to_string();
            let asked = pb::DraftDispatchRequest { request_id, content: Some(draft.content()?) };
            call("office, DraftDispatch", Some(context.request()), client.draft_dispatch(asked)).await?
        }
        Command::Revise(revise) => {
            let content = Some(revise.draft.content()?);
            step!(client, context, revise.one, Among::Own, revise_dispatch, ReviseDispatchRequest { content: content })
        }
        Command::Cosign(cosign) => self::cosign(cosign, client, context).await?,
        Command::Review(it) => {
            step!(client, context, it.one, Among::Own, review_dispatch, ReviewDispatchRequest { words: it.words })
        }
        Command::Legal(it) => {
            step!(client, context, it.one, Among::Own, review_legality, ReviewLegalityRequest { words: it.words })
        }
        Command::Sign(it) => {
            step!(client, context, it.one, Among::ToSign, sign_dispatch, SignDispatchRequest { words: it.words })
        }
        Command::Number(one) => step!(client, context, one, Among::Own, number_dispatch, NumberDispatchRequest {}),
        Command::Seal(one) => step!(client, context, one, Among::Own, seal_dispatch, SealDispatchRequest {}),
        Command::Send(one) => step!(client, context, one, Among::Own, send_dispatch, SendDispatchRequest {}),
        Command::Void(it) => {
            step!(client, context, it.one, Among::Own, void_number, VoidNumberRequest { reason: it.words })
        }
        Command::Withdraw(it) => {
            step!(client, context, it.one, Among::Own, withdraw_dispatch, WithdrawDispatchRequest { reason: it.words })
        }
        Command::Deliver(it) => {
            step!(
                client,
                context,
                it.one,
                Among::Own,
                record_delivery,
                RecordDeliveryRequest { recipient: it.to, words: it.words }
            )
        }
        Command::Urge(it) => {
            step!(
                client,
                context,
                it.one,
                Among::Own,
                urge_dispatch,
                UrgeDispatchRequest { how: it.how, words: it.words }
            )
        }
        Command::Close(it) => {
            step!(client, context, it.one, Among::Own, close_dispatch, CloseDispatchRequest { words: it.words })
        }
        Command::Show(show) => shown(show, client).await?,
        Command::List(asked) => return list(asked, &client, context).await,
        Command::VoidNumbers(page) => return void_numbers(page.limit, &client, context).await,
        Command::Thread(thread) => {
            let asked = pb::GetThreadRequest { document_number: thread.number };
            let thread = call("office, GetThread", None, client.get_thread(asked)).await?;
            return context.output.message(&thread, show::thread);
        }
    };
    context.output.message(&dispatch, show::one)
}

async fn cosign(it: Cosign, mut client: Dispatches, context: &Context) -> Result<pb::Dispatch, Problem> {
    if it.ask.is_empty() {
        let (agrees, words) = (it.agree, it.words);
        let request = step!(
            client,
            context,
            it.one,
            Among::ToCosign,
            cosign_dispatch,
            CosignDispatchRequest { agrees: agrees, words: words }
        );
        return Ok(request);
    }
    Ok(step!(client, context, it.one, Among::Own, request_cosign, RequestCosignRequest { institutions: it.ask }))
}

async fn shown(show: Show, mut client: Dispatches) -> Result<pb::Dispatch, Problem> {
    let name = name(&show.one.dispatch, &client, if show.to_sign { Among::ToSign } else { Among::Own }).await?;
    if show.to_sign {
        let asked = pb::GetDispatchToSignRequest { name };
        return call("office, GetDispatchToSign", None, client.get_dispatch_to_sign(asked)).await;
    }
    call("office, GetDispatch", None, client.get_dispatch(pb::GetDispatchRequest { name })).await
}

async fn list(asked: List, client: &Dispatches, context: &Context) -> Result<(), Problem> {
    let limit = asked.page.limit;
    let (dispatches, next_page_token) = if asked.to_sign {
        to_sign(client, asked.stage, limit).await?
    } else {
        let mut request = pb::ListDispatchesRequest {
            institution: asked.institution,
            open: asked.undone.open,
            overdue: asked.undone.overdue,
            awaiting_reply: asked.awaiting_reply,
            to_cosign: asked.to_cosign,
            ..pb::ListDispatchesRequest::default()
        };
        request.set_stage(asked.stage.unwrap_or_default());
        dispatches(client, &request, limit).await?
    };
    context.output.message(&pb::ListDispatchesResponse { dispatches, next_page_token }, show::list)
}

async fn dispatches(
    client: &Dispatches,
    request: &pb::ListDispatchesRequest,
    limit: usize,
) -> Result<(Vec<pb::Dispatch>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        let asked = pb::ListDispatchesRequest { page_size, page_token, ..request.clone() };
        async move {
            let page = call("office, ListDispatches", None, client.list_dispatches(asked)).await?;
            Ok((page.dispatches, page.next_page_token))
        }
    })
    .await
}

async fn to_sign(
    client: &Dispatches,
    stage: Option<pb::DispatchStage>,
    limit: usize,
) -> Result<(Vec<pb::Dispatch>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        let mut asked = pb::ListDispatchesToSignRequest { page_size, page_token, stage: 0 };
        asked.set_stage(stage.unwrap_or_default());
        async move {
            let page = call("office, ListDispatchesToSign", None, client.list_dispatches_to_sign(asked)).await?;
            Ok((page.dispatches, page.next_page_token))
        }
    })
    .await
}

async fn void_numbers(limit: usize, client: &Dispatches, context: &Context) -> Result<(), Problem> {
    let (void_numbers, next_page_token) = pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        let asked = pb::ListVoidNumbersRequest { page_size, page_token };
        async move {
            let page = call("office, ListVoidNumbers", None, client.list_void_numbers(asked)).await?;
            Ok((page.void_numbers, page.next_page_token))
        }
    })
    .await?;
    context.output.message(&pb::ListVoidNumbersResponse { void_numbers, next_page_token }, show::void_numbers)
}

/// Among which dispatches one is looked for by a part of its name.
#[derive(Clone, Copy)]
enum Among {
    /// Those that the caller may read.
    Own,
    /// Those that wait for the answer of the caller's institution.
    ToCosign,
    /// Those that wait for a signature.
    ToSign,
}

/// The whole name of the dispatch that a person means.
async fn name(wanted: &str, client: &Dispatches, among: Among) -> Result<String, Problem> {
    if wanted.contains('/') {
        return Ok(wanted.to_owned());
    }
    let asked = |to_cosign| pb::ListDispatchesRequest { to_cosign, ..pb::ListDispatchesRequest::default() };
    let (found, _) = match among {
        Among::Own => dispatches(client, &asked(false), usize::MAX).await?,
        Among::ToCosign => dispatches(client, &asked(true), usize::MAX).await?,
        Among::ToSign => to_sign(client, None, usize::MAX).await?,
    };
    find_numbered(wanted, found.iter().map(|dispatch| (dispatch.name.as_str(), show::number(dispatch))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_read_as_it_is_typed() {
        assert_eq!(stage("office-reviewed"), Ok(pb::DispatchStage::OfficeReviewed));
        assert!(stage("UNSPECIFIED").is_err() && stage("DONE").is_err());
    }
}
