//! `townlink refusal`: what the town said no to, for those who supervise.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use townlink_proto::townlink::journal::v1 as pb;

use crate::cli::Context;
use crate::commands::listing::Page;
use crate::connection::{Connection, call, pages};
use crate::output::{instant, render, table, to_json};
use crate::problem::Problem;

const EXAMPLES: &str = "\
OFFICE and the town leaders see every refusal; the other back institutions see what the two front institutions were refused.

Examples:
  townlink --as person/relay-clerk refusal list
  townlink --as person/relay-clerk refusal list --institution ENFORCEMENT --service office
  townlink --as person/mayor --json refusal list --limit 1000";

/// Refusals, as the journals keep them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List what was refused, newest first: who tried what and when, under which code and law
    #[command(after_help = EXAMPLES)]
    List(List),
}

/// Lists refusals.
#[derive(Debug, Args)]
pub struct List {
    /// Only what this institution was refused, by its code
    #[arg(long, value_name = "INSTITUTION")]
    institution: Option<String>,
    /// Only what this service refused
    #[arg(long)]
    service: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// A refusal, and the service that refused.
struct Told<'a> {
    service: &'a str,
    refusal: pb::RecordedRefusal,
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let Command::List(list) = command;
    let connection = Connection::open(context, None)?;
    let mut told = Vec::new();
    let services = connection.ready.services.iter().map(|service| &*service.name);
    let services: Vec<_> = services.filter(|name| list.service.as_ref().is_none_or(|wanted| wanted == name)).collect();
    if services.is_empty() {
        return Err(Problem::usage("the town has no such service", "`townlink clock show` lists them"));
    }
    for service in services {
        let refusals = of(&connection, service, &list).await?;
        told.extend(refusals.into_iter().map(|refusal| Told { service, refusal }));
    }
    let at = |told: &Told<'_>| told.refusal.recorded_time.map_or((0, 0), |at| (at.seconds, at.nanos));
    told.sort_by_key(|told| std::cmp::Reverse(at(told)));
    told.truncate(list.page.limit);
    let refusals = told.iter().map(Told::json).collect::<Result<Vec<_>, _>>()?;
    context.output.value(&json!({ "refusals": refusals }), || {
        let mut table = table(&["TIME", "SERVICE", "WHO", "CODE", "LAW", "METHOD", "FAULT"]);
        table.add_rows(told.iter().map(Told::row));
        render(&table)
    })
}

async fn of(connection: &Connection, service: &str, list: &List) -> Result<Vec<pb::RecordedRefusal>, Problem> {
    let client = connection.journal(service)?;
    let place = format!("{service}, ListRefusals");
    let (refusals, _) = pages(list.page.limit, |page_size, page_token| {
        let (mut client, place) = (client.clone(), place.clone());
        let institution = list.institution.clone().unwrap_or_default();
        let asked = pb::ListRefusalsRequest { page_size, page_token, institution };
        async move {
            let page = call(&place, None, client.list_refusals(asked)).await?;
            Ok((page.refusals, page.next_page_token))
        }
    })
    .await?;
    Ok(refusals)
}

impl Told<'_> {
    fn json(&self) -> Result<Value, Problem> {
        let mut value = to_json(&self.refusal)?;
        value["service"] = json!(self.service);
        Ok(value)
    }

    fn row(&self) -> [String; 7] {
        let refusal = &self.refusal;
        let refused = refusal.refused.clone().unwrap_or_default();
        let who = match refusal.person.as_str() {
            "" => refusal.principal.clone(),
            person => format!("person/{person} ({})", refusal.principal),
        };
        let method = refused.method.rsplit('/').next().unwrap_or_default().to_owned();
        let time = instant(refusal.recorded_time.as_ref());
        [time, self.service.to_owned(), who, refused.code, refused.law, method, refused.message]
    }
}
