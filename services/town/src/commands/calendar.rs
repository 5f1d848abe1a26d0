//! `townlink calendar`: when a time limit ends, by the calendar that ships with the program. Needs no town.

use clap::{Args, Subcommand};
use serde_json::json;
use vocabulary::period::{due, working_days_between};
use vocabulary::time::parse_date;
use vocabulary::{Date, LastDay, Period, WorkingCalendar};

use crate::output::Output;
use crate::problem::{No, Problem};

/// When a time limit ends.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The last day of a time limit (期限届满日)
    #[command(after_help = EXAMPLES)]
    Due(Due),
}

const EXAMPLES: &str = "\
The day on which a period starts is not counted. Working days are those of the State Council's lists of 2011 to 2026; \
a year whose list is not published yet has none, and a period that reaches into it is refused: SC-NO-CALENDAR, exit \
code 3.

Examples:
  # 20 working days (工作日): 2026-03-30
  townlink calendar due 2026-03-02 20
  # 10 days of a party, which end on a working day: 2026-04-30
  townlink calendar due 2026-04-20 10 --natural
  # 2026-05-01 is a day off, so: 2026-05-06
  townlink calendar due 2026-04-20 11 --natural
  # a limit on the organ stands all the same: 2026-05-01
  townlink calendar due 2026-04-20 11 --natural --organ";

/// The last day of a period.
#[derive(Debug, Args)]
pub struct Due {
    /// The day on which the period starts, YYYY-MM-DD; it is not counted
    #[arg(value_parser = parse_date)]
    from: Date,
    /// How many days
    length: u32,
    /// Count natural days (日): a last day that is a day off moves to the next working day (民法典 art. 203)
    #[arg(long)]
    natural: bool,
    /// The period limits the organ's interference, as a seizure of 30 days: its last day stands
    #[arg(long, requires = "natural")]
    organ: bool,
}

/// Runs the command.
pub fn run(command: &Command, output: &Output) -> Result<(), Problem> {
    let Command::Due(asked) = command;
    let period = if asked.natural { Period::natural_days(asked.length) } else { Period::working_days(asked.length) };
    let last_day = if asked.natural && !asked.organ { LastDay::RollsForward } else { LastDay::Stands };
    let calendar = WorkingCalendar::official();
    let day = due(asked.from, period, last_day, calendar).map_err(no_calendar)?;
    let working = working_days_between(asked.from, day, calendar).ok();
    let value = json!({
        "from": asked.from.to_string(), "period": period.to_string(), "due": day.to_string(),
        "workingDays": working, "calendarVersion": calendar.version(),
    });
    output.value(&value, || day.to_string())
}

fn no_calendar(error: vocabulary::NoCalendar) -> Problem {
    let ground = runtime::refusal::ground(townlink_proto::townlink::errors::v1::ErrorReason::ScNoCalendar);
    let refusal = runtime::refusal::SeenRefusal {
        reason: ground.reason.to_owned(),
        code: ground.code.clone(),
        law: ground.law.clone(),
        message: error.to_string(),
        remedy: format!("待国务院公布{}年放假安排并载入日历后再计算；在此之前期限为未定", error.year),
        ..Default::default()
    };
    Problem::Refused { place: "the working-day calendar".to_owned(), kind: No::Refused, refusal: Box::new(refusal) }
}
