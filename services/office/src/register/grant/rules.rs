//! The rules of kind and mode (authority.md §2.2), in the order in which they are told.

use vocabulary::{Date, PowerKind};

use super::csv::ExerciseName;
use super::state::Mode;
use crate::register::catalogue::state::Power;
use crate::register::fault::{FaultCode, RowFaults};
use crate::register::settings::Rules;

/// What the rules ask of a row that grants. An absent value was refused before, and rules that need it are passed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// How the power would be handed down.
    pub mode: Option<Mode>,
    /// In whose name it would be exercised.
    pub exercise: Option<ExerciseName>,
    /// Its end.
    pub to: Option<Date>,
}

/// Refuses what a power of this kind may not be granted as.
pub(crate) fn check(power: &Power, terms: Terms, rules: &Rules, faults: &mut RowFaults) {
    let last = rules.approvals_abolished();
    // 非行政许可审批 ended as a category in May 2015: 国发〔2015〕27号.
    let abolished = power.kind == PowerKind::NonLicenceApproval && terms.to.is_none_or(|to| to > last);
    if abolished && faults.sound(&["to"]) {
        faults.refuse("to", FaultCode::NlaAbolished, format!("a non-licence approval ends on {last} at the latest"));
    }
    // The county body of a stationed item keeps its power, so nothing is handed down and no mode is tested.
    if terms.exercise != Some(ExerciseName::Stationed)
        && let Some((code, message)) = terms.mode.and_then(|mode| unfit_mode(power, mode))
    {
        faults.refuse("mode", code, message);
    }
    if power.restricts_liberty() {
        faults.refuse("power_code", FaultCode::Liberty, "restriction of personal liberty is never granted");
    }
    // 行政强制法 art. 17.
    if power.kind == PowerKind::Coercion && terms.exercise == Some(ExerciseName::Entrusted) {
        faults.refuse("exercise_name", FaultCode::CoerceEntrust, "a coercive measure may not be entrusted");
    }
    // 行政强制法 arts. 29, 47.
    if power.freezes_without_law() && faults.sound(&["power_code"]) {
        faults.refuse(
            "power_code",
            FaultCode::Freeze,
            "freezing or transfer of deposits needs a basis of the level 法律",
        );
    }
}

/// Why a power, as it is worded, may not be handed down in a mode.
pub(crate) fn unfit_mode(power: &Power, mode: Mode) -> Option<(FaultCode, String)> {
    match mode {
        // 行政许可法 art. 17; 行政处罚法 arts. 4, 16; 行政强制法 arts. 10, 13; levies by law or regulation only.
        Mode::Assigned if needs_statute(power.kind) => {
            let message = format!("{} is set by statute and handed down as CONFIRMED", power.kind.name());
            Some((FaultCode::AssignedKind, message))
        }
        Mode::Assigned if power.is_statutory() => {
            let message = "the power has a statutory basis and is handed down as CONFIRMED";
            Some((FaultCode::ModeMismatch, message.to_owned()))
        }
        Mode::Confirmed if !power.is_statutory() => {
            Some((FaultCode::NoBasis, "the catalogue names no statutory basis for the power".to_owned()))
        }
        Mode::Assigned | Mode::Confirmed => None,
    }
}

const fn needs_statute(kind: PowerKind) -> bool {
    matches!(kind, PowerKind::Licence | PowerKind::Penalty | PowerKind::Coercion | PowerKind::Levy)
}
