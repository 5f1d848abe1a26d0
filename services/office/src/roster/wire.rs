//! Assignments, between the contract and the state.

use runtime::caller::PersonId;
use runtime::journal::Record;
use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::RequestId;

use super::decide::{Command, Event};
use super::state::{Assignment, AssignmentName, Days, Duty, Post, Role};
use crate::fields::{Fields, day_to_wire, no_name};

/// How long a document number may be, in characters. Appointments rest on papers of the party committee too, whose numbers follow
/// other grammars; so the text is kept as it is given.
const NUMBER_MAX: usize = 64;

/// Reads the assignment of a role. It gets the id of the request as its id.
pub(crate) fn assign(request: pb::AssignRoleRequest, id: RequestId) -> Result<Command, Denial> {
    let mut fields = Fields::new();
    let Some(wanted) = fields.need("assignment", request.assignment, "must be given") else {
        return fields.finish(None);
    };
    let person = fields.read("assignment.person", "", PersonId::parse(&wanted.person));
    let post = Post::parse(&wanted.post);
    if post.is_none() {
        fields.fault("assignment.post", "AU-ENUM", "must be the code of an institution, or LEADERS");
    }
    let role = Role::parse(&wanted.role);
    if role.is_none() {
        fields.fault("assignment.role", "AU-ENUM", "must be a role of overview.md §1.7 that a post carries");
    }
    let duty = post.zip(role).and_then(|(post, role)| {
        let duty = Duty::new(post, role);
        if duty.is_none() {
            fields.fault("assignment.role", "AU-ENUM", format_args!("{role} is no role at {post}"));
        }
        duty
    });
    let from = fields.day("assignment.from", wanted.from.as_ref());
    let to = fields.some_day("assignment.to", wanted.to.as_ref());
    let days = from.zip(to).and_then(|(from, to)| {
        let days = Days::new(from, to);
        if days.is_none() {
            fields.fault("assignment.to", "AU-DATE", "must be later than the first day");
        }
        days
    });
    let document_number = fields.text("assignment.document_number", wanted.document_number, NUMBER_MAX);
    let built = (|| {
        let name = AssignmentName(id.uuid());
        let assignment =
            Assignment { name, duty: duty?, days: days?, document_number: document_number?, end_document_number: None };
        Some(Command::Assign { person: person?.to_string(), assignment })
    })();
    fields.finish(built)
}

/// Reads the end of an assignment.
pub(crate) fn end(request: pb::EndAssignmentRequest) -> Result<Command, Denial> {
    let name = name(&request.name)?;
    let mut fields = Fields::new();
    let to = fields.day("to", request.to.as_ref());
    let document_number = fields.text("document_number", request.document_number, NUMBER_MAX);
    let built = to.zip(document_number);
    fields.finish(built.map(|(to, document_number)| Command::End { name, etag: request.etag, to, document_number }))
}

fn name(name: &str) -> Result<AssignmentName, Denial> {
    AssignmentName::parse(name).ok_or_else(|| no_name("name", "assignments/{id}"))
}

/// An assignment as the contract shows it.
pub(crate) fn assignment(person: &str, assignment: &Assignment, etag: String) -> pb::Assignment {
    pb::Assignment {
        name: assignment.name.to_string(),
        person: person.to_owned(),
        post: assignment.duty.post().code().to_owned(),
        role: assignment.duty.role().as_str().to_owned(),
        from: Some(day_to_wire(assignment.days.from())),
        to: assignment.days.to().map(day_to_wire),
        document_number: assignment.document_number.clone(),
        end_document_number: assignment.end_document_number.clone().unwrap_or_default(),
        etag,
    }
}

impl runtime::journal::Event for Event {
    fn record(&self) -> Record {
        match self {
            Self::Assigned { person, assignment: assigned } => {
                let message = pb::RoleAssigned { assignment: Some(assignment(person, assigned, String::new())) };
                Record::of(&message, assigned.name.to_string())
            }
            Self::Ended { name, to, document_number } => {
                let message = pb::RoleEnded {
                    name: name.to_string(),
                    to: Some(day_to_wire(*to)),
                    document_number: document_number.clone(),
                };
                Record::of(&message, name.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const ID: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

    fn request(change: impl FnOnce(&mut pb::Assignment)) -> pb::AssignRoleRequest {
        let mut assignment = pb::Assignment {
            person: "wang".to_owned(),
            post: "OFFICE".to_owned(),
            role: "RELAY_CLERK".to_owned(),
            from: Some(day_to_wire(date(2026, 3, 2))),
            document_number: "张委组〔2026〕1号".to_owned(),
            ..pb::Assignment::default()
        };
        change(&mut assignment);
        pb::AssignRoleRequest { request_id: ID.to_owned(), assignment: Some(assignment) }
    }

    fn read(request: pb::AssignRoleRequest) -> Result<Command, Denial> {
        assign(request, RequestId::parse(ID).expect("an id"))
    }

    fn faults(read: Result<Command, Denial>) -> Vec<(String, &'static str)> {
        match read {
            Err(Denial::Malformed(faults)) => faults.into_iter().map(|fault| (fault.field, fault.code)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_assignment_is_read_and_shown() {
        let Command::Assign { person, assignment: read } = read(request(|_| {})).expect("a command") else {
            panic!("an assignment was asked for")
        };
        let shown = assignment(&person, &read, String::new());
        let mut expected = request(|_| {}).assignment.expect("an assignment");
        expected.name = format!("assignments/{ID}");
        assert_eq!(shown, expected);
    }

    #[test]
    fn every_bad_field_is_told() {
        let none = pb::AssignRoleRequest { request_id: ID.to_owned(), assignment: Some(pb::Assignment::default()) };
        let expected = [
            ("assignment.person", ""),
            ("assignment.post", "AU-ENUM"),
            ("assignment.role", "AU-ENUM"),
            ("assignment.from", ""),
            ("assignment.document_number", ""),
        ];
        assert_eq!(faults(read(none)), expected.map(|(field, code)| (field.to_owned(), code)));
        let nothing = pb::AssignRoleRequest { request_id: ID.to_owned(), assignment: None };
        assert_eq!(faults(read(nothing)), [("assignment".to_owned(), "")]);
    }

    #[test]
    fn a_role_stands_at_its_own_post_only() {
        for (post, role) in
            [("FINANCE", "GRANT_REGISTRAR"), ("LEADERS", "RELAY_CLERK"), ("OFFICE", "HEAD"), ("OFFICE", "SYSADMIN")]
        {
            let wrong = request(|assignment| {
                assignment.post = post.to_owned();
                assignment.role = role.to_owned();
            });
            assert_eq!(faults(read(wrong)), [("assignment.role".to_owned(), "AU-ENUM")], "{role} at {post}");
        }
    }

    #[test]
    fn the_last_day_is_after_the_first() {
        let wrong = request(|assignment| assignment.to = assignment.from);
        assert_eq!(faults(read(wrong)), [("assignment.to".to_owned(), "AU-DATE")]);
    }

    #[test]
    fn an_end_needs_a_day_and_a_document() {
        let request = pb::EndAssignmentRequest { name: format!("assignments/{ID}"), ..Default::default() };
        assert_eq!(faults(end(request)), [("to".to_owned(), ""), ("document_number".to_owned(), "")]);
        assert_eq!(faults(end(pb::EndAssignmentRequest::default())), [("name".to_owned(), "")]);
    }
}
