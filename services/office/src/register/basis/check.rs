//! What the province's decision must say to be a basis (authority.md §2.5; 行政处罚法 art. 24).

use std::collections::HashSet;

use vocabulary::{FieldCode, PowerCode};

use super::state::{BasisId, ProvincialBasis};
use crate::register::directive::form::BasisForm;
use crate::register::fault::{Fault, FaultCode, bounded};
use crate::register::settings::Rules;
use crate::register::state::Register;

/// Makes a basis of what a directive gives. The same decision again is a new version of the same basis.
///
/// # Errors
/// Every fault of the directive.
pub(crate) fn check(
    form: &BasisForm,
    document: String,
    register: &Register,
    rules: &Rules,
) -> Result<ProvincialBasis, Vec<Fault>> {
    let mut faults = Vec::new();
    if !rules.is_province(&form.issuer) {
        let message = format!("{} is not the province; only its published decision is a basis", form.issuer);
        faults.push(Fault::of_directive("basis.issuer", FaultCode::Issuer, message));
    }
    if form.publication.date < form.issue_date {
        let message = "a decision is published on its day or later";
        faults.push(Fault::of_directive("basis.publishedDate", FaultCode::Date, message));
    }
    let powers = powers(form, register, &mut faults);
    let fields = fields(form, rules, &mut faults);
    if !rules.names_town(&form.towns) {
        let message = format!("{}: neither the town nor a class that it belongs to", form.towns);
        faults.push(Fault::of_directive("towns", FaultCode::Enum, message));
    }
    if !faults.is_empty() {
        return Err(bounded(faults));
    }
    let known = register.basis(&form.number).map(|basis| basis.id);
    Ok(ProvincialBasis {
        id: known.unwrap_or(BasisId(register.head.last_basis + 1)),
        number: form.number.clone(),
        title: form.title.clone(),
        issuer: form.issuer.clone(),
        issue_date: form.issue_date,
        publication: form.publication.clone(),
        digest: form.digest,
        coverage: form.coverage(powers, fields),
        towns: form.towns.clone(),
        document,
    })
}

fn powers(form: &BasisForm, register: &Register, faults: &mut Vec<Fault>) -> Vec<PowerCode> {
    let (mut powers, mut seen) = (Vec::new(), HashSet::new());
    for (index, written) in form.powers.iter().enumerate() {
        let fault = match PowerCode::parse(written) {
            Err(error) => (FaultCode::Enum, error.to_string()),
            Ok(power) if register.newest_power(&power).is_none() => {
                (FaultCode::UnknownPower, format!("{power}: not in the power catalogue"))
            }
            Ok(power) if !seen.insert(power.clone()) => (FaultCode::Duplicate, format!("{power} stands twice")),
            Ok(power) => {
                powers.push(power);
                continue;
            }
        };
        faults.push(Fault::of_directive(format!("powers[{index}]"), fault.0, fault.1));
    }
    powers
}

fn fields(form: &BasisForm, rules: &Rules, faults: &mut Vec<Fault>) -> Vec<FieldCode> {
    if form.names_every_field() {
        if form.fields.len() > 1 {
            faults.push(Fault::of_directive("fields", FaultCode::Enum, "\"*\" is every field and stands alone"));
        }
        return Vec::new();
    }
    let mut fields = Vec::new();
    for (index, written) in form.fields.iter().enumerate() {
        match FieldCode::parse(written).ok().filter(|field| rules.has_field(field)) {
            Some(field) => fields.push(field),
            None => {
                let message = format!("{}: no field", crate::register::cells::shown(written));
                faults.push(Fault::of_directive(format!("fields[{index}]"), FaultCode::Enum, message));
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests;
