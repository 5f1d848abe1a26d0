//! `townlink power evaluations`: which grants are to be evaluated.

use clap::Args;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::Date;
use vocabulary::time::parse_date;

use crate::cli::Context;
use crate::commands::listing::Page;
use crate::connection::{Connection, call, pages};
use crate::names::wire_day;
use crate::output::{day, instant, table};
use crate::problem::Problem;

/// The examples of the command.
pub const EXAMPLES: &str = "\
An evaluation that is overdue is told once to those who supervise, and stops no power. `townlink grant evaluate` records \
one.

Examples:
  townlink power evaluations
  townlink power evaluations --due-by 2026-12-31";

/// Lists evaluations.
#[derive(Debug, Args)]
pub struct Evaluations {
    /// Only those due on this day or before [default: today, by the town's clock]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    due_by: Option<Date>,
    #[command(flatten)]
    page: Page,
}

/// Lists what is to be evaluated, the earliest first.
pub async fn list(asked: &Evaluations, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, Some(crate::commands::READER))?.evaluations()?;
    let (evaluations, next_page_token) = pages(asked.page.limit, |page_size, page_token| {
        let mut client = client.clone();
        let request = pb::ListEvaluationsRequest { page_size, page_token, due_by: asked.due_by.map(wire_day) };
        async move {
            let page = call("office, ListEvaluations", None, client.list_evaluations(request)).await?;
            Ok((page.evaluations, page.next_page_token))
        }
    })
    .await?;
    context.output.message(&pb::ListEvaluationsResponse { evaluations, next_page_token }, |list| {
        let mut table = table(&["DUE", "GRANT", "POWER", "HANDLER", "SUPERVISOR", "LAST", "TOLD OVERDUE", "TITLE"]);
        for due in &list.evaluations {
            table.add_row([
                day(due.due_date.as_ref()),
                due.grant.trim_start_matches("grants/").to_owned(),
                due.power_code.clone(),
                due.handler.clone(),
                due.supervisor.clone(),
                due.last.as_ref().map(|last| day(last.evaluate_date.as_ref())).unwrap_or_default(),
                instant(due.overdue_time.as_ref()),
                due.title.clone(),
            ]);
        }
        table
    })
}
