//! A town with the keys of its sender, and copies of its gateway's database.

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
    /// Makes a town below a folder and registers its sender's keys.
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

    /// A copy of the gateway's database as it is now. The town is stopped for it and starts again, so its connections are lost.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub async fn snapshot(&mut self) -> Result<String> {
        self.town.stop();
        let copy = self.copy().await?;
        self.town.start().await?;
        Ok(copy)
    }

    /// A copy of the gateway's database. The town must not run.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub async fn copy(&mut self) -> Result<String> {
        self.copies += 1;
        let name = format!("copy_{}", self.copies);
        match self.backend {
            Backend::Sqlite => {
                let file = self.folder.join(format!("{name}.db"));
                let original = self.folder.join("gateway.db");
                std::fs::copy(&original, &file).with_context(|| format!("copying {}", original.display()))?;
                // What the system still has to write would be written while the copy is measured.
                std::fs::File::open(&file)?.sync_all()?;
                Ok(format!("sqlite:{}", file.display()))
            }
            Backend::Postgres(server) => {
                server.create(&name, Some("gateway")).await?;
                Ok(server.url(&name))
            }
        }
    }

    /// An empty database on the disk where the town has its own. Gives its address.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub async fn empty(&self, name: &str) -> Result<String> {
        match self.backend {
            Backend::Sqlite => {
                let file = self.folder.join(format!("{name}.db"));
                std::fs::File::create_new(&file).with_context(|| format!("making {}", file.display()))?;
                Ok(format!("sqlite:{}", file.display()))
            }
            Backend::Postgres(server) => {
                server.create(name, None).await?;
                Ok(server.url(name))
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
