//! Samples and reviews of closed cases, and who is short.

use std::path::PathBuf;

use clap::Args;
use comfy_table::Table;
use serde_json::json;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::SampleSize;

use super::{Named, open};
use crate::cli::Context;
use crate::commands::listing::Page;
use crate::connection::{Supervision, call, pages};
use crate::files::{at_file, read};
use crate::names::{abbreviate, find};
use crate::output::{digest, facts, table};
use crate::problem::Problem;

/// Plans a sample.
#[derive(Debug, Args)]
pub struct Plan {
    /// The quarter, such as 2025Q4
    quarter: String,
    /// The field, such as HOUSING
    field: String,
    /// The service that holds the cases, such as service-center
    service: String,
}

/// Repeats a draw.
#[derive(Debug, Args)]
pub struct DrawCheck {
    /// The file with the list: one id on each line
    file: PathBuf,
    /// The seed
    #[arg(long)]
    seed: String,
    /// How many were drawn [default: 5 in a hundred, and at least 3]
    #[arg(long, value_name = "N")]
    count: Option<usize>,
}

/// Records a review.
#[derive(Debug, Args)]
pub struct Review {
    /// The service that holds the case
    service: String,
    /// The case, as cases/NUMBER
    case: String,
    /// What was found, FACT=RULE; none where all was in order
    #[arg(long, value_name = "FACT=RULE", value_parser = finding)]
    finding: Vec<pb::ReviewFinding>,
}

/// Asks for the coverage.
#[derive(Debug, Args)]
pub struct Coverage {
    /// The quarter, such as 2025Q4
    quarter: String,
    /// Only where reviews are missing
    #[arg(long)]
    short: bool,
}

fn finding(text: &str) -> Result<pb::ReviewFinding, String> {
    let (fact, rule) = text.split_once('=').ok_or("a finding is FACT=RULE")?;
    Ok(pb::ReviewFinding { fact: fact.to_owned(), rule: rule.to_owned() })
}

/// Draws again what was drawn. The size is that of the default rule unless it is given.
pub(super) fn draw_check(asked: &DrawCheck, context: &Context) -> Result<(), Problem> {
    let text = String::from_utf8(read(&asked.file)?).map_err(std::io::Error::other);
    let text = at_file(&asked.file, text)?;
    let ids: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let listed = vocabulary::draw::draw(&asked.seed, ids.iter().copied(), 0).listed;
    let count = asked.count.unwrap_or_else(|| SampleSize::default().of(listed));
    let draw = vocabulary::draw::draw(&asked.seed, ids.iter().copied(), count);
    let value = json!({
        "seed": asked.seed, "listed": draw.listed, "listDigest": draw.list_digest.to_string(), "drawn": draw.drawn,
    });
    context.output.value(&value, || {
        format!("{} of {} (list SM3 {}):\n{}", draw.drawn.len(), draw.listed, draw.list_digest, draw.drawn.join("\n"))
    })
}

pub(super) async fn plan(asked: Plan, context: &Context) -> Result<(), Problem> {
    let Plan { quarter, field, service } = asked;
    let request_id = context.request().to_string();
    let asked = pb::PlanSampleRequest { request_id, quarter, field, service };
    let sample = call("office, PlanSample", Some(context.request()), open(context)?.plan_sample(asked)).await?;
    context.output.message(&sample, show_sample)
}

pub(super) async fn draw(named: &Named, context: &Context) -> Result<(), Problem> {
    let mut client = open(context)?;
    let (known, _) = samples(&client, usize::MAX).await?;
    let name = find(&named.name, known.iter().map(|sample| sample.name.as_str()))?;
    let asked = pb::DrawSampleRequest { request_id: context.request().to_string(), name, etag: String::new() };
    let sample = call("office, DrawSample", Some(context.request()), client.draw_sample(asked)).await?;
    context.output.message(&sample, show_sample)
}

pub(super) async fn list_samples(asked: Page, context: &Context) -> Result<(), Problem> {
    let (samples, next_page_token) = samples(&open(context)?, asked.limit).await?;
    context.output.message(&pb::ListSamplesResponse { samples, next_page_token }, |list| {
        let mut table = table(&["SAMPLE", "QUARTER", "FIELD", "SERVICE", "SEED", "DRAWN"]);
        for it in &list.samples {
            let drawn = it.draw.as_ref().map(|draw| format!("{} of {}", draw.cases.len(), draw.listed));
            table.add_row([
                abbreviate(&it.name),
                it.quarter.clone(),
                it.field.clone(),
                it.service.clone(),
                it.seed.clone(),
                drawn.unwrap_or_default(),
            ]);
        }
        table
    })
}

pub(super) async fn review(asked: Review, context: &Context) -> Result<(), Problem> {
    let Review { service, case, finding } = asked;
    let request_id = context.request().to_string();
    let asked = pb::RecordCaseReviewRequest { request_id, service, case_name: case, findings: finding };
    let mut client = open(context)?;
    let review = call("office, RecordCaseReview", Some(context.request()), client.record_case_review(asked)).await?;
    context.output.message(&review, |review| {
        let case = review.case_line.clone().unwrap_or_default();
        let known = [("review", review.name.clone()), ("case", case.name), ("quarter", review.quarter.clone())];
        let found = review.findings.iter().map(|it| ("found", format!("{} ({})", it.fact, it.rule)));
        facts(known.into_iter().chain(found))
    })
}

pub(super) async fn coverage(asked: Coverage, context: &Context) -> Result<(), Problem> {
    let Coverage { quarter, short } = asked;
    let asked = pb::GetCoverageRequest { quarter };
    let mut report = call("office, GetCoverage", None, open(context)?.get_coverage(asked)).await?;
    report.lines.retain(|line| !short || line.short);
    context.output.message(&report, show_coverage)
}

fn show_coverage(report: &pb::Coverage) -> Table {
    let mut table = table(&["FIELD", "SERVICE", "INSTITUTION", "CLOSED", "NEEDED", "REVIEWED", ""]);
    for it in &report.lines {
        let closed = if it.sampled { it.closed.to_string() } else { "not drawn".to_owned() };
        table.add_row([
            it.field.clone(),
            it.service.clone(),
            it.institution.clone(),
            closed,
            it.needed.to_string(),
            format!("{} ({} drawn)", it.reviewed, it.drawn_reviewed),
            if it.short { "short" } else { "" }.to_owned(),
        ]);
    }
    table
}

fn show_sample(sample: &pb::Sample) -> Table {
    let draw = sample.draw.clone();
    let mut rows = vec![
        ("sample", sample.name.clone()),
        ("quarter", sample.quarter.clone()),
        ("field", sample.field.clone()),
        ("service", sample.service.clone()),
        ("seed", sample.seed.clone()),
    ];
    if let Some(draw) = draw {
        rows.push(("closed cases", draw.listed.to_string()));
        rows.push(("list", digest(&draw.list_digest)));
        rows.extend(draw.cases.into_iter().map(|case| ("drawn", case)));
    }
    facts(rows)
}

async fn samples(client: &Supervision, limit: usize) -> Result<(Vec<pb::Sample>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        async move {
            let asked = pb::ListSamplesRequest { page_size, page_token };
            let page = call("office, ListSamples", None, client.list_samples(asked)).await?;
            Ok((page.samples, page.next_page_token))
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_fact_and_a_rule() {
        let read = finding("未告知诉权=行政许可法第三十八条").expect("a finding");
        assert_eq!((read.fact.as_str(), read.rule.as_str()), ("未告知诉权", "行政许可法第三十八条"));
        assert!(finding("未告知诉权").is_err());
    }
}
