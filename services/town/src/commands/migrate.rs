//! `townlink migrate`: brings the databases of a configured town to this version, before new processes are rolled out.

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::compose;
use crate::problem::Problem;

const EXAMPLES: &str = "\
Examples:
  townlink migrate
  townlink migrate office --config /etc/townlink.toml";

/// Bring the databases of a configured town to this version.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Migrate {
    /// The services whose databases are meant [default: all]
    services: Vec<String>,
    #[command(flatten)]
    file: compose::ConfigFile,
}

/// Runs the command.
pub fn run(command: Migrate, context: &Context) -> Result<(), Problem> {
    let loaded = compose::load(&command.file, &context.data_dir, Vec::new())?;
    let blueprints =
        if command.services.is_empty() { compose::BLUEPRINTS.to_vec() } else { compose::named(&command.services)? };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(compose::migrate(&loaded.settings, &blueprints))?;
    let names: Vec<_> = blueprints.iter().map(|blueprint| blueprint.name.to_string()).collect();
    context.output.value(&json!({ "migrated": names }), || format!("up to date: {}", names.join(", ")))
}
