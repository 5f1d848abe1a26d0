//! The command line: what can be typed, and where each command goes.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use vocabulary::RequestId;

use crate::commands::{
    calendar, clock, config, coordination, demo, dispatch, doctor, document, grant, guidance, inbox, key, log, migrate,
    opinion, pki, power, refusal, relay, roster, serve, supervise, up, verify,
};
use crate::output::{Output, Reader};
use crate::problem::Problem;

/// A town that holds county powers, joined to its county: papers, powers, proofs.
#[derive(Debug, Parser)]
#[command(name = "townlink", version, arg_required_else_help = true, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Start here:
  # the whole story on real data, checked, in a temporary directory
  townlink demo
  # a town on this machine, in ./townlink-data; ctrl-c ends it
  townlink up
  # act as a person of the town's roster
  townlink --as person/registrar power import FILE
  # act as the county government
  townlink --as county/government relay list

Exit codes:
  0  done
  1  the machine could not, or the doctor found something wrong
  2  the command was not understood, or a field of it is malformed
  3  the town said no: the code, the law and the remedy (办法) are printed; or it has no such thing
  4  a service is away; a command that changes something can be repeated with --request-id
  5  a signature, a digest or a proof does not hold

`townlink help COMMAND` shows each command with examples.";

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// Who acts: person/…, county/…, auditor/… or operator/…, as `townlink pki list` shows them
    #[arg(long = "as", value_name = "IDENTITY", env = "TOWNLINK_AS", hide_env_values = true, global = true)]
    identity: Option<String>,
    /// The data directory of the town; its ready.json tells addresses and certificates
    #[arg(
        long,
        value_name = "DIR",
        env = "TOWNLINK_DATA_DIR",
        hide_env_values = true,
        default_value = "townlink-data",
        global = true
    )]
    data_dir: PathBuf,
    /// Print JSON for programs instead of tables for people
    #[arg(long, action = ArgAction::SetTrue, global = true)]
    json: bool,
    /// Repeat a command that changes something: the id that the first attempt printed (UUID)
    #[arg(long, value_name = "UUID", value_parser = RequestId::parse, global = true)]
    request_id: Option<RequestId>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a whole town on this machine
    Up(up::Up),
    /// Play the story of the README on real data, and check every step
    Demo(demo::Demo),
    /// Serve some services of a configured town (production)
    Serve(serve::Serve),
    /// Bring the databases of a configured town to this version
    Migrate(migrate::Migrate),
    /// Say what is wrong with a town: which party, which rule, and the remedy (办法)
    Doctor(doctor::Doctor),
    /// The configuration of a town
    #[command(subcommand)]
    Config(config::Command),
    /// Certificates of a development town
    #[command(subcommand)]
    Pki(pki::Command),
    /// Keys of those who sign papers, and of the town
    #[command(subcommand)]
    Key(key::Command),
    /// Papers between a county department and the town (公文传递)
    #[command(subcommand, visible_alias = "paper")]
    Relay(relay::Command),
    /// Papers in the town, as its institutions work them (收文)
    #[command(subcommand)]
    Inbox(inbox::Command),
    /// Papers that the town sends, from draft to close (发文)
    #[command(subcommand)]
    Dispatch(dispatch::Command),
    /// Guidance of the back office to the front desk, and objections (政策指导)
    #[command(subcommand)]
    Guidance(guidance::Command),
    /// What institutions tell and ask each other beside guidance (工作信息、线索、会商)
    #[command(subcommand)]
    Coordination(coordination::Command),
    /// Documents by which powers are handed down and taken back (政府文件)
    #[command(subcommand)]
    Document(document::Command),
    /// Powers: what the law provides, and who holds it (权力事项)
    #[command(subcommand)]
    Power(power::Command),
    /// Grants: what the county handed to the town (下放关系)
    #[command(subcommand)]
    Grant(grant::Command),
    /// Who may do what in the town (岗位角色)
    #[command(subcommand)]
    Roster(roster::Command),
    /// Supervision of the front desk, and calling to account (监督问责)
    #[command(subcommand)]
    Supervise(supervise::Command),
    /// Joint reviews: the opinions of several institutions on one application (组团审批)
    #[command(subcommand)]
    Opinion(opinion::Command),
    /// What the town said no to, for those who supervise (监督)
    #[command(subcommand)]
    Refusal(refusal::Command),
    /// The public log of everything that was done
    #[command(subcommand)]
    Log(log::Command),
    /// Check a receipt, a proof or an exported log, offline
    Verify(verify::Verify),
    /// Time limits by the official calendar; needs no town
    #[command(subcommand)]
    Calendar(calendar::Command),
    /// The town's clock, which a development town can move by hand
    #[command(subcommand)]
    Clock(clock::Command),
}

/// What a command works with.
#[derive(Debug)]
pub struct Context {
    /// The data directory of the town.
    pub data_dir: PathBuf,
    /// Who acts, where it was said.
    pub identity: Option<String>,
    /// Where to print.
    pub output: Output,
    request: RequestId,
}

impl Context {
    /// The id of this change, the same for every call of one command.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }
}

impl Cli {
    /// For whom the command prints.
    #[must_use]
    pub const fn reader(&self) -> Reader {
        if self.global.json { Reader::Program } else { Reader::Person }
    }
}

/// Runs a command.
pub fn run(cli: Cli) -> Result<(), Problem> {
    let output = Output::new(cli.reader());
    run_to(cli, output)
}

/// Runs a command whose output goes elsewhere.
pub fn run_to(cli: Cli, output: Output) -> Result<(), Problem> {
    let request = match cli.global.request_id {
        Some(given) => given,
        // A random id, since people abbreviate ids by their beginning, and those of one minute's v7 begin alike.
        None => RequestId::try_from(uuid::Uuid::new_v4()).map_err(|error| Problem::failed("this machine", error))?,
    };
    let Global { identity, data_dir, .. } = cli.global;
    // Files that are written name each other, and are read from other folders than this one.
    let data_dir = std::path::absolute(data_dir)?;
    let context = Context { data_dir, identity, output, request };
    match cli.command {
        Command::Up(command) => up::run(command, &context),
        Command::Demo(command) => demo::run(command, &context),
        Command::Serve(command) => serve::run(command, &context),
        Command::Migrate(command) => migrate::run(command, &context),
        Command::Config(command) => config::run(&command, &context),
        Command::Pki(command) => pki::run(&command, &context),
        Command::Doctor(command) => wait(doctor::run(command, &context)),
        Command::Verify(command) => verify::run(&command, &context),
        Command::Calendar(command) => calendar::run(&command, &context.output),
        Command::Key(command) => wait(key::run(command, &context)),
        Command::Relay(command) => wait(relay::run(command, &context)),
        Command::Inbox(command) => wait(inbox::run(command, &context)),
        Command::Dispatch(command) => wait(dispatch::run(command, &context)),
        Command::Guidance(command) => wait(guidance::run(command, &context)),
        Command::Coordination(command) => wait(coordination::run(command, &context)),
        Command::Document(command) => wait(document::run(command, &context)),
        Command::Power(command) => wait(power::run(command, &context)),
        Command::Grant(command) => wait(grant::run(command, &context)),
        Command::Roster(command) => wait(roster::run(command, &context)),
        Command::Supervise(command) => wait(supervise::run(command, &context)),
        Command::Opinion(command) => wait(opinion::run(command, &context)),
        Command::Refusal(command) => wait(refusal::run(command, &context)),
        Command::Log(command) => wait(log::run(command, &context)),
        Command::Clock(command) => wait(clock::run(command, &context)),
    }
}

/// A client command needs one thread.
fn wait(work: impl Future<Output = Result<(), Problem>>) -> Result<(), Problem> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
