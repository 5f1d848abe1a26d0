//! What holds for every history of the register: look-ups agree with a plain recomputation from the journal's events, also as
//! known at an earlier moment; grants of one power never overlap; a file takes effect whole or not at all.

use proptest::prelude::*;
use vocabulary::{Date, Institution, PowerKind, Timestamp};

use super::directive::form::OWN_TYPES;
use super::document::state::{DocumentType, Issued, Publication};
use super::event::Event;
use super::grant::state::{Change, Grant, Holder, PENALTY_LAW_REVISED};
use super::holds::{Question, Verdict, holds};
use super::testing::{CONFIRMATION, GRANT, PENALTY, Trial, day, file, grant_row, number, power_row, with};

const POWERS: [&str; 4] = ["P-02-A", "P-02-B", "P-07-B", "P-07-C"];

/// A step of a history. Days are counted in steps of a month and a half from 2018 on, so that the revised law lies within.
#[derive(Clone, Debug)]
enum Step {
    Grant { power: usize, from: u8, to: Option<u8>, stationed: bool },
    Suspend { power: usize, from: u8 },
    Resume { power: usize, from: u8 },
    Withdraw { power: usize, to: u8 },
    Replace { power: usize, from: u8 },
    Publish { published: u8 },
    Basis { published: u8, every: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (power, at) = (0..POWERS.len(), 1u8..50);
    let step = prop_oneof![
        4 => (power.clone(), at.clone(), proptest::option::weighted(0.8, 1u8..9), proptest::bool::weighted(0.2))
            .prop_map(|(power, from, length, stationed)| Step::Grant { power, from, to: length.map(|length| from + length), stationed }),
        3 => (power.clone(), at.clone()).prop_map(|(power, from)| Step::Suspend { power, from }),
        4 => (power.clone(), at.clone()).prop_map(|(power, from)| Step::Resume { power, from }),
        2 => (power.clone(), at.clone()).prop_map(|(power, to)| Step::Withdraw { power, to }),
        2 => (power, at.clone()).prop_map(|(power, from)| Step::Replace { power, from }),
        1 => at.clone().prop_map(|published| Step::Publish { published }),
        1 => (at, any::<bool>()).prop_map(|(published, every)| Step::Basis { published, every }),
    ];
    proptest::collection::vec(step, 4..32)
}

fn on(step: u8) -> Date {
    day("2018-01-01").checked_add(jiff::Span::new().days(i32::from(step) * 45)).expect("a day")
}

/// A register with its events, each with the moment of its record.
struct History {
    trial: Trial,
    events: Vec<(Event, Timestamp)>,
}

impl History {
    fn new() -> Self {
        let mut trial = Trial::new();
        let second = with(&PENALTY, &[("power_code", "P-02-B"), ("field", "HEALTH")]);
        let third = with(&CONFIRMATION, &[("power_code", "P-07-C")]);
        trial.document("昆政发〔2018〕1号", "昆山市人民政府", "2018-01-01", "", DocumentType::Grant);
        trial.list(&[power_row(&PENALTY), power_row(&second), power_row(&CONFIRMATION), power_row(&third)]);
        let mut history = Self { trial, events: Vec::new() };
        for power in &POWERS[..3] {
            let events = history.trial.check_grants(&[row_of(power, 5, None, false)]).expect("a grant");
            history.take(events);
        }
        history
    }

    fn take(&mut self, events: Vec<Event>) {
        self.trial.now = self.trial.now.checked_add(jiff::SignedDuration::from_secs(60)).expect("an instant");
        let before = self.trial.now;
        self.trial.take(&events);
        let recorded =
            |place: usize| before.checked_add(jiff::SignedDuration::from_micros(place as i64 + 1)).expect("an instant");
        self.events.extend(events.into_iter().enumerate().map(|(place, event)| (event, recorded(place))));
    }

    /// Carries a step out, unless the rules refuse it.
    fn step(&mut self, step: &Step) {
        let paper = Issued { publication: None, ..self.paper() };
        match step {
            Step::Grant { power, from, to, stationed } => {
                let row = row_of(POWERS[*power], *from, *to, *stationed);
                if let Ok(events) = self.trial.check_grants(&[row]) {
                    self.take(events);
                }
            }
            Step::Suspend { power, from } => self.direct(&paper, &adjust("SUSPEND", *power, *from), ""),
            Step::Resume { power, from } => self.direct(&paper, &adjust("RESUME", *power, *from), ""),
            Step::Withdraw { power, to } => {
                let (to, power) = (on(*to), POWERS[*power]);
                self.direct(&paper, &format!(r#"{{"type":"WITHDRAW_POWERS","to":"{to}","powers":["{power}"]}}"#), "");
            }
            Step::Replace { power, from } => {
                let row = row_of(POWERS[*power], *from, None, false);
                let annex = file(super::grant::csv::COLUMNS, &[row]);
                self.direct(&paper, r#"{"type":"ADJUST_POWERS","action":"REPLACE","annex":"a"}"#, &annex);
            }
            Step::Publish { published } => self.publish(on(*published)),
            Step::Basis { published, every } => {
                let fields = if *every { r#"["*"]"# } else { r#"["HEALTH"]"# };
                let object = format!(
                    r#"{{"type":"{}","basis":{{"docNo":"苏政发〔2018〕3号","title":"决定","issuer":"江苏省人民政府","issueDate":"2018-01-01","publishedDate":"{}","publishedPlace":"","attachment":"a","digest":"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"}},"powers":[],"fields":{fields},"towns":"张浦镇"}}"#,
                    OWN_TYPES[3],
                    on(*published)
                );
                self.direct(&paper, &object, "");
            }
        }
    }

    fn paper(&self) -> Issued {
        let number = number("昆政发〔2018〕1号");
        self.trial.register.confirmed_document(&number).expect("the document").clone()
    }

    fn direct(&mut self, paper: &Issued, object: &str, annex: &str) {
        if let Ok(effect) = self.trial.direct(paper, object, annex) {
            let revision = self.trial.register.head.revision + 1;
            let basis = effect.basis.map(|basis| Event::BasisRegistered { basis: basis.into(), revision });
            let grants = effect.grants.into_iter();
            let grants = grants.map(|(grant, change)| Event::GrantRecorded { grant: grant.into(), change, revision });
            let events = grants.chain(basis).collect();
            self.take(events);
        }
    }

    fn publish(&mut self, date: Date) {
        if self.paper().publication.is_some() {
            return;
        }
        let revision = self.trial.register.head.revision + 1;
        let publication = Publication { date, place: String::new() };
        let id = self.trial.register.documents[&number("昆政发〔2018〕1号")].id;
        let document =
            Event::DocumentPublished { id, publication: publication.clone(), recorder: "li".into(), revision };
        let grants = self.trial.register.all_grants().filter(|grant| grant.publication.is_none()).map(|grant| {
            let grant = Grant { publication: Some(publication.clone()), ..grant.clone() };
            Event::GrantRecorded { grant: grant.into(), change: Change::Published, revision }
        });
        let events = grants.chain([document]).collect();
        self.take(events);
    }

    /// The answer, recomputed from the events that were recorded by a moment.
    fn plainly(&self, institution: Institution, power: &str, on: Date, known: Timestamp) -> Verdict {
        let begun = |event: &Event| {
            let of_write = self.events.iter().filter(|(other, _)| other.revision() == event.revision());
            of_write.map(|(_, recorded)| *recorded).min().is_some_and(|first| first <= known)
        };
        let known: Vec<&Event> = self.events.iter().map(|(event, _)| event).filter(|event| begun(event)).collect();
        let mut grants: Vec<&Grant> = Vec::new();
        for event in &known {
            if let Event::GrantRecorded { grant, .. } = event
                && grant.power.as_str() == power
            {
                grants.retain(|known| known.id != grant.id);
                grants.push(grant);
            }
        }
        let own = |grant: &&&Grant| grant.exercise.holder() == Holder::Town && grant.handler == institution;
        let lies_in = |grant: &Grant| grant.from <= on && grant.end.as_ref().is_none_or(|end| on < end.on);
        let based = known.iter().rev().find_map(|event| {
            let Event::BasisRegistered { basis, .. } = event else { return None };
            Some(basis)
        });
        let field = vocabulary::FieldCode::parse(if power == "P-02-B" { "HEALTH" } else { "URBAN" }).expect("a field");
        let penalty = power.starts_with("P-02");
        let code = vocabulary::PowerCode::parse(power).expect("a code");
        if let Some(grant) = grants.iter().filter(own).find(|grant| lies_in(grant)) {
            let suspended = grant.suspensions.iter().any(|suspension| {
                suspension.from <= on && suspension.resumed.as_ref().is_none_or(|resumed| on < resumed.on)
            });
            let strict = penalty && on >= PENALTY_LAW_REVISED;
            let unpublished = grant.publication.as_ref().is_none_or(|publication| publication.date > on);
            let gap = based.is_none_or(|basis| !basis.covers(&code, Some(&field), on));
            return match (suspended, strict && unpublished, strict && gap) {
                (true, _, _) => Verdict::Suspended,
                (false, true, _) => Verdict::NotPublished,
                (false, false, true) => Verdict::BasisGap,
                (false, false, false) => Verdict::Yes,
            };
        }
        let other_now = grants.iter().any(|grant| lies_in(grant));
        let void = |grant: &Grant| grant.end.as_ref().is_some_and(|end| end.on == grant.from);
        let later = grants.iter().filter(own).any(|grant| grant.from > on && !void(grant));
        let earlier = grants.iter().filter(own).any(|grant| grant.from <= on || void(grant));
        match (other_now, later, earlier, grants.is_empty()) {
            (true, _, _, _) => Verdict::WrongInstitution,
            (false, true, _, _) => Verdict::NotYet,
            (false, false, true, _) => Verdict::Ended,
            (false, false, false, false) => Verdict::WrongInstitution,
            (false, false, false, true) => Verdict::NoGrant,
        }
    }

    fn asked(&self, institution: Institution, power: &str, day: Date, known: Timestamp) -> Verdict {
        let register = &self.trial.register;
        let revision = register.revision_at(known);
        let question = Question { institution, power, day, place: "", amount: None, target: "", revision };
        holds(register, &self.trial.rules, &question).verdict
    }
}

fn row_of(power: &str, from: u8, to: Option<u8>, stationed: bool) -> String {
    let handler = if power.starts_with("P-02") { "ENFORCEMENT" } else { "SERVICE" };
    let mode = match (stationed, power.starts_with("P-02")) {
        (true, _) => "",
        (false, true) => "CONFIRMED",
        (false, false) => "ASSIGNED",
    };
    let (from, to) = (on(from).to_string(), to.map(|to| on(to).to_string()).unwrap_or_default());
    let cells = [
        ("power_code", power),
        ("mode", mode),
        ("exercise_name", if stationed { "STATIONED" } else { "OWN" }),
        ("handler", handler),
        ("supervisor", ""),
        ("doc_no", "昆政发〔2018〕1号"),
        ("from", from.as_str()),
        ("to", to.as_str()),
    ];
    grant_row(&with(&GRANT, &cells))
}

fn adjust(action: &str, power: usize, from: u8) -> String {
    format!(r#"{{"type":"ADJUST_POWERS","action":"{action}","from":"{}","powers":["{}"]}}"#, on(from), POWERS[power])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn look_ups_agree_with_a_plain_recomputation(steps in steps(), days in proptest::collection::vec(0u8..55, 6), moments in proptest::collection::vec(0i64..1800, 3)) {
        let mut history = History::new();
        let begin = history.trial.now;
        for step in &steps {
            history.step(step);
        }
        let later = |seconds: i64| begin.checked_add(jiff::SignedDuration::from_secs(seconds)).expect("an instant");
        let moments = moments.into_iter().map(later).chain([Timestamp::MAX]).collect::<Vec<_>>();
        for known in moments {
            for day in &days {
                for power in POWERS {
                    for institution in [Institution::Enforcement, Institution::Service, Institution::Office] {
                        let (asked, plainly) = (
                            history.asked(institution, power, on(*day), known),
                            history.plainly(institution, power, on(*day), known),
                        );
                        prop_assert_eq!(asked, plainly, "{} {} {} {}", institution, power, on(*day), known);
                    }
                }
            }
        }
    }

    #[test]
    fn grants_of_one_power_never_overlap(steps in steps()) {
        let mut history = History::new();
        for step in &steps {
            history.step(step);
            for power in POWERS {
                let code = vocabulary::PowerCode::parse(power).expect("a code");
                let grants: Vec<_> = history.trial.register.grants_of(&code).collect();
                for (place, one) in grants.iter().enumerate() {
                    let void = one.end.as_ref().is_some_and(|end| end.on == one.from && end.document.is_some());
                    prop_assert!(void || one.end.as_ref().is_none_or(|end| one.from < end.on), "an interval has a day");
                    for other in &grants[place + 1..] {
                        let same = one.exercise.holder() == other.exercise.holder();
                        prop_assert!(!same || !one.overlaps(other.from, other.end.as_ref().map(|end| end.on)));
                    }
                }
            }
        }
    }

    #[test]
    fn a_file_takes_effect_whole_or_not_at_all(powers in proptest::collection::vec((0..POWERS.len(), 1u8..50, proptest::option::of(1u8..50)), 1..8), bad in any::<proptest::sample::Index>()) {
        let history = History::new();
        let rows: Vec<_> = powers.iter().map(|(power, from, to)| row_of(POWERS[*power], *from, *to, false)).collect();
        match history.trial.check_grants(&rows) {
            Ok(events) => prop_assert_eq!(events.len(), rows.len()),
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
        let mut wrong = rows;
        let place = bad.index(wrong.len());
        wrong[place] = row_of("P-99-X", 1, None, false);
        let faults = history.trial.check_grants(&wrong).expect_err("a row is bad");
        prop_assert!(faults.contains(&(place as u32 + 2, "power_code".to_owned(), "AU-UNKNOWN-POWER".to_owned())));
    }

    #[test]
    fn what_is_kept_reads_back(steps in steps()) {
        let mut history = History::new();
        for step in &steps {
            history.step(step);
        }
        for entry in history.trial.register.powers.values() {
            for listed in &entry.versions {
                let message = super::catalogue::wire::listed(listed);
                let read = super::catalogue::wire::read(message).expect("a power");
                prop_assert_eq!(read, ((*listed.power).clone(), listed.valid_from));
            }
            for recorded in entry.grants.iter().flat_map(|grant| &grant.versions) {
                let message = super::grant::wire::grant(&recorded.grant);
                prop_assert_eq!(&super::grant::wire::read(message).expect("a grant"), recorded.grant.as_ref());
                let change = super::grant::wire::change_to_wire(recorded.change);
                prop_assert_eq!(super::grant::wire::read_change(change).expect("a change"), recorded.change);
            }
        }
        for recorded in history.trial.register.bases.iter().flat_map(|basis| &basis.versions) {
            let message = super::basis::wire::basis(&recorded.basis);
            prop_assert_eq!(&super::basis::wire::read(message).expect("a basis"), recorded.basis.as_ref());
        }
    }

    #[test]
    fn a_day_is_counted_in_one_state(steps in steps(), at in 0u8..55) {
        let mut history = History::new();
        for step in &steps {
            history.step(step);
        }
        for grant in history.trial.register.all_grants() {
            let kind = if grant.power.as_str().starts_with("P-02") { PowerKind::Penalty } else { PowerKind::Confirmation };
            let state = grant.state_on(kind, on(at), history.trial.register.is_succeeded(grant));
            let ended = matches!(state, super::grant::state::GrantState::Withdrawn | super::grant::state::GrantState::Expired | super::grant::state::GrantState::Superseded);
            prop_assert_eq!(ended, grant.is_void() || grant.end.as_ref().is_some_and(|end| end.on <= on(at)));
        }
    }
}
