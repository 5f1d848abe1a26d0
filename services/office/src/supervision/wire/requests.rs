//! What is asked of supervision, read with every bad field at once.

use runtime::caller::PersonId;
use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use uuid::Uuid;
use vocabulary::{DocumentNumber, Institution, Side};

use super::accountability::{read_addressee, read_fault};
use super::opinion::read_request;
use crate::fields::{Fields, no_name};
use crate::oversight::record::{Command, id};
use crate::oversight::wire::{NAME_MAX, TEXT_MAX, case_name, field, step};
use crate::supervision::decide::{accountability, instrument, review, sample};
use crate::supervision::state::{Accountability, CaseReview, Finding, Quarter, Sample, SupervisionOpinion};

/// How many findings a review may have, and how much evidence a proposal.
const MANY: usize = 50;

/// Reads a quarter.
pub(crate) fn quarter(fields: &mut Fields, text: &str) -> Option<Quarter> {
    fields.need("quarter", Quarter::parse(text), "must be a quarter, such as 2026Q1")
}

fn made<R: crate::oversight::record::Resource>(id: Uuid, step: R::Step) -> Command<R> {
    Command { id, etag: String::new(), step }
}

pub(crate) fn plan(id: Uuid, request: pb::PlanSampleRequest) -> Result<Command<Sample>, Denial> {
    let mut fields = Fields::new();
    let quarter = quarter(&mut fields, &request.quarter);
    let field = field(&mut fields, &request.field);
    let service = fields.text("service", request.service, NAME_MAX);
    let step = quarter.zip(field).zip(service);
    let step = step.map(|((quarter, field), service)| sample::Step::Plan { quarter, field, service });
    fields.finish(step.map(|step| made(id, step)))
}

pub(crate) fn draw(request: pb::DrawSampleRequest) -> Result<Command<Sample>, Denial> {
    step(&request.name, request.etag, sample::Step::Draw)
}

pub(crate) fn record_review(id: Uuid, request: pb::RecordCaseReviewRequest) -> Result<Command<CaseReview>, Denial> {
    let mut fields = Fields::new();
    let service = fields.text("service", request.service, NAME_MAX);
    let case_name = case_name(&mut fields, request.case_name);
    let findings = findings(&mut fields, request.findings);
    let step = service.zip(case_name).map(|(service, case_name)| review::Step { service, case_name, findings });
    fields.finish(step.map(|step| made(id, step)))
}

fn findings(fields: &mut Fields, findings: Vec<pb::ReviewFinding>) -> Vec<Finding> {
    if findings.len() > MANY {
        fields.fault("findings", "", format_args!("has more than {MANY} entries"));
        return Vec::new();
    }
    let read = findings.into_iter().enumerate().filter_map(|(index, it)| {
        let fact = fields.text(&format!("findings[{index}].fact"), it.fact, TEXT_MAX);
        let rule = fields.text(&format!("findings[{index}].rule"), it.rule, TEXT_MAX);
        fact.zip(rule).map(|(fact, rule)| Finding { fact, rule })
    });
    read.collect()
}

pub(crate) fn issue(
    id: Uuid,
    request: pb::IssueSupervisionOpinionRequest,
) -> Result<Command<SupervisionOpinion>, Denial> {
    let mut fields = Fields::new();
    let asked = fields.need("request", read_request(request.request()), "must say what is asked for");
    let service = fields.text("service", request.service, NAME_MAX);
    let case_name = case_name(&mut fields, request.case_name);
    let review = read_review(&mut fields, &request.review);
    let facts = fields.text("facts", request.facts, TEXT_MAX);
    let rule = fields.text("rule", request.rule, TEXT_MAX);
    let parts = asked.zip(service).zip(case_name).zip(facts).zip(rule);
    let step = parts.map(|((((request, service), case_name), facts), rule)| {
        instrument::Step::Issue(instrument::Issue { service, case_name, review, facts, rule, request })
    });
    fields.finish(step.map(|step| made(id, step)))
}

fn read_review(fields: &mut Fields, name: &str) -> Option<Uuid> {
    if name.is_empty() {
        return None;
    }
    fields.need("review", id::<CaseReview>(name), "must be a name of the form caseReviews/{id}")
}

pub(crate) fn answer(request: pb::AnswerSupervisionOpinionRequest) -> Result<Command<SupervisionOpinion>, Denial> {
    let mut fields = Fields::new();
    let text = fields.text("text", request.text, TEXT_MAX);
    let text = fields.finish(text)?;
    step(&request.name, request.etag, instrument::Step::Answer { text })
}

pub(crate) fn accept(request: pb::AcceptSupervisionAnswerRequest) -> Result<Command<SupervisionOpinion>, Denial> {
    step(&request.name, request.etag, instrument::Step::Accept)
}

pub(crate) fn reject(request: pb::RejectSupervisionAnswerRequest) -> Result<Command<SupervisionOpinion>, Denial> {
    let mut fields = Fields::new();
    let reason = fields.text("reason", request.reason, TEXT_MAX);
    let reason = fields.finish(reason)?;
    step(&request.name, request.etag, instrument::Step::Reject { reason })
}

pub(crate) fn close(request: pb::CloseSupervisionOpinionRequest) -> Result<Command<SupervisionOpinion>, Denial> {
    let mut fields = Fields::new();
    let note = fields.text("note", request.note, TEXT_MAX);
    let note = fields.finish(note)?;
    step(&request.name, request.etag, instrument::Step::Close { note })
}

pub(crate) fn propose(id: Uuid, request: pb::ProposeAccountabilityRequest) -> Result<Command<Accountability>, Denial> {
    let mut fields = Fields::new();
    let (addressee, fault) = (read_addressee(request.addressee()), read_fault(request.fault()));
    let addressee = fields.need("addressee", addressee, "must say to whom it goes");
    let fault = fields.need("fault", fault, "must say what kind of fault it is");
    let person = PersonId::parse(&request.person);
    let person = fields.read("person", "", person.map(|person| person.to_string()));
    let front = Institution::parse(&request.front).ok().filter(|it| it.side() == Side::Front);
    let front = fields.need("front", front, "must be the code of a front institution");
    let facts = fields.text("facts", request.facts, TEXT_MAX);
    let evidence = evidence(&mut fields, request.evidence);
    let parts = addressee.zip(fault).zip(person).zip(front).zip(facts);
    let step = parts.map(|((((addressee, fault), person), front), facts)| {
        let proposal = accountability::Proposal { person, front, addressee, fault, facts, evidence };
        accountability::Step::Propose(proposal)
    });
    fields.finish(step.map(|step| made(id, step)))
}

fn evidence(fields: &mut Fields, evidence: Vec<String>) -> Vec<String> {
    if evidence.len() > MANY {
        fields.fault("evidence", "", format_args!("has more than {MANY} entries"));
        return Vec::new();
    }
    for (index, name) in evidence.iter().enumerate() {
        if id::<CaseReview>(name).is_none() && id::<SupervisionOpinion>(name).is_none() {
            let expected = "must be a name of the form caseReviews/{id} or supervisionOpinions/{id}";
            fields.fault(format!("evidence[{index}]"), "", expected);
        } else if evidence[..index].contains(name) {
            fields.fault(format!("evidence[{index}]"), "", "is named twice");
        }
    }
    evidence
}

pub(crate) fn hear(request: pb::RecordHearingRequest) -> Result<Command<Accountability>, Denial> {
    let mut fields = Fields::new();
    let date = fields.day("date", request.date.as_ref());
    let statement = if request.declined {
        if !request.statement.is_empty() {
            fields.fault("statement", "", "must be empty where the person declined");
        }
        Some(None)
    } else {
        fields.text("statement", request.statement, TEXT_MAX).map(Some)
    };
    let step = date.zip(statement).map(|(date, statement)| accountability::Step::Hear { statement, date });
    let read = fields.finish(step)?;
    self::step(&request.name, request.etag, read)
}

pub(crate) fn hand_over(request: pb::HandOverAccountabilityRequest) -> Result<Command<Accountability>, Denial> {
    let mut fields = Fields::new();
    let document = DocumentNumber::parse(&request.document_number);
    let document = fields.read("document_number", "ID-DOCNO", document);
    let document = fields.finish(document)?;
    step(&request.name, request.etag, accountability::Step::HandOver { document })
}

/// Reads the quarter of a report.
pub(crate) fn coverage(request: &pb::GetCoverageRequest) -> Result<Quarter, Denial> {
    Quarter::parse(&request.quarter).ok_or_else(|| no_name("quarter", "2026Q1"))
}

#[cfg(test)]
mod tests;
