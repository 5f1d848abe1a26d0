//! The story of the README: a county hands its powers to a town by a signed document, and anyone can check it.
//!
//! The town is a child process, `townlink up`, and the demonstration is its client: each step is a command line as a person
//! would type it, run through the same parser and the same code, and its answer is compared with what the law asks for. A
//! deviation ends the demonstration. Each story has a town of its own, so that it can also be played alone.
//!
//! - [`stage`]: the directory, the town, what was typed and what came back.
//! - [`facts`]: what is shown of long answers.
//! - [`grant`]: catalogue, keys, the county's document, its way through the town, what the town then holds.
//! - [`change`]: the province's decision, a withdrawal.
//! - [`office`]: the office at work.
//! - [`refusal`]: what the town says no to.
//! - [`crash`]: `SIGKILL` after an acceptance.
//! - [`proof`]: the log and a receipt, checked with the town gone.

mod change;
mod crash;
mod facts;
mod grant;
mod office;
mod page;
mod proof;
mod refusal;
mod stage;

use clap::ValueEnum;

use crate::output::Output;
use crate::problem::Problem;

use stage::Stage;

/// A story that can be played alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Story {
    /// Powers handed down by a signed document, used, taken back and proved
    Powers,
    /// The office at work: a notice late and answered, a request, a letter to three, guidance
    Office,
}

impl Story {
    /// The name of its directory.
    const fn folder(self) -> &'static str {
        match self {
            Self::Powers => "powers",
            Self::Office => "office",
        }
    }

    fn play(self, stage: &mut Stage) -> Result<(), Problem> {
        match self {
            Self::Powers => powers(stage),
            Self::Office => at_work(stage),
        }
    }
}

/// What becomes of the directory afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It is removed.
    Remove,
    /// It stays.
    Keep,
}

/// Plays the stories that are wanted, one after the other; none named: all.
pub fn play(wanted: &[Story], after: After, postgres: Option<&str>, output: &Output) -> Result<(), Problem> {
    let mut stage = Stage::open(after, postgres, output)?;
    for story in Story::value_variants() {
        if wanted.is_empty() || wanted.contains(story) {
            stage.story(story.folder())?;
            story.play(&mut stage)?;
        }
    }
    stage.close()
}

/// The county's will comes down, the town's word goes up, and the back office guides the front desk.
fn at_work(stage: &mut Stage) -> Result<(), Problem> {
    stage.tell(
        "\nThe office at work (党政办): where the county's will, the back office's guidance and the front desk meet.",
    )?;
    office::keys(stage)?;
    office::notice(stage)?;
    office::answer(stage)?;
    office::request(stage)?;
    office::report(stage)?;
    office::guidance(stage)
}

/// The county hands its powers down, and anyone can check it.
fn powers(stage: &mut Stage) -> Result<(), Problem> {
    stage.tell(
        "The county government of 昆山市 hands powers to the town of 张浦镇 by a signed document. The data is real: 664 penalties,\n\
         305 service items. Document numbers, dates and keys are made up here. Time is the town's own and moves by hand;\n\
         it begins on 2026-03-02, a Monday. Of long answers only what the story needs is shown.",
    )?;
    grant::catalogue(stage)?;
    grant::keys(stage)?;
    let grant = grant::document(stage)?;
    grant::inbox(stage, &grant)?;
    grant::confirmation(stage, &grant)?;
    grant::held(stage)?;
    change::basis(stage)?;
    change::withdrawal(stage)?;
    refusal::relay(stage, &grant)?;
    refusal::returned(stage)?;
    refusal::import(stage)?;
    crash::crash(stage)?;
    proof::offline(stage, &grant)
}
