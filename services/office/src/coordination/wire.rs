//! Matters between institutions, between the contract and the state.

use runtime::journal::Record;
use runtime::refusal::{Denial, Failure, Violation};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::text::is_plain;
use vocabulary::{DocumentNumber, FieldCode, Institution, RequestId, Timestamp};

use super::decide::{Change, Command, Event, Opened, Opening, Step};
use super::duty;
use super::duty::wire::{at, damaged, party};
use super::state::{ClueAnswer, Done, InfoKind, Item, ItemId, Matter, Progress, Reply, Supervision};
use crate::fields::{Fields, day_to_wire, instant_to_wire, no_name};
use crate::roster::state::Post;

/// How long a title may be, in characters.
pub(crate) const TITLE_MAX: usize = 200;

/// How long a text may be, in characters.
pub(crate) const TEXT_MAX: usize = 20_000;

/// How long an answer or a reason may be, in characters.
pub(crate) const WORDS_MAX: usize = 4_000;

/// How long the name of a paper or a grant may be.
pub(crate) const NAME_MAX: usize = 200;

// === requests ===

/// Reads the name of a matter.
pub(crate) fn name(name: &str) -> Result<ItemId, Denial> {
    ItemId::parse(name).ok_or_else(|| no_name("name", "coordinationItems/{id}"))
}

/// Takes a text of several lines that must not be empty nor too long.
pub(crate) fn lines(fields: &mut Fields, field: &str, text: String, chars_max: usize) -> Option<String> {
    let fits = !text.trim().is_empty() && text.chars().count() <= chars_max;
    if fits && !text.split('\n').all(is_plain) {
        fields.fault(field, "", "must not have control characters but line feeds");
        return None;
    }
    fields.need(field, fits.then_some(text), &format!("must be given, with at most {chars_max} characters"))
}

fn opened(id: RequestId, title: Option<String>, text: Option<String>, matter: Option<Opened>) -> Option<Command> {
    let (title, text, matter) = (title?, text?, matter?);
    let step = Step::Open(Opening { title, text, matter });
    Some(Command { id: ItemId(id.uuid()), etag: String::new(), step })
}

pub(crate) fn send_work_info(id: RequestId, request: pb::SendWorkInfoRequest) -> Result<Command, Denial> {
    let mut fields = Fields::new();
    let kind = info_kind(request.r#type());
    let kind = fields.need("type", kind, "must say what it tells");
    let to = institutions(&mut fields, "to_parties", &request.to_parties);
    let title = fields.text("title", request.title, TITLE_MAX);
    let text = lines(&mut fields, "text", request.text, TEXT_MAX);
    let matter = kind.map(|kind| Opened::WorkInfo { kind, to });
    fields.finish(opened(id, title, text, matter))
}

pub(crate) fn report_clue(id: RequestId, request: pb::ReportClueRequest) -> Result<Command, Denial> {
    let mut fields = Fields::new();
    let title = fields.text("title", request.title, TITLE_MAX);
    let text = lines(&mut fields, "text", request.text, TEXT_MAX);
    fields.finish(opened(id, title, text, Some(Opened::Clue)))
}

pub(crate) fn ask_consultation(id: RequestId, request: pb::AskConsultationRequest) -> Result<Command, Denial> {
    let mut fields = Fields::new();
    let to = fields.read("to_party", "AU-ENUM", Institution::parse(&request.to_party));
    let field = some_field(&mut fields, &request.field);
    let title = fields.text("title", request.title, TITLE_MAX);
    let text = lines(&mut fields, "text", request.text, TEXT_MAX);
    let matter = to.map(|to| Opened::Consultation { to, field });
    fields.finish(opened(id, title, text, matter))
}

pub(crate) fn open_supervision(id: RequestId, request: pb::OpenExternalSupervisionRequest) -> Result<Command, Denial> {
    let mut fields = Fields::new();
    let paper = fields.text("source_paper", request.source_paper, NAME_MAX);
    let due = fields.some_day("stated_due_date", request.stated_due_date.as_ref());
    let text = lines(&mut fields, "text", request.text, TEXT_MAX);
    let matter = paper.zip(due).map(|(paper, due)| Opened::Supervision { paper, due });
    fields.finish(opened(id, Some(String::new()), text, matter))
}

pub(crate) fn sign_for(request: pb::SignForCoordinationItemRequest) -> Result<Command, Denial> {
    Ok(Command { id: name(&request.name)?, etag: request.etag, step: Step::SignFor })
}

pub(crate) fn answer_clue(request: pb::AnswerClueRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    let mut fields = Fields::new();
    let answer = match request.result() {
        pb::ClueResult::Unspecified => {
            fields.fault("result", "", "must say whether it was filed");
            None
        }
        pb::ClueResult::Filed => {
            let case = Some(vocabulary::text::normalise_code(&request.case_number)).filter(|case| is_case(case));
            let case = fields.need("case_number", case, "must be the number of the case, ZPCF, the year and 5 digits");
            case.map(|case| ClueAnswer::Filed { case })
        }
        pb::ClueResult::NotFiled => {
            let reason = lines(&mut fields, "reason", request.reason, WORDS_MAX);
            reason.map(|reason| ClueAnswer::NotFiled { reason })
        }
    };
    fields.finish(answer.map(|answer| Command { id, etag: request.etag, step: Step::AnswerClue(answer) }))
}

/// `ZPCF`, the year and five digits (identifiers.md).
fn is_case(number: &str) -> bool {
    number.strip_prefix("ZPCF").is_some_and(|rest| rest.len() == 9 && vocabulary::text::is_digits(rest))
}

pub(crate) fn answer_consultation(request: pb::AnswerConsultationRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    let mut fields = Fields::new();
    let text = lines(&mut fields, "answer", request.answer, TEXT_MAX);
    fields.finish(text.map(|text| Command { id, etag: request.etag, step: Step::AnswerConsultation { text } }))
}

pub(crate) fn answer_supervision(request: pb::AnswerExternalSupervisionRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    let mut fields = Fields::new();
    let number = fields.read("document_number", "ID-DOCNO", DocumentNumber::parse(&request.document_number));
    let text = lines(&mut fields, "text", request.text, WORDS_MAX);
    let step =
        number.zip(text).map(|(number, text)| Step::AnswerSupervision { document_number: number.to_string(), text });
    fields.finish(step.map(|step| Command { id, etag: request.etag, step }))
}

pub(crate) fn close(request: pb::CloseExternalSupervisionRequest) -> Result<Command, Denial> {
    Ok(Command { id: name(&request.name)?, etag: request.etag, step: Step::Close })
}

fn institutions(fields: &mut Fields, field: &str, codes: &[String]) -> Vec<Institution> {
    if codes.len() > Institution::ALL.len() {
        fields.fault(field, "", "names an institution twice");
        return Vec::new();
    }
    let mut read: Vec<_> = (0..)
        .zip(codes)
        .filter_map(|(index, code): (usize, _)| {
            fields.read(&format!("{field}[{index}]"), "AU-ENUM", Institution::parse(code))
        })
        .collect();
    read.sort_unstable();
    read.dedup();
    if read.is_empty() {
        fields.fault(field, "", "must name an institution");
    }
    read
}

/// Reads a field that may be empty.
pub(crate) fn some_field(fields: &mut Fields, code: &str) -> Option<FieldCode> {
    if code.is_empty() { None } else { fields.read("field", "AU-ENUM", FieldCode::parse(code)) }
}

/// The stored word of the type that a list is asked for; empty for all.
pub(crate) fn type_filter(kind: i32) -> Result<&'static str, Denial> {
    let kind = pb::CoordinationType::try_from(kind);
    let kind = kind.map_err(|_| Violation::malformed("type", "is no type of a matter"))?;
    Ok(match kind {
        pb::CoordinationType::Unspecified => "",
        pb::CoordinationType::WorkInfo => "WORK_INFO",
        pb::CoordinationType::Clue => "CLUE",
        pb::CoordinationType::Consultation => "CONSULTATION",
        pb::CoordinationType::ExternalSupervision => "EXTERNAL_SUPERVISION",
    })
}

// === answers, entries and the column ===

/// A matter as an answer shows it.
pub(crate) fn shown(item: &Item, now: Timestamp, etag: String) -> pb::CoordinationItem {
    let mut shown = whole(item);
    duty::wire::show(&mut shown.duties, &item.duties, now);
    pb::CoordinationItem { etag, ..shown }
}

/// A matter as the column `content` keeps it.
pub(crate) fn content(item: &Item) -> Vec<u8> {
    prost::Message::encode_to_vec(&whole(item))
}

impl runtime::journal::Event for Event {
    fn record(&self) -> Record {
        let change = match self.change {
            Change::Opened => pb::CoordinationChange::Opened,
            Change::SignedFor => pb::CoordinationChange::SignedFor,
            Change::Answered => pb::CoordinationChange::Answered,
            Change::Closed => pb::CoordinationChange::Closed,
            Change::Alarmed => pb::CoordinationChange::Alarmed,
        };
        let message = pb::CoordinationRecorded { item: Some(whole(&self.item)), change: change.into() };
        Record::of(&message, self.item.id.to_string())
    }
}

fn whole(item: &Item) -> pb::CoordinationItem {
    let mut shown = pb::CoordinationItem {
        name: item.id.to_string(),
        from_party: item.from.code().to_owned(),
        to_parties: item.to.iter().map(|party| party.code().to_owned()).collect(),
        title: item.title.clone(),
        text: item.text.clone(),
        opener: item.opened.person.clone(),
        open_time: Some(instant_to_wire(item.opened.at)),
        stage: match item.stage() {
            "CLOSED" => pb::CoordinationStage::Closed,
            "ANSWERED" => pb::CoordinationStage::Answered,
            _ => pb::CoordinationStage::Open,
        }
        .into(),
        published_to: item.published_to().iter().map(|institution| institution.code().to_owned()).collect(),
        duties: item.duties.iter().map(duty::wire::duty).collect(),
        ..pb::CoordinationItem::default()
    };
    match &item.matter {
        Matter::WorkInfo { kind, signings } => {
            shown.set_type(pb::CoordinationType::WorkInfo);
            shown.set_work_info_type(info_kind_to_wire(*kind));
            shown.signings = signings.iter().map(duty::wire::signing).collect();
        }
        Matter::Clue { answer } => {
            shown.set_type(pb::CoordinationType::Clue);
            shown.answer = answer.as_ref().map(|(answer, by)| clue_answer_to_wire(answer, by));
        }
        Matter::Consultation { field, answer } => {
            shown.set_type(pb::CoordinationType::Consultation);
            shown.field = field.as_ref().map(ToString::to_string).unwrap_or_default();
            shown.answer = answer.as_ref().map(reply_to_wire);
        }
        Matter::Supervision { demand, progress } => {
            shown.set_type(pb::CoordinationType::ExternalSupervision);
            shown.source_paper.clone_from(&demand.paper);
            shown.document_number.clone_from(&demand.document_number);
            shown.stated_due_date = demand.due.map(day_to_wire);
            show_progress(&mut shown, progress);
        }
    }
    shown
}

fn show_progress(shown: &mut pb::CoordinationItem, progress: &Progress) {
    match progress {
        Progress::Open => {}
        Progress::Answered(reply) => shown.answer = Some(reply_to_wire(reply)),
        Progress::Closed(reply, by) => {
            shown.answer = Some(reply_to_wire(reply));
            shown.closer.clone_from(&by.person);
            shown.close_time = Some(instant_to_wire(by.at));
        }
    }
}

fn reply_to_wire(reply: &Reply) -> pb::CoordinationAnswer {
    pb::CoordinationAnswer {
        text: reply.text.clone(),
        document_number: reply.document_number.clone(),
        person: reply.by.person.clone(),
        time: Some(instant_to_wire(reply.by.at)),
        ..pb::CoordinationAnswer::default()
    }
}

fn clue_answer_to_wire(answer: &ClueAnswer, by: &Done) -> pb::CoordinationAnswer {
    let (result, case_number, text) = match answer {
        ClueAnswer::Filed { case } => (pb::ClueResult::Filed, case.clone(), String::new()),
        ClueAnswer::NotFiled { reason } => (pb::ClueResult::NotFiled, String::new(), reason.clone()),
    };
    pb::CoordinationAnswer {
        clue_result: result.into(),
        case_number,
        text,
        person: by.person.clone(),
        time: Some(instant_to_wire(by.at)),
        ..pb::CoordinationAnswer::default()
    }
}

const fn info_kind_to_wire(kind: InfoKind) -> pb::WorkInfoType {
    match kind {
        InfoKind::Fact => pb::WorkInfoType::Fact,
        InfoKind::Forecast => pb::WorkInfoType::Forecast,
        InfoKind::LawChange => pb::WorkInfoType::LawChange,
        InfoKind::Statistics => pb::WorkInfoType::Statistics,
        InfoKind::Hazard => pb::WorkInfoType::Hazard,
    }
}

const fn info_kind(kind: pb::WorkInfoType) -> Option<InfoKind> {
    match kind {
        pb::WorkInfoType::Unspecified => None,
        pb::WorkInfoType::Fact => Some(InfoKind::Fact),
        pb::WorkInfoType::Forecast => Some(InfoKind::Forecast),
        pb::WorkInfoType::LawChange => Some(InfoKind::LawChange),
        pb::WorkInfoType::Statistics => Some(InfoKind::Statistics),
        pb::WorkInfoType::Hazard => Some(InfoKind::Hazard),
    }
}

/// Reads the column `content`.
pub(crate) fn read_content(bytes: &[u8]) -> Result<Item, Failure> {
    let item: pb::CoordinationItem = prost::Message::decode(bytes).map_err(Failure::internal)?;
    let matter = read_matter(&item)?;
    Ok(Item {
        id: ItemId::parse(&item.name).ok_or_else(|| damaged("a name"))?,
        from: party(&item.from_party)?,
        to: item.to_parties.iter().map(|code| party(code)).collect::<Result<Vec<Post>, _>>()?,
        opened: Done { person: item.opener, at: at(item.open_time.as_ref())? },
        title: item.title,
        text: item.text,
        matter,
        duties: item.duties.into_iter().map(duty::wire::read_duty).collect::<Result<_, _>>()?,
    })
}

fn read_matter(item: &pb::CoordinationItem) -> Result<Matter, Failure> {
    let answer = item.answer.as_ref();
    match item.r#type() {
        pb::CoordinationType::Unspecified => Err(damaged("a type")),
        pb::CoordinationType::WorkInfo => {
            let kind = info_kind(item.work_info_type()).ok_or_else(|| damaged("a kind"))?;
            let signings = item.signings.iter().cloned().map(duty::wire::read_signing).collect::<Result<_, _>>()?;
            Ok(Matter::WorkInfo { kind, signings })
        }
        pb::CoordinationType::Clue => Ok(Matter::Clue { answer: answer.map(read_clue_answer).transpose()? }),
        pb::CoordinationType::Consultation => {
            let field = Some(item.field.as_str()).filter(|field| !field.is_empty()).map(FieldCode::parse).transpose();
            let field = field.map_err(Failure::internal)?;
            Ok(Matter::Consultation { field, answer: answer.map(read_reply).transpose()? })
        }
        pb::CoordinationType::ExternalSupervision => {
            let due = Fields::new().some_day("stated_due_date", item.stated_due_date.as_ref()).flatten();
            let (paper, document_number) = (item.source_paper.clone(), item.document_number.clone());
            let progress = match (answer, &item.close_time) {
                (None, _) => Progress::Open,
                (Some(answer), None) => Progress::Answered(read_reply(answer)?),
                (Some(answer), Some(closed)) => {
                    Progress::Closed(read_reply(answer)?, Done { person: item.closer.clone(), at: at(Some(closed))? })
                }
            };
            Ok(Matter::Supervision { demand: Supervision { paper, document_number, due }, progress })
        }
    }
}

fn read_clue_answer(answer: &pb::CoordinationAnswer) -> Result<(ClueAnswer, Done), Failure> {
    let by = Done { person: answer.person.clone(), at: at(answer.time.as_ref())? };
    match answer.clue_result() {
        pb::ClueResult::Unspecified => Err(damaged("the answer to a clue")),
        pb::ClueResult::Filed => Ok((ClueAnswer::Filed { case: answer.case_number.clone() }, by)),
        pb::ClueResult::NotFiled => Ok((ClueAnswer::NotFiled { reason: answer.text.clone() }, by)),
    }
}

fn read_reply(answer: &pb::CoordinationAnswer) -> Result<Reply, Failure> {
    Ok(Reply {
        document_number: answer.document_number.clone(),
        text: answer.text.clone(),
        by: Done { person: answer.person.clone(), at: at(answer.time.as_ref())? },
    })
}

#[cfg(test)]
mod tests;
