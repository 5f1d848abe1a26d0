//! The power contract: what the catalogue lists, and who holds it. Nothing here writes.

use std::sync::Arc;

use runtime::access::admit_read;
use runtime::page::Page;
use runtime::refusal::Denial;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::power_service_server::PowerService;
use vocabulary::{Date, FieldCode, Institution, PowerKind, time};

use super::wire;
use crate::fields::{Fields, no_name, page};
use crate::register::Shared;
use crate::register::holds::{self, Question};
use crate::register::kept::to_count;
use crate::register::lookup::{self, PowerFilter};

/// Answers from the register of powers.
pub(crate) struct PowerRpc {
    shared: Arc<Shared>,
}

impl PowerRpc {
    /// The contract over the register.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl PowerService for PowerRpc {
    async fn holds(&self, mut request: Request<pb::HoldsRequest>) -> Result<Response<pb::HoldsResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let asked = holds::wire::asked(request.into_inner())?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let day = asked.day.unwrap_or_else(|| time::town_date(reading.now));
        let revision = asked.as_known_at.map_or(register.head.revision, |at| register.revision_at(at));
        let question = Question {
            institution: asked.institution,
            power: asked.power.as_str(),
            day,
            place: &asked.place,
            amount: asked.amount,
            target: &asked.target,
            revision,
        };
        let answer = holds::holds(&register, &self.shared.rules, &question);
        Ok(Response::new(holds::wire::answer(&answer, day, revision)))
    }

    async fn get_power(&self, mut request: Request<pb::GetPowerRequest>) -> Result<Response<pb::Power>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let code = wire::parse_name(&request.name).ok_or_else(|| no_name("name", "powers/{code}"))?;
        let day = day(request.date.as_ref(), "date", time::town_date(reading.now))?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let listed = register.entry(code.as_str()).and_then(|entry| entry.power_on(day, register.head.revision));
        let listed =
            listed.ok_or_else(|| Denial::NotFound { kind: "office.townlink/Power", name: request.name.clone() })?;
        Ok(Response::new(wire::listed(listed)))
    }

    async fn list_powers(
        &self,
        mut request: Request<pb::ListPowersRequest>,
    ) -> Result<Response<pb::ListPowersResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let day = day(request.date.as_ref(), "date", time::town_date(reading.now))?;
        let (kind, field, held_by) = filter(&request)?;
        let list =
            format!("powers?kind={}&field={}&held_by={}&date={day}", request.kind, request.field, request.held_by);
        let page = page(request.page_size, &request.page_token, &list)?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let filter = PowerFilter { kind, field: field.as_ref(), held_by };
        let found =
            lookup::powers(&register, &self.shared.rules, day, page.after(), filter).take(fetched(&page)).collect();
        let (found, next_page_token) = page.close(found, |listed| listed.power.code.to_string());
        Ok(Response::new(pb::ListPowersResponse {
            powers: found.into_iter().map(wire::listed).collect(),
            next_page_token,
        }))
    }

    async fn count_powers(
        &self,
        mut request: Request<pb::CountPowersRequest>,
    ) -> Result<Response<pb::CountPowersResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let day = day(request.date.as_ref(), "date", time::town_date(reading.now))?;
        let batch = batch(request.batch)?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let counts = lookup::count(&register, day, batch).into_iter().map(|(kind, count)| pb::KindCount {
            kind: kind.to_owned(),
            in_catalogue: to_count(count.listed),
            held: to_count(count.held),
        });
        Ok(Response::new(pb::CountPowersResponse { counts: counts.collect() }))
    }

    async fn diff_powers(
        &self,
        mut request: Request<pb::DiffPowersRequest>,
    ) -> Result<Response<pb::DiffPowersResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let mut fields = Fields::new();
        let before = fields.day("before", request.before.as_ref());
        let before = fields.finish(before)?;
        let after = day(request.after.as_ref(), "after", time::town_date(reading.now))?;
        let list = format!("differences?before={before}&after={after}");
        let page = page(request.page_size, &request.page_token, &list)?;
        let register = self.shared.index.current().await.map_err(Denial::from)?;
        let found = lookup::differences(&register, &self.shared.rules, (before, after), page.after());
        let (found, next_page_token) = page.close(found.take(fetched(&page)).collect(), |found| found.code.to_owned());
        let differences = found.into_iter().map(|found| pb::PowerDifference {
            power_code: found.code.to_owned(),
            institution: found.institution.code().to_owned(),
            before: holds::wire::verdict(found.before).into(),
            after: holds::wire::verdict(found.after.verdict).into(),
            grant: found.after.grant.map(|grant| grant.id.name()).unwrap_or_default(),
        });
        Ok(Response::new(pb::DiffPowersResponse { differences: differences.collect(), next_page_token }))
    }
}

/// How many to look for: one more than the page has.
pub(crate) fn fetched(page: &Page) -> usize {
    usize::try_from(page.fetch()).unwrap_or(usize::MAX)
}

fn day(day: Option<&townlink_proto::google::r#type::Date>, field: &str, today: Date) -> Result<Date, Denial> {
    let mut fields = Fields::new();
    let day = fields.some_day(field, day).map(|day| day.unwrap_or(today));
    fields.finish(day)
}

fn batch(batch: i32) -> Result<Option<u32>, Denial> {
    let mut fields = Fields::new();
    let batch = fields.need("batch", u32::try_from(batch).ok(), "must not be negative");
    fields.finish(batch).map(|batch| Some(batch).filter(|batch| *batch > 0))
}

type Filter = (Option<PowerKind>, Option<FieldCode>, Option<Institution>);

fn filter(request: &pb::ListPowersRequest) -> Result<Filter, Denial> {
    let mut fields = Fields::new();
    let kind = (!request.kind.is_empty()).then(|| fields.read("kind", "AU-ENUM", PowerKind::parse(&request.kind)));
    let field = (!request.field.is_empty()).then(|| fields.read("field", "AU-ENUM", FieldCode::parse(&request.field)));
    let held_by =
        (!request.held_by.is_empty()).then(|| fields.read("held_by", "AU-ENUM", Institution::parse(&request.held_by)));
    fields.finish(Some((kind.flatten(), field.flatten(), held_by.flatten())))
}
