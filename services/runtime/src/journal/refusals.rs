//! What was refused, for those who supervise (overview.md §1.5).

use prost::Message as _;
use sqlx::Row as _;
use townlink_proto::townlink::journal::v1 as pb;
use vocabulary::Institution;
use vocabulary::institution::Side;

use super::entry;
use crate::caller::Principal;
use crate::db::{Columns as _, Connection};
use crate::page::Page;
use crate::refusal::{Failure, Violation};

/// Whose refusals are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Everybody's, also those of departments and people outside.
    Everybody,
    /// Those of some institutions.
    These(Vec<Institution>),
}

/// A refusal, and where it stands in the list.
pub(super) struct Row {
    recorded_us: i64,
    pub refusal: pb::RecordedRefusal,
}

impl Whose {
    /// What a principal sees of what it wants, once the table of acts has let it come here: OFFICE and the town leaders see all, a
    /// back institution sees the front institutions, which it supervises. No act of today names a field, by which it would see
    /// less.
    pub fn of(principal: &Principal, wanted: Option<Institution>) -> Self {
        let sees_all = principal.institution().is_none_or(|institution| institution == Institution::Office);
        match wanted {
            None if sees_all => Self::Everybody,
            None => Self::These(Institution::ALL.into_iter().filter(|it| it.side() == Side::Front).collect()),
            Some(one) if sees_all || one.side() == Side::Front => Self::These(vec![one]),
            Some(_) => Self::These(Vec::new()),
        }
    }

    fn codes(&self) -> String {
        match self {
            Self::Everybody => String::new(),
            Self::These(institutions) => {
                institutions.iter().map(|it| format!("/{}/", it.code())).collect::<Vec<_>>().join(",")
            }
        }
    }
}

impl Row {
    /// The key by which the list goes on after it.
    pub fn key(&self) -> String {
        format!("{}/{}", self.recorded_us, self.refusal.id)
    }
}

/// Reads the filter of a request.
pub(super) fn institution(code: &str) -> Result<Option<Institution>, Violation> {
    if code.is_empty() {
        return Ok(None);
    }
    Institution::parse(code).map(Some).map_err(|error| Violation::malformed("institution", error.to_string()))
}

/// Reads a page, newest first.
pub(super) async fn page(sql: &mut Connection, page: &Page, whose: &Whose) -> Result<Vec<Row>, Failure> {
    let after = page.after().and_then(|key| key.split_once('/'));
    let (recorded_us, id) = after.map_or((i64::MAX, ""), |(at, id)| (at.parse().unwrap_or(i64::MAX), id));
    // The kind is written out, so that the index of refusals serves.
    let rows = sqlx::query(
        "select id, institution, recorded_us, payload from journal \
         where kind = 'townlink.journal.v1.Refused' \
         and (recorded_us < $1 or (recorded_us = $1 and id < $2)) \
         and ($3 = 1 or $4 like '%/' || institution || '/%') \
         order by recorded_us desc, id desc limit $5",
    )
    .bind(recorded_us)
    .bind(id)
    .bind(i64::from(*whose == Whose::Everybody))
    .bind(whose.codes())
    .bind(page.fetch())
    .fetch_all(sql)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &crate::db::Row) -> Result<Row, Failure> {
    let payload = row.try_get::<Option<&[u8]>, _>(3)?.map(pb::Payload::decode).transpose();
    let payload = payload.map_err(Failure::internal)?;
    let refused = payload.as_ref().map(|payload| pb::Refused::decode(payload.event.clone())).transpose();
    let payload = payload.unwrap_or_default();
    let refusal = pb::RecordedRefusal {
        id: row.text(0)?,
        recorded_time: Some(entry::to_proto(row.instant(2)?)),
        institution: row.text(1)?,
        principal: payload.principal,
        person: payload.person,
        request_id: payload.request_id,
        refused: refused.map_err(Failure::internal)?,
    };
    Ok(Row { recorded_us: row.int(2)?, refusal })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_back_institution_sees_what_the_front_desks_were_refused() {
        use Institution::{Construction, Enforcement, Office, Service};
        let back = Principal::Institution(Construction);
        assert_eq!(Whose::of(&back, None), Whose::These(vec![Service, Enforcement]));
        assert_eq!(Whose::of(&back, Some(Enforcement)), Whose::These(vec![Enforcement]));
        assert_eq!(Whose::of(&back, Some(Construction)), Whose::These(Vec::new()));
        for all in [Principal::Institution(Office), Principal::TownLeaders] {
            assert_eq!(Whose::of(&all, None), Whose::Everybody);
            assert_eq!(Whose::of(&all, Some(Construction)), Whose::These(vec![Construction]));
        }
    }
}
