//! `townlink clock`: the town's time, and moving it in a development town. Each service keeps its own clock, so that time can
//! pass while one is away.

use clap::{Args, Subcommand};
use jiff::SignedDuration;
use serde_json::json;
use townlink_proto::townlink::clock::v1 as pb;
use vocabulary::Timestamp;
use vocabulary::time::format_instant;

use crate::cli::Context;
use crate::connection::{Connection, call};
use crate::names::{parse_instant, wire_instant};
use crate::output::{instant, render, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
A clock moves forward only. Who moves it is the operator.

Examples:
  townlink clock show
  # to the start of a day in the town
  townlink --as operator/sysadmin clock advance 2026-04-01
  # to a time of a day
  townlink --as operator/sysadmin clock advance 2026-03-02T17:00:00
  # by a duration
  townlink --as operator/sysadmin clock advance +1h30m
  townlink --as operator/sysadmin clock advance +31d --service gateway";

/// The town's clock.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the town time of each service
    #[command(after_help = EXAMPLES)]
    Show(Which),
    /// Move a manual clock forward
    #[command(after_help = EXAMPLES)]
    Advance(Advance),
}

/// Which services.
#[derive(Debug, Args)]
pub struct Which {
    /// Only this service
    #[arg(long)]
    service: Option<String>,
}

/// Moves the clock.
#[derive(Debug, Args)]
pub struct Advance {
    /// An instant, a day, or a duration after +
    to: String,
    #[command(flatten)]
    which: Which,
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let (which, to) = match command {
        Command::Show(which) => (which, None),
        Command::Advance(advance) => (advance.which, Some(advance.to)),
    };
    let otherwise = to.is_none().then_some(super::READER);
    let connection = Connection::open(context, otherwise)?;
    let known = connection.ready.services.iter().map(|service| service.name.clone());
    let services: Vec<_> = known.filter(|name| which.service.as_ref().is_none_or(|wanted| wanted == name)).collect();
    if services.is_empty() {
        return Err(Problem::usage("the town has no such service", "`townlink clock show` lists them"));
    }
    let mut clocks = Vec::new();
    let mut away = None;
    for service in services {
        match clock_of(&connection, &service, to.as_deref()).await {
            Ok(clock) => clocks.push((service, clock)),
            // Time passes for the others also while one service is away; it is told at the end.
            Err(problem @ Problem::Unavailable { .. }) => away = Some(problem),
            Err(problem) => return Err(problem),
        }
    }
    show(&clocks, context)?;
    away.map_or(Ok(()), Err)
}

/// The clock of a service.
struct Seen {
    clock: pb::Clock,
    /// It was asked to move, and did not.
    unmoved: bool,
}

async fn clock_of(connection: &Connection, service: &str, to: Option<&str>) -> Result<Seen, Problem> {
    let mut client = connection.clock(service)?;
    let place = format!("{service}, GetClock");
    let clock = call(&place, None, client.get_clock(pb::GetClockRequest {})).await?;
    let Some(to) = to else { return Ok(Seen { clock, unmoved: false }) };
    let before = now(&clock)?;
    let asked = pb::AdvanceClockRequest { to: Some(wire_instant(target(to, &clock)?)) };
    let moved = call(&format!("{service}, AdvanceClock"), None, client.advance_clock(asked)).await?;
    Ok(Seen { unmoved: now(&moved)? == before, clock: moved })
}

fn now(clock: &pb::Clock) -> Result<Timestamp, Problem> {
    let now = clock.now.unwrap_or_default();
    Timestamp::new(now.seconds, now.nanos).map_err(|error| Problem::failed("GetClock", error))
}

fn target(text: &str, clock: &pb::Clock) -> Result<Timestamp, Problem> {
    let remedy = "give an instant such as 2026-04-01, or a duration such as +36h";
    let Some(duration) = text.strip_prefix('+') else {
        return parse_instant(text).map_err(|error| Problem::usage(error, remedy));
    };
    let span: jiff::Span = duration.parse().map_err(|error| Problem::usage(error, remedy))?;
    let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).unwrap_or(SignedDuration::ZERO);
    now(clock)?.checked_add(duration).map_err(|error| Problem::usage(error, remedy))
}

fn show(clocks: &[(String, Seen)], context: &Context) -> Result<(), Problem> {
    let mut rows = Vec::new();
    for (service, Seen { clock, unmoved }) in clocks {
        let now = format_instant(now(clock)?);
        rows.push(json!({"service": service, "now": now, "manual": clock.manual, "unmoved": unmoved}));
    }
    context.output.value(&json!({ "clocks": rows }), || {
        let mut table = table(&["SERVICE", "TOWN TIME", "MOVED"]);
        for (service, Seen { clock, .. }) in clocks {
            let moved = if clock.manual { "by hand" } else { "by the machine" };
            table.add_row([service.clone(), instant(clock.now.as_ref()), moved.to_owned()]);
        }
        let still: Vec<_> = clocks.iter().filter(|(_, seen)| seen.unmoved).map(|(name, _)| name.as_str()).collect();
        if still.is_empty() {
            return render(&table);
        }
        let still = still.join(", ");
        format!(
            "{}\nnothing moved at {still}: a clock moves forward only, and stands there or later already",
            render(&table)
        )
    })
}
