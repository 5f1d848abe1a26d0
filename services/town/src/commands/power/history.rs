//! `townlink power history` and `townlink power documents`: what happened to a power, and under which documents.

use clap::Args;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::power_history_entry::What;
use vocabulary::Timestamp;

use crate::cli::Context;
use crate::commands::listing::Page;
use crate::connection::{Connection, call, pages};
use crate::names::{parse_instant, wire_instant};
use crate::output::{day, instant, short, table};
use crate::problem::Problem;

/// The examples of both commands.
pub const EXAMPLES: &str = "\
Two times are told of everything: when it was recorded, and from which day it is valid.

Examples:
  townlink power history PP-URB-0001
  townlink power documents PP-URB-0001
  townlink power history PP-URB-0001 --as-known-at 2026-03-05";

/// Asks for what happened to a power.
#[derive(Debug, Args)]
pub struct Asked {
    /// The power, by its code
    power: String,
    /// Answer with the register as it was recorded at that moment
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    as_known_at: Option<Timestamp>,
    #[command(flatten)]
    page: Page,
}

/// Tells what happened to a power.
pub async fn history(asked: &Asked, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, Some(crate::commands::READER))?.grants()?;
    let (entries, next_page_token) = pages(asked.page.limit, |page_size, page_token| {
        let mut client = client.clone();
        let request = pb::ListPowerHistoryRequest {
            page_size,
            page_token,
            power_code: asked.power.clone(),
            as_known_at: asked.as_known_at.map(wire_instant),
        };
        async move {
            let page = call("office, ListPowerHistory", None, client.list_power_history(request)).await?;
            Ok((page.entries, page.next_page_token))
        }
    })
    .await?;
    context.output.message(&pb::ListPowerHistoryResponse { entries, next_page_token }, |list| {
        let mut table = table(&["RECORDED", "VALID FROM", "WHAT", "OF", "DOCUMENT"]);
        for entry in &list.entries {
            let (what, of) = match &entry.what {
                Some(What::Power(power)) => ("LISTED".to_owned(), power.title.clone()),
                Some(What::GrantVersion(version)) => {
                    let grant = version.grant.as_ref().map(|grant| grant.name.trim_start_matches("grants/").to_owned());
                    (short(version.change().as_str_name(), "GRANT_CHANGE"), grant.unwrap_or_default())
                }
                Some(What::Basis(basis)) => ("BASIS".to_owned(), basis.title.clone()),
                None => (String::new(), String::new()),
            };
            table.add_row([
                instant(entry.record_time.as_ref()),
                day(entry.valid_from.as_ref()),
                what,
                of,
                entry.document_number.clone(),
            ]);
        }
        table
    })
}

/// Lists the documents of a power.
pub async fn documents(asked: &Asked, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, Some(crate::commands::READER))?.documents()?;
    let (documents, next_page_token) = pages(asked.page.limit, |page_size, page_token| {
        let mut client = client.clone();
        let request = pb::ListPowerDocumentsRequest {
            page_size,
            page_token,
            power_code: asked.power.clone(),
            as_known_at: asked.as_known_at.map(wire_instant),
        };
        async move {
            let page = call("office, ListPowerDocuments", None, client.list_power_documents(request)).await?;
            Ok((page.documents, page.next_page_token))
        }
    })
    .await?;
    context.output.message(&pb::ListPowerDocumentsResponse { documents, next_page_token }, |list| {
        let mut table = table(&["NUMBER", "ISSUER", "DATE", "PUBLISHED", "DID"]);
        for document in &list.documents {
            let effects: Vec<_> = document.effects.iter().map(effect).collect();
            table.add_row([
                document.document_number.clone(),
                document.issuer.clone(),
                day(document.issue_date.as_ref()),
                day(document.publish_date.as_ref()),
                if effects.is_empty() { "BASIS".to_owned() } else { effects.join(", ") },
            ]);
        }
        table
    })
}

fn effect(effect: &pb::PowerDocumentEffect) -> String {
    let change = short(effect.change().as_str_name(), "GRANT_CHANGE");
    format!("{change} {}", effect.grant.trim_start_matches("grants/"))
}
