//! `townlink demo`: the story of the README on real data, played against a town of its own and checked step by step.

use clap::Args;

use crate::cli::Context;
use crate::demo;
use crate::problem::Problem;

const EXAMPLES: &str = "\
Everything happens in a temporary directory, on free ports, so that two demonstrations can run at once. Each step \
shows what a person would type; any deviation ends the demonstration with a code other than 0.

Examples:
  townlink demo
  # one story alone
  townlink demo powers
  # the directory stays: go on by hand there
  townlink demo --keep
  # databases on a server instead of files
  townlink demo --postgres postgres://town@localhost/demo";

/// Play the story of the README on real data, and check every step.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// The stories to play; none: all of them, in order
    #[arg(value_enum)]
    stories: Vec<demo::Story>,
    /// Keep the directory, and tell where it is
    #[arg(long)]
    keep: bool,
    /// Keep the data on a PostgreSQL server, in databases whose names begin like the one in the address
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
}

/// Runs the command.
pub fn run(command: Demo, context: &Context) -> Result<(), Problem> {
    let after = if command.keep { demo::After::Keep } else { demo::After::Remove };
    demo::play(&command.stories, after, command.postgres.as_deref(), &context.output)
}
