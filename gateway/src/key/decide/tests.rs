use vocabulary::{Date, DepartmentCode};

use super::*;
use crate::key::state::{Days, Issuer, KeyId};
use crate::settings::Settings;
use runtime::signing::{PublicKey, Security, Signer as _, SoftEd25519, SoftSm2};

fn day(text: &str) -> Date {
    vocabulary::time::parse_date(text).expect("a day")
}

fn days(from: &str, to: &str) -> Days {
    Days { from: day(from), to: (!to.is_empty()).then(|| day(to)) }
}

fn person(id: &str) -> PersonId {
    PersonId::parse(id).expect("an id")
}

fn document() -> DocumentNumber {
    "昆政办函〔2026〕1号".parse().expect("a document number")
}

fn sm2() -> PublicKey {
    SoftSm2::generate().expect("a key").public_key().clone()
}

fn owner(department: &str) -> Owner {
    Owner::Department(DepartmentCode::parse(department).expect("a department"))
}

fn issuer(name: &str, from: &str, to: &str) -> Issuer {
    Issuer { name: name.to_owned(), days: days(from, to) }
}

fn registration() -> Registration {
    Registration {
        id: KeyId::parse("gov-1").expect("an id"),
        owner: owner("government"),
        public_key: sm2(),
        valid: days("2026-01-01", "2028-01-01"),
        issuers: vec![issuer("昆山市人民政府", "2026-01-01", "")],
        security: Security::Soft,
        document_number: document(),
    }
}

fn now() -> Timestamp {
    "2026-03-02T01:00:00Z".parse().expect("an instant")
}

fn decided(key: Option<&Key>, command: &Command, who: &str, known: bool) -> Result<Event, Refusal> {
    let departments = Settings::default().rules("张浦镇").expect("rules").departments;
    decide(key, command, &Facts { now: now(), person: &person(who), known, departments: &departments })
}

fn revoke() -> Command {
    Command::Revoke { reason: "密钥泄露".to_owned(), document_number: document() }
}

/// The key at every stage, by `a` and `b`.
fn stages() -> [Key; 4] {
    let pending = decided(None, &Command::Register(Box::new(registration())), "a", false).expect("a registration");
    let pending = apply(None, &pending).expect("a key");
    let step = |key: &Key, command: &Command, who| {
        let event = decided(Some(key), command, who, true).expect("a step");
        apply(Some(key.clone()), &event).expect("a key")
    };
    let active = step(&pending, &Command::Confirm, "b");
    let asked = step(&active, &revoke(), "a");
    let revoked = step(&asked, &Command::Confirm, "b");
    [pending, active, asked, revoked]
}

#[test]
fn every_stage_answers_every_command() {
    let [pending, active, asked, revoked] = stages();
    let register = Command::Register(Box::new(registration()));
    let confirmed = || Ok(Event::Confirmed { confirmer: person("c") });
    let asks = || {
        let revocation = Revocation {
            registrar: person("c"),
            reason: "密钥泄露".to_owned(),
            document_number: document(),
            time: now(),
        };
        Ok(Event::RevocationAsked(revocation))
    };
    let cases = [
        (&pending, [Err(Refusal::KeyKnown), confirmed(), asks()]),
        (&active, [Err(Refusal::KeyKnown), Err(Refusal::KeyDone), asks()]),
        (&asked, [Err(Refusal::KeyKnown), Ok(Event::Revoked { revoker: person("c") }), Err(Refusal::KeyDone)]),
        (&revoked, [Err(Refusal::KeyKnown), Err(Refusal::KeyDone), Err(Refusal::KeyDone)]),
    ];
    for (key, expected) in cases {
        for (command, expected) in [register.clone(), Command::Confirm, revoke()].iter().zip(expected) {
            assert_eq!(decided(Some(key), command, "c", true), expected, "{:?} {command:?}", key.stage);
        }
    }
}

#[test]
fn what_was_never_registered_is_neither_confirmed_nor_revoked() {
    for command in [Command::Confirm, revoke()] {
        assert_eq!(decided(None, &command, "c", false), Err(Refusal::KeyDone), "{command:?}");
    }
}

#[test]
fn whoever_asked_may_not_confirm() {
    let [pending, _, asked, _] = stages();
    assert_eq!(decided(Some(&pending), &Command::Confirm, "a", true), Err(Refusal::KeyFourEyes));
    assert_eq!(decided(Some(&asked), &Command::Confirm, "a", true), Err(Refusal::KeyFourEyes));
    // The registrar of the key may confirm a revocation that another person asked for.
    let [_, active, ..] = stages();
    let asked = decided(Some(&active), &revoke(), "b", true).expect("a revocation");
    let asked = apply(Some(active), &asked).expect("a key");
    assert!(decided(Some(&asked), &Command::Confirm, "a", true).is_ok());
}

#[test]
fn a_key_signs_from_its_confirmation_to_the_asking_of_its_revocation() {
    let usable: Vec<_> = stages().iter().map(|key| key.is_usable_on(day("2026-03-02"))).collect();
    assert_eq!(usable, [false, true, false, false]);
    let confirmed: Vec<_> = stages().iter().map(Key::was_confirmed).collect();
    assert_eq!(confirmed, [false, true, true, true]);
    let [_, active, ..] = stages();
    for (on, expected) in [("2025-12-31", false), ("2026-01-01", true), ("2027-12-31", true), ("2028-01-01", false)] {
        assert_eq!(active.is_usable_on(day(on)), expected, "{on}");
    }
    assert!(active.may_sign_for("昆山市人民政府", day("2026-03-02")));
    assert!(!active.may_sign_for("昆山市人民政府", day("2025-03-02")));
    assert!(!active.may_sign_for("昆山市人民政府办公室", day("2026-03-02")));
}

#[test]
fn a_key_or_id_is_registered_once() {
    assert_eq!(decided(None, &Command::Register(Box::new(registration())), "a", true), Err(Refusal::KeyKnown));
}

#[test]
fn a_key_that_contradicts_itself_is_refused() {
    let with = |change: fn(&mut Registration)| {
        let mut registration = registration();
        change(&mut registration);
        decided(None, &Command::Register(Box::new(registration)), "a", false)
    };
    let faulty: [fn(&mut Registration); 11] = [
        |it| it.valid = days("2026-01-01", "2026-01-01"),
        |it| (it.owner, it.issuers, it.valid) = (Owner::Town, Vec::new(), days("2026-01-01", "2026-01-01")),
        |it| it.issuers = vec![issuer("昆山市人民政府", "2026-03-01", "2026-02-01")],
        |it| it.issuers = Vec::new(),
        |it| it.issuers = vec![issuer("昆山市人民政府", "2028-01-01", "")],
        |it| it.issuers = vec![issuer("昆山市人民政府", "2026-01-01", ""), issuer("昆山市人民政府", "2027-01-01", "")],
        |it| it.owner = Owner::Town,
        |it| it.owner = owner("housing"),
        |it| it.issuers = vec![issuer("昆山市城市管理局", "2026-01-01", "")],
        |it| (it.owner, it.issuers) = (owner("city-management"), vec![issuer("市水务局", "2026-01-01", "")]),
        |it| {
            it.owner = Owner::Town;
            it.issuers = Vec::new();
            it.public_key = SoftEd25519::generate().expect("a key").public_key().clone();
        },
    ];
    for change in faulty {
        assert!(matches!(with(change), Err(Refusal::KeyIssuer { .. })));
    }
    let good: [fn(&mut Registration); 5] = [
        |it| it.public_key = SoftEd25519::generate().expect("a key").public_key().clone(),
        |it| it.issuers.push(issuer("昆山市人民政府办公室", "2026-01-01", "")),
        |it| (it.owner, it.issuers) = (owner("city-management"), vec![issuer("昆山市城市管理局", "2026-01-01", "")]),
        |it| (it.owner, it.issuers) = (owner("court"), vec![issuer("昆山市人民法院", "2026-01-01", "")]),
        |it| (it.owner, it.issuers) = (Owner::Town, Vec::new()),
    ];
    for change in good {
        assert!(with(change).is_ok());
    }
}
