//! What the story shows of long answers.

/// Of long answers, the facts that the story needs: by the words of the command.
const FACTS: [(&str, &[&str]); 30] = [
    ("power import", &["import", "state", "rows"]),
    ("grant import", &["import", "state", "rows"]),
    ("grant confirm", &["state", "applied", "registrar", "confirmer"]),
    ("key register", &["state", "may sign for"]),
    ("key confirm", &["state"]),
    ("relay issue", &["paper", "receipt"]),
    ("relay show", &["finding", "delivery", "receipt"]),
    ("inbox sign-for", &["stage", "signed for"]),
    ("inbox register", &["stage", "registered"]),
    ("inbox check", &["stage", "document"]),
    ("inbox return", &["stage", "returned"]),
    ("inbox instruct", &["stage", "instructed"]),
    ("inbox assign", &["stage", "assigned", "must act"]),
    ("inbox accept", &["stage", "must act"]),
    ("inbox progress", &["stage", "progress", "must act"]),
    ("inbox part", &["stage", "part"]),
    ("inbox report", &["stage", "reported", "result", "must act"]),
    ("inbox complete", &["stage", "completed", "must act"]),
    ("inbox archive", &["stage", "archived"]),
    ("inbox show", &["stage", "light", "replied", "must act"]),
    ("relay urge", &["urged"]),
    ("dispatch draft", &["dispatch", "stage", "title"]),
    ("dispatch review", &["stage"]),
    ("dispatch sign", &["stage", "signed"]),
    ("dispatch number", &["stage", "number"]),
    ("dispatch seal", &["stage"]),
    ("dispatch send", &["stage"]),
    ("dispatch show", &["stage", "recipient", "to", "delivered"]),
    ("document confirm", &["number", "state", "registrar", "confirmer", "applied", "fault"]),
    ("power check", &["answer", "document", "clause", "from", "to ", "basis", "ended by"]),
];

/// The facts that the story shows of a command's answer; none: all of them.
pub(super) fn facts_of(line: &str) -> Option<&'static [&'static str]> {
    FACTS.iter().find(|(command, _)| line.contains(&format!(" {command} "))).map(|(_, facts)| *facts)
}
