//! `townlink grant evaluate`: records what an evaluation found.

use clap::{Args, ValueEnum};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::time::parse_date;
use vocabulary::{Date, DocumentNumber};

use crate::cli::Context;
use crate::connection::{Connection, call};
use crate::names::wire_day;
use crate::problem::Problem;

/// The examples of the command.
pub const EXAMPLES: &str = "\
The evaluation document is registered and confirmed first (`townlink document register --type EVALUATION`). Whatever it \
found, suspending or withdrawing takes a document of its own.

Examples:
  townlink power evaluations --due-by 2026-12-31
  townlink --as person/registrar grant evaluate G-000001 --document 昆政办发〔2026〕7号 \\
      --result keep --note 承接良好";

/// Records an evaluation.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// The grant, as `power evaluations` names it: G-000001 or grants/G-000001
    grant: String,
    /// The number of the evaluation document
    #[arg(long, value_name = "NUMBER")]
    document: DocumentNumber,
    /// What it found
    #[arg(long, value_enum)]
    result: Finding,
    /// What it says, in short
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    /// When the grant is to be evaluated next [default: two years after the document]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    next: Option<Date>,
}

/// What an evaluation found.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Finding {
    /// The town keeps the power
    Keep,
    /// The power should be suspended
    Suspend,
    /// The power should be taken back
    Withdraw,
}

/// Records an evaluation.
pub async fn run(asked: Evaluate, context: &Context) -> Result<(), Problem> {
    let mut client = Connection::open(context, None)?.evaluations()?;
    let result = match asked.result {
        Finding::Keep => pb::EvaluationResult::Keep,
        Finding::Suspend => pb::EvaluationResult::Suspend,
        Finding::Withdraw => pb::EvaluationResult::Withdraw,
    };
    let request = pb::RecordEvaluationRequest {
        request_id: context.request().to_string(),
        grant: if asked.grant.contains('/') { asked.grant } else { format!("grants/{}", asked.grant) },
        document_number: asked.document.to_string(),
        result: result.into(),
        note: asked.note,
        next_evaluation: asked.next.map(wire_day),
    };
    let answer = client.record_evaluation(request);
    let grant = call("office, RecordEvaluation", Some(context.request()), answer).await?;
    context.output.message(&grant, super::show)
}
