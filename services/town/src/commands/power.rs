//! `townlink power`: what the law provides, and who holds it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use comfy_table::Table;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::time::parse_date;
use vocabulary::{Date, Timestamp};

use crate::catalogue;
use crate::cli::Context;
use crate::commands::listing::Page;
use crate::connection::{Connection, call, pages};
use crate::files::read;
use crate::names::{parse_instant, wire_day, wire_instant};
use crate::output::{day, facts, short, table};
use crate::problem::{No, Problem};

mod evaluation;
mod history;
mod public;

const CHECK_EXAMPLES: &str = "\
The answer is one of YES, WRONG_INSTITUTION, NO_GRANT, NOT_YET, ENDED, SUSPENDED, NOT_PUBLISHED, BASIS_GAP, \
OUT_OF_SCOPE. Any answer is an answer: the exit code is 0. With --holds-or-fail anything but YES is exit code 3, for \
scripts.

Examples:
  townlink power check ENFORCEMENT PP-URB-0001 --date 2026-04-01
  townlink power check ENFORCEMENT PP-URB-0001 --date 2026-04-01 --as-known-at 2026-03-05
  townlink power check SERVICE 511A0138000000-511602000000-000-115113010833722043-1-00 \\
      --amount-fen 500000";

const IMPORT_EXAMPLES: &str = "\
The whole file takes effect or none of it, and only after a second person confirmed it: `townlink grant confirm`.

Examples:
  townlink power catalogue -o powers.csv
  townlink --as person/registrar power import powers.csv
  townlink --as person/registrar power import powers.json
  townlink --as person/confirmer grant confirm 3f2a";

/// Powers: what the law provides, and who holds it.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Does an institution hold a power on a date, and under which document and clause?
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Check),
    /// List powers
    List(List),
    /// Show one power
    Show(Show),
    /// Count powers by kind: in the catalogue, and held
    Count(Count),
    /// Tell which powers are held differently on two dates
    Diff(Diff),
    /// Tell what happened to a power: wordings, grants, decisions of the province
    #[command(after_help = history::EXAMPLES)]
    History(history::Asked),
    /// List the documents of a power, and what each did
    #[command(after_help = history::EXAMPLES)]
    Documents(history::Asked),
    /// Show the public list: what is published and in force (权力清单)
    #[command(after_help = public::EXAMPLES)]
    Public(public::Public),
    /// Write the public list as a file, CSV or JSON
    #[command(after_help = public::EXAMPLES)]
    Export(public::Export),
    /// List the grants that are to be evaluated
    #[command(after_help = evaluation::EXAMPLES)]
    Evaluations(evaluation::Evaluations),
    /// Import a power catalogue, CSV or JSON, as a draft
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(Import),
    /// Write the power catalogue that `data/` makes; needs no town
    #[command(after_help = IMPORT_EXAMPLES)]
    Catalogue(Catalogue),
}

/// Asks who holds a power.
#[derive(Debug, Args)]
pub struct Check {
    /// The institution, such as ENFORCEMENT
    institution: String,
    /// The power, by its code
    power: String,
    /// The date of the act [default: today, by the town's clock]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Option<Date>,
    /// The place of the act
    #[arg(long, default_value = "", hide_default_value = true)]
    place: String,
    /// The amount in question, in fen
    #[arg(long)]
    amount_fen: Option<i64>,
    /// The class of the person or firm that the act is towards
    #[arg(long, default_value = "", hide_default_value = true)]
    target: String,
    /// Answer with the register as it was recorded at that moment
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    as_known_at: Option<Timestamp>,
    /// Exit with 3 unless the answer is YES
    #[arg(long)]
    holds_or_fail: bool,
}

/// Lists powers.
#[derive(Debug, Args)]
pub struct List {
    /// Only this kind, two digits: 01 许可, 02 处罚, 03 强制, 20 公共服务 …
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// Only this field, such as URBAN
    #[arg(long, default_value = "", hide_default_value = true)]
    field: String,
    /// Only powers that this institution holds on the date
    #[arg(long, value_name = "INSTITUTION", default_value = "", hide_default_value = true)]
    held_by: String,
    /// The date [default: today, by the town's clock]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Option<Date>,
    #[command(flatten)]
    page: Page,
}

/// Shows a power.
#[derive(Debug, Args)]
pub struct Show {
    /// The power, by its code
    power: String,
    /// The date whose version is shown [default: today, by the town's clock]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Option<Date>,
}

/// Counts powers.
#[derive(Debug, Args)]
pub struct Count {
    /// The date [default: today, by the town's clock]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Option<Date>,
    /// Only grants of this batch; 1 is the first (第一批)
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    batch: i32,
}

/// Tells which powers are held differently.
#[derive(Debug, Args)]
pub struct Diff {
    /// The first date
    #[arg(value_parser = parse_date)]
    before: Date,
    /// The second date [default: today, by the town's clock]
    #[arg(value_parser = parse_date)]
    after: Option<Date>,
    #[command(flatten)]
    page: Page,
}

/// Imports a power catalogue.
#[derive(Debug, Args)]
pub struct Import {
    /// The file in UTF-8: CSV, or a JSON array of objects with the same names
    file: PathBuf,
    /// From when powers that changed are valid in their new version [default: today, by the town's clock]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    valid_from: Option<Date>,
}

/// Writes the power catalogue.
#[derive(Debug, Args)]
pub struct Catalogue {
    /// The file to write [default: standard output]
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    match command {
        Command::Catalogue(asked) => super::write_or_print(&catalogue::powers_csv(), asked.output.as_deref(), context),
        Command::History(asked) => history::history(&asked, context).await,
        Command::Documents(asked) => history::documents(&asked, context).await,
        Command::Public(asked) => public::list(&asked, context).await,
        Command::Export(asked) => public::export(&asked, context).await,
        Command::Evaluations(asked) => evaluation::list(&asked, context).await,
        Command::Import(asked) => import(asked, context).await,
        Command::Check(asked) => check(asked, context).await,
        Command::List(asked) => list(asked, context).await,
        Command::Diff(asked) => diff(&asked, context).await,
        Command::Show(asked) => {
            let mut client = Connection::open(context, Some(super::READER))?.powers()?;
            let asked = pb::GetPowerRequest { name: format!("powers/{}", asked.power), date: asked.date.map(wire_day) };
            let power = call("office, GetPower", None, client.get_power(asked)).await?;
            context.output.message(&power, show)
        }
        Command::Count(asked) => {
            let mut client = Connection::open(context, Some(super::READER))?.powers()?;
            let asked = pb::CountPowersRequest { date: asked.date.map(wire_day), batch: asked.batch };
            let counts = call("office, CountPowers", None, client.count_powers(asked)).await?;
            context.output.message(&counts, |counts| {
                let mut table = table(&["KIND", "NAME", "IN CATALOGUE", "HELD"]);
                for count in &counts.counts {
                    let name =
                        vocabulary::PowerKind::parse(&count.kind).map(vocabulary::PowerKind::name).unwrap_or_default();
                    table.add_row([
                        count.kind.clone(),
                        name.to_owned(),
                        count.in_catalogue.to_string(),
                        count.held.to_string(),
                    ]);
                }
                table
            })
        }
    }
}

async fn check(asked: Check, context: &Context) -> Result<(), Problem> {
    let mut client = Connection::open(context, Some(super::READER))?.powers()?;
    let request = pb::HoldsRequest {
        institution: asked.institution.clone(),
        power_code: asked.power.clone(),
        date: asked.date.map(wire_day),
        place: asked.place,
        amount_fen: asked.amount_fen,
        as_known_at: asked.as_known_at.map(wire_instant),
        target: asked.target,
    };
    let answer = call("office, Holds", None, client.holds(request)).await?;
    context.output.message(&answer, show_answer)?;
    if asked.holds_or_fail && answer.result() != pb::HoldsResult::Yes {
        let ground = runtime::refusal::ground(townlink_proto::townlink::errors::v1::ErrorReason::OvNoGrant);
        let refusal = runtime::refusal::SeenRefusal {
            code: ground.code.clone(),
            law: ground.law.clone(),
            message: format!("{} does not hold {}: {}", asked.institution, asked.power, result(&answer)),
            remedy: "该事项当日不可由该机构行使，请核对下放文件、公布情况与省级依据".to_owned(),
            ..Default::default()
        };
        return Err(Problem::Refused {
            place: "office, Holds".to_owned(),
            kind: No::Refused,
            refusal: Box::new(refusal),
        });
    }
    Ok(())
}

fn result(answer: &pb::HoldsResponse) -> String {
    short(answer.result().as_str_name(), "HOLDS_RESULT")
}

fn show_answer(answer: &pb::HoldsResponse) -> Table {
    facts([
        ("answer", result(answer)),
        ("grant", answer.grant.clone()),
        ("document", answer.document_number.clone()),
        ("clause", answer.clause.clone()),
        ("mode", short(answer.mode().as_str_name(), "GRANT_MODE")),
        ("exercised in", short(answer.exercise_name().as_str_name(), "EXERCISE_NAME")),
        ("from", day(answer.from.as_ref())),
        ("to", day(answer.to.as_ref())),
        ("supervisor", answer.supervisor.clone()),
        ("basis", answer.basis_document_number.clone()),
        ("ended by", answer.end_document_number.clone()),
        ("warning", answer.warning.clone()),
        ("revision", answer.revision.to_string()),
    ])
}

async fn list(asked: List, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, Some(super::READER))?.powers()?;
    let (powers, next_page_token) = pages(asked.page.limit, |page_size, page_token| {
        let mut client = client.clone();
        let request = pb::ListPowersRequest {
            page_size,
            page_token,
            kind: asked.kind.clone(),
            field: asked.field.clone(),
            held_by: asked.held_by.clone(),
            date: asked.date.map(wire_day),
        };
        async move {
            let page = call("office, ListPowers", None, client.list_powers(request)).await?;
            Ok((page.powers, page.next_page_token))
        }
    })
    .await?;
    context.output.message(&pb::ListPowersResponse { powers, next_page_token }, |list| {
        let mut table = table(&["CODE", "KIND", "FIELD", "DEPARTMENT", "TITLE"]);
        for power in &list.powers {
            let code = power.name.strip_prefix("powers/").unwrap_or(&power.name);
            table.add_row([code, &power.kind, &power.field, &power.origin_department, &power.title]);
        }
        table
    })
}

async fn diff(asked: &Diff, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, Some(super::READER))?.powers()?;
    let (differences, next_page_token) = pages(asked.page.limit, |page_size, page_token| {
        let mut client = client.clone();
        let (before, after) = (Some(wire_day(asked.before)), asked.after.map(wire_day));
        async move {
            let request = pb::DiffPowersRequest { page_size, page_token, before, after };
            let page = call("office, DiffPowers", None, client.diff_powers(request)).await?;
            Ok((page.differences, page.next_page_token))
        }
    })
    .await?;
    context.output.message(&pb::DiffPowersResponse { differences, next_page_token }, |list| {
        let mut table = table(&["CODE", "INSTITUTION", "BEFORE", "AFTER", "GRANT"]);
        for it in &list.differences {
            table.add_row([
                it.power_code.clone(),
                it.institution.clone(),
                short(it.before().as_str_name(), "HOLDS_RESULT"),
                short(it.after().as_str_name(), "HOLDS_RESULT"),
                it.grant.clone(),
            ]);
        }
        table
    })
}

fn show(power: &pb::Power) -> Table {
    let kind = vocabulary::PowerKind::parse(&power.kind).map(vocabulary::PowerKind::name).unwrap_or_default();
    let mut rows = vec![
        ("code", power.name.strip_prefix("powers/").unwrap_or(&power.name).to_owned()),
        ("title", power.title.clone()),
        ("kind", format!("{} {kind}", power.kind)),
        ("field", power.field.clone()),
        ("department", power.origin_department.clone()),
        ("measures", power.measures.join("、")),
        ("related to", power.related_to.join(" ")),
        ("valid from", day(power.valid_from.as_ref())),
    ];
    rows.extend(power.bases.iter().map(|basis| ("basis", basis_text(basis))));
    for act in &power.acts {
        rows.push(("act", act.act.clone()));
        rows.extend(act.violation_bases.iter().map(|basis| ("duty", basis_text(basis))));
        rows.push(("penalties", act.penalty_kinds.join("、")));
        rows.push(("fine", fine(act.fine.as_ref())));
        rows.push(("organisation", fine(act.organisation_fine.as_ref())));
        rows.push(("rule", act.fine_rule.clone()));
    }
    facts(rows)
}

fn basis_text(basis: &pb::Basis) -> String {
    format!("{} {} ({})", basis.title, basis.article, basis.level)
}

fn fine(range: Option<&pb::FineRange>) -> String {
    range.map(|range| format!("{} to {} yuan", range.min_yuan, range.max_yuan)).unwrap_or_default()
}

async fn import(asked: Import, context: &Context) -> Result<(), Problem> {
    let csv = read(&asked.file)?.into();
    let mut client = Connection::open(context, None)?.grants()?;
    let request = pb::ImportPowersRequest {
        request_id: context.request().to_string(),
        csv,
        valid_from: asked.valid_from.map(wire_day),
    };
    let import = call("office, ImportPowers", Some(context.request()), client.import_powers(request)).await?;
    super::grant::told_import(&import, context)
}
