//! The commands, one module for each: its arguments, its help, and what it does.

pub mod calendar;
pub mod clock;
pub mod config;
pub mod coordination;
pub mod demo;
pub mod dispatch;
pub mod doctor;
pub mod document;
pub mod grant;
pub mod guidance;
pub mod inbox;
pub mod key;
mod listing;
pub mod log;
pub mod migrate;
pub mod opinion;
pub mod pki;
pub mod power;
pub mod refusal;
pub mod relay;
pub mod roster;
pub mod serve;
pub mod supervise;
pub mod up;
pub mod verify;

use std::path::Path;

use serde_json::json;

use crate::cli::Context;
use crate::files::write;
use crate::problem::Problem;

/// Who reads where nobody is named: what an auditor may see changes nothing.
const READER: &str = "auditor/county-audit";

/// Writes a text to the file that the person named, or prints it.
fn write_or_print(text: &str, file: Option<&Path>, context: &Context) -> Result<(), Problem> {
    match file {
        None => context.output.raw(text.as_bytes()),
        Some(file) => {
            write(file, text.as_bytes())?;
            let rows = text.lines().count().saturating_sub(1);
            let told = json!({"file": file.display().to_string(), "rows": rows});
            context.output.value(&told, || format!("{} has {rows} rows", file.display()))
        }
    }
}
