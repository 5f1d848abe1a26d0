//! Every bad field is told.

use super::*;
use runtime::testing::faults;

const NAME: &str = "inboxes/OFFICE/papers/government-f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

#[test]
fn an_assignment_is_read_with_every_bad_field() {
    let told = |change: fn(&mut pb::AssignPaperRequest)| {
        let mut request = pb::AssignPaperRequest {
            name: NAME.to_owned(),
            action_class: pb::PaperActionClass::Handle.into(),
            lead: "FINANCE".to_owned(),
            ..Default::default()
        };
        change(&mut request);
        faults(assign(request))
    };
    assert_eq!(told(|_| {}), [""; 0]);
    assert_eq!(told(|it| it.action_class = 0), ["action_class"]);
    assert_eq!(told(|it| it.lead = "MAYOR".to_owned()), ["lead"]);
    assert_eq!(told(|it| it.co_handlers = vec!["SOCIAL".to_owned(); 9]), ["co_handlers"]);
    assert_eq!(told(|it| it.readers = vec!["MAYOR".to_owned()]), ["readers[0]"]);
    assert_eq!(told(|it| it.persons = vec!["li".to_owned(); NAMES_MAX + 1]), ["persons"]);
    assert_eq!(told(|it| it.persons = vec![String::new()]), ["persons[0]"]);
    let empty = |it: &mut pb::AssignPaperRequest| it.instruction = Some(pb::PaperInstruction::default());
    assert_eq!(told(empty), ["instruction.leader", "instruction.text"]);
}
