//! The work on a paper after its first check (分办、承办、办结、答复、归档).

use clap::{Args, Subcommand};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{RequestId, time};

use super::{One, Seen, name};
use crate::cli::Context;
use crate::connection::{Inboxes, at_office, call};
use crate::problem::Problem;

/// Examples of the work, beside those of the way to the first check.
pub(super) const WORK_EXAMPLES: &str = "\
A paper is named by its document number, its message id, or as much of the id as tells it from the others; leaders name it in full,
as `inbox desk` or a clerk shows it.

Examples:
  townlink --as person/relay-clerk inbox assign 3f2a --class HANDLE --lead FINANCE --co ECONOMY --due 2026-03-20   分办
  townlink --as person/relay-clerk inbox assign 3f2a --class READ --reader SERVICE --reader SOCIAL                 传阅
  townlink --as person/mayor inbox instruct inboxes/OFFICE/papers/… --text 请财政局牵头办理                          批示
  townlink --as person/finance-clerk inbox accept 3f2a
  townlink --as person/finance-clerk inbox progress 3f2a --percent 60 --words 已完成初稿
  townlink --as person/finance-clerk inbox extend 3f2a --due 2026-03-27 --reason 材料不齐
  townlink --as person/finance-clerk inbox report 3f2a --result 已拨付
  townlink --as person/relay-clerk inbox complete 3f2a                                                             办结
  townlink --as person/relay-clerk inbox archive 3f2a                                                              归档
  townlink --as person/mayor inbox desk";

/// What is done about a checked paper.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A leader instructs what to do (批示)
    #[command(after_help = WORK_EXAMPLES)]
    Instruct(Worded),
    /// Assign a paper to a lead and co-handlers, or to readers (分办)
    #[command(after_help = WORK_EXAMPLES)]
    Assign(Assign),
    /// The leaders decide to whom a paper belongs, after two refusals
    #[command(after_help = WORK_EXAMPLES)]
    Decide(Assign),
    /// Refuse a wrong assignment, within one working day
    #[command(after_help = WORK_EXAMPLES)]
    Refuse(Reasoned),
    /// Accept an assignment
    #[command(after_help = WORK_EXAMPLES)]
    Accept(One),
    /// Report how far the handling is
    #[command(after_help = WORK_EXAMPLES)]
    Progress(Progress),
    /// Report that a co-handler's part is done
    #[command(after_help = WORK_EXAMPLES)]
    Part(Words),
    /// Mark a paper as read (传阅)
    #[command(after_help = WORK_EXAMPLES)]
    Read(One),
    /// Report the result
    #[command(after_help = WORK_EXAMPLES)]
    Report(Result),
    /// Accept a result (办结)
    #[command(after_help = WORK_EXAMPLES)]
    Complete(One),
    /// Send a result back to be mended
    #[command(after_help = WORK_EXAMPLES)]
    SendBack(Reasoned),
    /// Archive a paper (归档)
    #[command(after_help = WORK_EXAMPLES)]
    Archive(One),
    /// Merge a paper into another open one of the inbox (并办)
    #[command(after_help = WORK_EXAMPLES)]
    Merge(Merge),
    /// Transfer a paper to another institution's inbox (转办)
    #[command(after_help = WORK_EXAMPLES)]
    Transfer(Transfer),
    /// Ask for a later due, before the present one is over
    #[command(after_help = WORK_EXAMPLES)]
    Extend(Extend),
    /// Grant the extension that was asked for
    #[command(after_help = WORK_EXAMPLES)]
    GrantExtension(Granted),
    /// Refuse the extension that was asked for
    #[command(after_help = WORK_EXAMPLES)]
    RefuseExtension(Reasoned),
}

/// A paper and an instruction.
#[derive(Debug, Args)]
pub struct Worded {
    #[command(flatten)]
    one: One,
    /// The words of the instruction
    #[arg(long)]
    text: String,
}

/// A paper and a reason.
#[derive(Debug, Args)]
pub struct Reasoned {
    #[command(flatten)]
    one: One,
    /// The reason, in words
    #[arg(long)]
    reason: String,
}

/// A paper and words.
#[derive(Debug, Args)]
pub struct Words {
    #[command(flatten)]
    one: One,
    /// What was done
    #[arg(long)]
    words: String,
}

/// A paper and its result.
#[derive(Debug, Args)]
pub struct Result {
    #[command(flatten)]
    one: One,
    /// The result, in words
    #[arg(long)]
    result: String,
}

/// Grants an extension.
#[derive(Debug, Args)]
pub struct Granted {
    #[command(flatten)]
    one: One,
    /// The words to it
    #[arg(long, default_value = "")]
    words: String,
}

/// Assigns a paper.
#[derive(Debug, Args)]
pub struct Assign {
    #[command(flatten)]
    one: One,
    /// What is to be done: READ 阅知, HANDLE 阅办, INSTRUCTED 批办 or FORWARD 转办
    #[arg(long, value_parser = class)]
    class: pb::PaperActionClass,
    /// The institution that leads (主办)
    #[arg(long, value_name = "INSTITUTION", default_value = "")]
    lead: String,
    /// An institution that helps (协办); may be given several times
    #[arg(long = "co", value_name = "INSTITUTION")]
    co_handlers: Vec<String>,
    /// An institution that reads it (传阅); may be given several times
    #[arg(long = "reader", value_name = "INSTITUTION")]
    readers: Vec<String>,
    /// A person whom a bureau names in its own inbox; may be given several times
    #[arg(long = "person", value_name = "PERSON")]
    persons: Vec<String>,
    /// The leader who instructed (批示人)
    #[arg(long, requires = "instruction")]
    leader: Option<String>,
    /// What the leader wrote (批示内容)
    #[arg(long, requires = "leader")]
    instruction: Option<String>,
    /// The last day, YYYY-MM-DD
    #[arg(long, value_parser = day)]
    due: Option<Date>,
    /// The sender is to get an answer
    #[arg(long)]
    answer: bool,
}

/// Reports progress.
#[derive(Debug, Args)]
pub struct Progress {
    #[command(flatten)]
    one: One,
    /// How far, in per cent
    #[arg(long)]
    percent: i32,
    /// How far, in words
    #[arg(long)]
    words: String,
    /// What shows it; may be given several times
    #[arg(long)]
    evidence: Vec<String>,
}

/// Merges a paper.
#[derive(Debug, Args)]
pub struct Merge {
    #[command(flatten)]
    one: One,
    /// The paper that goes on
    #[arg(long, value_name = "PAPER")]
    into: String,
    /// The reason, in words
    #[arg(long)]
    reason: String,
}

/// Transfers a paper.
#[derive(Debug, Args)]
pub struct Transfer {
    #[command(flatten)]
    one: One,
    /// The institution that gets it
    #[arg(long, value_name = "INSTITUTION")]
    to: String,
    /// The reason, in words
    #[arg(long)]
    reason: String,
}

/// Asks for an extension.
#[derive(Debug, Args)]
pub struct Extend {
    #[command(flatten)]
    one: One,
    /// The new due, YYYY-MM-DD
    #[arg(long, value_parser = day)]
    due: Date,
    /// The reason, in words
    #[arg(long)]
    reason: String,
}

fn class(text: &str) -> std::result::Result<pb::PaperActionClass, String> {
    pb::PaperActionClass::from_str_name(&format!("PAPER_ACTION_CLASS_{}", text.to_uppercase()))
        .filter(|class| *class != pb::PaperActionClass::Unspecified)
        .ok_or_else(|| "a class is READ, HANDLE, INSTRUCTED or FORWARD".to_owned())
}

fn day(text: &str) -> std::result::Result<Date, String> {
    let day = time::parse_date(text).map_err(|error| error.to_string())?;
    Ok(Date { year: day.year().into(), month: day.month().into(), day: day.day().into() })
}

impl Assign {
    fn instruction(&self) -> Option<pb::PaperInstruction> {
        let (leader, text) = self.leader.clone().zip(self.instruction.clone())?;
        Some(pb::PaperInstruction { leader, text, ..pb::PaperInstruction::default() })
    }

    fn request(self, request_id: String, name: String) -> pb::AssignPaperRequest {
        pb::AssignPaperRequest {
            request_id,
            name,
            etag: String::new(),
            action_class: self.class.into(),
            instruction: self.instruction(),
            lead: self.lead,
            co_handlers: self.co_handlers,
            readers: self.readers,
            persons: self.persons,
            due: self.due,
            answer: self.answer,
        }
    }
}

/// Takes a step that asks for nothing but the paper, or for one text beside it.
macro_rules! step {
    ($client:ident, $context:ident, $one:expr, $seen:expr, $rpc:ident($request:ident $(, $field:ident: $value:expr)*)) => {{
        let name = name(&$one, &$client, $seen).await?;
        let asked = pb::$request {
            request_id: $context.request().to_string(),
            name,
            $($field: $value,)*
            ..pb::$request::default()
        };
        call(&at_office(stringify!($request)), Some($context.request()), $client.$rpc(asked)).await
    }};
}

/// Runs a command. Gives the paper as it is afterwards.
pub(super) async fn run(
    command: Command,
    mut client: Inboxes,
    context: &Context,
) -> std::result::Result<pb::InboxPaper, Problem> {
    match command {
        Command::Instruct(it) => {
            step!(client, context, it.one, Seen::Leaders, instruct_paper(InstructPaperRequest, text: it.text))
        }
        Command::Assign(it) => {
            let name = name(&it.one, &client, Seen::All).await?;
            let asked = it.request(context.request().to_string(), name);
            call("office, AssignPaper", Some(context.request()), client.assign_paper(asked)).await
        }
        Command::Decide(it) => decide(it, client, context.request()).await,
        Command::Refuse(it) => {
            step!(client, context, it.one, Seen::Part, refuse_assignment(RefuseAssignmentRequest, reason: it.reason))
        }
        Command::Accept(one) => step!(client, context, one, Seen::Part, accept_assignment(AcceptAssignmentRequest)),
        Command::Progress(it) => step!(
            client,
            context,
            it.one,
            Seen::Part,
            report_progress(ReportProgressRequest, percent: it.percent, words: it.words, evidence: it.evidence)
        ),
        Command::Part(it) => {
            step!(client, context, it.one, Seen::Part, finish_part(FinishPartRequest, words: it.words))
        }
        Command::Read(one) => step!(client, context, one, Seen::Part, mark_read(MarkReadRequest)),
        Command::Report(it) => {
            step!(client, context, it.one, Seen::Part, report_result(ReportResultRequest, result: it.result))
        }
        Command::Complete(one) => step!(client, context, one, Seen::All, complete_paper(CompletePaperRequest)),
        Command::SendBack(it) => {
            step!(client, context, it.one, Seen::All, send_back_result(SendBackResultRequest, reason: it.reason))
        }
        Command::Archive(one) => step!(client, context, one, Seen::All, archive_paper(ArchivePaperRequest)),
        Command::Merge(it) => {
            let other = One { paper: it.into, which: it.one.which.clone() };
            let into = name(&other, &client, Seen::All).await?;
            step!(client, context, it.one, Seen::All, merge_paper(MergePaperRequest, into: into, reason: it.reason))
        }
        Command::Transfer(it) => step!(
            client,
            context,
            it.one,
            Seen::All,
            transfer_paper(TransferPaperRequest, institution: it.to, reason: it.reason)
        ),
        Command::Extend(it) => step!(
            client,
            context,
            it.one,
            Seen::Part,
            request_extension(RequestExtensionRequest, due: Some(it.due), reason: it.reason)
        ),
        Command::GrantExtension(it) => {
            step!(client, context, it.one, Seen::All, grant_extension(GrantExtensionRequest, words: it.words))
        }
        Command::RefuseExtension(it) => {
            step!(client, context, it.one, Seen::All, refuse_extension(RefuseExtensionRequest, reason: it.reason))
        }
    }
}

async fn decide(it: Assign, mut client: Inboxes, request: RequestId) -> std::result::Result<pb::InboxPaper, Problem> {
    let name = name(&it.one, &client, Seen::Leaders).await?;
    let wanted = it.request(request.to_string(), name);
    let asked = pb::DecideAssignmentRequest {
        request_id: wanted.request_id,
        name: wanted.name,
        etag: wanted.etag,
        action_class: wanted.action_class,
        lead: wanted.lead,
        co_handlers: wanted.co_handlers,
        readers: wanted.readers,
        persons: wanted.persons,
        instruction: wanted.instruction,
        due: wanted.due,
        answer: wanted.answer,
    };
    call("office, DecideAssignment", Some(request), client.decide_assignment(asked)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_and_a_day_are_read_as_they_are_typed() {
        assert_eq!(class("instructed"), Ok(pb::PaperActionClass::Instructed));
        assert!(class("UNSPECIFIED").is_err() && class("批办").is_err());
        assert_eq!(day("2026-03-20"), Ok(Date { year: 2026, month: 3, day: 20 }));
        assert!(day("2026-02-30").is_err());
    }
}
