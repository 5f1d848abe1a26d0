//! From the draft to the seal (拟稿、会签、审核、签发、编号、用印).

use vocabulary::{Institution, Sm3Digest};

use super::{Desk, Event, Facts, Step, unsigned, wrong_stage};
use crate::dispatch::content::{Content, Issuer};
use crate::dispatch::refusal::{Course, NormativeFault, Refusal, Unfit};
use crate::dispatch::rules::{self, Around};
use crate::dispatch::screening;
use crate::dispatch::state::{Cosign, Dispatch, DispatchId, Mark, Number, Stage, View};

/// A clerk drafts for the own institution, or in the name of the town government or its office, which OFFICE reviews.
pub(super) fn draft(desk: &Desk, id: DispatchId, content: &Content, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let Some(institution) = facts.institution else {
        return Err(Course::OtherInstitution { whose: "one of the institutions".to_owned() }.into());
    };
    may_issue(content, institution)?;
    let content = completed(content, desk, facts);
    check(desk, &content, facts)?;
    let dispatch = Dispatch {
        id,
        institution,
        content,
        authors: vec![facts.person.clone()],
        drafted: facts.now,
        cosigns: Vec::new(),
        held: None,
        stage: Stage::Draft,
    };
    Ok(vec![Event::Drafted(Box::new(dispatch))])
}

/// A changed paper is a draft again: nobody agreed to it, reviewed or signed it as it stands (art. 25(1)). What is sealed is not
/// changed any more.
pub(super) fn revise(
    desk: &Desk,
    dispatch: &Dispatch,
    content: &Content,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    match &dispatch.stage {
        Stage::Draft
        | Stage::Cosigned
        | Stage::Reviewed(_)
        | Stage::LegalReviewed(_)
        | Stage::Signed(_)
        | Stage::Numbered(_) => {}
        Stage::Sealed(_)
        | Stage::Sent(_)
        | Stage::Delivered(_)
        | Stage::Replied(_)
        | Stage::Closed(_, _)
        | Stage::Void(_, _)
        | Stage::Withdrawn(_) => return Err(Course::Fixed { dispatch: dispatch.id.to_string() }.into()),
    }
    may_issue(content, dispatch.institution)?;
    // A number belongs to its issuer: it is voided, not carried over.
    if dispatch.number().is_some() && content.issuer != dispatch.content.issuer {
        return Err(Course::Fixed { dispatch: dispatch.id.to_string() }.into());
    }
    let content = completed(content, desk, facts);
    check(desk, &content, facts)?;
    Ok(vec![Event::Revised(dispatch.id, Box::new(content), facts.mark(""))])
}

/// Nobody writes in the name of another bureau.
fn may_issue(content: &Content, institution: Institution) -> Result<(), Refusal> {
    match &content.issuer {
        Issuer::Government | Issuer::GovernmentOffice | Issuer::Unit(_) => Ok(()),
        Issuer::Institution(issuer) if *issuer == institution => Ok(()),
        Issuer::Institution(issuer) => Err(Course::OtherInstitution { whose: issuer.code().to_owned() }.into()),
    }
}

/// The content with everyone who is known under the full name, so that one is the same under every name.
pub(crate) fn named(content: &Content, facts: &Facts) -> Content {
    let mut content = content.clone();
    for name in content.main_to.iter_mut().chain(&mut content.copy_to) {
        if let Some(party) = facts.rules.party(name, facts.today()) {
            *name = party.name;
        }
    }
    content
}

/// An answer refers to the number of what it answers (§8.4, REPLIED).
fn completed(content: &Content, desk: &Desk, facts: &Facts) -> Content {
    let mut content = named(content, facts);
    if let (true, Some(number)) = (content.ref_document_number.is_empty(), &desk.answered_number) {
        content.ref_document_number.clone_from(number);
    }
    content
}

/// Every rule of address, on the content as it is to stand.
pub(super) fn check(desk: &Desk, content: &Content, facts: &Facts) -> Result<(), Refusal> {
    let waiting = desk.waiting.map(|id| id.to_string());
    let around = Around {
        rules: &facts.rules,
        today: facts.today(),
        original: desk.original.as_deref(),
        waiting: waiting.as_deref(),
    };
    rules::check(content, &around)
}

/// The drafting institution asks others, not itself.
pub(super) fn request_cosign(
    dispatch: &Dispatch,
    institutions: &[Institution],
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    before_review(dispatch, &Step::RequestCosign(Vec::new()))?;
    if institutions.contains(&dispatch.institution) {
        return Err(Course::OtherInstitution { whose: "another institution".to_owned() }.into());
    }
    let asked = |it: &&Institution| !dispatch.cosigns.iter().any(|cosign| cosign.institution == **it);
    let fresh: Vec<_> = institutions.iter().filter(asked).copied().collect();
    if fresh.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::CosignRequested(dispatch.id, fresh, facts.mark(""))])
}

/// Who was asked says yes or no, and may say otherwise until OFFICE has reviewed the paper.
pub(super) fn cosign(dispatch: &Dispatch, view: View, words: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    before_review(dispatch, &Step::Cosign(view, String::new()))?;
    not_an_author(dispatch, facts)?;
    let Some(institution) = facts.institution else { return Ok(Vec::new()) };
    Ok(vec![Event::Cosigned(dispatch.id, Cosign { institution, answer: Some((view, facts.mark(words))) })])
}

fn before_review(dispatch: &Dispatch, step: &Step) -> Result<(), Refusal> {
    match &dispatch.stage {
        Stage::Draft | Stage::Cosigned => Ok(()),
        Stage::Reviewed(_)
        | Stage::LegalReviewed(_)
        | Stage::Signed(_)
        | Stage::Numbered(_)
        | Stage::Sealed(_)
        | Stage::Sent(_)
        | Stage::Delivered(_)
        | Stage::Replied(_)
        | Stage::Closed(_, _)
        | Stage::Void(_, _)
        | Stage::Withdrawn(_) => Err(wrong_stage(dispatch, step)),
    }
}

/// OFFICE's review: all who were asked agree (art. 16(4)), and another than the authors looks (overview.md §1.6(6)).
pub(super) fn review(dispatch: &Dispatch, words: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    before_review(dispatch, &Step::Review(String::new()))?;
    let institutions: Vec<_> =
        dispatch.cosigns.iter().filter(|cosign| !cosign.agrees()).map(|cosign| cosign.institution.code()).collect();
    if !institutions.is_empty() {
        return Err(Course::NotAgreed { institutions }.into());
    }
    not_an_author(dispatch, facts)?;
    let files = screening::opaque(&dispatch.content);
    if !files.is_empty() && words.trim().is_empty() {
        return Err(Unfit::Held { files }.into());
    }
    Ok(vec![Event::Reviewed(dispatch.id, facts.mark(words))])
}

/// The review of legality, by another than the authors and OFFICE's reviewer.
pub(super) fn review_legality(dispatch: &Dispatch, words: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let Stage::Reviewed(reviewed) = &dispatch.stage else {
        return Err(wrong_stage(dispatch, &Step::ReviewLegality(String::new())));
    };
    not_an_author(dispatch, facts)?;
    another_than(&reviewed.review, facts)?;
    Ok(vec![Event::LegalityReviewed(dispatch.id, facts.mark(words))])
}

/// The head of the town signs (arts. 22, 25(1)); a normative document only after the review of its legality.
pub(super) fn sign(desk: &Desk, dispatch: &Dispatch, words: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let reviewed = match &dispatch.stage {
        Stage::Reviewed(_) if dispatch.content.normative.is_some() => {
            return Err(Unfit::Normative { fault: NormativeFault::Legality }.into());
        }
        Stage::Reviewed(reviewed) | Stage::LegalReviewed(reviewed) => reviewed,
        Stage::Draft
        | Stage::Cosigned
        | Stage::Signed(_)
        | Stage::Numbered(_)
        | Stage::Sealed(_)
        | Stage::Sent(_)
        | Stage::Delivered(_)
        | Stage::Replied(_)
        | Stage::Closed(_, _)
        | Stage::Void(_, _)
        | Stage::Withdrawn(_) => return Err(wrong_stage(dispatch, &Step::Sign(String::new()))),
    };
    not_an_author(dispatch, facts)?;
    another_than(&reviewed.review, facts)?;
    if let Some(legality) = &reviewed.legality {
        another_than(legality, facts)?;
    }
    check(desk, &dispatch.content, facts)?;
    let issuer_name = facts.rules.issuer_name(&dispatch.content.issuer, facts.today());
    Ok(vec![Event::Signed(dispatch.id, facts.mark(words), issuer_name)])
}

/// A number only after the signature (§8.5): the next of the issuer's word and the year, or the one that the paper kept.
pub(super) fn number(dispatch: &Dispatch, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let Stage::Signed(_) = &dispatch.stage else { return Err(unsigned(dispatch, &Step::Number)) };
    let event = if let Some(held) = &dispatch.held {
        Event::Numbered { id: dispatch.id, number: held.clone(), fresh: false }
    } else {
        let issuer = &dispatch.content.issuer;
        let no_word = || Unfit::DocumentNumber { fault: format!("{} has no word for its numbers", issuer.as_str()) };
        let word = facts.rules.word(issuer).ok_or_else(no_word)?.to_owned();
        let number = Number { word, year: facts.today().year(), serial: 0, by: facts.mark("") };
        Event::Numbered { id: dispatch.id, number, fresh: true }
    };
    Ok(vec![event])
}

/// A number is voided before its paper goes out, with a record (§8.5): a gap has its reason.
pub(super) fn void(dispatch: &Dispatch, reason: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let unsent = dispatch.stage.sent().is_none() && !dispatch.stage.is_end();
    match dispatch.number() {
        Some(number) if unsent => Ok(vec![Event::Voided(dispatch.id, number.clone(), facts.mark(reason))]),
        Some(_) | None => Err(wrong_stage(dispatch, &Step::Void(String::new()))),
    }
}

/// The seal fixes the content.
pub(super) fn seal(dispatch: &Dispatch, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let Stage::Numbered(numbered) = &dispatch.stage else { return Err(unsigned(dispatch, &Step::Seal)) };
    let digest = digest(&dispatch.content, &numbered.number, &numbered.signed.issuer_name);
    Ok(vec![Event::Sealed(dispatch.id, digest, facts.mark(""))])
}

/// The digest of what is sealed: every part in one order, each with its length before it, so that no two papers are alike.
pub(crate) fn digest(content: &Content, number: &Number, issuer_name: &str) -> Sm3Digest {
    let number = number.to_string();
    let due = content.due.map(|day| day.to_string()).unwrap_or_default();
    let mut parts: Vec<&[u8]> = [
        number.as_str(),
        issuer_name,
        content.doc_type.as_str(),
        &content.title,
        &content.text,
        &content.urgency,
        &due,
        &content.action_class,
        &content.openness,
        &content.consent,
        &content.ref_document_number,
    ]
    .map(str::as_bytes)
    .to_vec();
    let counts = [content.main_to.len(), content.copy_to.len(), content.matters.len()].map(usize::to_be_bytes);
    parts.extend(counts.iter().map(<[u8; 8]>::as_slice));
    parts.extend(content.addressees().chain(&content.matters).map(String::as_bytes));
    parts.extend(content.files.iter().flat_map(|file| [file.name.as_bytes(), &file.content]));
    let lengths: Vec<[u8; 8]> = parts.iter().map(|part| part.len().to_be_bytes()).collect();
    let all: Vec<&[u8]> = lengths.iter().zip(parts).flat_map(|(length, part)| [length.as_slice(), part]).collect();
    Sm3Digest::of_parts(&all)
}

/// A draft is given up; with a number it is voided instead, so that no gap is unexplained.
pub(super) fn withdraw(dispatch: &Dispatch, reason: &str, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let unnumbered = dispatch.number().is_none();
    if unnumbered && !dispatch.stage.is_end() {
        Ok(vec![Event::Withdrawn(dispatch.id, facts.mark(reason))])
    } else {
        Err(wrong_stage(dispatch, &Step::Withdraw(String::new())))
    }
}

/// Nobody approves what he wrote (overview.md §1.6(6)).
fn not_an_author(dispatch: &Dispatch, facts: &Facts) -> Result<(), Refusal> {
    if dispatch.authors.contains(&facts.person) {
        return Err(Course::FourEyes { person: facts.person.clone() }.into());
    }
    Ok(())
}

/// Nobody takes two steps of the review.
fn another_than(mark: &Mark, facts: &Facts) -> Result<(), Refusal> {
    if mark.person == facts.person { Err(Course::FourEyes { person: mark.person.clone() }.into()) } else { Ok(()) }
}
