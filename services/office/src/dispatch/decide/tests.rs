//! Every step at every stage.

mod drafting;
mod silence;
mod walks;

use vocabulary::period::Deadline;
use vocabulary::{Date, Timestamp};

use super::*;
use crate::dispatch::content::{Content, DocType, File, Issuer, Normative};
use crate::dispatch::refusal::{NormativeFault, Unfit};
use crate::dispatch::samples::{at, facts, id, letter, request};
use runtime::journal::Event as _;

/// Who takes which step in these tests.
fn actor(step: &Step) -> Facts {
    let office = |person| facts(person, Some(Institution::Office));
    match step {
        Step::Draft(_) | Step::Revise(_) | Step::RequestCosign(_) | Step::Withdraw(_) => {
            facts("sun", Some(Institution::Construction))
        }
        Step::Cosign(_, _) => facts("wu", Some(Institution::Finance)),
        Step::Review(_) => office("chief"),
        Step::ReviewLegality(_) => office("lawyer"),
        Step::Sign(_) => facts("zhou", None),
        Step::Number
        | Step::Void(_)
        | Step::Seal
        | Step::Send
        | Step::RecordDelivery { .. }
        | Step::Urge { .. }
        | Step::Close(_) => office("wang"),
        Step::Receipt(_) | Step::Reply(_) | Step::Remind | Step::TellSilence | Step::Determine => facts("", None),
    }
}

fn empty() -> Desk {
    Desk { dispatch: None, waiting: None, original: None, answered_number: None }
}

fn told(desk: &Desk, step: Step, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    decide(desk, &Command { id: id(), etag: String::new(), step }, facts)
}

/// The desk after a step, with a serial where one is taken.
fn after(desk: Desk, step: Step) -> Desk {
    let facts = actor(&step);
    after_by(desk, step, &facts)
}

fn after_by(desk: Desk, step: Step, facts: &Facts) -> Desk {
    let events = told(&desk, step.clone(), facts).unwrap_or_else(|refusal| panic!("{step:?}: {refusal:?}"));
    events.into_iter().fold(desk, |desk, mut event| {
        if let Some(series) = event.series() {
            event.set_number(runtime::numbers::Taken { series, number: 1 });
        }
        apply(desk, &event)
    })
}

fn stage(desk: &Desk) -> &'static str {
    desk.dispatch.as_ref().map_or("NEW", |dispatch| dispatch.stage.as_str())
}

fn dispatch(desk: &Desk) -> &Dispatch {
    desk.dispatch.as_ref().expect("it was drafted")
}

fn drafted(content: Content) -> Desk {
    after(empty(), Step::Draft(Box::new(content)))
}

fn words() -> String {
    "同意".to_owned()
}

/// A dispatch of that content at a stage.
fn at_stage(content: Content, wanted: &str) -> Desk {
    let way = [
        Step::RequestCosign(vec![Institution::Finance]),
        Step::Cosign(View::Agrees, words()),
        Step::Review(words()),
        Step::ReviewLegality(words()),
        Step::Sign(words()),
        Step::Number,
        Step::Seal,
        Step::Send,
        received("education"),
        answer("education"),
        Step::Close(words()),
    ];
    let mut desk = drafted(content);
    if wanted == "WITHDRAWN" {
        return after(desk, Step::Withdraw(words()));
    }
    for step in way {
        if stage(&desk) == wanted {
            break;
        }
        desk = after(desk, step);
        if wanted == "VOID" && stage(&desk) == "NUMBERED" {
            desk = after(desk, Step::Void(words()));
            break;
        }
    }
    assert_eq!(stage(&desk), wanted);
    desk
}

fn received(department: &str) -> Step {
    receipt(department, Progress::Received)
}

fn receipt(department: &str, progress: Progress) -> Step {
    Step::Receipt(Receipt {
        department: department.to_owned(),
        progress,
        reason: String::new(),
        at: at("2026-03-02T10:00:00+08:00"),
        digest: "00".to_owned(),
    })
}

fn answer(sender: &str) -> Step {
    let reply = Reply {
        inbox_paper: format!("inboxes/OFFICE/papers/{sender}-f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        document_number: "昆教函〔2026〕1号".to_owned(),
        at: at("2026-03-03T10:00:00+08:00"),
    };
    Step::Reply(Answering { sender: sender.to_owned(), reply })
}

const STAGES: [&str; 14] = [
    "NEW",
    "DRAFT",
    "COSIGNED",
    "OFFICE_REVIEWED",
    "LEGAL_REVIEWED",
    "SIGNED",
    "NUMBERED",
    "SEALED",
    "SENT",
    "DELIVERED",
    "REPLIED",
    "CLOSED",
    "VOID",
    "WITHDRAWN",
];

/// The stage after a step, or the code of the refusal. `=` means that nothing happens.
fn outcome(desk: &Desk, step: &Step) -> String {
    match told(desk, step.clone(), &actor(step)) {
        Ok(events) if events.is_empty() => "=".to_owned(),
        Ok(_) => stage(&after(desk.clone(), step.clone())).to_owned(),
        Err(refusal) => runtime::refusal::Refusal::from(refusal).ground().code.clone(),
    }
}

/// What each step does at each stage, in the order of [`STAGES`]; `-` stands for RE-STAGE.
#[test]
fn every_step_at_every_stage() {
    let delivery = Step::RecordDelivery { recipient: "昆山市教育局".to_owned(), words: words() };
    let rows: [(Step, &str); 17] = [
        (Step::Draft(Box::new(letter())), "DRAFT - - - - - - - - - - - - -"),
        (
            Step::Revise(Box::new(letter())),
            "- DRAFT DRAFT DRAFT DRAFT DRAFT DRAFT OV-HISTORY-EDIT OV-HISTORY-EDIT OV-HISTORY-EDIT OV-HISTORY-EDIT \
             OV-HISTORY-EDIT OV-HISTORY-EDIT OV-HISTORY-EDIT",
        ),
        (Step::RequestCosign(vec![Institution::Social]), "- DRAFT DRAFT - - - - - - - - - - -"),
        (Step::Cosign(View::Agrees, words()), "- OV-ACCESS COSIGNED - - - - - - - - - - OV-ACCESS"),
        (Step::Cosign(View::Disagrees, words()), "- OV-ACCESS DRAFT - - - - - - - - - - OV-ACCESS"),
        (Step::Review(words()), "- OFFICE_REVIEWED OFFICE_REVIEWED - - - - - - - - - - -"),
        (Step::ReviewLegality(words()), "- - - LEGAL_REVIEWED - - - - - - - - - -"),
        (Step::Sign(words()), "- - - SIGNED SIGNED - - - - - - - - -"),
        (Step::Number, "- RE-SIGN RE-SIGN RE-SIGN RE-SIGN NUMBERED - - - - - - - -"),
        (Step::Void(words()), "- - - - - - VOID VOID - - - - - -"),
        (Step::Seal, "- RE-SIGN RE-SIGN RE-SIGN RE-SIGN - SEALED - - - - - - -"),
        (Step::Send, "- RE-SIGN RE-SIGN RE-SIGN RE-SIGN - - SENT - - - - - -"),
        (delivery, "- - - - - - - - DELIVERED = = - - -"),
        (received("education"), "- = = = = = = = DELIVERED = = = = ="),
        (answer("education"), "- = = = = = = = REPLIED REPLIED = = = ="),
        (Step::Close(String::new()), "- - - - - - - - - CLOSED CLOSED - - -"),
        (Step::Withdraw(words()), "- WITHDRAWN WITHDRAWN WITHDRAWN WITHDRAWN WITHDRAWN - - - - - - - -"),
    ];
    for (step, expected) in rows {
        let expected: Vec<_> = expected.split_whitespace().map(|it| if it == "-" { "RE-STAGE" } else { it }).collect();
        assert_eq!(expected.len(), STAGES.len(), "{step:?}");
        for (name, expected) in STAGES.into_iter().zip(expected) {
            let desk = if name == "NEW" { empty() } else { at_stage(letter(), name) };
            assert_eq!(outcome(&desk, &step), expected, "{step:?} at {name}");
        }
    }
}

#[test]
fn each_step_is_taken_by_whom_it_belongs_to() {
    let wrong = |step: &Step| {
        let for_office = matches!(step, Step::Sign(_)) || actor(step).person.is_empty();
        facts("qian", Some(if for_office { Institution::Office } else { Institution::Economy }))
    };
    for (name, step) in [
        ("DRAFT", Step::Revise(Box::new(letter()))),
        ("DRAFT", Step::RequestCosign(vec![Institution::Finance])),
        ("COSIGNED", Step::Cosign(View::Agrees, words())),
        ("DRAFT", Step::Review(words())),
        ("OFFICE_REVIEWED", Step::ReviewLegality(words())),
        ("OFFICE_REVIEWED", Step::Sign(words())),
        ("SIGNED", Step::Number),
        ("NUMBERED", Step::Void(words())),
        ("NUMBERED", Step::Seal),
        ("SEALED", Step::Send),
        ("SENT", Step::RecordDelivery { recipient: "昆山市教育局".to_owned(), words: words() }),
        ("SENT", Step::Urge { how: "电话".to_owned(), words: words() }),
        ("DELIVERED", Step::Close(words())),
        ("DRAFT", Step::Withdraw(words())),
        ("SENT", received("education")),
        ("SENT", answer("education")),
        ("SENT", Step::Remind),
        ("SENT", Step::Determine),
    ] {
        let refused = told(&at_stage(letter(), name), step.clone(), &wrong(&step));
        assert!(matches!(refused, Err(Refusal::Course(Course::OtherInstitution { .. }))), "{step:?}: {refused:?}");
    }
    let content = Content { issuer: Issuer::Institution(Institution::Finance), ..letter() };
    let refused = told(&empty(), Step::Draft(Box::new(content)), &facts("sun", Some(Institution::Construction)));
    assert_eq!(refused, Err(Course::OtherInstitution { whose: "FINANCE".to_owned() }.into()));
}

#[test]
fn nobody_approves_what_he_wrote_or_reviewed() {
    let four_eyes = |person: &str| Err(Course::FourEyes { person: person.to_owned() }.into());
    let by = |person, institution| Facts { person: String::from(person), ..facts("", institution) };
    let office = Some(Institution::Office);
    let draft = at_stage(letter(), "DRAFT");
    assert_eq!(told(&draft, Step::Review(words()), &by("sun", office)), four_eyes("sun"));
    let asked = after(draft, Step::RequestCosign(vec![Institution::Finance]));
    let finance = by("sun", Some(Institution::Finance));
    assert_eq!(told(&asked, Step::Cosign(View::Agrees, words()), &finance), four_eyes("sun"));
    let reviewed = at_stage(letter(), "OFFICE_REVIEWED");
    for person in ["sun", "chief"] {
        assert_eq!(told(&reviewed, Step::ReviewLegality(words()), &by(person, office)), four_eyes(person));
        assert_eq!(told(&reviewed, Step::Sign(words()), &by(person, None)), four_eyes(person));
    }
    let legal = at_stage(letter(), "LEGAL_REVIEWED");
    assert_eq!(told(&legal, Step::Sign(words()), &by("lawyer", None)), four_eyes("lawyer"));
    // Who changed the paper is an author too.
    let revised = after_by(
        at_stage(letter(), "DRAFT"),
        Step::Revise(Box::new(letter())),
        &by("feng", Some(Institution::Construction)),
    );
    assert_eq!(told(&revised, Step::Review(words()), &by("feng", office)), four_eyes("feng"));
}

#[test]
fn all_who_are_asked_agree() {
    let asked = after(drafted(letter()), Step::RequestCosign(vec![Institution::Finance, Institution::Social]));
    let not_agreed =
        |institutions: &[&'static str]| Err(Course::NotAgreed { institutions: institutions.to_vec() }.into());
    let review = |desk: &Desk| told(desk, Step::Review(words()), &actor(&Step::Review(words())));
    assert_eq!(review(&asked), not_agreed(&["FINANCE", "SOCIAL"]));
    let one = after(asked, Step::Cosign(View::Agrees, words()));
    assert_eq!((stage(&one), review(&one)), ("DRAFT", not_agreed(&["SOCIAL"])));
    let social = facts("wei", Some(Institution::Social));
    let no = after_by(one.clone(), Step::Cosign(View::Disagrees, words()), &social);
    assert_eq!(review(&no), not_agreed(&["SOCIAL"]));
    let both = after_by(one, Step::Cosign(View::Agrees, words()), &social);
    assert_eq!(stage(&both), "COSIGNED");
    // Nobody has agreed to what was changed since.
    let changed = after(both, Step::Revise(Box::new(letter())));
    assert_eq!(review(&changed), not_agreed(&["FINANCE", "SOCIAL"]));
    let oneself = told(
        &drafted(letter()),
        Step::RequestCosign(vec![Institution::Construction]),
        &actor(&Step::RequestCosign(Vec::new())),
    );
    assert!(matches!(oneself, Err(Refusal::Course(Course::OtherInstitution { .. }))));
}

#[test]
fn what_is_changed_after_the_signature_is_signed_again_and_keeps_its_number() {
    let numbered = at_stage(letter(), "NUMBERED");
    let number = dispatch(&numbered).number().cloned().expect("a number");
    assert_eq!(number.to_string(), "张政发〔2026〕1号");
    let changed = after(numbered, Step::Revise(Box::new(Content { title: "改".to_owned(), ..letter() })));
    for step in [Step::Number, Step::Seal, Step::Send] {
        assert_eq!(outcome(&changed, &step), "RE-SIGN", "{step:?}");
    }
    assert_eq!(outcome(&changed, &Step::Withdraw(words())), "RE-STAGE", "a number is voided, not dropped");
    assert_eq!(outcome(&changed, &Step::Void(words())), "VOID");
    let other_issuer = Content { issuer: Issuer::GovernmentOffice, ..letter() };
    assert_eq!(outcome(&changed, &Step::Revise(Box::new(other_issuer))), "OV-HISTORY-EDIT");
    let agreed = after(changed, Step::Cosign(View::Agrees, words()));
    let signed = after(after(agreed, Step::Review(words())), Step::Sign(words()));
    let events = told(&signed, Step::Number, &actor(&Step::Number)).expect("it has its number");
    assert!(events.iter().all(|event| event.series().is_none()), "no number is taken twice");
    let again = after(signed, Step::Number);
    assert_eq!((stage(&again), dispatch(&again).number()), ("NUMBERED", Some(&number)));
}

#[test]
fn a_normative_document_is_reviewed_for_its_legality() {
    let normative =
        Normative { fair_competition: "已审查".to_owned(), publication_place: "镇政府网站".to_owned() };
    let content = Content {
        doc_type: DocType::Notice,
        main_to: vec!["张浦镇大市村村民委员会".to_owned()],
        openness: "主动公开".to_owned(),
        normative: Some(normative),
        ..letter()
    };
    let reviewed = at_stage(content, "OFFICE_REVIEWED");
    let refused = told(&reviewed, Step::Sign(words()), &actor(&Step::Sign(words())));
    assert_eq!(refused, Err(Unfit::Normative { fault: NormativeFault::Legality }.into()));
    let signed = after(after(reviewed, Step::ReviewLegality(words())), Step::Sign(words()));
    assert_eq!(stage(&signed), "SIGNED");
}

#[test]
fn the_reviewer_says_what_no_machine_can_read() {
    let file = File { name: "图.ofd".to_owned(), content: b"PK\x03\x04\0".as_slice().into() };
    let desk = drafted(Content { files: vec![file], ..letter() });
    let refused = told(&desk, Step::Review(" ".to_owned()), &actor(&Step::Review(String::new())));
    assert_eq!(refused, Err(Unfit::Held { files: vec!["图.ofd".to_owned()] }.into()));
    assert_eq!(stage(&after(desk, Step::Review("已核看".to_owned()))), "OFFICE_REVIEWED");
}

#[test]
fn the_rules_hold_again_when_a_paper_is_signed_and_sent() {
    let waiting = Some(DispatchId(uuid::Uuid::from_u128(9)));
    for (name, step) in [("OFFICE_REVIEWED", Step::Sign(words())), ("SEALED", Step::Send)] {
        let desk = Desk { waiting, ..at_stage(request(), name) };
        assert_eq!(outcome(&desk, &step), "RE-SECOND-REQUEST");
    }
}

#[test]
fn the_silence_of_one_delays_no_other() {
    let content = Content {
        main_to: ["昆山市教育局", "昆山市水务局", "昆山市周庄镇人民政府"].map(str::to_owned).to_vec(),
        ..letter()
    };
    let sent = at_stage(content, "SENT");
    let one = after(sent, receipt("education", Progress::SignedFor));
    let progress = |desk: &Desk| -> Vec<_> {
        let sent = dispatch(desk).stage.sent().expect("it was sent");
        sent.recipients.iter().map(|recipient| recipient.progress).collect()
    };
    assert_eq!(progress(&one), [Progress::SignedFor, Progress::Pending, Progress::Pending]);
    assert_eq!(outcome(&one, &received("education")), "=", "a receipt that was overtaken changes nothing");
    assert_eq!(outcome(&one, &received("housing")), "=", "who is no recipient changes nothing");
    assert_eq!(outcome(&one, &Step::Close(words())), "RE-STAGE", "two are waited for");
    let by_hand = |name: &str| Step::RecordDelivery { recipient: name.to_owned(), words: words() };
    let two = after(one, by_hand("昆山市周庄镇人民政府"));
    assert_eq!(outcome(&two, &by_hand("昆山市民政局")), "RE-ADDRESSEE");
    let returned = after(two.clone(), receipt("water", Progress::Returned));
    assert_eq!(stage(&returned), "SENT");
    assert_eq!(outcome(&returned, &Step::Close(words())), "CLOSED", "nobody is waited for");
    assert_eq!(stage(&after(two, received("water"))), "DELIVERED");
}

#[test]
fn an_answer_comes_from_who_was_asked() {
    let sent = at_stage(request(), "SENT");
    assert_eq!(outcome(&sent, &answer("education")), "=", "a mention by another ends no waiting");
    assert_eq!(outcome(&sent, &answer("government-office")), "REPLIED", "the office of who was asked may answer");
    let replied = after(sent, answer("government"));
    assert_eq!(stage(&replied), "REPLIED");
    assert_eq!(outcome(&replied, &answer("government")), "=", "one paper answers once");
    let closed = after(at_stage(letter(), "DELIVERED"), Step::Close(words()));
    assert_eq!(
        stage(&after(closed, answer("education"))),
        "CLOSED",
        "a later answer is linked, and nothing comes to life"
    );
}

fn on(text: &str) -> Facts {
    Facts { now: at(text), ..facts("", None) }
}

fn awaited(desk: &Desk) -> (Deadline, i32, Option<Timestamp>) {
    let awaited = dispatch(desk).awaiting().expect("an answer is awaited");
    (awaited.due, awaited.reminders, awaited.next)
}

/// Sent on Monday 2 March 2026: 15 working days end on 23 March, and 5 more on 30 March.
#[test]
fn a_missing_answer_is_told_once_and_again() {
    let sent = at_stage(request(), "SENT");
    let due = Deadline::On(Date::constant(2026, 3, 23));
    assert_eq!(awaited(&sent), (due, 0, Some(at("2026-03-24T00:00:00+08:00"))));
    assert_eq!(told(&sent, Step::Remind, &on("2026-03-23T23:59:59+08:00")), Ok(Vec::new()));
    let told_once = after_by(sent, Step::Remind, &on("2026-03-24T00:00:00+08:00"));
    assert_eq!(awaited(&told_once), (due, 1, Some(at("2026-03-31T00:00:00+08:00"))));
    assert_eq!(told(&told_once, Step::Remind, &on("2026-03-24T00:00:00+08:00")), Ok(Vec::new()), "once");
    // However far the clock was moved, one alarm tells it.
    let later = after_by(told_once, Step::Remind, &on("2026-04-20T09:00:00+08:00"));
    assert_eq!(awaited(&later).1, 2);
    assert!(awaited(&later).2 > Some(at("2026-04-20T09:00:00+08:00")));
    assert_eq!(outcome(&later, &Step::Close(String::new())), "RE-STAGE");
    let urged = after(later, Step::Urge { how: "电话".to_owned(), words: words() });
    assert_eq!(dispatch(&urged).stage.sent().map(|sent| sent.urges.len()), Some(1));
    let replied = after(urged, answer("government"));
    assert_eq!((dispatch(&replied).awaiting(), outcome(&replied, &Step::Remind)), (None, "=".to_owned()));
    assert_eq!(
        outcome(&at_stage(letter(), "SENT"), &Step::Urge { how: "电话".to_owned(), words: words() }),
        "RE-STAGE"
    );
}

#[test]
fn an_unanswered_request_is_closed_with_words_only() {
    let delivered = after(at_stage(request(), "SENT"), received("government"));
    assert_eq!(outcome(&delivered, &Step::Close(" ".to_owned())), "RE-UNANSWERED");
    assert_eq!(outcome(&delivered, &Step::Close("市政府口头答复".to_owned())), "CLOSED");
}

/// 2027 has no calendar here: the deadline is undetermined, never a guess by weekends.
#[test]
fn without_a_calendar_the_deadline_waits() {
    let sealed = at_stage(request(), "SEALED");
    let late = Facts { now: at("2026-12-28T09:00:00+08:00"), ..actor(&Step::Send) };
    let sent = after_by(sealed, Step::Send, &late);
    assert_eq!(awaited(&sent), (Deadline::Undetermined { year: 2027 }, 0, None));
    assert_eq!(told(&sent, Step::Determine, &on("2027-01-05T09:00:00+08:00")), Ok(Vec::new()));
    let knowing = Facts { calendar: with_2027(), ..on("2027-01-05T09:00:00+08:00") };
    let known = after_by(sent, Step::Determine, &knowing);
    assert!(matches!(awaited(&known), (Deadline::On(_), 0, Some(_))));
}

/// The official calendar with a year of 2027 that lists the days that every year has.
fn with_2027() -> Arc<WorkingCalendar> {
    use vocabulary::calendar::{CalendarYear, DayKind, ListedDay};
    let day =
        |month, day| ListedDay { date: Date::constant(2027, month, day), kind: DayKind::Off, name: "节".to_owned() };
    let year = CalendarYear { year: 2027, days: vec![day(1, 1), day(5, 1), day(10, 1)] };
    Arc::new(WorkingCalendar::official().with_correction(year).expect("a calendar"))
}

#[test]
fn an_answer_refers_to_what_it_answers() {
    let desk = Desk { answered_number: Some("昆政办发〔2026〕18号".to_owned()), ..empty() };
    let drafted = after(desk, Step::Draft(Box::new(letter())));
    assert_eq!(dispatch(&drafted).content.ref_document_number, "昆政办发〔2026〕18号");
}

#[test]
fn who_is_known_by_two_names_gets_one_paper() {
    let content = Content {
        main_to: vec!["昆山市教育局".to_owned()],
        copy_to: vec!["市教育局".to_owned(), "昆山市水务局".to_owned()],
        ..letter()
    };
    let sent = at_stage(content, "SENT");
    let recipients = &dispatch(&sent).stage.sent().expect("it was sent").recipients;
    let seen: Vec<_> = recipients.iter().map(|it| (it.department.as_deref(), it.copy)).collect();
    assert_eq!(seen, [(Some("education"), false), (Some("water"), true)]);
    let public = Content { doc_type: DocType::PublicNotice, main_to: Vec::new(), ..letter() };
    let sent = at_stage(public, "SENT");
    assert_eq!(dispatch(&sent).stage.sent().map(|sent| sent.recipients[0].name.clone()).as_deref(), Some("社会公众"));
}

#[test]
fn the_seal_tells_any_two_papers_apart() {
    let sealed = |content| match at_stage(content, "SEALED").dispatch.map(|dispatch| dispatch.stage) {
        Some(Stage::Sealed(sealed)) => sealed.digest,
        other => panic!("{other:?}"),
    };
    let one = sealed(letter());
    assert_eq!(one, sealed(letter()));
    for content in [
        Content { text: "另一篇".to_owned(), ..letter() },
        Content { main_to: vec!["昆山市水务局".to_owned()], ..letter() },
        Content {
            main_to: vec!["昆山市教育局".to_owned()], copy_to: vec!["昆山市水务局".to_owned()], ..letter()
        },
        Content { files: vec![File { name: "a".to_owned(), content: b"b".as_slice().into() }], ..letter() },
    ] {
        assert_ne!(one, sealed(content));
    }
}
