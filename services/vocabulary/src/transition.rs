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
    /// It was decided in time, or was never under this authority.
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

    /// What becomes of work that was filed on a day and decided on another, if it was.
    ///
    /// Work that was decided from `W` on though the document does not let the town finish it is not made lawful by the decision:
    /// it counts as undecided.
    #[must_use]
    pub fn fate(&self, filed: Date, decided: Option<Date>) -> Fate {
        if filed >= self.on || decided.is_some_and(|decided| self.may_decide(filed, decided)) {
            return Fate::Untouched;
        }
        match self.transition {
            Transition::Transfer => Fate::AuthorityEnded,
            Transition::FinishByTown => Fate::Finishing(None),
            Transition::FinishUntil(until) => Fate::Finishing(Some(until)),
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

    /// Whether undecided work is to be handed over on a day: the town may not decide it on that day, nor later.
    #[must_use]
    pub fn must_hand_over(&self, filed: Date, on: Date) -> bool {
        filed < self.on && on >= self.on && !self.may_decide(filed, on)
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
            assert_eq!(end.fate(BEFORE, None), fate);
            assert_eq!(end.fate(BEFORE, Some(BEFORE)), Fate::Untouched, "decided in time");
            let decided = if transition == Transition::Transfer { fate } else { Fate::Untouched };
            assert_eq!(end.fate(BEFORE, Some(W)), decided, "decided too late is not decided");
            assert_eq!(end.fate(W, None), Fate::Untouched, "never under this authority");
        }
        let late = Some(LIMIT.tomorrow().expect("a day"));
        assert_eq!(end(Transition::FinishUntil(LIMIT)).fate(BEFORE, late), Fate::Finishing(Some(LIMIT)));
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
            assert_eq!(end.must_hand_over(BEFORE, on), !may, "{end:?} on {on}");
        }
        assert!(!finish.may_decide(W, W), "what was filed without authority is not finished either");
        assert!(!finish.must_hand_over(W, W));
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
            let open = end.fate(filed, None) != Fate::Untouched;
            prop_assert_eq!(open && on >= W && !end.may_decide(filed, on), end.must_hand_over(filed, on));
        }
    }
}
