//! What supervision may do (relay-and-sharing.md §8.8; overview.md §1.4 reading rule (b), §1.5). Nothing here reads a clock, a
//! database, the network or chance.
//!
//! - [`sample`]: planning and drawing.
//! - [`review`]: the review of a closed case.
//! - [`instrument`]: the supervision opinion.
//! - [`accountability`]: the proposal to call somebody to account.

pub(crate) mod accountability;
pub(crate) mod instrument;
pub(crate) mod review;
pub(crate) mod sample;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use vocabulary::Institution;

use super::state::CaseLine;
use crate::outcome;
use crate::oversight::facts::Facts;
use crate::oversight::refusal::{CaseFault, OwnWork, Refusal};

/// The institution that acts.
fn acting(facts: &Facts) -> Result<Institution, Refusal> {
    facts.institution.ok_or_else(|| Refusal::OtherParty { party: "a supervising institution".to_owned() })
}

/// A record is worked by the institution whose it is.
fn own(facts: &Facts, institution: Institution) -> Result<(), Refusal> {
    if facts.institution == Some(institution) {
        Ok(())
    } else {
        Err(Refusal::OtherParty { party: institution.code().to_owned() })
    }
}

/// The case, as its service shows it.
fn case(facts: &Facts) -> Result<&CaseLine, Refusal> {
    facts.case.as_ref().ok_or_else(|| Refusal::Case { case: "the case".to_owned(), fault: CaseFault::Unreadable })
}

/// A case is supervised by the institution that its grant or its field names, and never by who handled it (overview.md §1.5,
/// `OV-SELF-SUPERVISE`): the institution, the person, or a person who held a post of the handling institution while the case ran.
fn may_supervise(facts: &Facts, case: &CaseLine) -> Result<(), Refusal> {
    let institution = acting(facts)?;
    let own = |own| Err(Refusal::SelfSupervise { case: case.name.clone(), own });
    if case.handler == institution {
        return own(OwnWork::Institution);
    }
    if case.handled_by.contains(&facts.person) {
        return own(OwnWork::Person);
    }
    if facts.was_at_front {
        return own(OwnWork::FormerPost);
    }
    if case.supervisor != institution {
        let field = format!("{} ({})", case.name, case.field);
        return Err(Refusal::Field { field, supervisor: Some(case.supervisor) });
    }
    Ok(())
}

/// No text of supervision prescribes the outcome of a case (overview.md §1.5, `OV-CASE-INSTRUCTION`). Each text is looked at by
/// itself and with those before it.
fn no_instruction<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<(), Refusal> {
    match outcome::instruction(texts) {
        None => Ok(()),
        Some(outcome::Instruction { case, outcome }) => Err(Refusal::Instruction { case, outcome }),
    }
}

/// Words that hold a case up.
const SUSPENDING: [&str; 9] = ["中止", "暂停", "暂缓", "停止办理", "停止审批", "停止执行", "搁置", "缓办", "停办"];

/// After such a word: the text asks about it.
const ASKING: [&str; 6] = ["的理由", "的依据", "的原因", "的程序", "的期间", "的期限"];

/// Before such a word: the text tells of it, or of a rule.
const TELLING: [&str; 8] = ["已", "曾", "擅自", "违法", "为何", "是否", "不得", "所作"];

/// Supervision suspends no case (relay-and-sharing.md §8.8).
fn no_suspension<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<(), Refusal> {
    for text in texts {
        let text: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        for word in SUSPENDING {
            let orders = text.match_indices(word).any(|(at, _)| {
                let before: String = text[..at].chars().rev().take(5).collect::<Vec<_>>().into_iter().rev().collect();
                let after: String = text[at + word.len()..].chars().take(9).collect();
                !TELLING.iter().any(|telling| before.contains(telling))
                    && !ASKING.iter().any(|asking| after.contains(asking))
            });
            if orders {
                return Err(Refusal::Suspends { words: word.to_owned() });
            }
        }
    }
    Ok(())
}
