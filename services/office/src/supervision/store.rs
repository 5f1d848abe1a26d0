//! What stands in the books beside a sample, a review, a supervision opinion or a proposal.

use runtime::db::Connection;
use runtime::refusal::{Denial, Failure};
use uuid::Uuid;
use vocabulary::Date;

use super::decide::accountability::Instrument;
use super::state::{CaseLine, CaseReview, SupervisionOpinion};
use crate::oversight::record::id;
use crate::oversight::store::load;
use crate::roster;
use crate::roster::state::{Days, Post};

/// The key of an institution's review of a case.
pub(crate) fn review_key(institution: &str, service: &str, case_name: &str) -> String {
    format!("{institution}/{service}/{case_name}")
}

/// The instruments that a proposal names and that there are.
pub(crate) async fn instruments(sql: &mut Connection, names: &[String]) -> Result<Vec<Instrument>, Failure> {
    let mut known = Vec::new();
    for name in names {
        if let Some(id) = id::<CaseReview>(name) {
            known.extend(load::<CaseReview>(sql, id).await?.map(|(review, _)| Instrument {
                name: name.clone(),
                institution: review.institution,
                front: review.case.handler,
            }));
        } else if let Some(id) = id::<SupervisionOpinion>(name) {
            known.extend(load::<SupervisionOpinion>(sql, id).await?.map(|(opinion, _)| Instrument {
                name: name.clone(),
                institution: opinion.institution,
                front: opinion.front(),
            }));
        }
    }
    Ok(known)
}

/// The review that a supervision opinion follows.
pub(crate) async fn review(sql: &mut Connection, review: Option<Uuid>) -> Result<Option<CaseReview>, Denial> {
    match review {
        Some(review) => Ok(load::<CaseReview>(sql, review).await?.map(|(review, _)| review)),
        None => Ok(None),
    }
}

/// Whether a person held a post of the institution that handles a case on a day on which it ran.
pub(crate) async fn was_at_front(
    sql: &mut Connection,
    person: &str,
    case: &CaseLine,
    today: Date,
) -> Result<bool, Failure> {
    let last = case.closed.unwrap_or(today);
    let Some(ran) = Days::new(case.opened, last.tomorrow().ok()) else { return Ok(false) };
    let assignments = roster::store::assignments(sql, person).await?;
    Ok(assignments.iter().any(|it| it.duty.post() == Post::Institution(case.handler) && it.days.meet(&ran)))
}
