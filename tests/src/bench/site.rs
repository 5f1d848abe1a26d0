//! A town with the keys of its sender, and copies of its gateway's database as it was before any paper came.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use runtime::signing::Algorithm;

use crate::bench::cpu::Trees;
use crate::bench::papers;
use crate::bench::postgres::Server;
use crate::bench::town::{SERVICES, Town};
use crate::paper::Key;

/// On which database the town is measured.
#[derive(Clone, Copy, Debug)]
pub enum Backend<'a> {
    /// One file a service.
    Sqlite,
    /// A server.
    Postgres(&'a Server),
}

impl Backend<'_> {
    /// The name in figures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}

/// A town that is ready to be measured; its dispatcher is held.
#[derive(Debug)]
pub struct Site<'a> {
    /// The town.
    pub town: Town,
    /// On which database.
    pub backend: Backend<'a>,
    keys: Vec<(Algorithm, Key)>,
    folder: PathBuf,
    copies: u32,
}

impl<'a> Site<'a> {
    /// Makes a town below a folder, registers its sender's keys, and keeps a copy of the gateway's database.
    ///
    /// # Errors
    /// Where the town cannot be made.
    pub async fn make(backend: Backend<'a>, folder: &Path) -> Result<Self> {
        let mut town = match backend {
            Backend::Sqlite => Town::on_sqlite(folder)?,
            Backend::Postgres(server) => {
                for service in SERVICES {
                    server.create(service, None).await?;
                }
                Town::new(folder, SERVICES.map(|service| server.url(service)))?
            }
        };
        town.hold(true)?;
        town.start().await?;
        let mut keys = Vec::new();
        for algorithm in papers::ALGORITHMS {
            keys.push((algorithm, papers::register(&town, algorithm)?));
        }
        town.stop();
        match backend {
            Backend::Sqlite => copy(&folder.join("gateway.db"), &folder.join("clean.db"))?,
            Backend::Postgres(server) => server.create("clean", Some("gateway")).await?,
        }
        town.start().await?;
        Ok(Self { town, backend, keys, folder: folder.to_owned(), copies: 0 })
    }

    /// The key of an algorithm.
    ///
    /// # Errors
    /// Where there is none.
    pub fn key(&self, algorithm: Algorithm) -> Result<&Key> {
        let found = self.keys.iter().find(|(held, _)| *held == algorithm);
        Ok(&found.context("a key of every algorithm was registered")?.1)
    }

    /// A fresh copy of the gateway's database as it was before any paper came.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub async fn clean_copy(&mut self) -> Result<String> {
        self.copy_of("clean").await
    }

    /// A fresh copy of the gateway's database as it is. The town must not run.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub async fn copy(&mut self) -> Result<String> {
        self.copy_of("gateway").await
    }

    async fn copy_of(&mut self, original: &str) -> Result<String> {
        self.copies += 1;
        let name = format!("copy_{}", self.copies);
        match self.backend {
            Backend::Sqlite => {
                let file = self.folder.join(format!("{name}.db"));
                copy(&self.folder.join(format!("{original}.db")), &file)?;
                Ok(format!("sqlite:{}", file.display()))
            }
            Backend::Postgres(server) => {
                server.create(&name, Some(original)).await?;
                Ok(server.url(&name))
            }
        }
    }

    /// The processes whose CPU time counts: the town's, and the database's where it is a server.
    ///
    /// # Errors
    /// Where the town does not run.
    pub fn servers(&self) -> Result<Trees> {
        let town = self.town.pid()?;
        Ok(match self.backend {
            Backend::Sqlite => Trees::of(&[town]),
            Backend::Postgres(server) => Trees::of(&[town, server.pid()]),
        })
    }

    /// This process, and the database where it is a server: what SQL costs that is sent from here.
    #[must_use]
    pub fn here(&self) -> Trees {
        let here = std::process::id();
        match self.backend {
            // The town is a child of this process; whoever measures here lets it rest or has stopped it.
            Backend::Sqlite => Trees::of(&[here]),
            Backend::Postgres(server) => Trees::of(&[here, server.pid()]),
        }
    }
}

/// Copies a database file that is closed, or one that nobody writes to together with its log.
fn copy(from: &Path, to: &Path) -> Result<()> {
    for ending in ["", "-wal"] {
        let (from, to) = (with_ending(from, ending), with_ending(to, ending));
        if from.exists() {
            std::fs::copy(&from, &to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
        }
    }
    Ok(())
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
