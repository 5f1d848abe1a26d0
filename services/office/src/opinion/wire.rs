//! Joint reviews between the contract and the state.

use runtime::db::Connection;
use runtime::journal::Record as Entry;
use runtime::refusal::Denial;
use townlink_proto::townlink::casework::v1 as casework;
use townlink_proto::townlink::office::v1 as pb;
use uuid::Uuid;
use vocabulary::{DocumentNumber, Institution, ItemCode, Timestamp, text::is_digits};

use super::decide::{self, Asked, AskedBody, Beside, Ending, Given, Step, opinion_name};
use super::state::{Against, Body, JointReview, Opinion, Says, Standing, Supplement};
use super::store;
use crate::fields::{Fields, instant_to_wire};
use crate::oversight::facts::Facts;
use crate::oversight::record::{Change, Columns, Command, Party, Resource, Viewer, id, name};
use crate::oversight::refusal::Refusal;
use crate::oversight::wire::{
    NAME_MAX, TEXT_MAX, count, deed, limit, read_deed, read_limit, read_some_deed, read_some_instant, step,
};

/// How long the notice of a supplement may be.
const NOTICE_MAX: usize = 4_000;

// === requests ===

pub(crate) fn request(id: Uuid, request: pb::RequestOpinionsRequest) -> Result<Command<JointReview>, Denial> {
    let mut fields = Fields::new();
    let application = is_application(&request.application).then_some(request.application);
    let application =
        fields.need("application", application, "must be the number of an application: ZP, the day and six digits");
    let item = ItemCode::parse(&request.item).map(|item| item.to_string());
    let item = fields.read("item", "AU-ENUM", item);
    let item_name = fields.text("item_name", request.item_name, NAME_MAX);
    let question = fields.text("question", request.question, TEXT_MAX);
    fields.words("service", &request.service, NAME_MAX);
    let bodies = read_bodies(&mut fields, request.bodies);
    let service = request.service;
    let parts = application.zip(item).zip(item_name).zip(question);
    let step = parts.map(|(((application, item), item_name), question)| {
        Step::Request(Asked { application, item, item_name, question, service, bodies })
    });
    fields.finish(step.map(|step| Command { id, etag: String::new(), step }))
}

/// `ZP`, the day and six digits (identifiers.md §4).
fn is_application(number: &str) -> bool {
    number.strip_prefix("ZP").is_some_and(|digits| digits.len() == 14 && is_digits(digits))
}

fn read_bodies(fields: &mut Fields, bodies: Vec<pb::RequestedBody>) -> Vec<AskedBody> {
    if bodies.is_empty() || bodies.len() > Institution::ALL.len() {
        fields.fault("bodies", "", "must name the institutions, each once");
        return Vec::new();
    }
    let mut read: Vec<AskedBody> = Vec::new();
    for (index, body) in bodies.into_iter().enumerate() {
        let at = |field: &str| format!("bodies[{index}].{field}");
        let institution = Institution::parse(&body.institution).ok();
        let institution = institution.filter(|it| !read.iter().any(|earlier| earlier.institution == *it));
        let institution = fields.need(&at("institution"), institution, "must be the code of an institution, each once");
        let days = u32::try_from(body.working_days).ok().filter(|days| *days <= 60);
        let days = fields.need(&at("working_days"), days, "must be 0 to 60 working days");
        let tacit = match body.tacit_document.as_str() {
            "" => None,
            number => fields.read(&at("tacit_document"), "ID-DOCNO", DocumentNumber::parse(number)),
        };
        if let Some((institution, days)) = institution.zip(days) {
            let days = (days > 0).then_some(days);
            read.push(AskedBody { institution, days, statutory: body.statutory, tacit });
        }
    }
    read
}

pub(crate) fn give(request: pb::GiveOpinionRequest) -> Result<Command<JointReview>, Denial> {
    let mut fields = Fields::new();
    let says = match request.r#type() {
        casework::OpinionType::Unspecified | casework::OpinionType::Tacit => None,
        casework::OpinionType::Agree => Some(Says::Agree),
        casework::OpinionType::AgreeWithConditions => Some(Says::AgreeWithConditions),
        casework::OpinionType::Disagree => Some(Says::Disagree),
        casework::OpinionType::NeedMore => Some(Says::NeedMore),
        casework::OpinionType::NotConcerned => Some(Says::NotConcerned),
    };
    let says = fields.need("type", says, "must say what the opinion is; silence is not given");
    let text = match says {
        Some(Says::AgreeWithConditions | Says::Disagree | Says::NeedMore) => {
            fields.text("text", request.text, TEXT_MAX)
        }
        Some(Says::Agree | Says::NotConcerned | Says::Tacit) | None => {
            fields.words("text", &request.text, TEXT_MAX);
            Some(request.text)
        }
    };
    let supersedes = match request.supersedes.as_str() {
        "" => Some(None),
        named => {
            let place = read_opinion_name(&request.name, named);
            fields
                .need("supersedes", place, "must be an opinion of this joint review: {its name}/opinions/{number}")
                .map(Some)
        }
    };
    let given = says.zip(text).zip(supersedes);
    let given = given.map(|((says, text), supersedes)| Step::Give(Given { says, text, supersedes }));
    let read = fields.finish(given)?;
    step(&request.name, request.etag, read)
}

fn read_opinion_name(review: &str, named: &str) -> Option<usize> {
    let number = named.strip_prefix(review)?.strip_prefix("/opinions/")?;
    let place: usize = number.parse().ok().filter(|place| (1..=1_000_000).contains(place))?;
    (place.to_string() == number).then(|| place - 1)
}

pub(crate) fn merge(request: pb::MergeSupplementRequest) -> Result<Command<JointReview>, Denial> {
    let mut fields = Fields::new();
    let notice = fields.text("notice", request.notice, NOTICE_MAX);
    let notice = fields.finish(notice)?;
    step(&request.name, request.etag, Step::Merge { notice })
}

pub(crate) fn receive(request: pb::ReceiveSupplementRequest) -> Result<Command<JointReview>, Denial> {
    step(&request.name, request.etag, Step::Receive)
}

pub(crate) fn close(request: pb::CloseJointReviewRequest) -> Result<Command<JointReview>, Denial> {
    let mut fields = Fields::new();
    let ending = match request.ending() {
        pb::JointReviewEnding::Unspecified => None,
        pb::JointReviewEnding::Grant => Some(Ending::Grant),
        pb::JointReviewEnding::Refuse => Some(Ending::Refuse),
        pb::JointReviewEnding::None => Some(Ending::Undecided),
    };
    let ending = fields.need("ending", ending, "must say how the application ends");
    fields.words("reasons", &request.reasons, TEXT_MAX);
    fields.words("minutes", &request.minutes, NAME_MAX);
    let against = Against { reasons: request.reasons, minutes: request.minutes };
    let read = fields.finish(ending.map(|ending| Step::Close { ending, against }))?;
    step(&request.name, request.etag, read)
}

// === how it is kept and shown ===

impl Resource for JointReview {
    type Shown = pb::JointReview;
    type Step = Step;
    type Beside = Beside;

    const TYPE: &'static str = "JOINT_REVIEW";
    const COLLECTION: &'static str = "jointReviews";
    const KIND: &'static str = "office.townlink/JointReview";

    fn id(&self) -> Uuid {
        self.id
    }

    async fn beside(sql: &mut Connection, _: Uuid, step: &Step, _: &Facts) -> Result<Beside, Denial> {
        match step {
            Step::Request(asked) => Ok(store::beside(sql, asked).await?),
            Step::Give(_)
            | Step::Merge { .. }
            | Step::Receive
            | Step::Close { .. }
            | Step::FallDue
            | Step::Delivered { .. } => Ok(Beside::default()),
        }
    }

    fn decide(
        record: Option<&Self>,
        beside: &Beside,
        id: Uuid,
        step: &Step,
        facts: &Facts,
    ) -> Result<Option<(Self, Change)>, Refusal> {
        decide::decide(record, beside, id, step, facts)
    }

    fn makes(step: &Step) -> bool {
        matches!(step, Step::Request(_))
    }

    fn columns(&self) -> Columns {
        let open = self.closed.is_none();
        Columns {
            unique_key: open.then(|| self.application.clone()),
            scope: None,
            subject: Some(self.application.clone()),
            institution: Institution::Service.code().to_owned(),
            stage: if open { "OPEN" } else { "CLOSED" },
            open,
            escalated: self.bodies.iter().any(|body| body.escalated.is_some()),
            opened: self.requested.at,
            next: self.next(),
            missing_year: self.missing_year(),
            untold: !self.service.is_empty() && self.delivered < self.opinions.len(),
        }
    }

    /// Each institution owes its opinion; SERVICE has to act once all are in, or more is needed.
    fn parties(&self) -> Vec<Party> {
        let owing: Vec<_> = self.owing().map(|body| body.institution).collect();
        let waits = self.bodies.iter().any(|body| self.standing(body.institution) == Standing::Waiting);
        let lead = Party {
            party: Institution::Service.code().to_owned(),
            owes: self.closed.is_none() && (owing.is_empty() || waits),
            overdue: None,
        };
        let party = |body: &Body| {
            let owes = owing.contains(&body.institution);
            let overdue = if owes { body.limit.over_at() } else { None };
            Party { party: body.institution.code().to_owned(), owes, overdue }
        };
        std::iter::once(lead).chain(self.bodies.iter().map(party)).collect()
    }

    fn content(&self) -> pb::JointReview {
        pb::JointReview {
            name: name::<Self>(self.id),
            application: self.application.clone(),
            item: self.item.clone(),
            item_name: self.item_name.clone(),
            question: self.question.clone(),
            service: self.service.clone(),
            requested: Some(deed(&self.requested)),
            bodies: self.bodies.iter().map(|body| shown_body(self, body)).collect(),
            opinions: opinions(self.id, self),
            supplement: self.supplement.as_ref().map(supplement),
            closed: self.closed.as_ref().map(deed),
            reasons: self.against.reasons.clone(),
            minutes: self.against.minutes.clone(),
            delivered: count(self.delivered),
            etag: String::new(),
        }
    }

    fn read(kept: pb::JointReview) -> Option<Self> {
        let id = id::<Self>(&kept.name)?;
        let opinions = kept.opinions.into_iter().map(|opinion| read_opinion(&kept.name, opinion));
        Some(Self {
            id,
            application: kept.application,
            item: kept.item,
            item_name: kept.item_name,
            question: kept.question,
            service: kept.service,
            requested: read_deed(kept.requested?)?,
            bodies: kept.bodies.into_iter().map(read_body).collect::<Option<_>>()?,
            opinions: opinions.collect::<Option<_>>()?,
            supplement: match kept.supplement {
                Some(supplement) => Some(read_supplement(supplement)?),
                None => None,
            },
            against: Against { reasons: kept.reasons, minutes: kept.minutes },
            closed: read_some_deed(kept.closed)?,
            delivered: usize::try_from(kept.delivered).ok()?,
        })
    }

    /// The reasons of a grant would tell the outcome, so that they are shown to those who decide and those above them only.
    fn shown(&self, viewer: &Viewer, _: Timestamp, etag: String) -> pb::JointReview {
        let leads = [Institution::Service.code(), decide::SERVICE_CENTER].contains(&viewer.party.as_str());
        let shown = pb::JointReview { etag, ..self.content() };
        if leads || viewer.all {
            return shown;
        }
        pb::JointReview { reasons: String::new(), minutes: String::new(), ..shown }
    }

    fn entry(&self, change: Change) -> Entry {
        let event = pb::JointReviewRecorded { review: Some(self.content()), change: change.as_str().to_owned() };
        Entry::of(&event, name::<Self>(self.id))
    }
}

/// The opinions of a joint review, as they are shown and delivered.
pub(crate) fn opinions(id: Uuid, review: &JointReview) -> Vec<casework::Opinion> {
    let shown = |(place, opinion): (usize, &Opinion)| casework::Opinion {
        name: opinion_name(id, place),
        institution: opinion.institution.code().to_owned(),
        r#type: opinion_type(opinion.says).into(),
        text: opinion.text.clone(),
        person: opinion.given.person.clone(),
        time: Some(instant_to_wire(opinion.given.at)),
        supersedes: opinion.supersedes.map(|place| opinion_name(id, place)).unwrap_or_default(),
        statutory: review.bodies.iter().any(|body| body.institution == opinion.institution && body.statutory),
    };
    review.opinions.iter().enumerate().map(shown).collect()
}

const fn opinion_type(says: Says) -> casework::OpinionType {
    match says {
        Says::Agree => casework::OpinionType::Agree,
        Says::AgreeWithConditions => casework::OpinionType::AgreeWithConditions,
        Says::Disagree => casework::OpinionType::Disagree,
        Says::NeedMore => casework::OpinionType::NeedMore,
        Says::NotConcerned => casework::OpinionType::NotConcerned,
        Says::Tacit => casework::OpinionType::Tacit,
    }
}

const fn read_opinion_type(says: casework::OpinionType) -> Option<Says> {
    match says {
        casework::OpinionType::Unspecified => None,
        casework::OpinionType::Agree => Some(Says::Agree),
        casework::OpinionType::AgreeWithConditions => Some(Says::AgreeWithConditions),
        casework::OpinionType::Disagree => Some(Says::Disagree),
        casework::OpinionType::NeedMore => Some(Says::NeedMore),
        casework::OpinionType::NotConcerned => Some(Says::NotConcerned),
        casework::OpinionType::Tacit => Some(Says::Tacit),
    }
}

fn read_opinion(review: &str, opinion: casework::Opinion) -> Option<Opinion> {
    let says = read_opinion_type(opinion.r#type())?;
    let given = pb::Deed { party: opinion.institution.clone(), person: opinion.person, time: opinion.time };
    Some(Opinion {
        institution: Institution::parse(&opinion.institution).ok()?,
        says,
        text: opinion.text,
        given: read_deed(given)?,
        supersedes: match opinion.supersedes.as_str() {
            "" => None,
            named => Some(read_opinion_name(review, named)?),
        },
    })
}

fn shown_body(review: &JointReview, body: &Body) -> pb::OpinionBody {
    let state = match review.standing(body.institution) {
        Standing::Asked => pb::OpinionBodyState::Asked,
        Standing::Waiting => pb::OpinionBodyState::Waiting,
        Standing::Given => pb::OpinionBodyState::Given,
    };
    pb::OpinionBody {
        institution: body.institution.code().to_owned(),
        statutory: body.statutory,
        tacit_document: body.tacit.as_ref().map(ToString::to_string).unwrap_or_default(),
        limit: Some(limit(&body.limit)),
        need_more_limit: Some(limit(&body.need_more)),
        state: state.into(),
        urge_time: body.urged.map(instant_to_wire),
        overdue_time: body.overdue.map(instant_to_wire),
        escalate_time: body.escalated.map(instant_to_wire),
        undetermined_time: body.undetermined.map(instant_to_wire),
        needed_more: review.needed_more(body.institution),
        escalation_limit: body.escalation.as_ref().map(limit),
    }
}

fn read_body(body: pb::OpinionBody) -> Option<Body> {
    Some(Body {
        institution: Institution::parse(&body.institution).ok()?,
        statutory: body.statutory,
        tacit: match body.tacit_document.as_str() {
            "" => None,
            number => Some(DocumentNumber::parse(number).ok()?),
        },
        limit: read_limit(body.limit?)?,
        need_more: read_limit(body.need_more_limit?)?,
        escalation: match body.escalation_limit {
            Some(limit) => Some(read_limit(limit)?),
            None => None,
        },
        urged: read_some_instant(body.urge_time.as_ref())?,
        overdue: read_some_instant(body.overdue_time.as_ref())?,
        escalated: read_some_instant(body.escalate_time.as_ref())?,
        undetermined: read_some_instant(body.undetermined_time.as_ref())?,
    })
}

fn supplement(supplement: &Supplement) -> pb::Supplement {
    pb::Supplement {
        notice: supplement.notice.clone(),
        merged: Some(deed(&supplement.merged)),
        received: supplement.received.as_ref().map(deed),
    }
}

fn read_supplement(supplement: pb::Supplement) -> Option<Supplement> {
    Some(Supplement {
        notice: supplement.notice,
        merged: read_deed(supplement.merged?)?,
        received: read_some_deed(supplement.received)?,
    })
}

#[cfg(test)]
mod tests;
