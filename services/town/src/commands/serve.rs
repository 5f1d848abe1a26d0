//! `townlink serve`: some services of a configured town in this process. Others are reached over the network.

use clap::Args;
use runtime::serve::Schema;

use crate::cli::Context;
use crate::compose;
use crate::problem::Problem;

const EXAMPLES: &str = "\
The databases must be up to date (`townlink migrate`). The process ends on SIGTERM after the calls at hand are \
answered.

Examples:
  townlink serve office
  townlink serve gateway --config /etc/townlink.toml
  # several services in one process speak over pipes
  townlink serve office gateway";

/// Serve some services of a configured town.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    /// The services to serve
    #[arg(required = true, value_name = "SERVICE")]
    services: Vec<String>,
    #[command(flatten)]
    file: compose::ConfigFile,
}

/// Runs the command.
pub fn run(command: Serve, context: &Context) -> Result<(), Problem> {
    let blueprints = compose::named(&command.services)?;
    let loaded = compose::load(&command.file, &context.data_dir, Vec::new())?;
    super::up::log(&loaded.settings)?;
    super::up::in_threads(async {
        let running = compose::start(loaded, &blueprints, Schema::Keep).await?;
        super::up::until_signalled(running).await
    })
}
