//! Which keys exist. The types are asked themselves, so that no second list can drift away from them.

use std::collections::BTreeMap;

use ::config as layered;
use layered::{Map, Value, ValueKind};
use serde::de::value::Error as Unread;
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

use super::layers::join;
use super::{
    ClockSettings, ConfigError, Limits, LogSettings, OperationsSettings, ServiceSettings, Settings, Sources,
    TlsSettings,
};
use crate::diagnosis::DiagnosisSettings;
use crate::telemetry::TelemetrySettings;

/// Refuses every key that neither the settings of the runtime nor a service knows.
pub(super) fn check_runtime(
    merged: &layered::Config,
    origins: &BTreeMap<String, String>,
    sources: &Sources,
) -> Result<(), ConfigError> {
    let services: Vec<&str> = sources.services.iter().map(|service| service.as_str()).collect();
    let top = [fields::<Settings>(), &services].concat();
    check("", &merged.cache, &top, origins)?;
    for (key, known) in [
        ("clock", fields::<ClockSettings>()),
        ("log", fields::<LogSettings>()),
        ("tls", fields::<TlsSettings>()),
        ("operations", fields::<OperationsSettings>()),
        ("limits", fields::<Limits>()),
        ("diagnosis", fields::<DiagnosisSettings>()),
        ("telemetry", fields::<TelemetrySettings>()),
        ("services", &services),
    ] {
        if let Some(value) = table(&merged.cache).and_then(|table| table.get(key)) {
            check(key, value, known, origins)?;
        }
    }
    let of_services = table(&merged.cache).and_then(|table| table.get("services")).and_then(table);
    for (name, value) in of_services.into_iter().flatten() {
        check(&join("services", name), value, fields::<ServiceSettings>(), origins)?;
    }
    Ok(())
}

/// Refuses every key of a service's section that its type does not know.
pub(super) fn check_section<T: DeserializeOwned>(
    name: &str,
    merged: &layered::Config,
    origins: &BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    match table(&merged.cache).and_then(|table| table.get(name)) {
        Some(section) => check(name, section, fields::<T>(), origins),
        None => Ok(()),
    }
}

fn check(key: &str, value: &Value, known: &[&str], origins: &BTreeMap<String, String>) -> Result<(), ConfigError> {
    // Whether something is a table at all is for the type to say.
    for name in table(value).into_iter().flat_map(Map::keys) {
        if !known.contains(&name.as_str()) {
            let key = join(key, name);
            let below = format!("{key}.");
            let origin = origins.iter().find(|(set, _)| **set == key || set.starts_with(&below));
            return Err(ConfigError::UnknownKey {
                nearest: nearest(name, known).map(|known| key[..key.len() - name.len()].to_owned() + known),
                origin: origin.map_or_else(|| "an empty table".to_owned(), |(_, origin)| origin.clone()),
                key,
            });
        }
    }
    Ok(())
}

fn table(value: &Value) -> Option<&Map<String, Value>> {
    if let ValueKind::Table(table) = &value.kind { Some(table) } else { None }
}

/// The known name that is nearest to a written one, where one is near at all.
fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let by_distance = known.iter().map(|known| (distance(written, known), *known));
    by_distance
        .min()
        .filter(|(distance, known)| *distance <= known.len().max(written.len()) / 2)
        .map(|(_, known)| known)
}

/// How many single letters must change to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, candidate) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *candidate);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

/// The names of the fields of a type, as serde knows them.
fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut found: &'static [&'static str] = &[];
    // The error is the way out: once the names are told there is nothing to read.
    let _ = T::deserialize(FieldNames(&mut found));
    found
}

/// A deserializer that holds nothing and only hears for which fields it is asked.
struct FieldNames<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = Unread;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unread> {
        Err(Unread::custom("no struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Unread> {
        *self.0 = fields;
        Err(Unread::custom("the names are enough"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        assert_eq!(nearest("lisen", &["listen", "address"]), Some("listen"));
        assert_eq!(nearest("data-dir", fields::<Settings>()), Some("data_dir"));
        assert_eq!(nearest("zzzzzzzz", &["listen", "address"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn a_type_tells_its_fields() {
        assert_eq!(fields::<ClockSettings>(), ["mode", "start"]);
        assert!(fields::<Settings>().contains(&"services"));
    }
}
