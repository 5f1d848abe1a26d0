//! `townlink document`: the government documents by which powers are handed down, changed and taken back.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use comfy_table::Table;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::time::parse_date;
use vocabulary::{Date, Sm3Digest};

use crate::cli::Context;
use crate::commands::listing::Page;
use crate::connection::{Connection, Documents, call, pages};
use crate::files::read;
use crate::names::{abbreviate, find_numbered, wire_day};
use crate::output::{day, digest, facts, instant, short, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
A document comes with a paper that was checked, or is registered by hand. Either way a second person confirms it, and \
only then does it take effect. It is named by its id (of which the beginning is enough) or by its number.

Examples:
  townlink --as person/confirmer document confirm 昆政发〔2026〕5号
  townlink --as person/confirmer document publish 昆政发〔2026〕5号 --date 2026-03-02 \\
      --place 昆山市人民政府网站
  townlink --as person/registrar document register --number 昆政发〔2012〕1号 \\
      --title 关于下放权限的通知 \\
      --issuer 昆山市人民政府 --date 2012-03-01 --type GRANT --file 扫描件.pdf";

/// Documents by which powers are handed down and taken back.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List documents, newest first
    List(List),
    /// Show one document
    Show(One),
    /// Register a document by hand
    #[command(after_help = EXAMPLES)]
    Register(Box<Register>),
    /// Confirm a document as the second person; it then takes effect
    #[command(after_help = EXAMPLES)]
    Confirm(One),
    /// Record when and where a document was published
    #[command(after_help = EXAMPLES)]
    Publish(Publish),
}

/// Lists documents.
#[derive(Debug, Args)]
pub struct List {
    /// Only documents in this state: REGISTERED, CONFIRMED or REFUSED
    #[arg(long, value_parser = state)]
    state: Option<pb::DocumentState>,
    /// Only documents on which the grants of this power rest
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    power: String,
    #[command(flatten)]
    page: Page,
}

/// One document.
#[derive(Debug, Args)]
pub struct One {
    /// The document: its number, its id, or the beginning of its id
    document: String,
}

/// Registers a document by hand.
#[derive(Debug, Args)]
pub struct Register {
    /// The document number (发文字号)
    #[arg(long)]
    number: String,
    /// The title
    #[arg(long)]
    title: String,
    /// The issuer (发文机关)
    #[arg(long)]
    issuer: String,
    /// The date of the document (成文日期)
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Date,
    /// The day on which the town received it [default: today, by the town's clock]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    received: Option<Date>,
    /// The day of publication
    #[arg(long, value_name = "DATE", value_parser = parse_date, requires = "place")]
    published: Option<Date>,
    /// Where it was published
    #[arg(long, default_value = "", hide_default_value = true)]
    place: String,
    /// What it does: GRANT, ADJUST, WITHDRAW, BASIS, EVALUATION or OTHER
    #[arg(long = "type", value_parser = kind)]
    kind: pb::DocumentType,
    /// The file of the document itself; its SM3 digest is registered
    #[arg(long)]
    file: PathBuf,
    /// The directive, as JSON
    #[arg(long, value_name = "JSON", default_value = "", hide_default_value = true)]
    directive: String,
    /// The annex of the directive, CSV
    #[arg(long, value_name = "FILE")]
    annex: Option<PathBuf>,
}

/// Records a publication.
#[derive(Debug, Args)]
pub struct Publish {
    #[command(flatten)]
    one: One,
    /// The day of publication
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Date,
    /// Where it was published
    #[arg(long)]
    place: String,
}

fn state(text: &str) -> Result<pb::DocumentState, String> {
    pb::DocumentState::from_str_name(&format!("DOCUMENT_STATE_{}", text.to_uppercase()))
        .ok_or_else(|| "a state is REGISTERED, CONFIRMED or REFUSED".to_owned())
}

fn kind(text: &str) -> Result<pb::DocumentType, String> {
    pb::DocumentType::from_str_name(&format!("DOCUMENT_TYPE_{}", text.to_uppercase()))
        .ok_or_else(|| "a type is GRANT, ADJUST, WITHDRAW, BASIS, EVALUATION or OTHER".to_owned())
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let request = Some(context.request());
    let request_id = context.request().to_string();
    match command {
        Command::List(asked) => list(asked, context).await,
        Command::Show(one) => {
            let mut client = Connection::open(context, Some(super::READER))?.documents()?;
            let name = name(&one, &client).await?;
            let document =
                call("office, GetDocument", None, client.get_document(pb::GetDocumentRequest { name })).await?;
            context.output.message(&document, show)
        }
        Command::Register(asked) => {
            let mut client = Connection::open(context, None)?.documents()?;
            let asked = registration(*asked, request_id)?;
            let document = call("office, RegisterDocument", request, client.register_document(asked)).await?;
            context.output.message(&document, show)
        }
        Command::Confirm(one) => {
            let mut client = Connection::open(context, None)?.documents()?;
            let name = name(&one, &client).await?;
            let asked = pb::ConfirmDocumentRequest { request_id, name, etag: String::new() };
            let document = call("office, ConfirmDocument", request, client.confirm_document(asked)).await?;
            confirmed(&document, context)
        }
        Command::Publish(asked) => {
            let mut client = Connection::open(context, None)?.documents()?;
            let name = name(&asked.one, &client).await?;
            let asked = pb::PublishDocumentRequest {
                request_id,
                name,
                publish_date: Some(wire_day(asked.date)),
                publish_place: asked.place,
                etag: String::new(),
            };
            let document = call("office, PublishDocument", request, client.publish_document(asked)).await?;
            context.output.message(&document, show)
        }
    }
}

fn registration(asked: Register, request_id: String) -> Result<pb::RegisterDocumentRequest, Problem> {
    let annex = asked.annex.as_deref().map(read).transpose()?.unwrap_or_default();
    let mut document = pb::Document {
        document_number: asked.number,
        title: asked.title,
        issuer: asked.issuer,
        issue_date: Some(wire_day(asked.date)),
        receive_date: asked.received.map(wire_day),
        publish_date: asked.published.map(wire_day),
        publish_place: asked.place,
        digest: Sm3Digest::of(&read(&asked.file)?).as_bytes().to_vec().into(),
        directive: asked.directive.into_bytes().into(),
        ..pb::Document::default()
    };
    document.set_type(asked.kind);
    Ok(pb::RegisterDocumentRequest { request_id, document: Some(document), annex: annex.into() })
}

/// Tells what became of a document. One that was refused for its rows is printed, and is a refusal all the same.
fn confirmed(document: &pb::Document, context: &Context) -> Result<(), Problem> {
    context.output.message(document, show)?;
    if document.state() == pb::DocumentState::Refused {
        let message = format!("{} has bad rows; nothing took effect", document.document_number);
        return Err(super::grant::refused_rows("office", message, &document.faults));
    }
    Ok(())
}

async fn list(asked: List, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, Some(super::READER))?.documents()?;
    let (documents, next_page_token) = documents(&client, asked.state, &asked.power, asked.page.limit).await?;
    context.output.message(&pb::ListDocumentsResponse { documents, next_page_token }, |list| {
        let mut table = table(&["DOCUMENT", "NUMBER", "TYPE", "STATE", "DATED", "PUBLISHED", "APPLIED", "TITLE"]);
        for document in &list.documents {
            table.add_row([
                abbreviate(&document.name),
                document.document_number.clone(),
                short(document.r#type().as_str_name(), "DOCUMENT_TYPE"),
                short(document.state().as_str_name(), "DOCUMENT_STATE"),
                day(document.issue_date.as_ref()),
                day(document.publish_date.as_ref()),
                document.applied.to_string(),
                document.title.clone(),
            ]);
        }
        table
    })
}

async fn documents(
    client: &Documents,
    state: Option<pb::DocumentState>,
    power: &str,
    limit: usize,
) -> Result<(Vec<pb::Document>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        let power_code = power.to_owned();
        let mut asked = pb::ListDocumentsRequest { page_size, page_token, state: 0, power_code };
        asked.set_state(state.unwrap_or_default());
        async move {
            let page = call("office, ListDocuments", None, client.list_documents(asked)).await?;
            Ok((page.documents, page.next_page_token))
        }
    })
    .await
}

/// The whole name of the document that a person means, by number or by id.
async fn name(one: &One, client: &Documents) -> Result<String, Problem> {
    if one.document.contains('/') {
        return Ok(one.document.clone());
    }
    let (documents, _) = documents(client, None, "", usize::MAX).await?;
    find_numbered(&one.document, documents.iter().map(|it| (it.name.as_str(), it.document_number.as_str())))
}

fn show(document: &pb::Document) -> Table {
    let mut rows = vec![
        ("document", document.name.clone()),
        ("number", document.document_number.clone()),
        ("title", document.title.clone()),
        ("issuer", document.issuer.clone()),
        ("type", short(document.r#type().as_str_name(), "DOCUMENT_TYPE")),
        ("state", short(document.state().as_str_name(), "DOCUMENT_STATE")),
        ("dated", day(document.issue_date.as_ref())),
        ("received", day(document.receive_date.as_ref())),
        ("published", day(document.publish_date.as_ref())),
        ("published in", document.publish_place.clone()),
        ("directive", String::from_utf8_lossy(&document.directive).into_owned()),
        ("paper", document.paper.clone()),
        ("registrar", document.registrar.clone()),
        ("confirmer", document.confirmer.clone()),
        ("confirmed", instant(document.confirm_time.as_ref())),
        ("applied", if document.applied == 0 { String::new() } else { document.applied.to_string() }),
        ("digest", digest(&document.digest)),
    ];
    for fault in &document.faults {
        rows.push(("fault", format!("row={},column={}: {}: {}", fault.row, fault.column, fault.code, fault.message)));
    }
    facts(rows)
}
