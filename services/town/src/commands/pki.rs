//! `townlink pki`: a development authority and its identities. In production the town's own authority issues certificates.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use runtime::caller::Cell;
use runtime::pki::{Authority, IdentityFiles};
use serde_json::json;

use crate::cli::Context;
use crate::development::{CELL, VALIDITY, issue, peer};
use crate::files::at_file;
use crate::output::{render, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
`townlink up` makes all this by itself at its first start. Private keys are readable by their owner only.

Examples:
  townlink pki init
  townlink pki issue person/relay-clerk-2
  townlink pki issue service/office --name office.town.example --name 10.0.0.7
  townlink pki list";

/// Certificates of a development town.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the authority of a development town
    #[command(after_help = EXAMPLES)]
    Init(Init),
    /// Issue a certificate for an identity
    #[command(after_help = EXAMPLES)]
    Issue(Issue),
    /// List the identities that there are certificates for
    #[command(after_help = EXAMPLES)]
    List,
}

/// Makes the authority.
#[derive(Debug, Args)]
pub struct Init {
    /// The name of the cell, the trust domain of every identity
    #[arg(long, default_value = CELL)]
    cell: String,
}

/// Issues a certificate.
#[derive(Debug, Args)]
pub struct Issue {
    /// The identity: person/…, county/…, auditor/…, operator/… or service/…
    identity: String,
    /// A DNS name or IP address at which the holder serves; may be given several times
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// The name of the cell
    #[arg(long, default_value = CELL)]
    cell: String,
}

fn cell(name: &str) -> Result<Cell, Problem> {
    Cell::parse(name).map_err(|error| Problem::usage(error, "name the cell, such as zhangpu.kunshan"))
}

/// Runs the command.
pub fn run(command: &Command, context: &Context) -> Result<(), Problem> {
    let folder = context.data_dir.join("pki");
    let remedy = "`townlink pki init` makes an authority in the data directory";
    match command {
        Command::Init(asked) => {
            let authority = Authority::create(&folder, &cell(&asked.cell)?, VALIDITY)
                .map_err(|error| Problem::usage(error, "name another data directory with --data-dir"))?;
            told(authority.certificate(), context)
        }
        Command::Issue(asked) => {
            let cell = cell(&asked.cell)?;
            let authority = Authority::open(&folder, &cell).map_err(|error| Problem::usage(error, remedy))?;
            let holder = peer(&asked.identity, &cell)?;
            let name = asked.identity.strip_prefix("service/").unwrap_or(&asked.identity);
            let files = IdentityFiles::in_folder(&folder, name);
            if files.certificate.exists() {
                return Err(Problem::usage(
                    format!("{} exists already", files.certificate.display()),
                    "move it away to make a new one",
                ));
            }
            issue(&files, &authority, &holder, &asked.names)?;
            told(&files.certificate, context)
        }
        Command::List => {
            let identities = list(&folder)?;
            context.output.value(&json!({ "identities": identities }), || {
                let mut table = table(&["IDENTITY"]);
                for identity in &identities {
                    table.add_row([identity]);
                }
                render(&table)
            })
        }
    }
}

fn told(file: &Path, context: &Context) -> Result<(), Problem> {
    let file = crate::files::told(file);
    context.output.value(&json!({ "certificate": file }), || format!("wrote {file}"))
}

/// The identities of a folder, by name: `<kind>/<name>.pem` with a key beside it.
fn list(folder: &Path) -> Result<Vec<String>, Problem> {
    let mut found = Vec::new();
    for kind in ["auditor", "citizen", "county", "operator", "person"] {
        let kind_folder: PathBuf = folder.join(kind);
        if !kind_folder.is_dir() {
            continue;
        }
        for entry in at_file(&kind_folder, std::fs::read_dir(&kind_folder))? {
            let path = at_file(&kind_folder, entry)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".pem"));
            found.extend(name.map(|name| format!("{kind}/{name}")));
        }
    }
    found.sort();
    if found.is_empty() {
        let remedy = "`townlink up` makes the identities of a development town";
        return Err(Problem::usage(format!("{} holds no identities", folder.display()), remedy));
    }
    Ok(found)
}
