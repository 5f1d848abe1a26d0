//! Reads an envelope, key by key, in the fixed order.

use std::borrow::Cow;

use vocabulary::time::parse_date;
use vocabulary::{Date, DepartmentCode, MessageId, Sm3Digest};

use super::scan::Scanner;
use super::{
    ActionClass, AttachmentRef, Directive, DocType, EXTRA_KEYS_MAX, Envelope, EnvelopeFault, FormatFault,
    LIST_LENGTH_MAX, NAME_LENGTH_MAX, Openness, PAYLOAD_BYTES_MAX, TITLE_LENGTH_MAX, Urgency,
};

/// The keys of the envelope in their order; `directive` may be absent.
const KEYS: [&str; 24] = [
    "v",
    "msgId",
    "docType",
    "docNo",
    "title",
    "issuer",
    "signatory",
    "mainTo",
    "copyTo",
    "urgency",
    "issueDate",
    "due",
    "actionClass",
    "secrecy",
    "openness",
    "refDocNo",
    "attachments",
    "alg",
    "keyId",
    "sender",
    "consent",
    "agreedBy",
    "matters",
    "directive",
];

const DECLARATION: &str = ",\"secrecy\":\"NONE\"";

pub(super) fn parse(payload: &[u8]) -> Result<Envelope, EnvelopeFault> {
    let whole = |offset, rule| FormatFault { offset, key: "v", rule };
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(
            whole(PAYLOAD_BYTES_MAX, "a payload has at most 262144 bytes; larger content is an attachment").into()
        );
    }
    let text = std::str::from_utf8(payload).map_err(|error| whole(error.valid_up_to(), "the payload is not UTF-8"))?;
    let mut scanner = Scanner::new(text);
    scanner.expect("{", "expected one JSON object")?;
    let envelope = known_keys(&mut scanner, text)?;
    extra_keys(&mut scanner)?;
    if scanner.at() == text.len() { Ok(envelope) } else { Err(scanner.fault("nothing may follow the object").into()) }
}

fn known_keys(scanner: &mut Scanner<'_>, text: &str) -> Result<Envelope, EnvelopeFault> {
    version(scanner)?;
    let message_id = parsed(scanner, "msgId", |text| MessageId::parse(text).ok(), "expected a UUID with hyphens")?;
    let doc_type = parsed(scanner, "docType", DocType::parse, "expected one of the fifteen kinds of paper")?;
    let document_number = name(scanner, "docNo")?;
    let title = text_up_to(scanner, "title", TITLE_LENGTH_MAX)?;
    let issuer = name(scanner, "issuer")?;
    let signatory = optional_name(scanner, "signatory")?;
    let main_to = names(scanner, "mainTo")?;
    let copy_to = names(scanner, "copyTo")?;
    let urgency = optional(scanner, "urgency", Urgency::parse, "expected null, 特提, 特急, 加急 or 平急")?;
    let issue_date = parsed(scanner, "issueDate", day, "expected a date YYYY-MM-DD")?;
    let due = optional(scanner, "due", day, "expected null or a date YYYY-MM-DD")?;
    let action_class = optional(scanner, "actionClass", ActionClass::parse, "expected null, 阅知, 阅办, 批办 or 转办")?;
    declaration(scanner)?;
    let openness = optional(scanner, "openness", Openness::parse, "expected null, 主动公开, 依申请公开 or 不予公开")?;
    let ref_document_number = optional_name(scanner, "refDocNo")?;
    let attachments = attachments(scanner)?;
    let algorithm = name(scanner, "alg")?;
    let key_id = name(scanner, "keyId")?;
    let sender =
        parsed(scanner, "sender", |text| DepartmentCode::parse(text).ok(), "expected the code of a department")?;
    let consent = optional_name(scanner, "consent")?;
    let agreed_by = names(scanner, "agreedBy")?;
    let matters = matters(scanner)?;
    let directive = directive(scanner, text)?;
    Ok(Envelope {
        message_id,
        doc_type,
        document_number,
        title,
        issuer,
        signatory,
        main_to,
        copy_to,
        urgency,
        issue_date,
        due,
        action_class,
        openness,
        ref_document_number,
        attachments,
        algorithm,
        key_id,
        sender,
        consent,
        agreed_by,
        matters,
        directive,
    })
}

fn version(scanner: &mut Scanner<'_>) -> Result<(), FormatFault> {
    scanner.member("v", "v", true)?;
    let fault = scanner.fault("expected the version 1");
    if scanner.integer()? == 1 { Ok(()) } else { Err(fault) }
}

/// The sender's declaration that the paper is no secret. Absent or other: classified. Merely out of place: a fault of format.
fn declaration(scanner: &mut Scanner<'_>) -> Result<(), EnvelopeFault> {
    scanner.name("secrecy");
    if scanner.take(DECLARATION) {
        return Ok(());
    }
    if scanner.rest().contains("\"secrecy\":\"NONE\"") {
        return Err(scanner.fault("expected this key next: the order of keys is fixed").into());
    }
    let mut marking = "";
    if scanner.take(",\"secrecy\":") {
        let value = scanner.rest();
        let whole = value.len();
        marking = if scanner.skip_value().is_ok() { &value[..whole - scanner.rest().len()] } else { value };
    }
    Err(EnvelopeFault::NotDeclared { marking: Sm3Digest::of(marking.as_bytes()) })
}

fn attachments(scanner: &mut Scanner<'_>) -> Result<Vec<AttachmentRef>, FormatFault> {
    scanner.member("attachments", "attachments", false)?;
    let mut attachments = Vec::new();
    scanner.array(|scanner| {
        if attachments.len() == LIST_LENGTH_MAX {
            return Err(scanner.fault("the list is too long"));
        }
        attachments.push(attachment(scanner)?);
        Ok(())
    })?;
    Ok(attachments)
}

fn attachment(scanner: &mut Scanner<'_>) -> Result<AttachmentRef, FormatFault> {
    scanner.expect("{", "expected an attachment {name, size, alg, digest}")?;
    scanner.member("name", "attachments.name", true)?;
    let name = text(scanner, NAME_LENGTH_MAX)?;
    scanner.member("size", "attachments.size", false)?;
    let size_bytes = scanner.integer()?;
    scanner.member("alg", "attachments.alg", false)?;
    scanner.expect("\"SM3\"", "expected the digest algorithm SM3")?;
    scanner.member("digest", "attachments.digest", false)?;
    let digest =
        reading(scanner, |text| text.parse().ok(), "expected an SM3 digest of 64 lower-case hexadecimal digits")?;
    scanner.expect("}", "an attachment has exactly the keys name, size, alg and digest")?;
    Ok(AttachmentRef { name, size_bytes, digest })
}

fn matters(scanner: &mut Scanner<'_>) -> Result<u32, FormatFault> {
    scanner.member("matters", "matters", false)?;
    let fault = scanner.fault("expected the number of matters, 1 to 999");
    u32::try_from(scanner.integer()?).ok().filter(|matters| (1..=999).contains(matters)).ok_or(fault)
}

fn directive(scanner: &mut Scanner<'_>, text: &str) -> Result<Option<Directive>, FormatFault> {
    if !scanner.rest().starts_with(",\"directive\":") {
        return Ok(None);
    }
    scanner.member("directive", "directive", false)?;
    read_directive(scanner, text).map(Some)
}

/// Reads a directive object, whose texts are all plain.
pub(super) fn read_directive(scanner: &mut Scanner<'_>, text: &str) -> Result<Directive, FormatFault> {
    scanner.plainly(|scanner| directive_object(scanner, text))
}

/// The type of a directive first, then what the relay itself looks at. The rest is for whoever applies it.
fn directive_object(scanner: &mut Scanner<'_>, text: &str) -> Result<Directive, FormatFault> {
    let start = scanner.at();
    let (mut directive_type, mut annex, mut basis) = (None, None, None);
    scanner.object(|scanner, key| {
        match (key, &directive_type) {
            ("type", None) => directive_type = Some(self::text(scanner, NAME_LENGTH_MAX)?),
            (_, None) => return Err(scanner.fault("the first key of a directive is type")),
            ("annex", Some(_)) => annex = Some(self::text(scanner, NAME_LENGTH_MAX)?),
            ("basis", Some(_)) if scanner.peek() == Some(b'{') => basis = basis_digest(scanner)?,
            _ => scanner.skip_value()?,
        }
        Ok(())
    })?;
    let directive_type = directive_type.ok_or_else(|| scanner.fault("the first key of a directive is type"))?;
    Ok(Directive { directive_type, annex, basis, json: text[start..scanner.at()].to_owned() })
}

fn basis_digest(scanner: &mut Scanner<'_>) -> Result<Option<Sm3Digest>, FormatFault> {
    let mut digest = None;
    scanner.object(|scanner, key| {
        if key == "digest" {
            let rule = "expected an SM3 digest of 64 lower-case hexadecimal digits";
            digest = Some(reading(scanner, |text| text.parse().ok(), rule)?);
            return Ok(());
        }
        scanner.skip_value()
    })?;
    Ok(digest)
}

/// Unknown keys stand after the known ones. They are kept with the bytes and ignored; none may repeat or disguise a known key.
fn extra_keys(scanner: &mut Scanner<'_>) -> Result<(), FormatFault> {
    let mut seen: Vec<Cow<'_, str>> = Vec::new();
    while !scanner.take("}") {
        scanner.expect(",", "expected a comma or the end of the object")?;
        let start = scanner.at();
        let key = scanner.string()?;
        scanner.expect(":", "expected a colon after the key")?;
        if KEYS.contains(&&*key) || seen.contains(&key) {
            return Err(scanner.fault_at(start, "a key stands twice, or out of its order"));
        }
        if seen.len() == EXTRA_KEYS_MAX {
            return Err(scanner.fault_at(start, "there are too many unknown keys"));
        }
        scanner.skip_value()?;
        seen.push(key);
    }
    Ok(())
}

fn day(text: &str) -> Option<Date> {
    parse_date(text).ok()
}

/// Takes a plain text.
fn text(scanner: &mut Scanner<'_>, length_max: usize) -> Result<String, FormatFault> {
    let start = scanner.at();
    let text = scanner.plainly(Scanner::string)?;
    if text.trim().is_empty() || text.chars().count() > length_max {
        return Err(scanner.fault_at(start, "the text is empty or too long"));
    }
    Ok(text.into_owned())
}

fn text_up_to(scanner: &mut Scanner<'_>, key: &'static str, length_max: usize) -> Result<String, FormatFault> {
    scanner.member(key, key, false)?;
    text(scanner, length_max)
}

fn name(scanner: &mut Scanner<'_>, key: &'static str) -> Result<String, FormatFault> {
    text_up_to(scanner, key, NAME_LENGTH_MAX)
}

fn optional_name(scanner: &mut Scanner<'_>, key: &'static str) -> Result<Option<String>, FormatFault> {
    scanner.member(key, key, false)?;
    if scanner.take("null") { Ok(None) } else { text(scanner, NAME_LENGTH_MAX).map(Some) }
}

fn names(scanner: &mut Scanner<'_>, key: &'static str) -> Result<Vec<String>, FormatFault> {
    scanner.member(key, key, false)?;
    let mut names = Vec::new();
    scanner.array(|scanner| {
        if names.len() == LIST_LENGTH_MAX {
            return Err(scanner.fault("the list is too long"));
        }
        names.push(text(scanner, NAME_LENGTH_MAX)?);
        Ok(())
    })?;
    Ok(names)
}

fn parsed<T>(
    scanner: &mut Scanner<'_>,
    key: &'static str,
    read: impl Fn(&str) -> Option<T>,
    rule: &'static str,
) -> Result<T, FormatFault> {
    scanner.member(key, key, false)?;
    reading(scanner, read, rule)
}

fn optional<T>(
    scanner: &mut Scanner<'_>,
    key: &'static str,
    read: impl Fn(&str) -> Option<T>,
    rule: &'static str,
) -> Result<Option<T>, FormatFault> {
    scanner.member(key, key, false)?;
    if scanner.take("null") { Ok(None) } else { reading(scanner, read, rule).map(Some) }
}

fn reading<T>(
    scanner: &mut Scanner<'_>,
    read: impl Fn(&str) -> Option<T>,
    rule: &'static str,
) -> Result<T, FormatFault> {
    let fault = scanner.fault(rule);
    let text = scanner.string()?;
    read(&text).ok_or(fault)
}
