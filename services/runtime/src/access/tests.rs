//! The table against its second transcription, and the rules against contracts that must not be served.

use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;
use townlink_proto::DESCRIPTOR_SET;
use vocabulary::DepartmentCode;

use super::*;
use crate::people::Post;

/// The matrix and the platform acts, transcribed by hand from overview.md §1.4 for the whole-system tests.
const MATRIX: &str = include_str!("../../../../tests/access_matrix.csv");

/// The rows of the matrix under the names of the contract.
const ROWS: [(Act, &str); 28] = [
    (Act::AdoptPolicy, "adopt town policy, annual plan, guidance in a field"),
    (Act::RegisterPower, "register a grant / withdrawal of power (from a document)"),
    (Act::AcceptApplication, "accept an application, ask for supplements"),
    (Act::DecideApproval, "decide an approval, issue a certificate"),
    (Act::GiveOpinion, "opinion in a joint review (组团审批)"),
    (Act::SuperviseHolder, "supervise the holder after approval (审管分离)"),
    (Act::Investigate, "inspect, file a case, investigate"),
    (Act::ReviewPenalty, "legal review (法制审核) of a penalty"),
    (Act::SignPenalty, "sign a penalty or coercive decision"),
    (Act::ReceiveFine, "receive fine money"),
    (Act::MovePeople, "move posts and people"),
    (Act::Pay, "appropriate and pay"),
    (Act::GuideFront, "guidance to the front (政策指导)"),
    (Act::CallToAccount, "supervise and call to account (监督问责)"),
    (Act::ReportStatistics, "report statistics upwards"),
    (Act::IssuePaper, "issue, list, follow, recall own papers"),
    (Act::HandlePaper, "sign for, register, check, return, assign a paper"),
    (Act::ConfirmPower, "confirm a grant document, a basis, a withdrawal, an import"),
    (Act::ReadRegister, "read the register"),
    (Act::ReadPublic, "read the public lists"),
    (Act::FetchProof, "fetch a proof, a checkpoint, a tile"),
    (Act::KeepKeys, "register, replace, revoke a key"),
    (Act::ReadJournal, "read a service's journal, per event kind"),
    (Act::Deliver, "deliver"),
    (Act::ApplyDirective, "apply a directive"),
    (Act::AskStanding, "ask what post and roles a person holds"),
    (Act::Technical, "technical settings"),
    (Act::MoveClock, "move the manual clock"),
];

fn principal(column: &str) -> Principal {
    match column {
        "LEADERS" => Principal::TownLeaders,
        "COUNTY" => Principal::County(DepartmentCode::parse("housing").expect("a code")),
        "CITIZEN" => Principal::Public("c".to_owned()),
        "AUDITOR" => Principal::Auditor("a".to_owned()),
        "UNASSIGNED" => Principal::Unassigned,
        "OPERATOR" => Principal::Operator("o".to_owned()),
        "A-SERVICE" => Principal::Service(ServiceName("gateway")),
        institution => Principal::parse(&format!("institution/{institution}")).expect("an institution"),
    }
}

#[test]
fn the_table_says_what_the_law_says() {
    let mut reader = csv::Reader::from_reader(MATRIX.as_bytes());
    let columns = reader.headers().expect("a header").clone();
    let mut rows = 0;
    for record in reader.records() {
        let record = record.expect("a row");
        let (act, _) = ROWS.into_iter().find(|(_, row)| *row == &record[0]).unwrap_or_else(|| panic!("{}", &record[0]));
        rows += 1;
        // An unregistered department is the gateway's to refuse: it alone knows the senders.
        for (column, mark) in columns.iter().zip(&record).skip(1).filter(|(column, _)| *column != "UNREGISTERED") {
            let reason = match table::verdict(act, &principal(column)) {
                Verdict::Denied(reason) => Some(reason),
                Verdict::Allowed | Verdict::NamedServices => None,
            };
            let code = reason.map(|reason| crate::refusal::ground(reason).code.clone());
            let expected = mark.split(' ').next_back().filter(|code| code.contains('-')).map(str::to_owned);
            // The office applies in the name of the officer who confirmed, over the pipe of a named service only.
            if (act, column) != (Act::ApplyDirective, "OFFICE") {
                assert_eq!(code, expected, "{act:?} by {column}: {mark}");
            }
        }
    }
    assert_eq!(rows, ROWS.len(), "every act has its row");
}

#[test]
fn whoever_has_no_post_may_do_nothing() {
    for (act, _) in ROWS {
        assert_eq!(table::verdict(act, &Principal::Unassigned), Verdict::Denied(ErrorReason::OvNoRole));
    }
    assert_eq!(table::verdict(Act::Unspecified, &Principal::TownLeaders), Verdict::Denied(ErrorReason::OvAccess));
}

fn method(act: Act, role: Option<&str>) -> Arc<Method> {
    let rules = Rules::read(DESCRIPTOR_SET).expect("the contracts have rules");
    let method = rules.of("/townlink.clock.v1.ClockService/GetClock").expect("the clock");
    Arc::new(Method { act, roles: role.map(str::to_owned).into_iter().collect(), ..(**method).clone() })
}

fn officer(institution: Institution, roles: &[&str], peer: Peer) -> Identified {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    let standing = Standing { post: Post::Institution(institution), roles };
    let person = Some(PersonId::parse("li").expect("an id"));
    let caller = Caller { principal: Principal::Institution(institution), person, origin: ServiceName("gateway") };
    Identified { peer: Arc::new(peer), caller: Arc::new(caller), standing: Some(Arc::new(standing)), token: None }
}

fn code(admitted: Result<Access, Refusal>) -> Option<String> {
    admitted.err().map(|refusal| refusal.ground().code.clone())
}

#[test]
fn a_role_is_held_by_a_person_on_the_day() {
    let person = || Peer::Person(PersonId::parse("li").expect("an id"));
    let method = method(Act::ConfirmPower, Some("GRANT_CONFIRMER"));
    let named = NamedServices::default();
    let admitted = admit(&method, officer(Institution::Office, &["RELAY_CLERK", "GRANT_CONFIRMER"], person()), &named);
    let access = admitted.expect("the role is held");
    assert!(access.has_role("RELAY_CLERK") && !access.has_role("HEAD"));
    assert_eq!(access.require_role("HEAD").map_err(|refusal| refusal.reason), Err(ErrorReason::OvNoRole));
    let without = officer(Institution::Office, &["RELAY_CLERK"], person());
    assert_eq!(code(admit(&method, without, &named)), Some("OV-NO-ROLE".to_owned()));
    let elsewhere = officer(Institution::Finance, &["GRANT_CONFIRMER"], person());
    assert_eq!(code(admit(&method, elsewhere, &named)), Some("OV-ACCESS".to_owned()));
    let mut nobody = officer(Institution::Office, &[], person());
    nobody.standing = None;
    nobody.caller = Arc::new(Caller { person: None, ..(*nobody.caller).clone() });
    assert_eq!(code(admit(&method, nobody, &named)), Some("OV-NO-ROLE".to_owned()));
}

#[test]
fn a_service_act_asks_who_holds_the_connection() {
    let method = method(Act::ApplyDirective, None);
    let mut named = NamedServices::default();
    named.name(Act::ApplyDirective, ServiceName("office"));
    let by = |institution, peer| officer(institution, &[], peer);
    let (office, gateway) = (Peer::Service(ServiceName("office")), Peer::Service(ServiceName("gateway")));
    assert_eq!(code(admit(&method, by(Institution::Office, office.clone()), &named)), None);
    for (who, peer) in [
        (Institution::Office, gateway),
        (Institution::Office, Peer::Person(PersonId::parse("li").expect("an id"))),
        (Institution::Finance, office),
    ] {
        assert_eq!(code(admit(&method, by(who, peer), &named)), Some("OV-ACCESS".to_owned()));
    }
}

/// The contracts with the options of one method replaced.
fn contracts_with(service: &str, method: &str, change: impl Fn(&mut prost_reflect::DynamicMessage)) -> Vec<u8> {
    let pool = DescriptorPool::decode(DESCRIPTOR_SET).expect("the contracts");
    let set = pool.get_message_by_name("google.protobuf.FileDescriptorSet").expect("the descriptor of descriptors");
    let mut whole = prost_reflect::DynamicMessage::decode(set, DESCRIPTOR_SET).expect("a set");
    let files = whole.get_field_by_name_mut("file").and_then(prost_reflect::Value::as_list_mut).expect("files");
    for file in files.iter_mut().filter_map(prost_reflect::Value::as_message_mut) {
        let services = file.get_field_by_name_mut("service").and_then(prost_reflect::Value::as_list_mut);
        for found in services.into_iter().flatten().filter_map(prost_reflect::Value::as_message_mut) {
            if found.get_field_by_name("name").as_deref().and_then(prost_reflect::Value::as_str) != Some(service) {
                continue;
            }
            let methods = found.get_field_by_name_mut("method").and_then(prost_reflect::Value::as_list_mut);
            for found in methods.into_iter().flatten().filter_map(prost_reflect::Value::as_message_mut) {
                if found.get_field_by_name("name").as_deref().and_then(prost_reflect::Value::as_str) == Some(method) {
                    change(found);
                }
            }
        }
    }
    whole.encode_to_vec()
}

#[test]
fn a_method_without_a_rule_is_not_served() {
    let bare = contracts_with("ReceiverService", "Apply", |method| method.clear_field_by_name("options"));
    let error = Rules::read(&bare).expect_err("no rule");
    assert_eq!(error.to_string(), "/townlink.receiver.v1.ReceiverService/Apply: has no access rule");
}

#[test]
fn a_writing_method_names_its_request_id() {
    let other = contracts_with("ReceiverService", "Apply", |method| {
        let input = prost_reflect::Value::String(".townlink.receiver.v1.ApplyResponse".to_owned());
        method.set_field_by_name("input_type", input);
    });
    let error = Rules::read(&other).expect_err("no request id");
    assert_eq!(error.fault, "writes, but its request has no string `request_id`");
    let streaming = contracts_with("ReceiverService", "Apply", |method| {
        method.set_field_by_name("server_streaming", prost_reflect::Value::Bool(true));
    });
    assert!(Rules::read(&streaming).expect_err("a stream").fault.contains("is a stream"));
}

#[test]
fn every_contract_has_rules_that_can_be_enforced() {
    let rules = Rules::read(DESCRIPTOR_SET).expect("the contracts have rules");
    let set = FileDescriptorSet::decode(DESCRIPTOR_SET).expect("a set");
    let ours = set.file.iter().filter(|file| file.package().starts_with("townlink."));
    let methods: usize = ours.flat_map(|file| &file.service).map(|service| service.method.len()).sum();
    assert_eq!(rules.methods().count(), methods);
    let apply = rules.of("/townlink.receiver.v1.ReceiverService/Apply").expect("the receiver");
    assert_eq!((apply.act, apply.effect, apply.request_id), (Act::ApplyDirective, Effect::Write, 1));
    assert!(Rules::read(b"\xff").is_err());
}
