//! `townlink doctor`: says what is wrong with a town, which party it is with, and how it is mended.
//!
//! It looks at settings and files first, which needs no service, and then asks the services that answer. Nothing is changed.
//!
//! - `files`: settings, certificates, databases, disk.
//! - `services`: what answers where, and what it says of itself.
//! - `key`: the key of somebody who signs papers.

mod files;
mod key;
mod services;

use std::path::PathBuf;

use clap::Args;
use runtime::diagnosis::{DiagnosisSettings, Finding, Severity};
use serde_json::{Value, json};
use vocabulary::time::{parse_date, town_date};
use vocabulary::{Date, Timestamp};

use crate::cli::Context;
use crate::compose;
use crate::output::harmless;
use crate::problem::Problem;

const EXAMPLES: &str = "\
One line a finding: how bad, which party, which rule, what is wrong, and the remedy (办法). Exit code 0 where nothing is \
wrong, 1 where something is. Nothing is changed. The services are asked as operator/sysadmin.

Examples:
  townlink doctor
  # settings, certificates, databases and disk only, while nothing runs
  townlink doctor --offline
  # may this key sign papers today? (a private or a public half)
  townlink --as county/government doctor --key townlink-data/keys/county-government.pub
  # for a monitor
  townlink --json doctor --config /etc/townlink.toml";

/// Say what is wrong with a town.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Doctor {
    #[command(flatten)]
    file: compose::ConfigFile,
    /// Look at settings and files only
    #[arg(long)]
    offline: bool,
    /// The key of somebody who signs papers, PEM: whether the gateway knows it
    #[arg(long, value_name = "FILE", conflicts_with = "offline")]
    key: Option<PathBuf>,
    /// The day for which the calendar is looked at [default: today]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    today: Option<Date>,
}

/// What was found.
#[derive(Debug, Default)]
struct Report {
    findings: Vec<Finding>,
    services: Vec<Value>,
}

impl Report {
    /// Adds what is not told yet: a service and its files may say the same.
    fn add(&mut self, found: impl IntoIterator<Item = Finding>) {
        for finding in found {
            let is_known = |known: &Finding| {
                (&known.party, &known.rule, &known.fault) == (&finding.party, &finding.rule, &finding.fault)
            };
            if !self.findings.iter().any(is_known) {
                self.findings.push(finding);
            }
        }
    }
}

/// Runs the command.
pub async fn run(asked: Doctor, context: &Context) -> Result<(), Problem> {
    let now = Timestamp::now();
    let today = asked.today.unwrap_or_else(|| town_date(now));
    let mut report = Report::default();
    let settings = files::look(&asked.file, context, now, today, &mut report).await;
    let bounds = settings.as_ref().map_or_else(DiagnosisSettings::default, |settings| settings.diagnosis.clone());
    if !asked.offline {
        let town = services::look(&asked.file, settings.as_ref(), context, &bounds, &mut report).await;
        if let (Some(file), Some(town)) = (&asked.key, town) {
            key::look(file, &town, context, &mut report).await?;
        }
    }
    report.findings.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.party.cmp(&other.party)));
    told(&report, context)?;
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    match (count(Severity::Fault), count(Severity::Warning)) {
        (0, 0) => Ok(()),
        (faults, warnings) => {
            Err(Problem::failed("doctor", format!("{faults} faults and {warnings} warnings; each is named above")))
        }
    }
}

fn told(report: &Report, context: &Context) -> Result<(), Problem> {
    let finding = |it: &Finding| {
        json!({
            "party": it.party, "rule": it.rule, "severity": word(it.severity), "fault": it.fault, "remedy": it.remedy,
        })
    };
    let findings: Vec<_> = report.findings.iter().map(finding).collect();
    context.output.value(&json!({ "findings": findings, "services": report.services }), || {
        let line = |it: &Finding| {
            let fault = harmless(&it.fault.replace('\n', " "));
            format!("{}: {}: {}: {fault}; 办法: {}", word(it.severity), it.party, it.rule, it.remedy)
        };
        let lines: Vec<_> = report.findings.iter().map(line).collect();
        if lines.is_empty() { healthy(report) } else { lines.join("\n") }
    })
}

fn healthy(report: &Report) -> String {
    let names: Vec<_> = report.services.iter().filter_map(|service| service["service"].as_str()).collect();
    if names.is_empty() {
        "nothing is wrong with the settings and files; no service was asked".to_owned()
    } else {
        format!("nothing is wrong; {} answered", names.join(" and "))
    }
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Fault => "fault",
        Severity::Warning => "warning",
    }
}
