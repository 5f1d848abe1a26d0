//! To which inboxes a paper goes (relay-and-sharing.md §8.1, §8.3, §8.6; DESIGN.md §2).
//!
//! A paper to the town government goes to OFFICE, a paper to a back institution to that institution with a copy to OFFICE. Nobody
//! in the county writes to the front desk; the one exception is the closed list of case papers, which go to ENFORCEMENT with a
//! copy to OFFICE. Copies to organs outside the town are not the relay's business and are left alone.

use serde::{Deserialize, Serialize};
use vocabulary::text::normalise;
use vocabulary::{Addressee, Institution, InstitutionNames, Side};

use super::envelope::Envelope;

/// One inbox that a paper goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Whose inbox it is.
    pub recipient: Institution,
    /// Why it goes there.
    pub purpose: Purpose,
}

/// Why a paper goes to an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be handled: the institution, or the town government for which OFFICE stands, is a main addressee.
    Action,
    /// For information.
    Copy,
}

/// One kind of paper on the closed list: it may go to ENFORCEMENT directly. What is empty is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CasePaper {
    /// What the issuer's name ends with, such as 人民法院.
    pub issuer_ending: String,
    /// What the title holds, such as 案件移送.
    pub title_word: String,
}

/// Why a paper cannot be routed. The place is a key of the payload and an index into its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misaddressed {
    /// `RE-ADDRESSEE`: there is no main addressee.
    Nobody,
    /// `RE-ADDRESSEE`: the town has no such institution on the paper's date.
    Unknown(Place),
    /// `RE-FRONT`: a front institution, outside the closed list.
    Front(Place, Institution),
}

/// An entry of a list of addressees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// `mainTo` or `copyTo`.
    pub list: &'static str,
    /// Which entry, from 0.
    pub index: usize,
}

/// Whether a paper belongs to the closed list of court papers, case hand-over, and supervision of a case.
#[must_use]
pub fn is_case_paper(envelope: &Envelope, list: &[CasePaper]) -> bool {
    let (issuer, title) = (normalise(&envelope.issuer), normalise(&envelope.title));
    list.iter().any(|kind| {
        let says_something = !(kind.issuer_ending.is_empty() && kind.title_word.is_empty());
        says_something && issuer.ends_with(&kind.issuer_ending) && title.contains(&kind.title_word)
    })
}

/// Whether the town government itself is a main addressee.
#[must_use]
pub fn is_to_government(envelope: &Envelope, names: &InstitutionNames) -> bool {
    let mut main = envelope.main_to.iter();
    main.any(|name| names.resolve(name, envelope.issue_date) == Some(Addressee::Government))
}

/// The inboxes of a paper, main addressees first, each once; OFFICE always among them.
///
/// # Errors
/// [`Misaddressed`], the first in the order of the lists.
pub fn routes(
    envelope: &Envelope,
    names: &InstitutionNames,
    case_papers: &[CasePaper],
) -> Result<Vec<Route>, Misaddressed> {
    if envelope.main_to.is_empty() {
        return Err(Misaddressed::Nobody);
    }
    let case_paper = is_case_paper(envelope, case_papers);
    let mut routes = Vec::new();
    for (index, name) in envelope.main_to.iter().enumerate() {
        let place = Place { list: "mainTo", index };
        let addressee = names.resolve(name, envelope.issue_date).ok_or(Misaddressed::Unknown(place))?;
        add(&mut routes, recipient(addressee, place, case_paper)?, Purpose::Action);
    }
    for (index, name) in envelope.copy_to.iter().enumerate() {
        let place = Place { list: "copyTo", index };
        match names.resolve(name, envelope.issue_date) {
            Some(addressee) => add(&mut routes, recipient(addressee, place, case_paper)?, Purpose::Copy),
            None if belongs_to_town(name, names) => return Err(Misaddressed::Unknown(place)),
            None => {}
        }
    }
    add(&mut routes, Institution::Office, Purpose::Copy);
    Ok(routes)
}

fn recipient(addressee: Addressee, place: Place, case_paper: bool) -> Result<Institution, Misaddressed> {
    let institution = match addressee {
        Addressee::Government => Institution::Office,
        Addressee::Institution(institution) => institution,
    };
    match institution.side() {
        Side::Back => Ok(institution),
        Side::Front if institution == Institution::Enforcement && case_paper => Ok(institution),
        Side::Front => Err(Misaddressed::Front(place, institution)),
    }
}

/// A name below the town that the town does not know is a mistake; any other unknown name is another organ.
fn belongs_to_town(name: &str, names: &InstitutionNames) -> bool {
    let name = normalise(name);
    let below_county = name.strip_prefix(&names.town().county).unwrap_or(&name);
    below_county.starts_with(&names.town().town)
}

fn add(routes: &mut Vec<Route>, recipient: Institution, purpose: Purpose) {
    if !routes.iter().any(|route| route.recipient == recipient) {
        routes.push(Route { recipient, purpose });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::envelope::samples;

    fn list() -> Vec<CasePaper> {
        let kind =
            |ending: &str, word: &str| CasePaper { issuer_ending: ending.to_owned(), title_word: word.to_owned() };
        vec![kind("人民法院", ""), kind("", "案件移送"), kind("司法局", "行政执法监督")]
    }

    fn routed(
        issuer: &str,
        title: &str,
        main: &[&str],
        copy: &[&str],
    ) -> Result<Vec<(&'static str, Purpose)>, Misaddressed> {
        let mut envelope = samples::envelope();
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        (envelope.issuer, envelope.title) = (issuer.to_owned(), title.to_owned());
        (envelope.main_to, envelope.copy_to) = (texts(main), texts(copy));
        let routes = routes(&envelope, &InstitutionNames::default(), &list())?;
        Ok(routes.into_iter().map(|route| (route.recipient.code(), route.purpose)).collect())
    }

    #[test]
    fn papers_find_their_inboxes() {
        use Purpose::{Action, Copy};
        type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a [(&'a str, Purpose)]);
        let cases: [Case<'_>; 7] = [
            (&["张浦镇人民政府"], &[], &[("OFFICE", Action)]),
            (&["建设与管理局"], &[], &[("CONSTRUCTION", Action), ("OFFICE", Copy)]),
            (&["张浦镇人民政府", "经济促进局"], &[], &[("OFFICE", Action), ("ECONOMY", Action)]),
            (&["张浦镇人民政府"], &["张浦镇经济促进局"], &[("OFFICE", Action), ("ECONOMY", Copy)]),
            (&["经济促进局"], &["张浦镇人民政府"], &[("ECONOMY", Action), ("OFFICE", Copy)]),
            (&["经济促进局", "张浦镇经济促进局"], &["经济促进局"], &[("ECONOMY", Action), ("OFFICE", Copy)]),
            (&["党政办"], &["苏州市人民政府", "周市镇人民政府"], &[("OFFICE", Action)]),
        ];
        for (main, copy, expected) in cases {
            assert_eq!(
                routed("昆山市住房和城乡建设局", "函", main, copy).as_deref(),
                Ok(expected),
                "{main:?} {copy:?}"
            );
        }
    }

    #[test]
    fn unknown_addressees_are_named_by_their_place() {
        let place = |list, index| Misaddressed::Unknown(Place { list, index });
        let cases: [(&[&str], &[&str], Misaddressed); 4] = [
            (&[], &["党政办"], Misaddressed::Nobody),
            (&["张浦镇人民政府", "张浦镇水利站"], &[], place("mainTo", 1)),
            (&["周市镇人民政府"], &[], place("mainTo", 0)),
            (&["张浦镇人民政府"], &["昆山市张浦镇水利站"], place("copyTo", 0)),
        ];
        for (main, copy, expected) in cases {
            assert_eq!(routed("昆山市水务局", "函", main, copy), Err(expected), "{main:?} {copy:?}");
        }
    }

    #[test]
    fn the_front_desk_gets_case_papers_only() {
        let front = |list, institution| Misaddressed::Front(Place { list, index: 0 }, institution);
        let enforcement = &["综合执法局"][..];
        let refused = Err(front("mainTo", Institution::Enforcement));
        assert_eq!(routed("昆山市城市管理局", "关于开展检查的通知", enforcement, &[]), refused);
        assert_eq!(routed("昆山市司法局", "关于培训的通知", enforcement, &[]), refused);
        let copied = Ok(vec![("ENFORCEMENT", Purpose::Action), ("OFFICE", Purpose::Copy)]);
        assert_eq!(routed("昆山市人民法院", "行政判决书", enforcement, &[]), copied);
        assert_eq!(routed("昆山市城市管理局", "案件移送函", enforcement, &[]), copied);
        assert_eq!(routed("昆山市司法局", "行政执法监督通知书", enforcement, &[]), copied);
        // The service centre is on no list, under its old name or its new one.
        for name in ["便民服务中心", "张浦镇行政审批局"] {
            assert_eq!(routed("昆山市人民法院", "判决书", &[name], &[]), Err(front("mainTo", Institution::Service)));
            assert_eq!(routed("昆山市水务局", "函", &["党政办"], &[name]), Err(front("copyTo", Institution::Service)));
        }
    }

    #[test]
    fn an_empty_entry_of_the_list_opens_nothing() {
        assert!(!is_case_paper(&samples::envelope(), &[CasePaper::default()]));
    }
}
