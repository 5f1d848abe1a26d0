//! From the sending to the end (发出、送达、答复、催办、办结).

use vocabulary::period::{Deadline, add_working_days};
use vocabulary::{Date, time};

use super::course::check;
use super::{Answering, Desk, Event, Facts, Receipt, Step, unsigned, wrong_stage};
use crate::dispatch::content::Content;
use crate::dispatch::refusal::{Address, Course, Refusal};
use crate::dispatch::rules;
use crate::dispatch::settings::Level;
use crate::dispatch::state::{Acknowledging, Awaited, Dispatch, Progress, Recipient, Sealed, Sent, Stage, Urge};

/// Those who are addressed when a paper speaks to all.
const PUBLIC: &str = "社会公众";

/// Sends what was sealed, where the rules of address still hold.
pub(super) fn send(desk: &Desk, dispatch: &Dispatch, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let Stage::Sealed(sealed) = &dispatch.stage else { return Err(unsigned(dispatch, &Step::Send)) };
    check(desk, &dispatch.content, facts)?;
    let sent = Sent {
        sealed: Sealed::clone(sealed),
        by: facts.mark(""),
        recipients: recipients(&dispatch.content, facts),
        replies: Vec::new(),
        awaited: dispatch.content.expects_reply().then(|| awaited(facts.today(), facts)),
        urges: Vec::new(),
        acknowledging: None,
    };
    let acknowledging = sent.silent().next().is_some().then(|| acknowledging(facts.today(), facts));
    let sent = Box::new(Sent { acknowledging, ..sent });
    Ok(vec![Event::Sent(Box::new(dispatch.clone()), sent.clone()), Event::Followed(dispatch.id, sent)])
}

/// Everyone who gets the paper: a department once, however it is called.
fn recipients(content: &Content, facts: &Facts) -> Vec<Recipient> {
    let recipient = |name: &str, department: Option<String>, copy| Recipient {
        name: name.to_owned(),
        department,
        copy,
        progress: Progress::Pending,
        reason: String::new(),
        at: None,
        receipt_digest: String::new(),
        person: String::new(),
    };
    let mut all: Vec<Recipient> = Vec::new();
    if rules::is_public(content.doc_type) {
        all.push(recipient(PUBLIC, None, false));
    }
    for (index, name) in content.addressees().enumerate() {
        let department = facts.rules.party(name, facts.today()).and_then(|party| party.department);
        let known = |it: &Recipient| it.name == *name || department.is_some() && it.department == department;
        if !all.iter().any(known) {
            all.push(recipient(name, department, index >= content.main_to.len()));
        }
    }
    all
}

/// By when an answer is expected, and when its absence is told first: at the end of the last day.
fn awaited(sent: Date, facts: &Facts) -> Awaited {
    let due = Deadline::from(add_working_days(sent, facts.rules.reply_working_days, &facts.calendar));
    Awaited { due, reminders: 0, next: due.date().map(time::end_of_day) }
}

/// By when departments are to acknowledge what they get. §8.6: nothing ends in silence, and whoever never pulls is silent.
fn acknowledging(sent: Date, facts: &Facts) -> Acknowledging {
    let due = Deadline::from(add_working_days(sent, facts.rules.receipt_working_days, &facts.calendar));
    Acknowledging { due, told: None }
}

/// News of a department. It leads on or it changes nothing: receipts repeat, and overtake one another.
pub(super) fn receipt(dispatch: &Dispatch, receipt: &Receipt, facts: &Facts) -> Vec<Event> {
    let Some(sent) = dispatch.stage.sent() else { return Vec::new() };
    let of = |it: &&Recipient| it.department.as_deref() == Some(receipt.department.as_str());
    let Some(recipient) = sent.recipients.iter().find(of) else { return Vec::new() };
    if !recipient.progress.becomes(receipt.progress) {
        return Vec::new();
    }
    let recipient = Recipient {
        progress: receipt.progress,
        reason: receipt.reason.clone(),
        at: Some(receipt.at),
        receipt_digest: receipt.digest.clone(),
        ..recipient.clone()
    };
    changed(dispatch, sent, recipient, facts)
}

/// A receipt on paper, for who is not reached electronically or does not answer.
pub(super) fn by_hand(dispatch: &Dispatch, name: &str, words: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let step = Step::RecordDelivery { recipient: String::new(), words: String::new() };
    let Some(sent) = dispatch.stage.sent().filter(|_| !dispatch.stage.is_end()) else {
        return Err(wrong_stage(dispatch, &step));
    };
    let Some(recipient) = sent.recipients.iter().find(|it| it.name == name) else {
        return Err(Address::Addressee { name: name.to_owned() }.into());
    };
    if recipient.progress != Progress::Pending {
        return Ok(Vec::new());
    }
    let recipient = Recipient {
        progress: Progress::ByHand,
        reason: words.to_owned(),
        at: Some(facts.now),
        person: facts.person.clone(),
        ..recipient.clone()
    };
    Ok(changed(dispatch, sent, recipient, facts))
}

/// A change of one recipient, and the delivery to all with the last of them.
fn changed(dispatch: &Dispatch, sent: &Sent, recipient: Recipient, facts: &Facts) -> Vec<Event> {
    let others = sent.recipients.iter().filter(|it| it.name != recipient.name).all(|it| it.progress.has_it());
    let all = others && recipient.progress.has_it() && matches!(dispatch.stage, Stage::Sent(_));
    let delivered = all.then_some(Event::Delivered(dispatch.id, facts.now));
    [Event::RecipientChanged(dispatch.id, recipient)].into_iter().chain(delivered).collect()
}

/// A paper answers where it comes from someone who got the dispatch: nobody else's mention of its number ends the waiting. What the
/// city government was asked, its office may answer.
pub(super) fn reply(dispatch: &Dispatch, answering: &Answering, facts: &Facts) -> Vec<Event> {
    let Some(sent) = dispatch.stage.sent() else { return Vec::new() };
    let known = sent.replies.iter().any(|reply| reply.inbox_paper == answering.reply.inbox_paper);
    let got = sent.recipients.iter().any(|it| it.department.as_deref() == Some(answering.sender.as_str()));
    let superior = |name: &String| {
        let party = facts.rules.party(name, facts.today());
        party.is_some_and(|party| party.level == Level::Superior)
    };
    let asked_above = dispatch.content.main_to.iter().any(superior);
    let from_above = ["government", "government-office"].contains(&answering.sender.as_str());
    if known || !(got || asked_above && from_above) {
        return Vec::new();
    }
    vec![Event::Replied(dispatch.id, answering.reply.clone())]
}

/// Tells once that the answer is overdue, and again after some more working days. However far the clock was moved, one alarm
/// tells it.
pub(super) fn remind(dispatch: &Dispatch, facts: &Facts) -> Vec<Event> {
    let due = dispatch.awaiting().filter(|awaited| awaited.next.is_some_and(|next| next <= facts.now));
    let Some(awaited) = due else { return Vec::new() };
    let told = Awaited { due: awaited.due, reminders: awaited.reminders.saturating_add(1), next: next(awaited, facts) };
    vec![Event::Overdue(dispatch.id, told, facts.now)]
}

/// Tells once which departments have not acknowledged it in time. From then on it stands among what is overdue until each has.
pub(super) fn tell_silence(dispatch: &Dispatch, facts: &Facts) -> Vec<Event> {
    let Some((sent, acknowledging)) = dispatch.unacknowledged() else { return Vec::new() };
    if acknowledging.next().is_none_or(|next| next > facts.now) {
        return Vec::new();
    }
    let departments = sent.silent().map(str::to_owned).collect();
    let acknowledging = Acknowledging { told: Some(facts.now), ..*acknowledging };
    vec![Event::Silent { id: dispatch.id, departments, acknowledging }]
}

/// The first time of telling that is still to come; none where the calendar of a year is missing.
fn next(awaited: &Awaited, facts: &Facts) -> Option<vocabulary::Timestamp> {
    let mut day = awaited.due.date()?;
    loop {
        day = add_working_days(day, facts.rules.reminder_working_days, &facts.calendar).ok()?;
        let at = time::end_of_day(day);
        if at > facts.now {
            return Some(at);
        }
    }
}

/// Derives what could not be derived while the calendar of a year was missing.
pub(super) fn determine(dispatch: &Dispatch, facts: &Facts) -> Vec<Event> {
    let Some(sent) = dispatch.stage.sent() else { return Vec::new() };
    let day = time::town_date(sent.by.at);
    let awaited = dispatch.awaiting().filter(|awaited| awaited.next.is_none()).map(|awaited| match awaited.due {
        Deadline::Undetermined { .. } => self::awaited(day, facts),
        Deadline::On(_) => Awaited { next: next(awaited, facts), ..*awaited },
    });
    let unknown = dispatch.unacknowledged().filter(|(_, it)| it.due.date().is_none());
    let acknowledging = unknown.map(|_| acknowledging(day, facts));
    let awaited = awaited.filter(|found| found.next.is_some()).map(|found| Event::Determined(dispatch.id, found));
    let acknowledging = acknowledging.filter(|found| found.due.date().is_some());
    let acknowledging = acknowledging.map(|found| Event::AcknowledgingDetermined(dispatch.id, found));
    awaited.into_iter().chain(acknowledging).collect()
}

/// What waits is urged, not repeated (§8.5).
pub(super) fn urge(dispatch: &Dispatch, how: &str, words: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    if dispatch.awaiting().is_none() {
        return Err(wrong_stage(dispatch, &Step::Urge { how: String::new(), words: String::new() }));
    }
    Ok(vec![Event::Urged(dispatch.id, Urge { how: how.to_owned(), by: facts.mark(words) })])
}

/// Closes what is delivered or answered, or what nobody is waited for; a request without an answer only with words.
pub(super) fn close(dispatch: &Dispatch, words: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let step = Step::Close(String::new());
    match &dispatch.stage {
        Stage::Sent(sent) if sent.someone_pending() => return Err(wrong_stage(dispatch, &step)),
        Stage::Sent(_) | Stage::Delivered(_) | Stage::Replied(_) => {}
        Stage::Draft
        | Stage::Cosigned
        | Stage::Reviewed(_)
        | Stage::LegalReviewed(_)
        | Stage::Signed(_)
        | Stage::Numbered(_)
        | Stage::Sealed(_)
        | Stage::Closed(_, _)
        | Stage::Void(_, _)
        | Stage::Withdrawn(_) => return Err(wrong_stage(dispatch, &step)),
    }
    if dispatch.awaiting().is_some() && words.trim().is_empty() {
        return Err(Course::Unanswered { dispatch: dispatch.id.to_string() }.into());
    }
    Ok(vec![Event::Closed(dispatch.id, facts.mark(words))])
}
