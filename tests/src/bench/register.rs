//! Filling the register of a town, by the same commands that people type.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::bench::town::Town;

/// The first person, who registers.
const REGISTRAR: &str = "person/registrar";

/// The second person, who confirms.
const CONFIRMER: &str = "person/confirmer";

/// The day of every document.
const DAY: &str = "2026-03-02";

/// Where documents are published.
const PLACE: &str = "昆山市人民政府网站";

/// A document that changes the register.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Its number.
    pub number: &'a str,
    /// Its issuer.
    pub issuer: &'a str,
    /// What it does: GRANT, ADJUST, WITHDRAW or BASIS.
    pub kind: &'a str,
    /// The machine-readable part.
    pub directive: &'a Value,
    /// The annex that the directive names.
    pub annex: Option<&'a Path>,
}

/// Imports a power catalogue, by two persons.
///
/// # Errors
/// Where the town refuses it.
pub fn catalogue(town: &Town, file: &Path) -> Result<()> {
    let file = file.to_str().context("a path is UTF-8")?;
    let import = town.ask(REGISTRAR, &["power", "import", file])?;
    let name = import["name"].as_str().context("an import has a name")?;
    let confirmed = town.ask(CONFIRMER, &["grant", "confirm", name])?;
    ensure!(confirmed["state"] == "IMPORT_STATE_CONFIRMED", "the import was not confirmed: {confirmed}");
    Ok(())
}

/// Registers a document and makes it take effect, by two persons.
///
/// # Errors
/// Where the town refuses it.
pub fn document(town: &Town, document: &Document<'_>) -> Result<()> {
    let directive = document.directive.to_string();
    let file = town.data_dir().join("document.txt");
    std::fs::write(&file, document.number)?;
    let file = file.to_str().context("a path is UTF-8")?;
    let mut arguments = vec![
        "document",
        "register",
        "--number",
        document.number,
        "--title",
        "关于下放权力事项的通知",
        "--issuer",
        document.issuer,
        "--date",
        DAY,
        "--published",
        DAY,
        "--place",
        PLACE,
        "--type",
        document.kind,
        "--file",
        file,
        "--directive",
        &directive,
    ];
    if let Some(annex) = document.annex {
        arguments.extend(["--annex", annex.to_str().context("a path is UTF-8")?]);
    }
    town.ask(REGISTRAR, &arguments)?;
    let confirmed = town.ask(CONFIRMER, &["document", "confirm", document.number])?;
    ensure!(confirmed["state"] == "DOCUMENT_STATE_CONFIRMED", "the document was not confirmed: {confirmed}");
    Ok(())
}

/// The directive that grants the powers of an annex.
#[must_use]
pub fn grant(annex: &str) -> Value {
    json!({"type": "GRANT_POWERS", "annex": annex, "publishedDate": DAY, "publishedPlace": PLACE})
}
