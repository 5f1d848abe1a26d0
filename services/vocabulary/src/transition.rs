//! What becomes of open work when the authority that it rests on ends (authority.md §2.4).
//!
//! Let `W` be the first day without authority. A case that was filed before `W` and not decided then has lost its authority: the town
//! does not decide it from `W` on, unless the withdrawing document lets it finish. What it may not finish goes to the county
//! department.

use crate::time::Date;

/// What the withdrawing document says about open work (过渡条款).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transition {
    /// It is handed over to the county department. The default.
    Transfer,
    /// The town finishes it.
    FinishByTown,
    /// The town finishes it until a day, which is the last.
    FinishUntil(Date),
}

/// The end of an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AuthorityEnd {
    /// `W`: the first day without authority.
    pub on: Date,
    /// What becomes of open work.
    pub transition: Transition,
}

/// A clause that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("work cannot be finished until a day before the authority ends")]
pub struct TransitionError;

impl TransitionError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "AU-DATE"
    }
}

/// How a piece of work stands once the authority has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// The authority stands yet, the work was decided in time, or it was never under this authority.
    Untouched,
    /// The town must not decide it any more; it goes to the county department.
    AuthorityEnded,
    /// The town finishes it, until a last day if there is one.
    Finishing(Option<Date>),
}

impl AuthorityEnd {
    /// The end of an authority on a day.
    ///
    /// # Errors
    /// [`TransitionError`] where the town would have to finish before the end.
    pub fn new(on: Date, transition: Transition) -> Result<Self, TransitionError> {
        match transition {
            Transition::FinishUntil(until) if until < on => Err(TransitionError),
            Transition::Transfer | Transition::FinishByTown | Transition::FinishUntil(_) => Ok(Self { on, transition }),
        }
    }

    /// How work stands on a day that was filed on another and decided on a third, if it was. Nothing has to be written when `W`
    /// comes: it follows from the dates.
    ///
    /// Work that was decided from `W` on though the document does not let the town finish it is not made lawful by the decision:
    /// it counts as undecided.
    #[must_use]
    pub fn fate(&self, filed: Date, decided: Option<Date>, today: Date) -> Fate {
        let in_time = decided.is_some_and(|decided| self.may_decide(filed, decided));
        if filed >= self.on || in_time || today < self.on {
            return Fate::Untouched;
        }
        match self.transition {
            Transition::FinishByTown => Fate::Finishing(None),
            Transition::FinishUntil(until) if today <= until => Fate::Finishing(Some(until)),
            Transition::FinishUntil(_) | Transition::Transfer => Fate::AuthorityEnded,
        }
    }

    /// Whether the town may decide work that was filed under this authority on a day.
    #[must_use]
    pub fn may_decide(&self, filed: Date, on: Date) -> bool {
        if on < self.on {
            return true;
        }
        filed < self.on
            && match self.transition {
                Transition::Transfer => false,
                Transition::FinishByTown => true,
                Transition::FinishUntil(until) => on <= until,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const W: Date = date(2024, 7, 1);
    const BEFORE: Date = date(2024, 6, 30);
    const LIMIT: Date = date(2024, 9, 30);

    fn end(transition: Transition) -> AuthorityEnd {
        AuthorityEnd::new(W, transition).expect("a possible end")
    }

    #[test]
    fn open_work_gets_what_the_document_says() {
        for (transition, fate) in [
            (Transition::Transfer, Fate::AuthorityEnded),
            (Transition::FinishByTown, Fate::Finishing(None)),
            (Transition::FinishUntil(LIMIT), Fate::Finishing(Some(LIMIT))),
        ] {
            let end = end(transition);
            assert_eq!(end.fate(BEFORE, None, BEFORE), Fate::Untouched, "the authority stands yet");
            assert_eq!(end.fate(BEFORE, None, W), fate);
            assert_eq!(end.fate(BEFORE, Some(BEFORE), W), Fate::Untouched, "decided in time");
            assert_eq!(end.fate(W, None, W), Fate::Untouched, "never under this authority");
            let decided = if transition == Transition::Transfer { fate } else { Fate::Untouched };
            assert_eq!(end.fate(BEFORE, Some(W), W), decided, "decided too late is not decided");
        }
        let (until, late) = (end(Transition::FinishUntil(LIMIT)), LIMIT.tomorrow().expect("a day"));
        assert_eq!(until.fate(BEFORE, None, LIMIT), Fate::Finishing(Some(LIMIT)));
        assert_eq!(until.fate(BEFORE, None, late), Fate::AuthorityEnded, "what is not finished is handed over");
        assert_eq!(until.fate(BEFORE, Some(late), late), Fate::AuthorityEnded);
    }

    #[test]
    fn the_town_does_not_decide_from_the_day_on() {
        let next = W.tomorrow().expect("a day");
        let (transfer, finish, until) =
            (end(Transition::Transfer), end(Transition::FinishByTown), end(Transition::FinishUntil(LIMIT)));
        for (end, on, may) in [
            (transfer, BEFORE, true),
            (transfer, W, false),
            (transfer, next, false),
            (finish, W, true),
            (finish, date(2034, 7, 1), true),
            (until, W, true),
            (until, LIMIT, true),
            (until, LIMIT.tomorrow().expect("a day"), false),
        ] {
            assert_eq!(end.may_decide(BEFORE, on), may, "{end:?} on {on}");
        }
        assert!(!finish.may_decide(W, W), "what was filed without authority is not finished either");
    }

    #[test]
    fn no_work_is_finished_before_the_end() {
        assert_eq!(AuthorityEnd::new(W, Transition::FinishUntil(BEFORE)), Err(TransitionError));
        assert_eq!(TransitionError.code(), "AU-DATE");
        assert!(AuthorityEnd::new(W, Transition::FinishUntil(W)).is_ok());
    }

    proptest! {
        #[test]
        fn what_may_not_be_decided_once_never_may_again(filed in -400i32..400, on in -400i32..400, later in 0i32..400, limit in 0i32..400, which in 0u8..3) {
            let day = |days: i32| W.saturating_add(jiff::Span::new().days(days));
            let transition = [Transition::Transfer, Transition::FinishByTown, Transition::FinishUntil(day(limit))][usize::from(which)];
            let end = end(transition);
            let (filed, on, later) = (day(filed), day(on), day(on + later));
            if !end.may_decide(filed, on) {
                prop_assert!(!end.may_decide(filed, later));
            }
            // What was filed without authority is nobody's open work; of all other, it is one or the other.
            let ended = end.fate(filed, None, on) == Fate::AuthorityEnded;
            prop_assert_eq!(ended, filed < W && !end.may_decide(filed, on));
        }
    }
}
