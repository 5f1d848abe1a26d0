//! The requests about the work on a paper.

use runtime::refusal::Denial;
use townlink_proto::google::r#type::Date as WireDate;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::Institution;

use super::super::decide::{Command, Step, Wish};
use super::super::state::PaperName;
use super::super::work::{ActionClass, Answer};
use super::work::class;
use super::{WORDS_MAX, name};
use crate::fields::Fields;

/// How many persons, or pieces of evidence, a request may name.
const NAMES_MAX: usize = 32;

/// How long the name of a person or of a piece of evidence may be.
const NAME_MAX: usize = 200;

/// A request that carries a name and an etag, as all do.
fn command(name_of: &str, etag: String, step: Step) -> Result<Command, Denial> {
    Ok(Command { name: name(name_of)?, etag, step })
}

/// A request with words that must be given.
fn worded(
    name_of: &str,
    etag: String,
    field: &str,
    words: String,
    step: impl FnOnce(String) -> Step,
) -> Result<Command, Denial> {
    let name = name(name_of)?;
    let mut fields = Fields::new();
    let words = fields.text(field, words, WORDS_MAX);
    fields.finish(words.map(|words| Command { name, etag, step: step(words) }))
}

pub(crate) fn instruct(request: pb::InstructPaperRequest) -> Result<Command, Denial> {
    worded(&request.name, request.etag, "text", request.text, |text| Step::Instruct { text })
}

pub(crate) fn assign(request: pb::AssignPaperRequest) -> Result<Command, Denial> {
    let (name, etag) = (name(&request.name)?, request.etag.clone());
    let wish = wish(request)?;
    Ok(Command { name, etag, step: Step::Assign(wish) })
}

pub(crate) fn decide_assignment(request: pb::DecideAssignmentRequest) -> Result<Command, Denial> {
    let (name, etag) = (name(&request.name)?, request.etag.clone());
    let pb::DecideAssignmentRequest {
        action_class, lead, co_handlers, readers, persons, instruction, due, answer, ..
    } = request;
    let same = pb::AssignPaperRequest {
        action_class,
        lead,
        co_handlers,
        readers,
        persons,
        instruction,
        due,
        answer,
        ..pb::AssignPaperRequest::default()
    };
    Ok(Command { name, etag, step: Step::DecideAssignment(wish(same)?) })
}

fn wish(request: pb::AssignPaperRequest) -> Result<Wish, Denial> {
    let mut fields = Fields::new();
    let class: Option<ActionClass> = fields.need("action_class", class(request.action_class()), "must be given");
    let lead = match request.lead.as_str() {
        "" => Some(None),
        code => fields.read("lead", "AU-ENUM", institution(code)).map(Some),
    };
    let co_handlers = institutions(&mut fields, "co_handlers", &request.co_handlers);
    let readers = institutions(&mut fields, "readers", &request.readers);
    names(&mut fields, "persons", &request.persons);
    let instruction = match request.instruction {
        None => Some(None),
        Some(instruction) => {
            let leader = fields.text("instruction.leader", instruction.leader, NAME_MAX);
            leader.zip(fields.text("instruction.text", instruction.text, WORDS_MAX)).map(Some)
        }
    };
    let due = fields.some_day("due", request.due.as_ref());
    let built = (|| {
        Some(Wish {
            class: class?,
            lead: lead?,
            co_handlers,
            readers,
            persons: request.persons,
            instruction: instruction?,
            due: due?,
            answer: if request.answer { Answer::Wanted } else { Answer::NotWanted },
        })
    })();
    fields.finish(built)
}

fn institution(code: &str) -> Result<Institution, &'static str> {
    let read = Institution::parse(code).ok().filter(|institution| institution.code() == code);
    read.ok_or("must be the code of an institution, such as FINANCE")
}

fn institutions(fields: &mut Fields, field: &str, codes: &[String]) -> Vec<Institution> {
    if codes.len() > Institution::ALL.len() {
        fields.fault(field, "", "names more institutions than there are");
        return Vec::new();
    }
    let read = codes.iter().enumerate();
    read.filter_map(|(index, code)| fields.read(&format!("{field}[{index}]"), "AU-ENUM", institution(code))).collect()
}

fn names(fields: &mut Fields, field: &str, names: &[String]) {
    if names.len() > NAMES_MAX {
        fields.fault(field, "", format_args!("has more than {NAMES_MAX} entries"));
        return;
    }
    for (index, name) in names.iter().enumerate() {
        fields.text(&format!("{field}[{index}]"), name.clone(), NAME_MAX);
    }
}

pub(crate) fn refuse(request: pb::RefuseAssignmentRequest) -> Result<Command, Denial> {
    worded(&request.name, request.etag, "reason", request.reason, |reason| Step::RefuseAssignment { reason })
}

pub(crate) fn accept(request: pb::AcceptAssignmentRequest) -> Result<Command, Denial> {
    command(&request.name, request.etag, Step::Accept)
}

pub(crate) fn progress(request: pb::ReportProgressRequest) -> Result<Command, Denial> {
    let name = name(&request.name)?;
    let mut fields = Fields::new();
    let percent = (0..=100).contains(&request.percent).then_some(request.percent);
    let percent = fields.need("percent", percent, "must be from 0 to 100");
    let words = fields.text("words", request.words, WORDS_MAX);
    names(&mut fields, "evidence", &request.evidence);
    let step =
        percent.zip(words).map(|(percent, words)| Step::ReportProgress { percent, words, evidence: request.evidence });
    fields.finish(step.map(|step| Command { name, etag: request.etag, step }))
}

pub(crate) fn finish_part(request: pb::FinishPartRequest) -> Result<Command, Denial> {
    worded(&request.name, request.etag, "words", request.words, |words| Step::FinishPart { words })
}

pub(crate) fn mark_read(request: pb::MarkReadRequest) -> Result<Command, Denial> {
    command(&request.name, request.etag, Step::MarkRead)
}

pub(crate) fn report(request: pb::ReportResultRequest) -> Result<Command, Denial> {
    worded(&request.name, request.etag, "result", request.result, |result| Step::Report { result })
}

pub(crate) fn complete(request: pb::CompletePaperRequest) -> Result<Command, Denial> {
    command(&request.name, request.etag, Step::Complete)
}

pub(crate) fn send_result_back(request: pb::SendBackResultRequest) -> Result<Command, Denial> {
    worded(&request.name, request.etag, "reason", request.reason, |reason| Step::SendBack { reason })
}

pub(crate) fn archive(request: pb::ArchivePaperRequest) -> Result<Command, Denial> {
    command(&request.name, request.etag, Step::Archive)
}

pub(crate) fn merge(request: pb::MergePaperRequest) -> Result<Command, Denial> {
    let name = name(&request.name)?;
    let mut fields = Fields::new();
    let into = fields.need("into", PaperName::parse(&request.into), "must be the name of a paper in an inbox");
    let reason = fields.text("reason", request.reason, WORDS_MAX);
    let step = into.zip(reason).map(|(into, reason)| Step::Merge { into, reason });
    fields.finish(step.map(|step| Command { name, etag: request.etag, step }))
}

pub(crate) fn transfer(request: pb::TransferPaperRequest) -> Result<Command, Denial> {
    let name = name(&request.name)?;
    let mut fields = Fields::new();
    let to = fields.read("institution", "AU-ENUM", institution(&request.institution));
    let reason = fields.text("reason", request.reason, WORDS_MAX);
    let step = to.zip(reason).map(|(to, reason)| Step::Transfer { to, reason });
    fields.finish(step.map(|step| Command { name, etag: request.etag, step }))
}

pub(crate) fn request_extension(request: pb::RequestExtensionRequest) -> Result<Command, Denial> {
    let name = name(&request.name)?;
    let mut fields = Fields::new();
    let due: Option<&WireDate> = request.due.as_ref();
    let due = fields.day("due", due);
    let reason = fields.text("reason", request.reason, WORDS_MAX);
    let step = due.zip(reason).map(|(due, reason)| Step::RequestExtension { due, reason });
    fields.finish(step.map(|step| Command { name, etag: request.etag, step }))
}

pub(crate) fn grant_extension(request: pb::GrantExtensionRequest) -> Result<Command, Denial> {
    let name = name(&request.name)?;
    let mut fields = Fields::new();
    fields.words("words", &request.words, WORDS_MAX);
    fields.finish(Some(Command { name, etag: request.etag, step: Step::GrantExtension { words: request.words } }))
}

pub(crate) fn refuse_extension(request: pb::RefuseExtensionRequest) -> Result<Command, Denial> {
    worded(&request.name, request.etag, "reason", request.reason, |reason| Step::RefuseExtension { reason })
}

#[cfg(test)]
mod tests;
