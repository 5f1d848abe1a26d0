//! Which institutions the town has, and what each was called when (overview.md §1.2).
//!
//! The eight codes never change; names do. The history is configuration until a registered paper can change it, so there is
//! nothing here to decide or to store.

use std::sync::Arc;

use runtime::access::admit_read;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::institution_service_server::InstitutionService;
use vocabulary::institution::Side;
use vocabulary::{Date, Institution, InstitutionNames, time};

use crate::fields::Fields;

/// Serves the institutions.
pub(crate) struct InstitutionRpc {
    names: Arc<InstitutionNames>,
}

impl InstitutionRpc {
    /// The contract over the town's names.
    pub(crate) fn new(names: Arc<InstitutionNames>) -> Self {
        Self { names }
    }
}

#[tonic::async_trait]
impl InstitutionService for InstitutionRpc {
    async fn list_institutions(
        &self,
        mut request: Request<pb::ListInstitutionsRequest>,
    ) -> Result<Response<pb::ListInstitutionsResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let mut fields = Fields::new();
        let day = fields.some_day("date", request.into_inner().date.as_ref());
        let day = fields.finish(day)?.unwrap_or_else(|| time::town_date(reading.now));
        let institutions = Institution::ALL.iter().map(|institution| shown(&self.names, *institution, day)).collect();
        Ok(Response::new(pb::ListInstitutionsResponse { institutions }))
    }
}

fn shown(names: &InstitutionNames, institution: Institution, day: Date) -> pb::Institution {
    let side = match institution.side() {
        Side::Front => pb::Side::Front,
        Side::Back => pb::Side::Back,
    };
    pb::Institution {
        name: format!("institutions/{institution}"),
        display_name: names.full_name_on(institution, day),
        side: side.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_institution_is_shown_with_the_name_of_the_day() {
        let names = InstitutionNames::default();
        let before = shown(&names, Institution::Service, Date::constant(2018, 12, 31));
        let after = shown(&names, Institution::Service, Date::constant(2019, 1, 1));
        assert_eq!((before.display_name.as_str(), before.side()), ("张浦镇便民服务中心", pb::Side::Front));
        assert_eq!((after.display_name.as_str(), after.name.as_str()), ("张浦镇行政审批局", "institutions/SERVICE"));
    }
}
