//! Does a text name one case or application and prescribe its outcome (overview.md §1.5, `OV-CASE-INSTRUCTION`)?
//!
//! Those who guide and supervise set general rules and may ask for reasons, re-examination or correct procedure; what becomes of a
//! case is the front desk's to decide. A text is looked at as a whole, so that the case may not stand in one sentence and its
//! outcome in the next. Spaces, punctuation, line breaks, full-width forms and traditional characters make no difference.
//!
//! - [`name`]: which case is named.
//! - [`prescribe`]: which outcome is prescribed.
//! - [`folded`]: a text in the form in which both look at it.

mod folded;
mod name;
mod prescribe;

/// A case that is named, and the outcome that is prescribed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// The words that name the case.
    pub case: String,
    /// The words that prescribe its outcome.
    pub outcome: String,
}

/// The instruction in a text, or in several that stand together; none where there is none.
pub(crate) fn instruction<'t>(texts: impl IntoIterator<Item = &'t str>) -> Option<Instruction> {
    let text = folded::fold(texts);
    let case = name::named(&text)?;
    let outcome = prescribe::prescribed(&text)?;
    Some(Instruction { case, outcome })
}

#[cfg(test)]
mod tests;
