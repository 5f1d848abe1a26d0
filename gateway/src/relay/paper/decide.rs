//! Whether the relay accepts a paper (relay-and-sharing.md §8.1–8.3, §8.6).
//!
//! The order of the checks is part of the contract; a paper that breaks two rules is told of the first:
//!
//! 1. the format, and the message id (`RE-FORMAT`; read before, in `envelope`);
//! 2. secrecy: the declaration, the payload, the attachments (`OV-CLASSIFIED`);
//! 3. the sender is registered, and is the caller (`RE-SENDER`);
//! 4. the keys are known, valid and not revoked (`RE-KEY`), and may sign for the issuer (`RE-SENDER`);
//! 5. the signatures (`RE-SIGNATURE`), then their algorithms (`RE-ALG`);
//! 6. the addressees (`RE-ADDRESSEE`, `RE-FRONT`);
//! 7. the attachments (`RE-ATTACHMENT`, `RE-DIGEST`);
//! 8. the directive (`RE-DIRECTIVE`).
//!
//! A known message id with another payload (`RE-REPLAY`) is told before all of these, by the replay layer. What remains is a
//! finding and stops nothing. Nothing here reads a clock, a database or the network; [`Facts`] brings in what the world knows.

use runtime::signing::{Algorithm, Signature, Verifier};
use vocabulary::{Date, DepartmentCode, Institution, Sm3Digest};

use super::state::{Attachment, Destination, Examined, Incoming, Passage, Screening};
use crate::key::state::{Key, Owner};
use crate::key::{Departments, Registry};
use crate::refusal::{AttachmentFault, Marked, Refusal};
use crate::relay::addressing;
use crate::relay::envelope::{Envelope, FormatFault};
use crate::relay::findings::{self, HELD, Known};
use crate::relay::screening::{Kind, Look, Seen, look_at_payload};
use crate::settings::Rules;

/// No town may allow larger attachments: 200 MB.
pub const ATTACHMENT_BYTES_MAX: u64 = 200 * 1024 * 1024;

/// The types of directives (DESIGN.md §6), each with whether its rows come in an annex.
pub const DIRECTIVES: [(&str, Annex); 9] = [
    ("GRANT_POWERS", Annex::Required),
    ("ADJUST_POWERS", Annex::Optional),
    ("WITHDRAW_POWERS", Annex::Optional),
    ("REGISTER_BASIS", Annex::Optional),
    ("SET_FISCAL_BASE", Annex::Optional),
    ("ALLOCATE_SUBSIDY", Annex::Optional),
    ("ADJUST_QUOTA", Annex::Optional),
    ("REQUEST_REPORT", Annex::Optional),
    ("ORDER_INSPECTION", Annex::Optional),
];

/// Whether a directive's rows come in an annex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annex {
    /// Without one it says nothing.
    Required,
    /// It may say all in its own object.
    Optional,
}

/// What the outside world knows.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who calls.
    pub caller: &'a DepartmentCode,
    /// The town's date.
    pub today: Date,
    /// The registered keys.
    pub registry: &'a Registry,
    /// Checks signatures.
    pub verifier: &'a dyn Verifier,
    /// The rules of the town.
    pub rules: &'a Rules,
    /// What is there of each attachment, in the payload's order.
    pub attachments: &'a [Attached],
}

/// What is there of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attached {
    /// The sender has not put it, or not wholly.
    Absent,
    /// It was put, and its digest is right.
    Put {
        /// Its size.
        size_bytes: u64,
        /// What a look through it found.
        look: Look,
        /// Whether it can be read as the annex of the paper's directive.
        table: Table,
    },
}

/// Whether a content can be read as an annex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// It is no annex, and nobody looked.
    NotAsked,
    /// A UTF-8 CSV with a header row.
    Readable,
    /// Anything else.
    Unreadable,
}

/// Examines a paper.
///
/// # Errors
/// The first [`Refusal`] in the order above.
pub fn examine(paper: &Incoming, facts: &Facts<'_>) -> Result<Examined, Refusal> {
    if paper.envelope.message_id.uuid() != paper.request_id.uuid() {
        return Err(Refusal::MessageId);
    }
    let seen = unmarked(paper, facts)?;
    not_postdated(paper, facts.today)?;
    let keys = signers(paper, facts)?;
    verified(paper, &keys, facts.verifier)?;
    strong_enough(paper, &keys)?;
    let routes = addressing::routes(&paper.envelope, &facts.rules.names, &facts.rules.case_papers)?;
    acceptable(paper, facts)?;
    directive(paper, facts)?;
    let unscreened = unscreened(facts);
    let signed: Vec<_> = paper
        .envelope
        .issuers()
        .filter(|issuer| covered(&keys, issuer, &facts.rules.departments, facts.today))
        .collect();
    let known = Known { names: &facts.rules.names, seen: &seen, unscreened: &unscreened, signed: &signed };
    let findings = findings::findings(&paper.envelope, &known, &facts.rules.findings);
    let held = findings.iter().any(|finding| finding.code == HELD);
    let destination = |route: addressing::Route| Destination {
        recipient: route.recipient,
        purpose: route.purpose,
        passage: if held && route.recipient != Institution::Office { Passage::Held } else { Passage::Free },
    };
    Ok(Examined {
        destinations: routes.into_iter().map(destination).collect(),
        findings,
        attachments: attachments(paper, &unscreened),
    })
}

/// Rule 1: no paper is dated after the day on which it comes.
fn not_postdated(paper: &Incoming, today: Date) -> Result<(), Refusal> {
    if paper.envelope.issue_date <= today {
        return Ok(());
    }
    let key = "issueDate";
    let member = format!("\"{key}\":\"{}\"", paper.envelope.issue_date);
    let offset = paper.payload.windows(member.len()).position(|piece| piece == member.as_bytes()).unwrap_or_default();
    Err(Refusal::Format(FormatFault { offset, key, rule: "the date of a paper is not after the town's date" }))
}

/// Rules 3 and 4 once more, at the commit: between the examination and it, only the registry may have changed.
///
/// # Errors
/// `RE-SENDER` or `RE-KEY`.
pub fn still_signed(paper: &Incoming, facts: &Facts<'_>) -> Result<(), Refusal> {
    signers(paper, facts).map(|_| ())
}

/// Rules 3 and 4. Gives the keys in the order of the signatures.
fn signers<'a>(paper: &Incoming, facts: &Facts<'a>) -> Result<Vec<&'a Key>, Refusal> {
    let Facts { caller, today, registry, .. } = *facts;
    if !registry.is_sender(caller) {
        return Err(Refusal::NotRegistered);
    }
    if paper.envelope.sender != *caller {
        return Err(Refusal::NotSender);
    }
    let usable = |key_id: &str| {
        let key = registry.key(key_id).filter(|key| key.is_usable_on(today) && key.registration.owner != Owner::Town);
        key.ok_or_else(|| Refusal::Key { key_id: key_id.to_owned() })
    };
    let main = usable(&paper.envelope.key_id)?;
    let keys = paper.signatures.iter().map(|line| usable(&line.key_id)).collect::<Result<Vec<_>, _>>()?;
    if main.registration.owner != Owner::Department(caller.clone()) {
        return Err(Refusal::KeyOfOther { key_id: paper.envelope.key_id.clone() });
    }
    issued(paper, main, &keys, facts)?;
    Ok(keys)
}

/// The paper's own key signs for the first issuer, which is the lead (主办). A further issuer that governs must have signed too:
/// no department makes itself a government by naming one. Other co-issuers may agree in `agreedBy` (§8.3).
fn issued(paper: &Incoming, main: &Key, keys: &[&Key], facts: &Facts<'_>) -> Result<(), Refusal> {
    let refused = || Refusal::Issuer { key_id: paper.envelope.key_id.clone() };
    // On the paper's own date too: no key makes a paper of a time when it could not have signed it.
    let may_sign = |key: &Key, issuer: &str| {
        [facts.today, paper.envelope.issue_date].iter().all(|day| key.may_sign_for(issuer, *day))
    };
    if may_sign(main, &paper.envelope.issuer) {
        return Ok(());
    }
    let mut issuers = paper.envelope.issuers();
    let lead = issuers.next().is_some_and(|lead| may_sign(main, lead));
    let governing = |issuer: &str| facts.rules.findings.is_governing(issuer);
    let signed = |issuer: &str| keys.iter().any(|key| may_sign(key, issuer));
    if lead && issuers.all(|issuer| !governing(issuer) || signed(issuer)) { Ok(()) } else { Err(refused()) }
}

/// Whether a key of an issuer, or one that may sign for it, has signed.
fn covered(keys: &[&Key], issuer: &str, departments: &Departments, today: Date) -> bool {
    let owner = departments.code(issuer).cloned().map(Owner::Department);
    keys.iter().any(|key| key.may_sign_for(issuer, today) || owner.as_ref() == Some(&key.registration.owner))
}

/// Rule 2: no mark of a secret, in the payload or in what could be read of the attachments.
fn unmarked(paper: &Incoming, facts: &Facts<'_>) -> Result<Seen, Refusal> {
    let mut seen = look_at_payload(&paper.payload, &facts.rules.patterns);
    refuse_marks(&seen, Marked::Payload)?;
    for (index, attached) in facts.attachments.iter().enumerate() {
        if let Attached::Put { look, .. } = attached {
            refuse_marks(&look.seen, Marked::Attachment(index))?;
            seen.merge(look.seen.clone());
        }
    }
    Ok(seen)
}

/// Refuses a text that bears a mark, keeping only the digest of the mark.
///
/// # Errors
/// `OV-CLASSIFIED`.
pub fn refuse_marks(seen: &Seen, place: Marked) -> Result<(), Refusal> {
    match &seen.secret {
        Some(mark) => Err(Refusal::Classified { marking: Sm3Digest::of(mark.as_bytes()), place }),
        None => Ok(()),
    }
}

/// Rule 5, first half: every signature fits the payload, and the payload's own key is among them.
fn verified(paper: &Incoming, keys: &[&Key], verifier: &dyn Verifier) -> Result<(), Refusal> {
    if !paper.signatures.iter().any(|line| line.key_id == paper.envelope.key_id) {
        return Err(Refusal::Unsigned);
    }
    for (line, key) in paper.signatures.iter().zip(keys) {
        let signature =
            Signature { key_id: line.key_id.clone(), algorithm: key.algorithm(), value: line.value.to_vec() };
        let fits = verifier.verify(&key.registration.public_key, &paper.payload, &signature);
        fits.map_err(|_| Refusal::Signature { key_id: line.key_id.clone() })?;
    }
    Ok(())
}

/// Rule 5, second half: each algorithm is its key's, and a directive is signed with SM2.
fn strong_enough(paper: &Incoming, keys: &[&Key]) -> Result<(), Refusal> {
    for (line, key) in paper.signatures.iter().zip(keys) {
        if line.algorithm != key.algorithm().as_str() {
            return Err(Refusal::Algorithm { fault: "a signature names another algorithm than its key has" });
        }
        let main = line.key_id == paper.envelope.key_id;
        if main && paper.envelope.algorithm != key.algorithm().as_str() {
            return Err(Refusal::Algorithm { fault: "alg of the payload is not the algorithm of its key" });
        }
        if main && paper.envelope.directive.is_some() && key.algorithm() != Algorithm::Sm2Sm3 {
            return Err(Refusal::Algorithm { fault: "a paper with a directive is signed with SM2-SM3" });
        }
    }
    Ok(())
}

/// Rule 7: every attachment is small enough, no program, there, and what the payload says.
fn acceptable(paper: &Incoming, facts: &Facts<'_>) -> Result<(), Refusal> {
    for (index, reference) in paper.envelope.attachments.iter().enumerate() {
        let fault = |fault| Err(Refusal::Attachment { index: Some(index), fault });
        if reference.size_bytes > facts.rules.attachment_bytes_max {
            return fault(AttachmentFault::TooLarge);
        }
        if reference.name.contains(['/', '\\']) || matches!(&*reference.name, "." | "..") {
            return fault(AttachmentFault::Path);
        }
        // A program is refused by its name, whether it was put or not.
        if Kind::of(&reference.name, &[]) == Kind::Executable {
            return fault(AttachmentFault::Executable);
        }
        match facts.attachments.get(index) {
            None | Some(Attached::Absent) => return fault(AttachmentFault::Absent),
            Some(Attached::Put { look, .. }) if look.kind == Kind::Executable => {
                return fault(AttachmentFault::Executable);
            }
            Some(Attached::Put { size_bytes, .. }) if *size_bytes != reference.size_bytes => {
                return Err(Refusal::Digest { index: Some(index) });
            }
            Some(Attached::Put { .. }) => {}
        }
    }
    Ok(())
}

/// Rule 8: the directive's type is known, its annex is an attachment that can be read, and the document that it registers is an
/// attachment too. What its rows say is for whoever applies it.
fn directive(paper: &Incoming, facts: &Facts<'_>) -> Result<(), Refusal> {
    let Some(directive) = &paper.envelope.directive else { return Ok(()) };
    let fault = |fault| Err(Refusal::Directive { fault });
    let Some((_, annex)) = DIRECTIVES.iter().find(|(name, _)| *name == directive.directive_type) else {
        return fault("the type of the directive is unknown");
    };
    let attachments = &paper.envelope.attachments;
    if directive.basis.is_some_and(|digest| !attachments.iter().any(|reference| reference.digest == digest)) {
        return fault("the document that the directive registers is none of the paper's attachments");
    }
    let Some(named) = &directive.annex else {
        return match annex {
            Annex::Required => fault("a directive of this type names its annex"),
            Annex::Optional => Ok(()),
        };
    };
    match annex_place(&paper.envelope, named).and_then(|index| facts.attachments.get(index)) {
        Some(Attached::Put { table: Table::Readable, .. }) => Ok(()),
        Some(Attached::Put { .. }) => {
            fault("the annex of the directive is no UTF-8 CSV with a header row of at most 3 MiB")
        }
        None | Some(Attached::Absent) => fault("the annex of the directive is none of the paper's attachments"),
    }
}

/// Which attachment a directive names as its annex: by digest, or by file name.
#[must_use]
pub fn annex_place(envelope: &Envelope, named: &str) -> Option<usize> {
    let digest = named.parse::<Sm3Digest>().ok();
    envelope.attachments.iter().position(|it| digest == Some(it.digest) || (digest.is_none() && it.name == named))
}

fn unscreened(facts: &Facts<'_>) -> Vec<usize> {
    let unread = |attached: &Attached| matches!(attached, Attached::Put { look, .. } if !look.screened);
    facts.attachments.iter().enumerate().filter(|(_, attached)| unread(attached)).map(|(index, _)| index).collect()
}

fn attachments(paper: &Incoming, unscreened: &[usize]) -> Vec<Attachment> {
    let attachment = |(index, reference): (usize, &crate::relay::envelope::AttachmentRef)| Attachment {
        name: reference.name.clone(),
        size_bytes: reference.size_bytes,
        digest: reference.digest,
        screening: if unscreened.contains(&index) { Screening::Unscreened } else { Screening::Screened },
    };
    paper.envelope.attachments.iter().enumerate().map(attachment).collect()
}

#[cfg(test)]
mod tests;
