//! A throw-away PostgreSQL server of the benchmark's own, so that nobody else's work is counted. Its settings are the defaults:
//! every commit is synced to the disk.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use sqlx::Connection as _;
use tempfile::TempDir;

/// A running server. Stopped and removed when it is dropped.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    folder: TempDir,
    owner: Option<&'static str>,
    port: u16,
    pid: u32,
}

impl Server {
    /// Starts a server.
    ///
    /// # Errors
    /// Where PostgreSQL is not installed or does not start.
    pub fn start() -> Result<Self> {
        let programs = programs()?;
        let folder = TempDir::with_prefix("townlink-bench-postgres.")?;
        // PostgreSQL refuses to run as root.
        let owner = match effective_user()? {
            0 => Some("postgres"),
            _ => None,
        };
        if let Some(owner) = owner {
            run(Command::new("chown").arg(owner).arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        run(tool(&programs, "initdb", owner).arg("-D").arg(&data).args([
            "-U",
            "townlink",
            "--auth=trust",
            "--no-instructions",
            "-E",
            "UTF8",
            "--locale=C",
        ]))?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c max_connections=200",
            folder.path().display()
        );
        let log = folder.path().join("log");
        run(tool(&programs, "pg_ctl", owner)
            .arg("-D")
            .arg(&data)
            .arg("-w")
            .arg("-l")
            .arg(&log)
            .arg("-o")
            .arg(options)
            .arg("start"))?;
        let pid = std::fs::read_to_string(data.join("postmaster.pid"))?;
        let pid = pid
            .lines()
            .next()
            .and_then(|line| line.trim().parse().ok())
            .context("postmaster.pid begins with the pid")?;
        Ok(Self { programs, folder, owner, port, pid })
    }

    /// The first process of the server, the parent of all others.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// The address of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://townlink@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database, or a copy of another that nobody is connected to.
    ///
    /// # Errors
    /// Where the server refuses.
    pub async fn create(&self, database: &str, template: Option<&str>) -> Result<()> {
        let template = template.map(|template| format!(" template {template}")).unwrap_or_default();
        let mut connection = sqlx::PgConnection::connect(&self.url("postgres")).await?;
        let statement = sqlx::AssertSqlSafe(format!("create database {database}{template}"));
        sqlx::raw_sql(statement)
            .execute(&mut connection)
            .await
            .with_context(|| format!("making the database {database}"))?;
        Ok(connection.close().await?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stop = tool(&self.programs, "pg_ctl", self.owner)
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args(["-m", "immediate", "-w", "stop"])
            .output();
        if let Err(cause) = stop {
            eprintln!("the throw-away PostgreSQL {} was not stopped: {cause}", self.pid);
        }
    }
}

/// The folder of the newest installed server's programs.
fn programs() -> Result<PathBuf> {
    let mut found = Vec::new();
    for version in std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let number: Option<u32> = version.file_name().to_str().and_then(|name| name.parse().ok());
        let programs = version.path().join("bin");
        if let (Some(number), true) = (number, programs.join("initdb").exists()) {
            found.push((number, programs));
        }
    }
    found.sort();
    let newest = found
        .pop()
        .context("PostgreSQL is missing below /usr/lib/postgresql; install it: apt-get install postgresql")?;
    Ok(newest.1)
}

fn effective_user() -> Result<u32> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("Uid:")).context("the status of a process has a Uid")?;
    line.split_whitespace().nth(1).and_then(|id| id.parse().ok()).context("the effective user is a number")
}

fn tool(programs: &Path, name: &str, owner: Option<&str>) -> Command {
    let mut command = match owner {
        Some(owner) => {
            let mut command = Command::new("runuser");
            command.args(["-u", owner, "--"]).arg(programs.join(name));
            command
        }
        None => Command::new(programs.join(name)),
    };
    command.current_dir("/tmp").stdin(Stdio::null());
    command
}

/// Runs a program to its end. Its output goes to a file, since a server that it starts would hold a pipe open.
fn run(command: &mut Command) -> Result<()> {
    let output = tempfile::tempfile()?;
    command.stdout(output.try_clone()?).stderr(output.try_clone()?);
    let status = command.status().with_context(|| format!("{} does not run", command.get_program().display()))?;
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    let mut output = output;
    std::io::Seek::rewind(&mut output)?;
    std::io::Read::read_to_string(&mut output, &mut text)?;
    ensure!(!text.trim().is_empty(), "{command:?} ended with {status}");
    bail!("{command:?} ended with {status}:\n{text}")
}
