//! Holding the dispatcher, so that nothing is numbered and nothing delivered: a setting of development, and a marker file that
//! may come and go while the gateway runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt as _;
use runtime::config::Environment;
use runtime::refusal::Failure;
use runtime::subscription::Feed;
use runtime::subscription::feed::Entries;

/// The name of the marker file, below the data directory.
const MARKER: &str = "dispatcher.hold";

/// How often the marker is looked for, by the machine's clock.
const LOOK: Duration = Duration::from_millis(200);

/// Whether deliveries are held.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    always: bool,
    marker: Option<PathBuf>,
}

impl Hold {
    /// As the settings say. Production has no marker: nobody stops the relay by leaving a file.
    pub(crate) fn new(environment: Environment, data_dir: &Path, always: bool) -> Self {
        let marker = match environment {
            Environment::Development => Some(data_dir.join(MARKER)),
            Environment::Production => None,
        };
        Self { always, marker }
    }

    /// Whether deliveries are held now.
    pub(crate) fn is_on(&self) -> bool {
        self.always || self.marker.as_ref().is_some_and(|marker| marker.exists())
    }

    /// Completes when it is no more as it was.
    pub(crate) async fn changed(&self, was_on: bool) {
        if self.always || self.marker.is_none() {
            return std::future::pending().await;
        }
        while self.is_on() == was_on {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A journal that stands still while the dispatcher is held: giving numbers is its work too (docs/decisions/0006).
pub(crate) struct Holding<F> {
    feed: F,
    hold: Hold,
}

impl<F> Holding<F> {
    /// A feed that `hold` stops.
    pub(crate) fn new(feed: F, hold: Hold) -> Self {
        Self { feed, hold }
    }
}

impl<F: Feed> Feed for Holding<F> {
    async fn watch(&self, after: i64, kinds: Vec<String>) -> Result<Entries, Failure> {
        let entries = self.feed.watch(after, kinds).await?;
        let hold = self.hold.clone();
        let passing = move |entry| {
            let hold = hold.clone();
            async move {
                while hold.is_on() {
                    hold.changed(true).await;
                }
                entry
            }
        };
        Ok(entries.then(passing).boxed())
    }
}
