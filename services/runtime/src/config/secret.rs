//! Text that is never shown: database addresses with passwords, tokens.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

/// Text that neither logs nor `config check` show. A database address shows all but its password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What may be shown: of an address all but the password, of anything else nothing.
    fn masked(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://").or_else(|| self.0.split_once(':')) else {
            return if self.0.is_empty() { String::new() } else { "***".to_owned() };
        };
        match rest.rsplit_once('@') {
            None => self.0.to_string(),
            Some((user, place)) => {
                let user = user.split(':').next().unwrap_or_default();
                format!("{scheme}://{user}:***@{place}")
            }
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        for (text, shown) in [
            ("postgres://town:p4ss:w@rd@db:5432/office", "postgres://town:***@db:5432/office"),
            ("sqlite:office.db", "sqlite:office.db"),
            ("hunter2", "***"),
            ("", ""),
        ] {
            let secret = Secret::new(text.to_owned());
            assert_eq!(format!("{secret:?}"), shown);
            assert_eq!(secret.expose(), text);
        }
    }
}
