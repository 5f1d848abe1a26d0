//! The document behind the rules of a town that differ from the built-in ones.
//!
//! What may differ by place is configuration with a document behind it (overview.md §1.2, §1.9). A town that replaces a table names
//! the document that changes it, by number, and the day from which it applies. The document is named here and not read: whether
//! the register holds it, and whether it says what the tables say, is for people to see.

use serde::{Deserialize, Serialize};

use crate::document_number::{DocumentNumber, DocumentNumberError};
use crate::time::{self, Date, TimeError};

/// The key of [`RulesDocumentSettings`] in the section of a service.
const KEY: &str = "rules_document";

/// What the settings of a service say of the document. Both texts are empty where every table is the built-in one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RulesDocumentSettings {
    /// The number of the document (文号).
    pub number: String,
    /// The first day on which its tables apply, `YYYY-MM-DD`.
    pub from: String,
}

/// A document and the tables that it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesDocument {
    /// Its number.
    pub number: DocumentNumber,
    /// The first day on which its tables apply.
    pub from: Date,
    /// The tables that differ from the built-in ones, by their keys.
    pub tables: Vec<&'static str>,
}

/// Tables that differ without a document that could change them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesDocumentError {
    /// No document is named.
    #[error(
        "names no document, but these tables differ from the built-in ones: {}; \
         set its `number` (文号) and `from` (the first day, YYYY-MM-DD), or remove the tables", tables.join(", ")
    )]
    Missing {
        /// The tables that differ.
        tables: Vec<&'static str>,
    },
    /// The number is none.
    #[error("cannot be read: {0}")]
    Number(DocumentNumberError),
    /// The day is none.
    #[error("cannot be read: {0}")]
    From(TimeError),
    /// The day has not come.
    #[error("is {0}, a day to come; set the tables when it has come")]
    ToCome(Date),
}

impl RulesDocumentError {
    /// The key that is wrong, below the section of the service.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Missing { .. } => KEY.to_owned(),
            Self::Number(_) => format!("{KEY}.number"),
            Self::From(_) | Self::ToCome(_) => format!("{KEY}.from"),
        }
    }
}

impl RulesDocumentSettings {
    /// The document behind the tables of a service, each with whether it differs; none where none differs.
    ///
    /// # Errors
    /// [`RulesDocumentError`] where tables differ and no document is named, or what is named is no number and day.
    pub fn behind(
        &self,
        tables: impl IntoIterator<Item = (&'static str, bool)>,
    ) -> Result<Option<RulesDocument>, RulesDocumentError> {
        let tables: Vec<_> = tables.into_iter().filter(|(_, differs)| *differs).map(|(table, _)| table).collect();
        if *self == Self::default() {
            return if tables.is_empty() { Ok(None) } else { Err(RulesDocumentError::Missing { tables }) };
        }
        let number = DocumentNumber::parse(&self.number).map_err(RulesDocumentError::Number)?;
        let from = time::parse_date(&self.from).map_err(RulesDocumentError::From)?;
        Ok(Some(RulesDocument { number, from, tables }).filter(|document| !document.tables.is_empty()))
    }
}

impl RulesDocument {
    /// Checks that the tables apply already.
    ///
    /// # Errors
    /// [`RulesDocumentError::ToCome`] where they apply from a later day.
    pub fn applies_on(&self, today: Date) -> Result<(), RulesDocumentError> {
        if self.from > today { Err(RulesDocumentError::ToCome(self.from)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(number: &str, from: &str) -> RulesDocumentSettings {
        RulesDocumentSettings { number: number.to_owned(), from: from.to_owned() }
    }

    #[test]
    fn built_in_tables_need_no_document() {
        let none = RulesDocumentSettings::default();
        assert_eq!(none.behind([("fields", false), ("issuers", false)]), Ok(None));
        assert_eq!(named("昆政发〔2026〕5号", "2026-03-01").behind([("fields", false)]), Ok(None));
    }

    #[test]
    fn a_table_that_differs_needs_a_document() {
        let tables = [("fields", true), ("issuers", false), ("names", true)];
        let error = RulesDocumentSettings::default().behind(tables).expect_err("no document is named");
        assert_eq!(error.key(), "rules_document");
        let said = error.to_string();
        assert!(said.contains("fields, names;") && said.contains("文号") && !said.contains("issuers"), "{said}");

        let document = named("昆政发〔2026〕5号", "2026-03-01").behind(tables).expect("read").expect("tables differ");
        assert_eq!(document.number.to_string(), "昆政发〔2026〕5号");
        assert_eq!((document.from, document.tables.as_slice()), (Date::constant(2026, 3, 1), &["fields", "names"][..]));
    }

    #[test]
    fn what_is_no_number_or_day_is_named_whether_tables_differ_or_not() {
        for (number, from, key) in [
            ("昆政发[2026]5号", "2026-03-01", "rules_document.number"),
            ("", "2026-03-01", "rules_document.number"),
            ("昆政发〔2026〕5号", "2026-02-30", "rules_document.from"),
            ("昆政发〔2026〕5号", "2026年3月1日", "rules_document.from"),
            ("昆政发〔2026〕5号", "", "rules_document.from"),
        ] {
            for differs in [false, true] {
                let refused = named(number, from).behind([("fields", differs)]).map_err(|error| error.key());
                assert_eq!(refused, Err(key.to_owned()), "{number} {from}");
            }
        }
    }

    #[test]
    fn tables_apply_from_their_day_on() {
        let document = named("昆政发〔2026〕5号", "2026-03-02").behind([("fields", true)]);
        let document = document.expect("read").expect("a table differs");
        let day = Date::constant(2026, 3, 2);
        assert_eq!(document.applies_on(day), Ok(()));
        let early = document.applies_on(Date::constant(2026, 3, 1)).expect_err("too early");
        assert_eq!(early, RulesDocumentError::ToCome(day));
        assert_eq!(early.key(), "rules_document.from");
    }
}
