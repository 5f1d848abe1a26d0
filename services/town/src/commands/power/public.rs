//! `townlink power public` and `townlink power export`: the list for everyone to read.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use runtime::log::Fault;
use serde_json::json;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::time::parse_date;
use vocabulary::{Date, Sm3Digest};

use crate::cli::Context;
use crate::commands::listing::Page;
use crate::connection::{Connection, call, pages};
use crate::files::write;
use crate::names::wire_day;
use crate::output::{day, short, table};
use crate::problem::Problem;

/// The examples of both commands.
pub const EXAMPLES: &str = "\
What is published and in force is on the list. ANSWER tells what an entry is worth: a penalty without the province's \
decision (BASIS_GAP) is on the list and may not be exercised.

Examples:
  townlink power public --kind 02 --date 2026-04-01
  townlink power export --date 2026-04-01 --format csv -o 权力清单.csv
  townlink power export --format json -o powers.json";

/// Lists the public list.
#[derive(Debug, Args)]
pub struct Public {
    /// The date [default: today, by the town's clock]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Option<Date>,
    /// Only this kind, two digits
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// Only this field, such as URBAN
    #[arg(long, default_value = "", hide_default_value = true)]
    field: String,
    /// Only this handling institution, such as ENFORCEMENT
    #[arg(long, value_name = "INSTITUTION", default_value = "", hide_default_value = true)]
    handler: String,
    /// Also what was published and has ended
    #[arg(long)]
    ended: bool,
    #[command(flatten)]
    page: Page,
}

/// Writes the public list as a file.
#[derive(Debug, Args)]
pub struct Export {
    /// The date [default: today, by the town's clock]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Option<Date>,
    /// The form of the file
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// The file to write [default: standard output]
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A table for people
    Csv,
    /// An array for programs
    Json,
}

/// Lists the public list.
pub async fn list(asked: &Public, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, Some(crate::commands::READER))?.public_list()?;
    let (powers, next_page_token) = pages(asked.page.limit, |page_size, page_token| {
        let mut client = client.clone();
        let request = pb::ListPublicPowersRequest {
            page_size,
            page_token,
            date: asked.date.map(wire_day),
            kind: asked.kind.clone(),
            field: asked.field.clone(),
            handler: asked.handler.clone(),
            include_ended: asked.ended,
        };
        async move {
            let page = call("office, ListPublicPowers", None, client.list_public_powers(request)).await?;
            Ok((page.powers, page.next_page_token))
        }
    })
    .await?;
    context.output.message(&pb::ListPublicPowersResponse { powers, next_page_token }, |list| {
        let mut table = table(&["CODE", "KIND", "HANDLER", "DOCUMENT", "CLAUSE", "FROM", "TO", "ANSWER", "TITLE"]);
        for power in &list.powers {
            table.add_row([
                power.power_code.clone(),
                power.kind.clone(),
                power.handler.clone(),
                power.document_number.clone(),
                power.clause.clone(),
                day(power.from.as_ref()),
                day(power.to.as_ref()),
                short(power.answer().as_str_name(), "HOLDS_RESULT"),
                power.title.clone(),
            ]);
        }
        table
    })
}

/// Writes the public list. What comes is compared with its digest before anything is written.
pub async fn export(asked: &Export, context: &Context) -> Result<(), Problem> {
    const PLACE: &str = "office, ExportPublicList";
    let mut client = Connection::open(context, Some(crate::commands::READER))?.public_list()?;
    let format = match asked.format {
        Format::Csv => pb::ExportFormat::Csv,
        Format::Json => pb::ExportFormat::Json,
    };
    let request = pb::ExportPublicListRequest { date: asked.date.map(wire_day), format: format.into() };
    let mut pieces = call(PLACE, None, client.export_public_list(request)).await?;
    let (mut file, mut end) = (Vec::new(), None);
    while let Some(piece) = pieces.message().await.map_err(|status| Problem::of_status(PLACE, &status, None))? {
        file.extend_from_slice(&piece.data);
        if !piece.digest.is_empty() {
            end = Some((piece.digest, piece.entries));
        }
    }
    let digest = Sm3Digest::of(&file);
    let whole = end.filter(|(told, _)| told.as_ref() == digest.as_bytes());
    let Some((_, entries)) = whole else {
        let fault = "the file that came is not what its digest says".to_owned();
        return Err(Problem::Unverified(Fault { place: PLACE.to_owned(), fault, remedy: "export it again" }));
    };
    match &asked.output {
        None => context.output.raw(&file),
        Some(path) => {
            write(path, &file)?;
            let path = path.display().to_string();
            let told = json!({"file": path, "entries": entries, "sm3": digest.to_string()});
            context.output.value(&told, || format!("{path} has {entries} entries, SM3 {digest}"))
        }
    }
}
