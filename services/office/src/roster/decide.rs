//! Who may be assigned what (overview.md §1.5, §1.7; personnel.md §5.7).
//!
//! Whether a post carries a role is not asked here: a [`Duty`](super::state::Duty) that its post does not carry cannot be built.

use vocabulary::Date;

use super::state::{Assignment, AssignmentName, Days, Person};
use crate::refusal::Refusal;

/// What is wanted of a person's assignments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Assign a role.
    Assign {
        /// To whom.
        person: String,
        /// The assignment.
        assignment: Assignment,
    },
    /// End an assignment.
    End {
        /// Which.
        name: AssignmentName,
        /// The etag that was seen; empty: any.
        etag: String,
        /// The first day on which it is no longer held.
        to: Date,
        /// The document that ends it.
        document_number: String,
    },
}

impl Command {
    /// Which assignment it is about.
    pub(crate) const fn name(&self) -> AssignmentName {
        match self {
            Self::Assign { assignment, .. } => assignment.name,
            Self::End { name, .. } => *name,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A role was assigned.
    Assigned {
        /// To whom.
        person: String,
        /// The assignment.
        assignment: Assignment,
    },
    /// An assignment was ended.
    Ended {
        /// Which.
        name: AssignmentName,
        /// The first day on which it is no longer held.
        to: Date,
        /// The document.
        document_number: String,
    },
}

/// Says what happens to a person's assignments, or why not. `today` is the town's day; `officer` is who decides it, nobody for the
/// assignments of the configuration.
pub(crate) fn decide(
    person: &Person,
    command: &Command,
    today: Date,
    officer: Option<&str>,
) -> Result<Vec<Event>, Refusal> {
    if officer == Some(person.id.as_str()) {
        return Err(Refusal::OwnRoles { person: person.id.clone() });
    }
    match command {
        Command::Assign { assignment, .. } => {
            one_post(person, assignment)?;
            once(person, assignment)?;
            Ok(vec![Event::Assigned { person: person.id.clone(), assignment: assignment.clone() }])
        }
        Command::End { name, to, document_number, .. } => {
            // A name that the person does not have was not found when the person was loaded.
            let Some(assignment) = person.assignments.iter().find(|assignment| assignment.name == *name) else {
                return Ok(Vec::new());
            };
            not_ended(assignment, today)?;
            if *to < today {
                return Err(Refusal::EndsBeforeToday { to: to.to_string(), today: today.to_string() });
            }
            within(assignment, *to)?;
            Ok(vec![Event::Ended { name: *name, to: *to, document_number: document_number.clone() }])
        }
    }
}

/// One person holds a post of one institution only, on any day (`OV-DUAL-POST`).
fn one_post(person: &Person, assignment: &Assignment) -> Result<(), Refusal> {
    let other = person
        .assignments
        .iter()
        .find(|other| other.duty.post() != assignment.duty.post() && other.days.meet(&assignment.days));
    match other {
        None => Ok(()),
        Some(other) => Err(Refusal::DualPost {
            person: person.id.clone(),
            post: other.duty.post().to_string(),
            assignment: other.name.to_string(),
        }),
    }
}

/// A role is held once on any day, so that ending it ends it.
fn once(person: &Person, assignment: &Assignment) -> Result<(), Refusal> {
    let same = |other: &&Assignment| other.duty == assignment.duty && other.days.meet(&assignment.days);
    match person.assignments.iter().find(same) {
        None => Ok(()),
        Some(other) => Err(Refusal::Covered {
            person: person.id.clone(),
            role: other.duty.role().as_str(),
            assignment: other.name.to_string(),
        }),
    }
}

/// What a document has ended, or what is over, stays as it is (`OV-HISTORY-EDIT`).
fn not_ended(assignment: &Assignment, today: Date) -> Result<(), Refusal> {
    let over = assignment.days.to().is_some_and(|to| to <= today);
    if over || assignment.end_document_number.is_some() {
        return Err(Refusal::EndedAlready { assignment: assignment.name.to_string() });
    }
    Ok(())
}

/// An end cuts the days short and never prolongs them. On the first day it leaves none: the assignment was a mistake.
fn within(assignment: &Assignment, to: Date) -> Result<(), Refusal> {
    let days = assignment.days;
    let longer = days.to().is_some_and(|end| end < to);
    if longer || Days::recorded(days.from(), Some(to)).is_none() {
        let end = days.to().map(|end| end.to_string());
        return Err(Refusal::EndOutsideDays { from: days.from().to_string(), end, to: to.to_string() });
    }
    Ok(())
}

/// The person after an event.
pub(crate) fn apply(mut person: Person, event: &Event) -> Person {
    match event {
        Event::Assigned { assignment, .. } => person.assignments.push(assignment.clone()),
        Event::Ended { name, to, document_number } => {
            for assignment in person.assignments.iter_mut().filter(|assignment| assignment.name == *name) {
                if let Some(days) = Days::recorded(assignment.days.from(), Some(*to)) {
                    assignment.days = days;
                }
                assignment.end_document_number = Some(document_number.clone());
            }
        }
    }
    person
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use uuid::Uuid;
    use vocabulary::Institution;

    use super::super::state::{Duty, Post, Role};
    use super::{decide as decide_by, *};

    fn decide(person: &Person, command: &Command, today: Date) -> Result<Vec<Event>, Refusal> {
        decide_by(person, command, today, Some("li"))
    }

    fn assignment(id: u128, post: Post, role: Role, from: Date, to: Option<Date>) -> Assignment {
        Assignment {
            name: AssignmentName(Uuid::from_u128(id)),
            duty: Duty::new(post, role).expect("a duty"),
            days: Days::new(from, to).expect("days"),
            document_number: "张委组〔2026〕1号".to_owned(),
            end_document_number: None,
        }
    }

    fn clerk(id: u128, from: Date, to: Option<Date>) -> Assignment {
        assignment(id, Post::Institution(Institution::Office), Role::RelayClerk, from, to)
    }

    fn person(assignments: Vec<Assignment>) -> Person {
        Person { id: "wang".to_owned(), assignments }
    }

    fn assign(assignment: Assignment) -> Command {
        Command::Assign { person: "wang".to_owned(), assignment }
    }

    const TODAY: Date = Date::constant(2026, 3, 2);

    #[test]
    fn a_second_role_at_the_same_post_is_assigned() {
        let office = Post::Institution(Institution::Office);
        let second = assignment(2, office, Role::GrantRegistrar, TODAY, None);
        let held = person(vec![clerk(1, date(2012, 1, 1), None)]);
        let events = decide(&held, &assign(second.clone()), TODAY);
        assert_eq!(events, Ok(vec![Event::Assigned { person: "wang".to_owned(), assignment: second }]));
    }

    #[test]
    fn nobody_holds_posts_of_two_institutions_on_one_day() {
        let held = person(vec![clerk(1, date(2026, 3, 1), Some(date(2026, 6, 1)))]);
        let posts = Post::all().filter(|post| *post != Post::Institution(Institution::Office));
        for post in posts {
            let role = if post == Post::Leaders { Role::Head } else { Role::RelayClerk };
            let rows = [
                (date(2026, 2, 1), Some(date(2026, 3, 1)), true),
                (date(2026, 2, 1), Some(date(2026, 3, 2)), false),
                (date(2026, 4, 1), Some(date(2026, 5, 1)), false),
                (date(2026, 5, 31), None, false),
                (date(2026, 6, 1), None, true),
                (date(2026, 2, 1), None, false),
            ];
            for (from, to, allowed) in rows {
                let wanted = assignment(2, post, role, from, to);
                let decided = decide(&held, &assign(wanted), TODAY);
                let assignment = AssignmentName(Uuid::from_u128(1)).to_string();
                let refused = Refusal::DualPost { person: "wang".to_owned(), post: "OFFICE".to_owned(), assignment };
                assert_eq!(decided.err(), (!allowed).then_some(refused), "{post} from {from}");
            }
        }
    }

    fn end(to: Date) -> Command {
        let name = AssignmentName(Uuid::from_u128(1));
        Command::End { name, etag: String::new(), to, document_number: "张委组〔2026〕9号".to_owned() }
    }

    #[test]
    fn an_open_assignment_ends_by_a_document() {
        let held = person(vec![clerk(1, date(2026, 3, 1), None)]);
        let events = decide(&held, &end(date(2026, 6, 1)), TODAY).expect("allowed");
        let after = events.iter().fold(held, apply);
        assert_eq!(
            after.standing(date(2026, 5, 31)),
            Some((Post::Institution(Institution::Office), vec![Role::RelayClerk]))
        );
        assert_eq!(after.standing(date(2026, 6, 1)), None);
        assert_eq!(after.assignments[0].end_document_number.as_deref(), Some("张委组〔2026〕9号"));
    }

    #[test]
    fn an_assignment_with_a_set_end_may_end_earlier() {
        let held = person(vec![clerk(1, date(2026, 3, 1), Some(date(2026, 12, 31)))]);
        assert!(decide(&held, &end(date(2026, 6, 1)), TODAY).is_ok());
    }

    #[test]
    fn what_has_ended_is_not_ended_again() {
        let refused = Err(Refusal::EndedAlready { assignment: AssignmentName(Uuid::from_u128(1)).to_string() });
        let over = person(vec![clerk(1, date(2026, 1, 1), Some(TODAY))]);
        assert_eq!(decide(&over, &end(date(2026, 6, 1)), TODAY), refused);
        let mut ended = clerk(1, date(2026, 1, 1), Some(date(2026, 5, 1)));
        ended.end_document_number = Some("张委组〔2026〕8号".to_owned());
        assert_eq!(decide(&person(vec![ended]), &end(date(2026, 6, 1)), TODAY), refused);
    }

    #[test]
    fn an_assignment_ends_within_its_days() {
        for (last, to, allowed) in [
            (None, date(2026, 3, 31), false),
            (None, date(2026, 4, 1), true),
            (None, date(2026, 4, 2), true),
            (Some(date(2026, 5, 1)), date(2026, 5, 1), true),
            (Some(date(2026, 5, 1)), date(2026, 5, 2), false),
        ] {
            let held = person(vec![clerk(1, date(2026, 4, 1), last)]);
            let (from, last) = ("2026-04-01".to_owned(), last.map(|last| last.to_string()));
            let refused = Refusal::EndOutsideDays { from, end: last, to: to.to_string() };
            assert_eq!(decide(&held, &end(to), TODAY).err(), (!allowed).then_some(refused), "{to}");
        }
    }

    #[test]
    fn an_assignment_ends_today_and_not_before() {
        for (from, to, allowed) in [
            (date(2026, 3, 1), date(2026, 3, 1), false),
            (date(2026, 3, 1), TODAY, true),
            (TODAY, TODAY, true),
            (TODAY, date(2026, 3, 1), false),
        ] {
            let held = person(vec![clerk(1, from, None)]);
            let refused = Refusal::EndsBeforeToday { to: to.to_string(), today: TODAY.to_string() };
            assert_eq!(decide(&held, &end(to), TODAY).err(), (!allowed).then_some(refused), "{from} {to}");
        }
        // A mistaken assignment that ended at once was never held, and its days are free again.
        let held = person(vec![clerk(1, TODAY, None)]);
        let events = decide(&held, &end(TODAY), TODAY).expect("allowed");
        let after = events.iter().fold(held, apply);
        assert_eq!(after.standing(TODAY), None);
        assert!(decide(&after, &assign(clerk(2, TODAY, None)), TODAY).is_ok());
    }

    #[test]
    fn a_role_is_held_once_on_any_day() {
        let held = person(vec![clerk(1, date(2026, 3, 1), Some(date(2026, 6, 1)))]);
        for (from, to, allowed) in [
            (date(2026, 2, 1), Some(date(2026, 3, 1)), true),
            (date(2026, 2, 1), Some(date(2026, 3, 2)), false),
            (date(2026, 5, 31), None, false),
            (date(2026, 6, 1), None, true),
        ] {
            let assignment = AssignmentName(Uuid::from_u128(1)).to_string();
            let refused = Refusal::Covered { person: "wang".to_owned(), role: "RELAY_CLERK", assignment };
            let decided = decide(&held, &assign(clerk(2, from, to)), TODAY);
            assert_eq!(decided.err(), (!allowed).then_some(refused), "{from}");
        }
    }

    #[test]
    fn nobody_moves_himself() {
        let held = person(vec![clerk(1, date(2026, 3, 1), None)]);
        let chief = assignment(2, Post::Institution(Institution::Office), Role::RelayChief, TODAY, None);
        for command in [assign(chief), end(date(2026, 6, 1))] {
            let refused = Refusal::OwnRoles { person: "wang".to_owned() };
            assert_eq!(decide_by(&held, &command, TODAY, Some("wang")), Err(refused));
            assert!(decide_by(&held, &command, TODAY, Some("li")).is_ok());
        }
    }

    proptest! {
        /// Whatever is assigned and ended, nobody stands at two posts on one day.
        #[test]
        fn nobody_ever_stands_at_two_posts(steps in proptest::collection::vec((0usize..8, 1i8..28, 0i8..28, any::<bool>()), 0..30)) {
            let mut held = person(Vec::new());
            for (index, (post, from, length, ending)) in steps.into_iter().enumerate() {
                let day = |n: i8| date(2026, 3, n.min(31));
                let to = (length > 0).then(|| day(from.saturating_add(length)));
                let command = match held.assignments.first() {
                    Some(first) if ending => {
                        Command::End { name: first.name, etag: String::new(), to: day(from), document_number: "文".to_owned() }
                    }
                    _ => {
                        let post = Post::Institution(Institution::ALL[post]);
                        assign(assignment(index as u128, post, Role::RelayClerk, day(from), to))
                    }
                };
                if let Ok(events) = decide(&held, &command, TODAY) {
                    held = events.iter().fold(held, apply);
                }
            }
            for n in 1..=31 {
                let active = held.assignments.iter().filter(|it| it.days.contain(date(2026, 3, n)));
                let mut posts: Vec<_> = active.map(|it| it.duty.post()).collect();
                posts.dedup();
                prop_assert!(posts.len() <= 1);
            }
        }
    }
}
