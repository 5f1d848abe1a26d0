//! The rules of address for papers going out (行文规则, relay-and-sharing.md §8.3), one pure function and one refusal each.

use vocabulary::text::{is_digits, normalise};
use vocabulary::{Date, DocumentNumber, Institution, Side};

use super::content::{Content, DocType, Issuer};
use super::refusal::{Address, OpinionFault, Refusal, Unfit, UpFault};
use super::settings::{DispatchRules, Level, Party};
use super::{normative, screening};

/// How the names of persons in office end.
const PERSONS: [&str; 19] = [
    "书记",
    "市长",
    "省长",
    "县长",
    "区长",
    "镇长",
    "局长",
    "主任",
    "部长",
    "厅长",
    "处长",
    "科长",
    "秘书长",
    "主席",
    "院长",
    "检察长",
    "领导",
    "同志",
    "先生",
];

/// How a paper goes from its issuer to an addressee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Upward (上行).
    Up,
    /// To the county department of a bureau's line: upward in what it asks and reports, flat in what it writes.
    Line,
    /// Between those who are not subordinate to one another (平行).
    Flat,
    /// Downward (下行).
    Down,
}

/// What the rules look at besides the content.
pub(crate) struct Around<'a> {
    /// The settings.
    pub rules: &'a DispatchRules,
    /// Today.
    pub today: Date,
    /// The text of what another asked for, where it is known.
    pub original: Option<&'a str>,
    /// An unanswered request of the same issuer on the same matter to the same superior.
    pub waiting: Option<&'a str>,
}

/// An addressee that is known, with the way to it.
struct Addressed<'a> {
    name: &'a str,
    party: Party,
    relation: Relation,
    copy: bool,
}

/// Checks a content against every rule, in their order.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn check(content: &Content, around: &Around<'_>) -> Result<(), Refusal> {
    screening::check(content)?;
    named_organs(content)?;
    let addressed = addressed(content, around)?;
    internal_unit(content, &addressed)?;
    addressee(content, &addressed)?;
    up_address(content, &addressed)?;
    skip(&addressed, content, around)?;
    direction(content, &addressed)?;
    front(content, &addressed)?;
    one_matter(content)?;
    request_in_report(content, around)?;
    no_opinion(content, around)?;
    no_consent(content, &addressed)?;
    document_number(content)?;
    normative::check(content).map_err(|fault| Unfit::Normative { fault })?;
    second_request(around)?;
    Ok(())
}

/// Whether a paper goes upward, so that the main head signs it (art. 22).
pub(crate) fn relation(issuer: &Issuer, level: Level) -> Relation {
    let bureau = match issuer {
        Issuer::Government | Issuer::GovernmentOffice | Issuer::Unit(_) => None,
        Issuer::Institution(institution) => Some(*institution),
    };
    match (level, bureau) {
        (Level::Superior | Level::Above | Level::Congress | Level::Government, _) => Relation::Up,
        (Level::Department(line), Some(bureau)) if line == bureau => Relation::Line,
        (Level::Department(_) | Level::Peer, _) | (Level::Own(_), Some(_)) => Relation::Flat,
        (Level::Subordinate, _) | (Level::Own(_), None) => Relation::Down,
    }
}

/// Art. 15(5): not to a person, nor in the name of one.
fn named_organs(content: &Content) -> Result<(), Address> {
    let issuer = match &content.issuer {
        Issuer::Unit(unit) => Some(unit),
        Issuer::Government | Issuer::GovernmentOffice | Issuer::Institution(_) => None,
    };
    let person = |name: &&String| {
        let name = normalise(name);
        PERSONS.iter().any(|ending| name.ends_with(ending))
    };
    match issuer.into_iter().chain(content.addressees()).find(person) {
        Some(name) => Err(Address::ToPerson { name: name.clone() }),
        None => Ok(()),
    }
}

/// Everyone who is addressed is known (§8.6), and nobody writes to himself.
fn addressed<'a>(content: &'a Content, around: &Around<'_>) -> Result<Vec<Addressed<'a>>, Address> {
    let main = content.main_to.iter().map(|name| (name, false));
    let copies = content.copy_to.iter().map(|name| (name, true));
    let mut all = Vec::new();
    for (name, copy) in main.chain(copies) {
        let unknown = || Address::Addressee { name: name.clone() };
        let party = around.rules.party(name, around.today).ok_or_else(unknown)?;
        let oneself = match (&content.issuer, party.level) {
            (Issuer::Government, Level::Government) => true,
            (Issuer::GovernmentOffice, Level::Own(institution)) => institution == Institution::Office,
            (Issuer::Institution(issuer), Level::Own(institution)) => institution == *issuer,
            (Issuer::Government | Issuer::GovernmentOffice | Issuer::Institution(_) | Issuer::Unit(_), _) => false,
        };
        if oneself {
            return Err(unknown());
        }
        all.push(Addressed { name, relation: relation(&content.issuer, party.level), party, copy });
    }
    Ok(all)
}

/// Art. 17: an internal unit does not write outside.
fn internal_unit(content: &Content, addressed: &[Addressed<'_>]) -> Result<(), Address> {
    let Issuer::Unit(unit) = &content.issuer else { return Ok(()) };
    let inside = |to: &Addressed<'_>| matches!(to.party.level, Level::Own(_) | Level::Government);
    if !addressed.is_empty() && addressed.iter().all(inside) {
        return Ok(());
    }
    Err(Address::InternalUnit { unit: unit.clone() })
}

/// A paper has someone to act on it, unless it speaks to all (§8.6).
fn addressee(content: &Content, addressed: &[Addressed<'_>]) -> Result<(), Address> {
    if !is_public(content.doc_type) && !addressed.iter().any(|to| !to.copy) {
        return Err(Address::Addressee { name: String::new() });
    }
    Ok(())
}

/// Art. 15(1): one main addressee upward; copies to other superiors and peers, never to subordinates.
fn up_address(content: &Content, addressed: &[Addressed<'_>]) -> Result<(), Address> {
    let upward = matches!(content.doc_type, DocType::Request | DocType::Report | DocType::Motion);
    let main = || addressed.iter().filter(|to| !to.copy);
    if !upward && !main().any(|to| to.relation == Relation::Up) {
        return Ok(());
    }
    if main().count() > 1 {
        return Err(Address::Upward { fault: UpFault::SeveralMain });
    }
    if addressed.iter().any(|to| to.copy && to.relation == Relation::Down) {
        return Err(Address::Upward { fault: UpFault::CopyDown });
    }
    Ok(())
}

/// Art. 14: no skipping of levels, unless every skipped organ has a copy.
fn skip(addressed: &[Addressed<'_>], content: &Content, around: &Around<'_>) -> Result<(), Address> {
    let has = |level: Level| addressed.iter().any(|to| to.party.level == level);
    let bureau = matches!(content.issuer, Issuer::Institution(_));
    let main = |level: Level| addressed.iter().any(|to| !to.copy && to.party.level == level);
    if main(Level::Above) && !has(Level::Superior) {
        return Err(Address::Skip { skipped: around.rules.superior() });
    }
    let beyond = main(Level::Above) || main(Level::Superior) || main(Level::Congress);
    if bureau && beyond && !has(Level::Government) {
        return Err(Address::Skip { skipped: around.rules.government().to_owned() });
    }
    Ok(())
}

/// Whether a type speaks to all (§8.2).
pub(crate) const fn is_public(doc_type: DocType) -> bool {
    matches!(doc_type, DocType::Announcement | DocType::PublicNotice | DocType::Communique)
}

/// Art. 8: each type has its direction (§8.2). A motion goes from the government to the congress, and nothing else does.
fn direction(content: &Content, addressed: &[Addressed<'_>]) -> Result<(), Address> {
    let doc_type = content.doc_type;
    let unfit = |party: &str| Address::Direction { doc_type: doc_type.as_str(), party: party.to_owned() };
    if doc_type == DocType::Motion && content.issuer != Issuer::Government {
        return Err(unfit(content.issuer.as_str()));
    }
    let fits = |to: &&Addressed<'_>| {
        let congress = to.party.level == Level::Congress;
        admits(doc_type, to.relation) && (doc_type != DocType::Motion || congress)
    };
    match addressed.iter().filter(|to| !to.copy).find(|to| !fits(to)) {
        Some(to) => Err(unfit(to.name)),
        None => Ok(()),
    }
}

/// The directions of a document type (§8.2).
const fn admits(doc_type: DocType, relation: Relation) -> bool {
    use DocType::{
        Announcement, Circular, Communique, Decision, Letter, Minutes, Motion, Notice, Opinion, Order, PublicNotice,
        Reply, Report, Request, Resolution,
    };
    let (up, flat, down) = match doc_type {
        Decision | Order | Circular | Reply | Resolution => (false, false, true),
        Notice => (false, true, true),
        Opinion | Minutes => (true, true, true),
        Request | Report | Motion => (true, false, false),
        Letter => (false, true, false),
        Announcement | PublicNotice | Communique => (false, false, false),
    };
    match relation {
        Relation::Up => up,
        Relation::Line => up || flat,
        Relation::Flat => flat,
        Relation::Down => down,
    }
}

/// §8.1: the front never corresponds with the county on policy; ENFORCEMENT co-operates in a case by a letter with its number.
fn front(content: &Content, addressed: &[Addressed<'_>]) -> Result<(), Address> {
    let Issuer::Institution(institution) = content.issuer else { return Ok(()) };
    let case = institution == Institution::Enforcement
        && content.doc_type == DocType::Letter
        && is_case_number(&content.case_number);
    if institution.side() == Side::Back || case {
        return Ok(());
    }
    let county = |to: &&Addressed<'_>| {
        matches!(to.party.level, Level::Superior | Level::Above | Level::Department(_)) && !to.copy
    };
    match addressed.iter().find(county) {
        Some(to) => Err(Address::Front { institution, addressee: to.name.to_owned() }),
        None => Ok(()),
    }
}

/// The number of a penalty case (identifiers.md §9.4): `ZPCF`, the year and five digits.
fn is_case_number(number: &str) -> bool {
    number.strip_prefix("ZPCF").is_some_and(|digits| digits.len() == 9 && is_digits(digits))
}

/// Art. 15(4): one matter in a request (一文一事).
fn one_matter(content: &Content) -> Result<(), Address> {
    let count = content.matters.len();
    if content.doc_type == DocType::Request && count != 1 { Err(Address::OneMatter { count }) } else { Ok(()) }
}

/// Art. 15(4): no request inside a report or another type that is no request, until a clerk confirms that there is none. A letter
/// and a motion may ask.
fn request_in_report(content: &Content, around: &Around<'_>) -> Result<(), Address> {
    let may_ask = matches!(content.doc_type, DocType::Request | DocType::Letter | DocType::Motion);
    if may_ask || !content.no_request_confirmation.trim().is_empty() {
        return Ok(());
    }
    let texts = [normalise(&content.title), normalise(&content.text)];
    let asking = around.rules.request_words.iter().find(|words| texts.iter().any(|text| text.contains(words.as_str())));
    match asking {
        Some(words) => Err(Address::RequestInReport { words: words.clone() }),
        None => Ok(()),
    }
}

/// Art. 15(3): what a bureau asked for is passed on or answered with an opinion of one's own, never word for word.
fn no_opinion(content: &Content, around: &Around<'_>) -> Result<(), Address> {
    if content.request_of.is_none() {
        return Ok(());
    }
    if content.opinion.trim().is_empty() {
        return Err(Address::NoOpinion { fault: OpinionFault::Missing });
    }
    let same = around.original.is_some_and(|original| normalise(original) == normalise(&content.text));
    if same { Err(Address::NoOpinion { fault: OpinionFault::Original }) } else { Ok(()) }
}

/// Art. 15(2): a bureau brings a major matter before the county department of its line only with the town government's consent. A
/// request is one; of a report or an opinion the clerk says so.
fn no_consent(content: &Content, addressed: &[Addressed<'_>]) -> Result<(), Address> {
    let major = match content.doc_type {
        DocType::Request => true,
        DocType::Report | DocType::Opinion => content.major_matter,
        DocType::Resolution
        | DocType::Decision
        | DocType::Order
        | DocType::Communique
        | DocType::Announcement
        | DocType::PublicNotice
        | DocType::Notice
        | DocType::Circular
        | DocType::Reply
        | DocType::Motion
        | DocType::Letter
        | DocType::Minutes => false,
    };
    let superior = addressed.iter().find(|to| !to.copy && to.relation == Relation::Line);
    match superior {
        Some(to) if major && content.consent.trim().is_empty() => {
            Err(Address::NoConsent { superior: to.name.to_owned() })
        }
        Some(_) | None => Ok(()),
    }
}

/// Identifiers.md §9.6: a number that is cited follows the grammar; it is never repaired on the way out.
fn document_number(content: &Content) -> Result<(), Unfit> {
    let number = &content.ref_document_number;
    if number.is_empty() {
        return Ok(());
    }
    DocumentNumber::parse(number).map(|_| ()).map_err(|error| Unfit::DocumentNumber { fault: error.to_string() })
}

/// §8.5: an unanswered request is urged; a second one on the matter is not sent.
fn second_request(around: &Around<'_>) -> Result<(), Address> {
    match around.waiting {
        Some(first) => Err(Address::SecondRequest { first: first.to_owned() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
