//! Powers as messages: for the contract, the journal and the rows that keep them.

use runtime::refusal::Failure;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, FieldCode, ImplementationCode, PowerCode, PowerKind};

use super::state::{Act, Basis, FineRange, Level, Listed, Measure, PenaltyKind, Power, Relation};
use crate::fields::day_to_wire;
use crate::register::kept::{day, kept, one, some};

/// The resource name of a power.
pub(crate) fn name(code: &PowerCode) -> String {
    format!("powers/{code}")
}

/// Reads the resource name of a power.
pub(crate) fn parse_name(name: &str) -> Option<PowerCode> {
    let code = name.strip_prefix("powers/")?;
    PowerCode::parse(code).ok().filter(|parsed| parsed.as_str() == code)
}

/// A version of a power as the contract shows it.
pub(crate) fn listed(listed: &Listed) -> pb::Power {
    power(&listed.power, listed.valid_from)
}

/// A power as a message.
pub(crate) fn power(power: &Power, valid_from: Option<Date>) -> pb::Power {
    pb::Power {
        name: name(&power.code),
        implementation_code: power.implementation_code.as_ref().map(ToString::to_string).unwrap_or_default(),
        title: power.title.clone(),
        kind: power.kind.code().to_owned(),
        field: power.field.as_ref().map(ToString::to_string).unwrap_or_default(),
        origin_department: power.origin_department.clone(),
        bases: power.bases.iter().map(basis).collect(),
        acts: power.acts.iter().map(act).collect(),
        measures: power.measures.iter().map(|measure| measure.name().to_owned()).collect(),
        related: power.relation == Relation::Related,
        related_to: power.related_to.iter().map(ToString::to_string).collect(),
        valid_from: valid_from.map(day_to_wire),
    }
}

/// A statutory basis as a message.
pub(crate) fn basis(basis: &Basis) -> pb::Basis {
    pb::Basis { title: basis.title.clone(), level: basis.level.name().to_owned(), article: basis.article.clone() }
}

fn act(act: &Act) -> pb::UnlawfulAct {
    let range = |range: FineRange| pb::FineRange { min_yuan: range.min_yuan(), max_yuan: range.max_yuan() };
    pb::UnlawfulAct {
        act: act.act.clone(),
        violation_bases: act.violation_bases.iter().map(basis).collect(),
        penalty_kinds: act.penalty_kinds.iter().map(|kind| kind.name().to_owned()).collect(),
        fine: act.fine.map(range),
        organisation_fine: act.organisation_fine.map(range),
        fine_rule: act.fine_rule.clone(),
    }
}

/// Reads a power that this program wrote.
pub(crate) fn read(message: pb::Power) -> Result<(Power, Option<Date>), Failure> {
    let power = Power {
        code: kept(parse_name(&message.name), "the name of a power")?,
        implementation_code: some(&message.implementation_code, ImplementationCode::parse)?,
        title: message.title,
        kind: one(PowerKind::parse(&message.kind))?,
        field: some(&message.field, FieldCode::parse)?,
        origin_department: message.origin_department,
        bases: message.bases.into_iter().map(read_basis).collect::<Result<_, _>>()?,
        acts: message.acts.into_iter().map(read_act).collect::<Result<_, _>>()?,
        measures: message
            .measures
            .iter()
            .map(|name| kept(Measure::parse(name), "a measure"))
            .collect::<Result<_, _>>()?,
        relation: if message.related { Relation::Related } else { Relation::Independent },
        related_to: message.related_to.iter().map(|code| one(PowerCode::parse(code))).collect::<Result<_, _>>()?,
    };
    Ok((power, day(message.valid_from.as_ref())?))
}

fn read_basis(message: pb::Basis) -> Result<Basis, Failure> {
    let level = kept(Level::parse(&message.level), "the level of a statute")?;
    Ok(Basis { title: message.title, level, article: message.article })
}

fn read_act(message: pb::UnlawfulAct) -> Result<Act, Failure> {
    let range = |range: Option<pb::FineRange>| {
        range.map(|range| kept(FineRange::new(range.min_yuan, range.max_yuan), "a range of fines")).transpose()
    };
    Ok(Act {
        act: message.act,
        violation_bases: message.violation_bases.into_iter().map(read_basis).collect::<Result<_, _>>()?,
        penalty_kinds: message
            .penalty_kinds
            .iter()
            .map(|name| kept(PenaltyKind::parse(name), "a kind of penalty"))
            .collect::<Result<_, _>>()?,
        fine: range(message.fine)?,
        organisation_fine: range(message.organisation_fine)?,
        fine_rule: message.fine_rule,
    })
}
