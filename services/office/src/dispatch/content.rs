//! What a dispatch says: its face, its text and its files.

use bytes::Bytes;
use vocabulary::{Date, Institution, Sm3Digest};

use crate::inbox::state::PaperName;

use super::state::DispatchId;

/// In whose name a dispatch is issued (发文机关).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// The town government.
    Government,
    /// The office of the town government.
    GovernmentOffice,
    /// A bureau, in its own name.
    Institution(Institution),
    /// A unit inside an institution, or anyone else, by name. It may not write outside.
    Unit(String),
}

impl Issuer {
    /// Reads an issuer. OFFICE writes as the office of the town government.
    #[must_use]
    pub fn parse(issuer: &str) -> Self {
        match (issuer, Institution::parse(issuer)) {
            ("GOVERNMENT", _) => Self::Government,
            ("GOVERNMENT_OFFICE", _) | (_, Ok(Institution::Office)) => Self::GovernmentOffice,
            (_, Ok(institution)) => Self::Institution(institution),
            (unit, Err(_)) => Self::Unit(unit.to_owned()),
        }
    }

    /// The issuer as contracts and settings write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Government => "GOVERNMENT",
            Self::GovernmentOffice => "GOVERNMENT_OFFICE",
            Self::Institution(institution) => institution.code(),
            Self::Unit(unit) => unit,
        }
    }
}

/// The document types (公文种类) of 公文条例 art. 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocType {
    /// 决议.
    Resolution,
    /// 决定.
    Decision,
    /// 命令.
    Order,
    /// 公报.
    Communique,
    /// 公告.
    Announcement,
    /// 通告.
    PublicNotice,
    /// 意见.
    Opinion,
    /// 通知.
    Notice,
    /// 通报.
    Circular,
    /// 报告.
    Report,
    /// 请示.
    Request,
    /// 批复.
    Reply,
    /// 议案.
    Motion,
    /// 函.
    Letter,
    /// 纪要.
    Minutes,
}

impl DocType {
    /// Every type.
    pub const ALL: [Self; 15] = [
        Self::Resolution,
        Self::Decision,
        Self::Order,
        Self::Communique,
        Self::Announcement,
        Self::PublicNotice,
        Self::Opinion,
        Self::Notice,
        Self::Circular,
        Self::Report,
        Self::Request,
        Self::Reply,
        Self::Motion,
        Self::Letter,
        Self::Minutes,
    ];

    /// The type as papers show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resolution => "决议",
            Self::Decision => "决定",
            Self::Order => "命令",
            Self::Communique => "公报",
            Self::Announcement => "公告",
            Self::PublicNotice => "通告",
            Self::Opinion => "意见",
            Self::Notice => "通知",
            Self::Circular => "通报",
            Self::Report => "报告",
            Self::Request => "请示",
            Self::Reply => "批复",
            Self::Motion => "议案",
            Self::Letter => "函",
            Self::Minutes => "纪要",
        }
    }

    /// Reads a type; an order is also written 令.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = if text == "令" { "命令" } else { text };
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }
}

/// How urgent a paper is (紧急程度), or a telegram.
pub const URGENCIES: [&str; 5] = ["", "特提", "特急", "加急", "平急"];

/// What the addressee is to do (办理类别).
pub const ACTION_CLASSES: [&str; 5] = ["", "阅知", "阅办", "批办", "转办"];

/// How open a paper is (公开属性).
pub const OPENNESS: [&str; 3] = ["主动公开", "依申请公开", "不予公开"];

/// A file that goes with a dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The name.
    pub name: String,
    /// The content.
    pub content: Bytes,
}

/// A paper in the town that another's request came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A paper in an inbox.
    Inbox(PaperName),
    /// A dispatch of a bureau.
    Dispatch(DispatchId),
}

/// What makes a dispatch normative (规范性文件).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normative {
    /// The recorded review of fair competition (公平竞争审查).
    pub fair_competition: String,
    /// Where it is published.
    pub publication_place: String,
}

/// What a dispatch says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// In whose name.
    pub issuer: Issuer,
    /// The type.
    pub doc_type: DocType,
    /// The title.
    pub title: String,
    /// The text.
    pub text: String,
    /// The files.
    pub files: Vec<File>,
    /// The main addressees (主送机关).
    pub main_to: Vec<String>,
    /// The addressees of copies (抄送机关).
    pub copy_to: Vec<String>,
    /// The urgency.
    pub urgency: String,
    /// By when it asks to be handled.
    pub due: Option<Date>,
    /// The class of action.
    pub action_class: String,
    /// The openness.
    pub openness: String,
    /// The matters.
    pub matters: Vec<String>,
    /// The town government's consent.
    pub consent: String,
    /// The issuer's own leaning (倾向性意见).
    pub opinion: String,
    /// What another asked for.
    pub request_of: Option<Source>,
    /// The number of the document that it refers to, as it was given.
    pub ref_document_number: String,
    /// The paper that it answers.
    pub answers: Option<PaperName>,
    /// Whether and how it is normative.
    pub normative: Option<Normative>,
    /// Whether the matter is a major one (重大事项).
    pub major_matter: bool,
    /// The number of the case that it is about.
    pub case_number: String,
    /// The clerk's confirmation that it asks for nothing.
    pub no_request_confirmation: String,
}

impl Content {
    /// Everyone whom it is addressed to.
    pub fn addressees(&self) -> impl Iterator<Item = &String> {
        self.main_to.iter().chain(&self.copy_to)
    }

    /// Whether an answer is to be expected (relay-and-sharing.md §8.5): a request for instructions has one.
    #[must_use]
    pub fn expects_reply(&self) -> bool {
        self.doc_type == DocType::Request
    }

    /// By what two requests on one matter to one superior are told to be the same; none for another paper.
    #[must_use]
    pub fn request_key(&self) -> Option<String> {
        let (to, matter) = self.main_to.first().zip(self.matters.first())?;
        let key = || {
            let parts = [self.issuer.as_str(), to, matter].map(vocabulary::text::normalise);
            hex::encode(Sm3Digest::of(parts.join("\n").as_bytes()).as_bytes())
        };
        (self.doc_type == DocType::Request).then(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_issuers_read_back() {
        for doc_type in DocType::ALL {
            assert_eq!(DocType::parse(doc_type.as_str()), Some(doc_type));
        }
        assert_eq!((DocType::parse("令"), DocType::parse("方案")), (Some(DocType::Order), None));
        for issuer in ["GOVERNMENT", "GOVERNMENT_OFFICE", "CONSTRUCTION", "建设与管理局规划科"] {
            assert_eq!(Issuer::parse(issuer).as_str(), issuer);
        }
        assert_eq!(Issuer::parse("OFFICE"), Issuer::GovernmentOffice);
    }
}
