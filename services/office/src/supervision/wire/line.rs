//! The status line of a case, between the contract and the state.

use townlink_proto::townlink::casework::v1 as casework;
use vocabulary::{FieldCode, Institution, Side};

use crate::fields::day_to_wire;
use crate::oversight::wire::{read_day, read_some_day};
use crate::supervision::state::CaseLine;

/// A line, as kept and shown.
pub(crate) fn line(case: &CaseLine) -> casework::CaseLine {
    let state = if case.closed.is_some() { casework::CaseState::Closed } else { casework::CaseState::Open };
    casework::CaseLine {
        name: case.name.clone(),
        kind: case.kind.clone(),
        matter: case.matter.clone(),
        field: case.field.to_string(),
        handler: case.handler.code().to_owned(),
        supervisor: case.supervisor.code().to_owned(),
        state: state.into(),
        stage: case.stage.clone(),
        open_date: Some(day_to_wire(case.opened)),
        due_date: case.due.map(day_to_wire),
        close_date: case.closed.map(day_to_wire),
        handled_by: case.handled_by.clone(),
    }
}

/// Reads a line; none where a service says what cannot be: a case that is closed without a day, or handled by no front institution.
pub(crate) fn read_line(case: casework::CaseLine) -> Option<CaseLine> {
    let (state, closed) = (case.state(), read_some_day(case.close_date.as_ref())?);
    let fits = match state {
        casework::CaseState::Open => closed.is_none(),
        casework::CaseState::Closed => closed.is_some(),
        casework::CaseState::Unspecified => false,
    };
    let handler = Institution::parse(&case.handler).ok().filter(|it| it.side() == Side::Front);
    let supervisor = Institution::parse(&case.supervisor).ok().filter(|it| it.side() == Side::Back);
    fits.then_some(CaseLine {
        field: FieldCode::parse(&case.field).ok()?,
        handler: handler?,
        supervisor: supervisor?,
        opened: read_day(case.open_date.as_ref())?,
        due: read_some_day(case.due_date.as_ref())?,
        closed,
        name: case.name,
        kind: case.kind,
        matter: case.matter,
        stage: case.stage,
        handled_by: case.handled_by,
    })
}
