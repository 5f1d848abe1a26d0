//! Refusals on the wire and back.

use super::*;

const OFFICE: ServiceName = ServiceName("office");

fn refusal() -> Refusal {
    Refusal::new(ErrorReason::AuRetro, "grant begins 2026-03-01, before its document", "请按文件日期重新填写生效日期")
        .with("from", "2026-03-01")
        .with("name", "grants/G-1")
}

#[test]
fn a_refusal_is_read_back_as_it_was_meant() {
    let status = refused(&refusal(), OFFICE);
    assert_eq!(status.code(), Code::FailedPrecondition);
    let seen = read(&status).expect("a refusal carries details");
    assert_eq!(
        (seen.reason.as_str(), seen.domain.as_str(), seen.code.as_str(), seen.law.as_str()),
        ("AU_RETRO", "office.townlink", "AU-RETRO", "authority.md §2.4"),
    );
    assert_eq!(seen.remedy, "请按文件日期重新填写生效日期");
    assert_eq!(
        seen.variables,
        [("from".to_owned(), "2026-03-01".to_owned()), ("name".to_owned(), "grants/G-1".to_owned())]
    );
}

#[test]
fn a_stored_refusal_is_sent_byte_for_byte() {
    let bytes = refusal().encode(OFFICE);
    assert_eq!(bytes, refusal().encode(OFFICE), "one refusal has one encoding");
    let status = Status::from(Denial::Stored(bytes.clone()));
    assert_eq!(status.details(), &bytes[..]);
    assert_eq!(status.message(), refusal().message);
    assert_eq!(Status::from(Denial::Stored(Bytes::from_static(b"\xff"))).code(), Code::Internal);
}

#[test]
fn every_fault_is_told_as_far_as_a_header_holds() {
    let faults: Vec<Violation> = (0..1_000)
        .map(|row| Violation {
            field: format!("row={row},column=mode"),
            code: "AU-ENUM",
            message: "unknown mode".to_owned(),
        })
        .collect();
    let few = read(&Status::from(Denial::from(faults[..3].to_vec()))).expect("details").violations;
    assert_eq!(few.len(), 3);
    assert_eq!(few[2].field, "row=2,column=mode");
    assert_eq!(few[2].code, "AU-ENUM");
    let status = Status::from(Denial::from(faults));
    assert!(status.details().len() < 6 * 1024);
    let many = read(&status).expect("details").violations;
    let shown = many.len() - 1;
    assert_eq!(many.last().map(|last| last.message.clone()), Some(format!("and {} more", 1_000 - shown)));
}

#[test]
fn a_failure_hides_its_cause() {
    let status = Status::from(Failure::internal("row 7 of papers is damaged"));
    assert_eq!((status.code(), status.message()), (Code::Internal, "internal failure"));
    assert!(status.metadata().get(TRACE_HEADER).is_some());
    let away = Status::from(Failure::unavailable("the database", "connection refused"));
    assert_eq!((away.code(), away.message()), (Code::Unavailable, "the database is away"));
    assert_eq!(Status::from(Failure::Contention).code(), Code::Aborted);
    assert_eq!(Status::from(Failure::Exhausted("the queue")).code(), Code::ResourceExhausted);
}

#[test]
fn the_other_denials_have_the_status_of_the_table() {
    let missing = Denial::NotFound { kind: "office.townlink/Paper", name: "papers/1".to_owned() };
    assert_eq!(Status::from(missing).code(), Code::NotFound);
    assert_eq!(Status::from(Denial::EtagMismatch).code(), Code::Aborted);
    assert_eq!(Status::from(Denial::from(Violation::malformed("name", "is empty"))).code(), Code::InvalidArgument);
}

#[test]
fn every_reason_of_the_contract_has_a_ground() {
    let mut number = 1;
    while let Ok(reason) = ErrorReason::try_from(number) {
        let ground = ground(reason);
        let written = ground.code.replace('-', "_");
        assert!(written == ground.reason || reason == ErrorReason::RequestIdReused, "{ground:?}");
        assert_ne!(ground.status, Code::Ok, "{ground:?}");
        assert!(!ground.law.is_empty(), "{ground:?}");
        assert_eq!(super::ground::reason(ground.reason), Some(reason));
        number += 1;
    }
    assert!(number > 50);
}
