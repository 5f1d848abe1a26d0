//! `townlink roster`: who may do what in the town.

use clap::{Args, Subcommand};
use comfy_table::Table;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::Date;
use vocabulary::time::parse_date;

use crate::cli::Context;
use crate::commands::listing::Page;
use crate::connection::{Connection, Roster, call, pages};
use crate::names::{abbreviate, find, wire_day};
use crate::output::{day, facts, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
Examples:
  townlink roster list
  townlink --as person/hr-officer roster assign relay-clerk-2 OFFICE RELAY_CLERK \\
      --from 2026-03-02 --document 张组发〔2026〕3号
  townlink --as person/hr-officer roster end 3f2a --to 2026-06-01 --document 张组发〔2026〕9号";

/// Who may do what in the town.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List assignments
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Assign a role to a person, from a date on, by a document
    #[command(after_help = EXAMPLES)]
    Assign(Assign),
    /// End an assignment on a date, by a document
    #[command(after_help = EXAMPLES)]
    End(End),
}

/// Lists assignments.
#[derive(Debug, Args)]
pub struct List {
    /// Only assignments of this person
    #[arg(long, default_value = "", hide_default_value = true)]
    person: String,
    #[command(flatten)]
    page: Page,
}

/// Assigns a role.
#[derive(Debug, Args)]
pub struct Assign {
    /// The person, by the id in the certificate
    person: String,
    /// The post: an institution such as OFFICE, or LEADERS
    post: String,
    /// The role, such as RELAY_CLERK
    role: String,
    /// The first day
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    from: Date,
    /// The first day on which it is no longer held [default: open]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    to: Option<Date>,
    /// The document that assigns it
    #[arg(long, value_name = "NUMBER")]
    document: String,
}

/// Ends an assignment.
#[derive(Debug, Args)]
pub struct End {
    /// The assignment: its id, or the beginning of it
    assignment: String,
    /// The first day on which the role is no longer held
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    to: Date,
    /// The document that ends it
    #[arg(long, value_name = "NUMBER")]
    document: String,
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let request = Some(context.request());
    let request_id = context.request().to_string();
    match command {
        Command::List(asked) => {
            let client = Connection::open(context, Some(super::READER))?.roster()?;
            let (assignments, next_page_token) = assignments(&client, &asked.person, asked.page.limit).await?;
            context.output.message(&pb::ListAssignmentsResponse { assignments, next_page_token }, |list| {
                let mut table = table(&["ASSIGNMENT", "PERSON", "POST", "ROLE", "FROM", "TO", "DOCUMENT"]);
                for it in &list.assignments {
                    table.add_row([
                        abbreviate(&it.name),
                        it.person.clone(),
                        it.post.clone(),
                        it.role.clone(),
                        day(it.from.as_ref()),
                        day(it.to.as_ref()),
                        it.document_number.clone(),
                    ]);
                }
                table
            })
        }
        Command::Assign(asked) => {
            let mut client = Connection::open(context, None)?.roster()?;
            let assignment = pb::Assignment {
                person: asked.person,
                post: asked.post,
                role: asked.role,
                from: Some(wire_day(asked.from)),
                to: asked.to.map(wire_day),
                document_number: asked.document,
                ..pb::Assignment::default()
            };
            let asked = pb::AssignRoleRequest { request_id, assignment: Some(assignment) };
            let assignment = call("office, AssignRole", request, client.assign_role(asked)).await?;
            context.output.message(&assignment, show)
        }
        Command::End(asked) => {
            let mut client = Connection::open(context, None)?.roster()?;
            let name = name(&asked.assignment, &client).await?;
            let (to, document_number) = (Some(wire_day(asked.to)), asked.document);
            let asked = pb::EndAssignmentRequest { request_id, name, to, document_number, etag: String::new() };
            let assignment = call("office, EndAssignment", request, client.end_assignment(asked)).await?;
            context.output.message(&assignment, show)
        }
    }
}

async fn assignments(client: &Roster, person: &str, limit: usize) -> Result<(Vec<pb::Assignment>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        let person = person.to_owned();
        async move {
            let asked = pb::ListAssignmentsRequest { page_size, page_token, person };
            let page = call("office, ListAssignments", None, client.list_assignments(asked)).await?;
            Ok((page.assignments, page.next_page_token))
        }
    })
    .await
}

async fn name(wanted: &str, client: &Roster) -> Result<String, Problem> {
    if wanted.contains('/') {
        return Ok(wanted.to_owned());
    }
    let (assignments, _) = assignments(client, "", usize::MAX).await?;
    find(wanted, assignments.iter().map(|assignment| assignment.name.as_str()))
}

fn show(assignment: &pb::Assignment) -> Table {
    facts([
        ("assignment", assignment.name.clone()),
        ("person", assignment.person.clone()),
        ("post", assignment.post.clone()),
        ("role", assignment.role.clone()),
        ("from", day(assignment.from.as_ref())),
        ("to", day(assignment.to.as_ref())),
        ("document", assignment.document_number.clone()),
        ("ended by", assignment.end_document_number.clone()),
    ])
}
