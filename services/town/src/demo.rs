//! The story of the README: a county hands its powers to a town by a signed document, and anyone can check it.
//!
//! The town is a child process, `townlink up`, and the demonstration is its client: each step is a command line as a person
//! would type it, run through the same parser and the same code, and its answer is compared with what the law asks for. A
//! deviation ends the demonstration.
//!
//! - [`stage`]: the directory, the town, what was typed and what came back.
//! - [`grant`]: catalogue, keys, the county's document, its way through the town, what the town then holds.
//! - [`change`]: the province's decision, a withdrawal.
//! - [`refusal`]: what the town says no to.
//! - [`crash`]: `SIGKILL` after an acceptance.
//! - [`proof`]: the log and a receipt, checked with the town gone.

mod change;
mod crash;
mod grant;
mod page;
mod proof;
mod refusal;
mod stage;

use crate::output::Output;
use crate::problem::Problem;

use stage::Stage;

/// What becomes of the directory afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It is removed.
    Remove,
    /// It stays.
    Keep,
}

/// Plays the whole story.
pub fn play(after: After, postgres: Option<&str>, output: &Output) -> Result<(), Problem> {
    let mut stage = Stage::open(after, postgres, output)?;
    stage.tell(
        "The county government of 昆山市 hands powers to the town of 张浦镇 by a signed document. The data is real: 664 penalties,\n\
         305 service items. Document numbers, dates and keys are made up here. Time is the town's own and moves by hand;\n\
         it begins on 2026-03-02, a Monday. Of long answers only what the story needs is shown.",
    )?;
    grant::catalogue(&mut stage)?;
    grant::keys(&mut stage)?;
    let grant = grant::document(&mut stage)?;
    grant::inbox(&mut stage, &grant)?;
    grant::confirmation(&mut stage, &grant)?;
    grant::held(&mut stage)?;
    change::basis(&mut stage)?;
    change::withdrawal(&mut stage)?;
    refusal::relay(&mut stage, &grant)?;
    refusal::returned(&mut stage)?;
    refusal::import(&mut stage)?;
    crash::crash(&mut stage)?;
    proof::offline(&mut stage, &grant)?;
    stage.close()
}
