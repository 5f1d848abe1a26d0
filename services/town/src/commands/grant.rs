//! `townlink grant`: what the county handed to the town, and the imports by hand.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comfy_table::Table;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::receiver::v1::Fault;
use vocabulary::time::parse_date;
use vocabulary::{Date, DocumentNumber, Sm3Digest};

use crate::catalogue::{GrantTerms, grants_csv};
use crate::cli::Context;
use crate::commands::listing::Page;
use crate::connection::{Connection, Grants, call, pages};
use crate::files::read;
use crate::names::{abbreviate, find};
use crate::output::{day, digest, facts, instant, short, table};
use crate::problem::{No, Problem};

mod evaluate;

const IMPORT_EXAMPLES: &str = "\
Grants come with the county's paper, as its annex. By hand they are imported only where the document is registered \
already (`townlink document register`); the import stays a draft until a second person confirms it.

Examples:
  townlink --as person/registrar grant import grants.csv
  townlink --as person/registrar grant import grants.json
  townlink --as person/confirmer grant confirm 3f2a";

const CATALOGUE_EXAMPLES: &str = "\
One row for each power of `data/` that the town may hold: 664 penalties, their 40 coercive measures, 108 of 135 \
approvals, 170 services. The other 27 approvals stay with stationed county bodies (26) or are forwarded to the county \
(1).

Examples:
  townlink grant catalogue --document 昆政发〔2026〕5号 --from 2026-04-01 \\
      --published 2026-03-02 --place 昆山市人民政府网站 -o grants.csv
  townlink grant catalogue --document 昆政发〔2026〕6号 --from 2026-05-01 --only PP-URB-0001";

/// Grants: what the county handed to the town.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List grants
    List(List),
    /// Show one grant
    Show(Show),
    /// Tell the history of a power: every version of its grants, as recorded
    History(History),
    /// List imports, newest first
    Imports(Imports),
    /// Record what an evaluation found of a grant, and when the next is due
    #[command(after_help = evaluate::EXAMPLES)]
    Evaluate(evaluate::Evaluate),
    /// Import grants, CSV or JSON, as a draft
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(Import),
    /// Confirm an import of powers or grants, as the second person
    #[command(after_help = IMPORT_EXAMPLES)]
    Confirm(Confirm),
    /// Write the annex of a grant document for all that the town may hold; needs no town
    #[command(after_help = CATALOGUE_EXAMPLES)]
    Catalogue(Catalogue),
}

/// Lists grants.
#[derive(Debug, Args)]
pub struct List {
    /// Only grants of this power
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    power: String,
    /// Only grants of this document
    #[arg(long, value_name = "NUMBER", default_value = "", hide_default_value = true)]
    document: String,
    #[command(flatten)]
    page: Page,
}

/// Shows a grant.
#[derive(Debug, Args)]
pub struct Show {
    /// The grant, as `power check` names it: G-0001 or grants/G-0001
    grant: String,
}

/// Tells the history of a power.
#[derive(Debug, Args)]
pub struct History {
    /// The power, by its code
    power: String,
    #[command(flatten)]
    page: Page,
}

/// Lists imports.
#[derive(Debug, Args)]
pub struct Imports {
    #[command(flatten)]
    page: Page,
}

/// Imports grants.
#[derive(Debug, Args)]
pub struct Import {
    /// The file in UTF-8: CSV, or a JSON array of objects with the same names
    file: PathBuf,
    /// Why grants are corrected, where the file corrects some
    #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
    correction_reason: String,
}

/// Confirms an import.
#[derive(Debug, Args)]
pub struct Confirm {
    /// The import: the file that was imported, or the beginning of its id
    import: String,
}

/// Writes the annex of a grant document.
#[derive(Debug, Args)]
pub struct Catalogue {
    /// The number of the document, such as 昆政发〔2026〕5号
    #[arg(long, value_name = "NUMBER")]
    document: DocumentNumber,
    /// The first day of the grants
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    from: Date,
    /// The first day on which they are no longer in force [default: open]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    to: Option<Date>,
    /// The day on which the document is published
    #[arg(long, value_name = "DATE", value_parser = parse_date, requires = "place")]
    published: Option<Date>,
    /// Where it is published
    #[arg(long, requires = "published")]
    place: Option<String>,
    /// The batch; 1 is the first (第一批)
    #[arg(long, default_value_t = 1)]
    batch: u32,
    /// Only this power; may be given several times
    #[arg(long, value_name = "CODE")]
    only: Vec<String>,
    /// The file to write [default: standard output]
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    match command {
        Command::Catalogue(asked) => {
            let terms = GrantTerms {
                document: asked.document,
                from: asked.from,
                to: asked.to,
                published: asked.published.zip(asked.place),
                batch: asked.batch,
                only: asked.only,
            };
            super::write_or_print(&grants_csv(&terms), asked.output.as_deref(), context)
        }
        Command::Evaluate(asked) => evaluate::run(asked, context).await,
        Command::Import(asked) => {
            let csv = read(&asked.file)?.into();
            let mut client = Connection::open(context, None)?.grants()?;
            let request_id = context.request().to_string();
            let request = pb::ImportGrantsRequest { request_id, csv, correction_reason: asked.correction_reason };
            let import = call("office, ImportGrants", Some(context.request()), client.import_grants(request)).await?;
            told_import(&import, context)
        }
        Command::Confirm(asked) => {
            let mut client = Connection::open(context, None)?.grants()?;
            let name = import_name(&asked.import, &client).await?;
            let request =
                pb::ConfirmImportRequest { request_id: context.request().to_string(), name, etag: String::new() };
            let import = call("office, ConfirmImport", Some(context.request()), client.confirm_import(request)).await?;
            told_import(&import, context)
        }
        Command::Show(asked) => {
            let mut client = Connection::open(context, Some(super::READER))?.grants()?;
            let name = if asked.grant.contains('/') { asked.grant } else { format!("grants/{}", asked.grant) };
            let grant = call("office, GetGrant", None, client.get_grant(pb::GetGrantRequest { name })).await?;
            context.output.message(&grant, show)
        }
        Command::List(asked) => list(asked, context).await,
        Command::History(asked) => history(&asked, context).await,
        Command::Imports(asked) => {
            let client = Connection::open(context, Some(super::READER))?.grants()?;
            let (imports, next_page_token) = imports(&client, asked.page.limit).await?;
            context.output.message(&pb::ListImportsResponse { imports, next_page_token }, |list| {
                let mut table =
                    table(&["IMPORT", "TYPE", "STATE", "ROWS", "APPLIED", "REGISTRAR", "CONFIRMER", "DRAFTED"]);
                for import in &list.imports {
                    table.add_row([
                        abbreviate(&import.name),
                        short(import.r#type().as_str_name(), "IMPORT_TYPE"),
                        short(import.state().as_str_name(), "IMPORT_STATE"),
                        import.rows.to_string(),
                        import.applied.to_string(),
                        import.registrar.clone(),
                        import.confirmer.clone(),
                        instant(import.draft_time.as_ref()),
                    ]);
                }
                table
            })
        }
    }
}

async fn list(asked: List, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, Some(super::READER))?.grants()?;
    let (grants, next_page_token) = pages(asked.page.limit, |page_size, page_token| {
        let mut client = client.clone();
        let (power_code, document_number) = (asked.power.clone(), asked.document.clone());
        async move {
            let request = pb::ListGrantsRequest { page_size, page_token, power_code, document_number };
            let page = call("office, ListGrants", None, client.list_grants(request)).await?;
            Ok((page.grants, page.next_page_token))
        }
    })
    .await?;
    context.output.message(&pb::ListGrantsResponse { grants, next_page_token }, |list| {
        let mut table = table(&["GRANT", "POWER", "HANDLER", "MODE", "DOCUMENT", "CLAUSE", "FROM", "TO", "STATE"]);
        for grant in &list.grants {
            table.add_row([
                grant.name.strip_prefix("grants/").unwrap_or(&grant.name).to_owned(),
                grant.power_code.clone(),
                grant.handler.clone(),
                short(grant.mode().as_str_name(), "GRANT_MODE"),
                grant.document_number.clone(),
                grant.clause.clone(),
                day(grant.from.as_ref()),
                day(grant.to.as_ref()),
                short(grant.state().as_str_name(), "GRANT_STATE"),
            ]);
        }
        table
    })
}

async fn history(asked: &History, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, Some(super::READER))?.grants()?;
    let (versions, next_page_token) = pages(asked.page.limit, |page_size, page_token| {
        let mut client = client.clone();
        let power_code = asked.power.clone();
        async move {
            let request = pb::ListGrantVersionsRequest { page_size, page_token, power_code };
            let page = call("office, ListGrantVersions", None, client.list_grant_versions(request)).await?;
            Ok((page.versions, page.next_page_token))
        }
    })
    .await?;
    context.output.message(&pb::ListGrantVersionsResponse { versions, next_page_token }, |list| {
        let mut table = table(&["RECORDED", "CHANGE", "GRANT", "HANDLER", "DOCUMENT", "FROM", "TO", "ENDED BY"]);
        for version in &list.versions {
            let grant = version.grant.clone().unwrap_or_default();
            table.add_row([
                instant(grant.record_time.as_ref()),
                short(version.change().as_str_name(), "GRANT_CHANGE"),
                grant.name.strip_prefix("grants/").unwrap_or(&grant.name).to_owned(),
                grant.handler.clone(),
                grant.document_number.clone(),
                day(grant.from.as_ref()),
                day(grant.to.as_ref()),
                grant.withdraw_document_number.clone(),
            ]);
        }
        table
    })
}

fn show(grant: &pb::Grant) -> Table {
    let cap = grant.scope_amount_cap_fen.map(|fen| format!("{fen} fen")).unwrap_or_default();
    let mut rows = vec![
        ("grant", grant.name.clone()),
        ("power", grant.power_code.clone()),
        ("holder", grant.holder.clone()),
        ("handler", grant.handler.clone()),
        ("mode", short(grant.mode().as_str_name(), "GRANT_MODE")),
        ("exercised in", short(grant.exercise_name().as_str_name(), "EXERCISE_NAME")),
        ("document", grant.document_number.clone()),
        ("clause", grant.clause.clone()),
        ("batch", grant.batch.to_string()),
        ("from", day(grant.from.as_ref())),
        ("to", day(grant.to.as_ref())),
        ("published", day(grant.publish_date.as_ref())),
        ("published in", grant.publish_place.clone()),
        ("basis", grant.basis_document_number.clone()),
        ("withdrawn by", grant.withdraw_document_number.clone()),
        ("area", grant.scope_area.clone()),
        ("cap", cap),
        ("target", grant.scope_target.clone()),
        ("supervisor", grant.supervisor.clone()),
        ("evaluation", day(grant.next_evaluation.as_ref())),
        ("state", short(grant.state().as_str_name(), "GRANT_STATE")),
        ("revision", grant.revision.to_string()),
        ("recorded", instant(grant.record_time.as_ref())),
    ];
    if let Some(last) = &grant.evaluation {
        let (result, on) = (short(last.result().as_str_name(), "EVALUATION_RESULT"), day(last.evaluate_date.as_ref()));
        rows.push(("evaluated", format!("{result} on {on} by {} {}", last.document_number, last.note)));
    }
    for suspension in &grant.suspensions {
        let (from, to) = (day(suspension.from.as_ref()), day(suspension.to.as_ref()));
        rows.push(("suspended", format!("{from} to {to} by {}", suspension.document_number)));
    }
    facts(rows)
}

async fn imports(client: &Grants, limit: usize) -> Result<(Vec<pb::Import>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        async move {
            let request = pb::ListImportsRequest { page_size, page_token };
            let page = call("office, ListImports", None, client.list_imports(request)).await?;
            Ok((page.imports, page.next_page_token))
        }
    })
    .await
}

async fn import_name(wanted: &str, client: &Grants) -> Result<String, Problem> {
    if wanted.contains('/') {
        return Ok(wanted.to_owned());
    }
    let (imports, _) = imports(client, usize::MAX).await?;
    // A file that was imported names its import: what it says is what is confirmed.
    if Path::new(wanted).is_file() {
        let digest = Sm3Digest::of(&read(Path::new(wanted))?);
        let of_file = imports.iter().find(|import| import.file_digest == digest.as_bytes().as_slice());
        return of_file.map(|import| import.name.clone()).ok_or_else(|| {
            Problem::usage(
                format!("{wanted} was not imported as it is now"),
                "import it first, or name the import by its id",
            )
        });
    }
    find(wanted, imports.iter().map(|import| import.name.as_str()))
}

/// Tells what became of an import. One that was refused for its rows is printed, and is a refusal all the same.
pub fn told_import(import: &pb::Import, context: &Context) -> Result<(), Problem> {
    context.output.message(import, |import| {
        facts([
            ("import", import.name.clone()),
            ("type", short(import.r#type().as_str_name(), "IMPORT_TYPE")),
            ("state", short(import.state().as_str_name(), "IMPORT_STATE")),
            ("rows", import.rows.to_string()),
            ("applied", import.applied.to_string()),
            ("registrar", import.registrar.clone()),
            ("confirmer", import.confirmer.clone()),
            ("file SM3", digest(&import.file_digest)),
        ])
    })?;
    if import.state() == pb::ImportState::Refused {
        let message = format!("{} of {} rows are bad; nothing took effect", bad_rows(&import.faults), import.rows);
        return Err(refused_rows("office", message, &import.faults));
    }
    Ok(())
}

fn bad_rows(faults: &[Fault]) -> usize {
    let mut rows: Vec<_> = faults.iter().map(|fault| fault.row).collect();
    rows.dedup();
    rows.len()
}

/// A refusal for bad rows, each told.
pub fn refused_rows(place: &str, message: String, faults: &[Fault]) -> Problem {
    let ground = runtime::refusal::ground(townlink_proto::townlink::errors::v1::ErrorReason::AuImport);
    let violations = faults.iter().map(|fault| runtime::refusal::SeenViolation {
        field: format!("row={},column={}", fault.row, fault.column),
        code: fault.code.clone(),
        message: fault.message.clone(),
    });
    let refusal = runtime::refusal::SeenRefusal {
        reason: ground.reason.to_owned(),
        code: ground.code.clone(),
        law: ground.law.clone(),
        message,
        remedy: "请逐行更正后重新提交；本次未产生任何效力".to_owned(),
        violations: violations.collect(),
        ..Default::default()
    };
    Problem::Refused { place: place.to_owned(), kind: No::Refused, refusal: Box::new(refusal) }
}
