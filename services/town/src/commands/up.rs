//! `townlink up`: a whole town in this process, for development, for the demo, and for a town of one machine.

use std::fs::{File, TryLockError};
use std::path::Path;

use clap::{Args, ValueEnum};
use runtime::config::{Environment, Settings};
use runtime::pki::files::create_private_folder;
use runtime::serve::{Running, Schema};
use serde_json::json;
use vocabulary::Timestamp;
use vocabulary::time::format_instant;

use crate::cli::Context;
use crate::compose;
use crate::connection::{READY_FILE, Ready};
use crate::development;
use crate::files::{at_file, write, write_private};
use crate::names::parse_instant;
use crate::output::{render, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
The first start makes the certificates, the keys, a roster of persons named by what they do, and townlink.toml, all in \
the data directory. Once the town serves, ready.json there tells where. What is typed here holds for this run, and at \
the first start is written into townlink.toml.

Examples:
  townlink up
  # time passes by `townlink clock advance` only
  townlink up --clock manual --start 2026-03-02T09:00:00+08:00
  # several towns at once
  townlink --data-dir /tmp/town up --ports auto
  # one database a service: townlink_office, townlink_gateway
  townlink up --postgres postgres://town@db/townlink";

/// Run a whole town on this machine.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Up {
    /// How the town's time passes
    #[arg(long, value_enum)]
    clock: Option<Clock>,
    /// The start of a manual clock
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant, requires = "clock")]
    start: Option<Timestamp>,
    /// The first of the ports on which the services listen, or `auto` for free ones
    #[arg(long, value_name = "PORT|auto", value_parser = ports)]
    ports: Option<Ports>,
    /// Keep the data on a PostgreSQL server, one database a service, created where it is missing
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// End when the standard input does: for a program that starts a town
    #[arg(long)]
    until_eof: bool,
}

/// How the town's time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Clock {
    /// With the machine's
    System,
    /// By hand: `townlink clock advance`
    Manual,
}

/// On which ports the services listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// Free ones.
    Auto,
    /// One after the other from here.
    From(u16),
}

/// The first port where none is named.
const PORT: u16 = 7_400;

/// The start of a manual clock where none is named: the first working day of the demonstration.
const START: &str = "2026-03-02T09:00:00+08:00";

fn ports(text: &str) -> Result<Ports, String> {
    if text == "auto" {
        return Ok(Ports::Auto);
    }
    text.parse().map(Ports::From).map_err(|_| "a port, or auto".to_owned())
}

/// Runs the command.
pub fn run(command: Up, context: &Context) -> Result<(), Problem> {
    let data_dir = &context.data_dir;
    at_file(data_dir, create_private_folder(data_dir))?;
    let _lock = lock(data_dir)?;
    let ready_file = data_dir.join(READY_FILE);
    // A file of an earlier run would send clients to whoever has its ports now.
    if ready_file.exists() {
        at_file(&ready_file, std::fs::remove_file(&ready_file))?;
    }
    let file = data_dir.join(compose::FILE);
    if !file.exists() {
        write_private(&file, first_settings(&command)?.as_bytes())?;
    }
    let loaded = compose::load(&compose::ConfigFile::default(), data_dir, settings_of(&command))?;
    log(&loaded.settings)?;
    make_identities(&loaded.settings)?;
    let settings = loaded.settings.clone();
    in_threads(async {
        make_databases(&settings).await?;
        let running = compose::start(loaded, &compose::BLUEPRINTS, Schema::Migrate).await?;
        let ready = compose::ready(&settings, &running.addresses())?;
        let text = serde_json::to_vec_pretty(&ready).map_err(|error| Problem::failed(READY_FILE, error))?;
        write(&ready_file, &text)?;
        told(&ready, context)?;
        let ended = until_told(running, command.until_eof).await;
        at_file(&ready_file, std::fs::remove_file(&ready_file))?;
        ended
    })
}

/// One town a data directory: a second process would write to the same databases.
fn lock(data_dir: &Path) -> Result<File, Problem> {
    let path = data_dir.join("lock");
    let file = at_file(&path, File::create(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Problem::usage(
            format!("a town runs in {} already", data_dir.display()),
            "end it, or name another directory with --data-dir",
        )),
        Err(TryLockError::Error(error)) => {
            Err(Problem::usage(format!("{}: {error}", path.display()), "name another directory"))
        }
    }
}

/// The settings file of a development town, as its first start writes it.
fn first_settings(command: &Up) -> Result<String, Problem> {
    let mut settings = toml::Table::new();
    settings.insert("cell".to_owned(), development::CELL.into());
    settings.insert("environment".to_owned(), "development".into());
    for (variable, value) in settings_of(command) {
        let path = variable.trim_start_matches("TOWNLINK__").to_lowercase();
        set(&mut settings, &path, value.into());
    }
    let first = match command.ports.unwrap_or(Ports::From(PORT)) {
        Ports::Auto => None,
        Ports::From(port) => Some(port),
    };
    for (name, number) in compose::services().into_iter().zip(0..) {
        let Some(port) = first.map(|first| first.saturating_add(number)) else { continue };
        for key in ["listen", "address"] {
            set(&mut settings, &format!("services__{name}__{key}"), format!("127.0.0.1:{port}").into());
        }
    }
    set(&mut settings, "office__roster", development::roster().into());
    let text = toml::to_string(&settings).map_err(|error| Problem::failed(compose::FILE, error))?;
    Ok(format!(
        "# The settings of a development town. `townlink config check` shows all, with where each comes from.\n\n{text}"
    ))
}

fn set(table: &mut toml::Table, path: &str, value: toml::Value) {
    match path.split_once("__") {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = table.entry(first.to_owned()).or_insert_with(|| toml::Table::new().into());
            if let toml::Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

/// What was typed, as settings of this run.
fn settings_of(command: &Up) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    let mut set = |key: &str, value: String| settings.push((format!("TOWNLINK__{key}"), value));
    match command.clock {
        None => {}
        Some(Clock::System) => set("CLOCK__MODE", "system".to_owned()),
        Some(Clock::Manual) => {
            set("CLOCK__MODE", "manual".to_owned());
            set("CLOCK__START", command.start.map_or_else(|| START.to_owned(), format_instant));
        }
    }
    for (name, number) in compose::services().into_iter().zip(0..) {
        let service = name.to_string().to_uppercase().replace('-', "_");
        match command.ports {
            None => {}
            Some(Ports::Auto) => set(&format!("SERVICES__{service}__LISTEN"), "127.0.0.1:0".to_owned()),
            Some(Ports::From(first)) => {
                set(&format!("SERVICES__{service}__LISTEN"), format!("127.0.0.1:{}", first.saturating_add(number)));
            }
        }
        if let Some(url) = &command.postgres {
            set(&format!("SERVICES__{service}__DATABASE"), database(url, name.as_str()));
        }
    }
    settings
}

/// The database of a service: the name in the address is the beginning of its name.
pub fn database(url: &str, service: &str) -> String {
    let (address, options) =
        url.split_once('?').map_or((url, String::new()), |(address, options)| (address, format!("?{options}")));
    format!("{address}_{}{options}", service.replace('-', "_"))
}

/// What is missing of the certificates and keys of a development town.
fn make_identities(settings: &Settings) -> Result<(), Problem> {
    if settings.environment != Environment::Development {
        return Ok(());
    }
    let folder = settings.pki_dir();
    let authority = runtime::pki::develop(&folder, &settings.cell, &compose::services(), development::VALIDITY)
        .map_err(|error| Problem::failed("the development authority", error))?;
    development::identities(&folder, &authority, &settings.cell)
}

/// What is missing of the databases of a PostgreSQL server.
async fn make_databases(settings: &Settings) -> Result<(), Problem> {
    for name in compose::services() {
        let url = settings.service(name).ok().and_then(|service| service.database.clone());
        let Some((server, database)) = url.as_ref().and_then(|url| on_server(url.expose())) else { continue };
        let made = runtime::db::create(&server, &database).await;
        made.map_err(|error| Problem::failed("the database server", runtime::telemetry::chain(&error)))?;
    }
    Ok(())
}

/// The server of an address, as the address of its first database, and the name of the database; none where it is a file.
pub fn on_server(url: &str) -> Option<(String, String)> {
    let (address, options) =
        url.split_once('?').map_or((url, String::new()), |(address, options)| (address, format!("?{options}")));
    let (server, database) = address.rsplit_once('/').filter(|_| url.starts_with("postgres"))?;
    Some((format!("{server}/postgres{options}"), database.to_owned()))
}

fn told(ready: &Ready, context: &Context) -> Result<(), Problem> {
    let value = serde_json::to_value(ready).unwrap_or_else(|_| json!({}));
    context.output.value(&value, || {
        let mut table = table(&["SERVICE", "ADDRESS"]);
        for service in &ready.services {
            table.add_row([&service.name, &service.address]);
        }
        let file = crate::files::told(&context.data_dir.join(READY_FILE));
        format!("the town serves; {file} tells where. ctrl-c ends it\n{}", render(&table))
    })
}

/// Starts logging as the settings say.
pub fn log(settings: &Settings) -> Result<(), Problem> {
    let begun = runtime::telemetry::init(settings.log.format, &settings.log.filter);
    begun.map_err(|error| Problem::usage(error, "mend log.filter, such as info or warn,office=debug"))
}

/// Runs a process that serves. Work that blocks a thread when all else has ended is not waited for: it ends with the process.
pub fn in_threads(work: impl Future<Output = Result<(), Problem>>) -> Result<(), Problem> {
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = threads.block_on(work);
    threads.shutdown_background();
    ended
}

/// Serves until the process is told to end.
pub async fn until_signalled(running: Running) -> Result<(), Problem> {
    match running.until_signalled().await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Problem::failed("end", NOT_IN_TIME)),
        Err(error) => Err(compose::unstarted(&error)),
    }
}

/// Serves until the process is told to end: by a signal, or by the end of the standard input where that was asked for.
async fn until_told(running: Running, until_eof: bool) -> Result<(), Problem> {
    if !until_eof {
        return until_signalled(running).await;
    }
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let (ended, mut input) = tokio::sync::mpsc::channel::<()>(1);
    // Reading the standard input blocks and cannot be given up, so it has a thread of its own, which ends with the process.
    std::thread::spawn(move || {
        let read = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop((read, ended));
    });
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        _ = input.recv() => {}
    }
    if running.drain().await { Ok(()) } else { Err(Problem::failed("end", NOT_IN_TIME)) }
}

/// What is told of an end that was cut short.
const NOT_IN_TIME: &str = "not everything ended in time; what was acknowledged is kept";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocking_work_does_not_hold_the_end() {
        let begun = std::time::Instant::now();
        let ended = in_threads(async {
            tokio::task::spawn_blocking(|| std::thread::sleep(std::time::Duration::from_secs(20)));
            Ok(())
        });
        assert!(ended.is_ok() && begun.elapsed() < std::time::Duration::from_secs(10));
    }

    #[test]
    fn a_service_has_a_database_of_its_own() {
        assert_eq!(database("postgres://u@h:1/town", "office"), "postgres://u@h:1/town_office");
        assert_eq!(
            database("postgres://u@h/town?sslmode=require", "service-center"),
            "postgres://u@h/town_service_center?sslmode=require"
        );
    }

    #[test]
    fn a_server_is_asked_by_its_first_database() {
        let asked = on_server("postgres://u@h:1/town_office?sslmode=require");
        assert_eq!(asked, Some(("postgres://u@h:1/postgres?sslmode=require".to_owned(), "town_office".to_owned())));
        assert_eq!(on_server("sqlite:/data/office.db"), None);
    }

    #[test]
    fn the_first_settings_are_those_that_were_typed() {
        let typed = Up {
            clock: Some(Clock::Manual),
            start: None,
            ports: Some(Ports::From(7_000)),
            postgres: None,
            until_eof: false,
        };
        let text = first_settings(&typed).expect("settings");
        let settings: toml::Table = text.parse().expect("TOML");
        assert_eq!(settings["clock"]["start"].as_str(), Some(START));
        assert_eq!(settings["services"]["office"]["listen"].as_str(), Some("127.0.0.1:7000"));
        assert!(
            settings["office"]["roster"].as_array().is_some_and(|roster| roster.len() == development::ROSTER.len())
        );
    }
}
