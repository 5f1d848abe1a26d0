//! What is found about a paper that is accepted all the same (行文规则, relay-and-sharing.md §8.3, the rows for papers coming
//! down). OFFICE returns it, takes it as a letter, or repairs it; nothing is silently put right.

use runtime::refusal::ground;
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::text::normalise;
use vocabulary::{DocumentNumber, InstitutionNames, Timestamp, document_number};

use super::addressing;
use super::envelope::{DocType, Envelope};
use super::screening::Seen;

/// By what findings are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRules {
    /// Kinds of paper that direct (指令性公文).
    pub directive_types: Vec<DocType>,
    /// Endings of the names of organs that may direct a town government.
    pub governing_endings: Vec<String>,
    /// Beginnings of such names.
    pub governing_beginnings: Vec<String>,
    /// Endings of the names of internal units.
    pub internal_unit_endings: Vec<String>,
    /// Endings of the names of offices that may write outside.
    pub office_endings: Vec<String>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The code that people see.
    pub code: &'static str,
    /// The rule that it rests on.
    pub law: &'static str,
    /// What was found, for the clerk.
    pub message: String,
    /// How much it weighs.
    pub weight: Weight,
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It must be resolved before the paper can be checked.
    Blocking,
    /// It is a warning.
    Warning,
}

/// The finding that makes papers to bureaus wait for OFFICE's decision.
pub const HELD: &str = "RE-HELD";

/// The warning about a paper that is not copied upwards.
pub const NOT_COPIED_UPWARDS: &str = "RE-COPY-SUPERIOR";

/// The warning about a paper that was due before it was made.
pub const DUE_PASSED: &str = "RE-DUE-BEFORE-ISSUE";

/// The warning about a sender whose clock is not the town's.
pub const CLOCK: &str = "RE-CLOCK";

/// How far the clocks of sender and town may be apart (§8.6).
const SKEW_MAX: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// The longest document number, in characters: 代字 with 令, the year, the serial and 号.
const DOCUMENT_NUMBER_LENGTH_MAX: usize = 40;

/// What is known about a paper besides its envelope.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The names of the town's institutions.
    pub names: &'a InstitutionNames,
    /// What the texts of payload and attachments hold.
    pub seen: &'a Seen,
    /// The attachments that could not be looked through, by index.
    pub unscreened: &'a [usize],
    /// Issuers for which a key has signed.
    pub signed: &'a [&'a str],
}

/// All findings, in the order of the rules.
#[must_use]
pub fn findings(envelope: &Envelope, known: &Known<'_>, rules: &FindingRules) -> Vec<Finding> {
    let findings = [
        dept_directive(envelope, known, rules),
        not_agreed(envelope, known),
        not_copied_upwards(envelope, known),
        internal_unit(envelope, rules),
        docno(envelope),
        due_passed(envelope),
        held(envelope, known),
    ];
    findings.into_iter().flatten().collect()
}

impl FindingRules {
    /// Whether an organ may direct a town government: a government, a party committee, a congress, or the office of one. No
    /// other department may (公文条例 art. 16(2)).
    #[must_use]
    pub fn is_governing(&self, issuer: &str) -> bool {
        let issuer = normalise(issuer);
        self.governing_endings.iter().any(|ending| issuer.ends_with(ending))
            || self.governing_beginnings.iter().any(|beginning| issuer.starts_with(beginning))
    }
}

fn blocking(reason: ErrorReason, message: String) -> Finding {
    let ground = ground(reason);
    Finding { code: &ground.code, law: &ground.law, message, weight: Weight::Blocking }
}

/// Art. 16(2)(3): a county department neither issues a directive paper to the town government nor demands anything in one,
/// unless the city government agreed. To the corresponding bureau it may write.
fn dept_directive(envelope: &Envelope, known: &Known<'_>, rules: &FindingRules) -> Option<Finding> {
    let governed = envelope.issuers().any(|issuer| rules.is_governing(issuer));
    let agreed = envelope.consent.as_deref().is_some_and(names_document) || known.seen.consent;
    if governed || agreed || !addressing::is_to_government(envelope, known.names) {
        return None;
    }
    let ground = if envelope.directive.is_some() {
        "附有指令".to_owned()
    } else if rules.directive_types.contains(&envelope.doc_type) {
        format!("文种为{}", envelope.doc_type)
    } else {
        format!("正文有“{}”等指令性要求", known.seen.demand.as_ref()?)
    };
    let message = format!(
        "县级部门向镇人民政府发布指令性公文或提出指令性要求（{ground}），且未注明经市政府同意。可退回，或改按函件登记供参阅。"
    );
    Some(blocking(ErrorReason::ReDeptDirective, message))
}

/// Whether a text names a document by its number. Words alone tell of no consent that anybody could look up.
fn names_document(text: &str) -> bool {
    let text = normalise(text);
    let ends = text.match_indices('号').map(|(at, end)| &text[..at + end.len()]);
    ends.into_iter().any(|head| {
        let mut starts = head.char_indices().rev().take(DOCUMENT_NUMBER_LENGTH_MAX);
        starts.any(|(start, _)| DocumentNumber::parse(&head[start..]).is_ok())
    })
}

/// Art. 16(4): a matter of several departments that they did not agree on may not be sent down.
fn not_agreed(envelope: &Envelope, known: &Known<'_>) -> Option<Finding> {
    let issuers: Vec<_> = envelope.issuers().collect();
    let agrees = |issuer: &str| {
        let issuer = normalise(issuer);
        envelope.agreed_by.iter().any(|other| normalise(other) == issuer)
            || known.signed.iter().any(|other| normalise(other) == issuer)
    };
    let missing: Vec<_> = issuers.iter().copied().filter(|issuer| !agrees(issuer)).collect();
    if issuers.len() < 2 || missing.is_empty() {
        return None;
    }
    let message = format!("涉及多个部门职权的事项，{}尚未会签一致，不得下行文。请退回发文机关。", missing.join("、"));
    Some(blocking(ErrorReason::ReNotAgreed, message))
}

/// Art. 16(1): an important paper that goes down is copied to the issuer's own superior. A warning, since the copy may go another
/// way.
fn not_copied_upwards(envelope: &Envelope, known: &Known<'_>) -> Option<Finding> {
    let important = envelope.directive.is_some()
        || matches!(envelope.doc_type, DocType::Resolution | DocType::Decision | DocType::Order);
    let outside = |name: &String| known.names.resolve(name, envelope.issue_date).is_none();
    if !important || envelope.copy_to.iter().any(outside) {
        return None;
    }
    Some(Finding {
        code: NOT_COPIED_UPWARDS,
        law: "党政机关公文处理工作条例 art. 16(1)",
        message: "重要下行文应当同时抄送发文机关的直接上级机关，本件抄送栏未见。仅作提示。".to_owned(),
        weight: Weight::Warning,
    })
}

/// Art. 17: no internal unit of a department writes outside, except its office.
fn internal_unit(envelope: &Envelope, rules: &FindingRules) -> Option<Finding> {
    let internal = |issuer: &str| {
        let issuer = normalise(issuer);
        rules.internal_unit_endings.iter().any(|ending| issuer.ends_with(ending))
            && !rules.office_endings.iter().any(|ending| issuer.ends_with(ending))
    };
    let unit = envelope.issuers().find(|issuer| internal(issuer))?;
    let message = format!("“{unit}”是部门内设机构，除办公室外不得对外正式行文。请退回，由该部门行文。");
    Some(blocking(ErrorReason::ReInternalUnit, message))
}

/// The number does not follow its grammar; what it should be is proposed where that takes no guessing.
fn docno(envelope: &Envelope) -> Option<Finding> {
    if DocumentNumber::parse(&envelope.document_number).is_ok() {
        return None;
    }
    let proposal = match document_number::repair(&envelope.document_number) {
        Some(repaired) => format!("建议更正为“{}”，登记时两者并存。", repaired.number),
        None => "无法推定正确写法，请退回发文机关更正。".to_owned(),
    };
    let message = format!("发文字号“{}”不合规范（GB/T 9704-2012 7.2.5）。{proposal}", envelope.document_number);
    Some(blocking(ErrorReason::IdDocno, message))
}

/// A paper that asks for something by a day before its own date has one of the two wrong.
fn due_passed(envelope: &Envelope) -> Option<Finding> {
    let due = envelope.due.filter(|due| *due < envelope.issue_date)?;
    let message = format!("办理期限{due}早于成文日期{}，请与发文机关核实。仅作提示。", envelope.issue_date);
    Some(Finding { code: DUE_PASSED, law: "relay-and-sharing.md §8.2", message, weight: Weight::Warning })
}

/// §8.6: a clock that is more than five minutes from the town's is flagged. The paper is no worse for it; its sender's receipts
/// and deadlines are.
#[must_use]
pub fn clock_skew(sent: Option<Timestamp>, now: Timestamp) -> Option<Finding> {
    let skew = sent?.duration_since(now);
    if skew.abs() <= SKEW_MAX {
        return None;
    }
    let (seconds, side) = (skew.abs().as_secs(), if skew.is_negative() { "慢" } else { "快" });
    let message = format!("发文单位时钟比本镇{side}{seconds}秒（超过5分钟），请提醒其校时。仅作提示。");
    Some(Finding { code: CLOCK, law: "relay-and-sharing.md §8.6", message, weight: Weight::Warning })
}

/// §8.1: a bare 内部资料, and content that nobody could look through, wait for OFFICE.
fn held(envelope: &Envelope, known: &Known<'_>) -> Option<Finding> {
    let mut grounds = Vec::new();
    if known.seen.internal {
        grounds.push("有“内部资料”标志".to_owned());
    }
    let names: Vec<_> = known.unscreened.iter().filter_map(|index| envelope.attachments.get(*index)).collect();
    if !names.is_empty() {
        let names: Vec<_> = names.iter().map(|attachment| attachment.name.as_str()).collect();
        grounds.push(format!("附件{}的格式无法自动查验密级标志", names.join("、")));
    }
    if grounds.is_empty() {
        return None;
    }
    let message = format!("{}。请党政办查验：不涉密的放行，涉密的立即隔离并报告保密管理人员。", grounds.join("；"));
    Some(Finding { code: HELD, law: "relay-and-sharing.md §8.1", message, weight: Weight::Blocking })
}

#[cfg(test)]
mod tests;
