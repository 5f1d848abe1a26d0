//! Dispatches as tables for people.

use comfy_table::Table;
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::office::v1 as pb;

use crate::names::abbreviate;
use crate::output::{day, digest, facts, instant, short, table};

/// The document number of a dispatch.
pub fn number(dispatch: &pb::Dispatch) -> &str {
    dispatch.number.as_ref().map_or("", |number| &number.document_number)
}

/// A list of dispatches.
pub fn list(list: &pb::ListDispatchesResponse) -> Table {
    let mut table = table(&["DISPATCH", "STAGE", "BY", "TYPE", "NUMBER", "TITLE", "TO", "REPLY DUE"]);
    for dispatch in &list.dispatches {
        let content = dispatch.content.clone().unwrap_or_default();
        table.add_row([
            abbreviate(&dispatch.name),
            stage(dispatch),
            dispatch.institution.clone(),
            content.doc_type,
            number(dispatch).to_owned(),
            content.title,
            content.main_to.join("、"),
            due(dispatch),
        ]);
    }
    table
}

/// One dispatch.
pub fn one(dispatch: &pb::Dispatch) -> Table {
    let content = dispatch.content.clone().unwrap_or_default();
    let mut rows = vec![
        ("dispatch", dispatch.name.clone()),
        ("stage", stage(dispatch)),
        ("number", number(dispatch).to_owned()),
        ("issuer", if dispatch.issuer_name.is_empty() { content.issuer.clone() } else { dispatch.issuer_name.clone() }),
        ("type", content.doc_type.clone()),
        ("title", content.title.clone()),
        ("to", content.main_to.join("、")),
        ("copy", content.copy_to.join("、")),
        ("matters", content.matters.join("、")),
        ("refers to", content.ref_document_number.clone()),
        ("answers", content.answers.clone()),
        ("due", day(content.due.as_ref())),
        ("authors", dispatch.authors.join(", ")),
        ("drafted", instant(dispatch.draft_time.as_ref())),
    ];
    for cosign in &dispatch.cosigns {
        let said = match (&cosign.mark, cosign.agrees) {
            (None, _) => "not answered yet".to_owned(),
            (Some(said), true) => format!("agrees: {}", mark(Some(said))),
            (Some(said), false) => format!("does not agree: {}", mark(Some(said))),
        };
        rows.push(("cosign", format!("{} {said}", cosign.institution)));
    }
    rows.extend([
        ("reviewed", mark(dispatch.review.as_ref())),
        ("legality", mark(dispatch.legality.as_ref())),
        ("signed", mark(dispatch.signature.as_ref())),
        ("dated", day(dispatch.issue_date.as_ref())),
        ("sealed", mark(dispatch.seal.as_ref())),
        ("digest", digest(&dispatch.digest)),
        ("sent", mark(dispatch.sending.as_ref())),
    ]);
    rows.extend(dispatch.recipients.iter().map(recipient));
    rows.push(("acknowledgement due", acknowledgement(dispatch)));
    rows.push(("reply due", due(dispatch)));
    rows.extend(dispatch.urges.iter().map(|urge| ("urged", format!("{} {}", urge.how, mark(urge.mark.as_ref())))));
    rows.extend(dispatch.replies.iter().map(|reply| {
        ("reply", format!("{} {} {}", reply.document_number, reply.inbox_paper, instant(reply.time.as_ref())))
    }));
    rows.push(("ended", mark(dispatch.ending.as_ref())));
    rows.extend(
        dispatch
            .files
            .iter()
            .map(|file| ("file", format!("{} ({} bytes, SM3 {})", file.name, file.size_bytes, digest(&file.digest)))),
    );
    rows.push(("text", content.text));
    facts(rows)
}

/// A list of void numbers.
pub fn void_numbers(list: &pb::ListVoidNumbersResponse) -> Table {
    let mut table = table(&["NUMBER", "DISPATCH", "VOIDED"]);
    for void in &list.void_numbers {
        let number = void.number.as_ref().map(|number| number.document_number.clone()).unwrap_or_default();
        table.add_row([number, abbreviate(&void.dispatch), mark(void.mark.as_ref())]);
    }
    table
}

/// A correspondence.
pub fn thread(thread: &pb::DispatchThread) -> Table {
    let mut table = table(&["PAPER", "WHEN", "NUMBER", "REFERS TO", "TYPE", "ISSUER", "TITLE"]);
    for paper in &thread.papers {
        table.add_row([
            paper.name.clone(),
            instant(paper.time.as_ref()),
            paper.document_number.clone(),
            paper.ref_document_number.clone(),
            paper.doc_type.clone(),
            paper.issuer.clone(),
            paper.title.clone(),
        ]);
    }
    table
}

fn stage(dispatch: &pb::Dispatch) -> String {
    short(dispatch.stage().as_str_name(), "DISPATCH_STAGE")
}

fn recipient(recipient: &pb::DispatchDelivery) -> (&'static str, String) {
    let state = short(recipient.state().as_str_name(), "DISPATCH_DELIVERY_STATE");
    let copy = if recipient.copy { " (copy)" } else { "" };
    let parts =
        [format!("{}{copy} {state}", recipient.name), instant(recipient.time.as_ref()), recipient.reason.clone()];
    ("recipient", parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "))
}

fn mark(mark: Option<&pb::DispatchMark>) -> String {
    let Some(mark) = mark else { return String::new() };
    let parts = [mark.person.clone(), instant(mark.time.as_ref()), mark.words.clone()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn due(dispatch: &pb::Dispatch) -> String {
    deadline(dispatch.reply_due.as_ref(), dispatch.reply_due_missing_year)
}

fn acknowledgement(dispatch: &pb::Dispatch) -> String {
    let due = deadline(dispatch.acknowledgement_due.as_ref(), dispatch.acknowledgement_due_missing_year);
    let told = dispatch.acknowledgement_overdue_time.as_ref();
    if told.is_some() { format!("{due}, told to be overdue {}", instant(told)) } else { due }
}

fn deadline(due: Option<&Date>, missing_year: i32) -> String {
    if missing_year == 0 { day(due) } else { format!("undetermined: no calendar of {missing_year}") }
}
