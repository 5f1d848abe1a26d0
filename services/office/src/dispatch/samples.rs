//! Papers for the tests of this folder.

use std::sync::Arc;

use uuid::Uuid;
use vocabulary::{Institution, InstitutionNames, Timestamp, WorkingCalendar};

use super::content::{Content, DocType, Issuer};
use super::decide::Facts;
use super::settings::{DispatchRules, DispatchSettings};
use super::state::DispatchId;

/// A letter of the town government to the city's education bureau.
pub(crate) fn letter() -> Content {
    Content {
        issuer: Issuer::Government,
        doc_type: DocType::Letter,
        title: "关于商请支持校车管理的函".to_owned(),
        text: "市教育局：\n请支持我镇校车管理工作。".to_owned(),
        files: Vec::new(),
        main_to: vec!["昆山市教育局".to_owned()],
        copy_to: Vec::new(),
        urgency: String::new(),
        due: None,
        action_class: "阅办".to_owned(),
        openness: "依申请公开".to_owned(),
        matters: Vec::new(),
        consent: String::new(),
        opinion: String::new(),
        request_of: None,
        ref_document_number: String::new(),
        answers: None,
        normative: None,
        major_matter: false,
        case_number: String::new(),
        no_request_confirmation: String::new(),
    }
}

/// A request of the town government to the city government.
pub(crate) fn request() -> Content {
    Content {
        doc_type: DocType::Request,
        title: "关于调整镇区规划的请示".to_owned(),
        text: "市人民政府：\n拟调整镇区规划。妥否，请批示。".to_owned(),
        main_to: vec!["昆山市人民政府".to_owned()],
        matters: vec!["调整镇区规划".to_owned()],
        ..letter()
    }
}

/// The rules of the built-in settings.
pub(crate) fn rules() -> DispatchRules {
    DispatchRules::new(&DispatchSettings::default(), Arc::new(InstitutionNames::default())).expect("rules")
}

/// An instant of the town's working day.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// What a person of an institution knows on 2 March 2026; without an institution, of the town leaders.
pub(crate) fn facts(person: &str, institution: Option<Institution>) -> Facts {
    Facts {
        now: at("2026-03-02T09:00:00+08:00"),
        person: person.to_owned(),
        institution,
        rules: Arc::new(rules()),
        calendar: Arc::new(WorkingCalendar::official().clone()),
    }
}

/// The id of the dispatch of these tests.
pub(crate) fn id() -> DispatchId {
    DispatchId(Uuid::from_u128(0xf81d_4fae_7dec_11d0_a765_00a0_c91e_6bf6))
}
