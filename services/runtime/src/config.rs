//! Settings: defaults, then a TOML file, then the environment (`TOWNLINK__…`), read once into typed values and checked as a whole.
//!
//! An unknown key is an error that names the nearest known one. Where each value came from is kept, so that
//! `townlink config check` can show it. Keys and passwords have no defaults outside development: production names every one.
//!
//! - `settings`: the typed values.
//! - `layers`: where values come from.
//! - `known`: which keys exist, asked of the types themselves.
//! - `secret`: text that is never shown.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use ::config as layered;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::caller::ServiceName;

mod known;
mod layers;
mod secret;
mod settings;

pub use secret::Secret;
pub use settings::{
    ClockSettings, Environment, Limits, LogSettings, OperationsSettings, ServiceKeys, ServiceSettings, Settings,
    TlsSettings,
};

/// What is wrong with the settings, in a form that says how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A key that nothing reads.
    #[error("{key} is no setting{}; it is set in {origin}", nearest.as_ref().map(|known| format!("; did you mean {known}?")).unwrap_or_default())]
    UnknownKey {
        /// The key, as written.
        key: String,
        /// The known key that is nearest to it.
        nearest: Option<String>,
        /// Where it is set.
        origin: String,
    },
    /// A value that cannot be read, or a file that cannot.
    #[error("{0}")]
    Unreadable(String),
    /// A value that may not be.
    #[error("{key} {fault}")]
    Invalid {
        /// The key.
        key: String,
        /// What is wrong, and what would be right.
        fault: String,
    },
}

impl ConfigError {
    pub(crate) fn invalid(key: impl Into<String>, fault: impl Into<String>) -> Self {
        Self::Invalid { key: key.into(), fault: fault.into() }
    }
}

/// Where settings are read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Every service that the program knows, whether it runs here or not.
    pub services: Vec<ServiceName>,
    /// Defaults of the program, TOML, over those of this module.
    pub defaults: String,
    /// The file, if any.
    pub file: Option<PathBuf>,
    /// The environment: [`Sources::environment`] in a program, a list in a test.
    pub environment: Vec<(String, String)>,
}

impl Sources {
    /// The variables of this process that are meant for the program.
    #[must_use]
    pub fn environment() -> Vec<(String, String)> {
        std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(key, _)| key.starts_with(layers::PREFIX))
            .collect()
    }
}

/// One value, for `townlink config check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The key, such as `services.office.listen`.
    pub key: String,
    /// The value; a secret is masked.
    pub value: String,
    /// Where it came from: `default`, a file, or an environment variable.
    pub origin: String,
}

/// Settings with where they came from, and the sections of the services.
#[derive(Clone)]
pub struct Loaded {
    /// The settings that this module knows.
    pub settings: Settings,
    merged: layered::Config,
    origins: BTreeMap<String, String>,
}

impl fmt::Debug for Loaded {
    // What was merged holds secrets in plain text; the typed settings mask them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Loaded {
    /// Reads, merges and checks all settings.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let merged = layers::merge(sources)?;
        let origins = layers::origins(&merged);
        known::check_runtime(&merged, &origins, sources)?;
        let settings: Settings =
            merged.clone().try_deserialize().map_err(|cause| ConfigError::Unreadable(cause.to_string()))?;
        let settings = settings.completed(&sources.services)?;
        Ok(Self { settings, merged, origins })
    }

    /// The section of a service, such as `[office]`; its defaults where the section is absent.
    ///
    /// # Errors
    /// [`ConfigError`] where a key is unknown to `T` or a value cannot be read.
    pub fn section<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, ConfigError> {
        known::check_section::<T>(name, &self.merged, &self.origins)?;
        match self.merged.get::<T>(name) {
            Ok(section) => Ok(section),
            Err(layered::ConfigError::NotFound(_)) => Ok(T::default()),
            Err(cause) => Err(ConfigError::Unreadable(format!("[{name}] {cause}"))),
        }
    }

    /// Every value of the settings with its origin, in the order of keys.
    #[must_use]
    pub fn show(&self) -> Vec<Shown> {
        layers::shown("", &self.settings, &self.origins)
    }

    /// Every value of a service's section with its origin.
    ///
    /// # Errors
    /// As [`Loaded::section`].
    pub fn show_section<T: DeserializeOwned + Default + Serialize>(
        &self,
        name: &str,
    ) -> Result<Vec<Shown>, ConfigError> {
        Ok(layers::shown(name, &self.section::<T>(name)?, &self.origins))
    }
}

#[cfg(test)]
mod tests;
