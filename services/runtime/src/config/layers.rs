//! Where values come from, and what each of them is in the end.

use std::collections::BTreeMap;

use ::config as layered;
use layered::{FileFormat, Map, Source, Value, ValueKind};
use serde::Serialize;

use super::{ConfigError, Shown, Sources};

/// How a variable of the environment begins that sets a value: `TOWNLINK__SERVICES__OFFICE__LISTEN`.
pub(super) const PREFIX: &str = "TOWNLINK__";

/// Where a value comes from that nobody set.
const DEFAULT: &str = "default";

/// Puts the layers on top of each other: the program's defaults, the file, the environment.
pub(super) fn merge(sources: &Sources) -> Result<layered::Config, ConfigError> {
    let unreadable = |cause: layered::ConfigError| ConfigError::Unreadable(cause.to_string());
    let mut builder =
        layered::Config::builder().add_source(layered::File::from_str(&sources.defaults, FileFormat::Toml));
    if let Some(file) = &sources.file {
        builder = builder.add_source(layered::File::from(file.as_path()).format(FileFormat::Toml));
    }
    builder.add_source(Environment::of(sources)?).build().map_err(unreadable)
}

/// The environment as a layer. Each value remembers its variable.
#[derive(Clone, Debug)]
struct Environment(Map<String, Value>);

impl Environment {
    fn of(sources: &Sources) -> Result<Self, ConfigError> {
        let mut values = Map::new();
        for (variable, text) in &sources.environment {
            let Some(path) = variable.strip_prefix(PREFIX) else { continue };
            let segments = path.split("__").map(|segment| segment_name(segment, sources)).collect::<Vec<_>>();
            values.insert(segments.join("."), Value::new(Some(variable), kind(variable, text)?));
        }
        Ok(Self(values))
    }
}

impl Source for Environment {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, layered::ConfigError> {
        Ok(self.0.clone())
    }
}

/// A variable has no hyphens and no lower case: `SERVICE_CENTER` is the service `service-center`.
fn segment_name(segment: &str, sources: &Sources) -> String {
    let name = segment.to_lowercase();
    let hyphened = name.replace('_', "-");
    if sources.services.iter().any(|service| service.as_str() == hyphened) { hyphened } else { name }
}

/// A text that begins with `[` is a TOML list; anything else is taken as the type that the setting has.
fn kind(variable: &str, text: &str) -> Result<ValueKind, ConfigError> {
    if !text.starts_with('[') {
        return Ok(ValueKind::String(text.to_owned()));
    }
    let list = toml::from_str::<BTreeMap<String, Vec<String>>>(&format!("list = {text}"));
    let mut list =
        list.map_err(|cause| ConfigError::Unreadable(format!("{variable} is no TOML list of texts: {cause}")))?;
    Ok(ValueKind::from(list.remove("list").unwrap_or_default()))
}

/// The origin of every value that a layer sets, by its key.
pub(super) fn origins(merged: &layered::Config) -> BTreeMap<String, String> {
    let mut origins = BTreeMap::new();
    collect("", &merged.cache, &mut origins);
    origins
}

fn collect(key: &str, value: &Value, origins: &mut BTreeMap<String, String>) {
    if let ValueKind::Table(table) = &value.kind {
        for (name, value) in table {
            collect(&join(key, name), value, origins);
        }
    } else {
        origins.insert(key.to_owned(), value.origin().unwrap_or(DEFAULT).to_owned());
    }
}

/// Every value of some settings, under a key, with its origin.
pub(super) fn shown(key: &str, settings: &impl Serialize, origins: &BTreeMap<String, String>) -> Vec<Shown> {
    let mut shown = Vec::new();
    if let Ok(value) = serde_json::to_value(settings) {
        flatten(key, &value, origins, &mut shown);
    }
    shown
}

fn flatten(key: &str, value: &serde_json::Value, origins: &BTreeMap<String, String>, shown: &mut Vec<Shown>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&join(key, name), value, origins, shown);
            }
        }
        serde_json::Value::String(text) => shown.push(show(key, text.clone(), origins)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_) => shown.push(show(key, value.to_string(), origins)),
    }
}

fn show(key: &str, value: String, origins: &BTreeMap<String, String>) -> Shown {
    let origin = origins.get(key).map_or(DEFAULT, String::as_str).to_owned();
    Shown { key: key.to_owned(), value, origin }
}

pub(super) fn join(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}
