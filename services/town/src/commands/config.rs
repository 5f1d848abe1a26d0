//! `townlink config`: the settings of a town, checked, with where each comes from.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::Context;
use crate::compose;
use crate::output::{render, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
Settings come from the program's defaults, then the file (townlink.toml of the data directory), then the environment: \
services.office.listen is TOWNLINK__SERVICES__OFFICE__LISTEN. Secrets are masked.

Examples:
  townlink config check
  townlink config check --config /etc/townlink.toml";

/// The configuration of a town.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the settings, and show each with where it comes from
    #[command(after_help = EXAMPLES)]
    Check(Check),
}

/// Checks the settings.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    file: compose::ConfigFile,
}

/// Runs the command.
pub fn run(command: &Command, context: &Context) -> Result<(), Problem> {
    let Command::Check(asked) = command;
    let shown = compose::show(&asked.file, &context.data_dir)?;
    context.output.value(&json!({ "settings": shown }), || {
        let mut table = table(&["SETTING", "VALUE", "FROM"]);
        for it in &shown {
            table.add_row([&it.key, &shortened(&it.value), &it.origin]);
        }
        render(&table)
    })
}

/// How much of a value a table shows; `--json` shows all.
const SHOWN_LENGTH: usize = 60;

fn shortened(value: &str) -> String {
    if value.chars().count() <= SHOWN_LENGTH {
        return value.to_owned();
    }
    value.chars().take(SHOWN_LENGTH).chain(['…']).collect()
}
