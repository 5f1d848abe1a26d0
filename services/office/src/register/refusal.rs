//! Why the register says no, in order of precedence: who breaks two rules is told of the first one only.
//!
//! What is wrong with the rows of a file is no refusal: an import or a directive answers with every fault, see
//! [`super::fault`].

use runtime::refusal::{Refusal as Wire, Violation};
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::Date;

use super::fault::{Fault, FaultCode};

/// A refusal of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `OV_FOUR_EYES`: the person who registered would also confirm (overview.md §1.6(6)).
    FourEyes {
        /// The document or import.
        name: String,
        /// The person.
        person: String,
    },
    /// `OV_HISTORY_EDIT`: what is asked for has been decided already (overview.md §1.5).
    HistoryEdit {
        /// The document or import.
        name: String,
        /// How far it is.
        stage: &'static str,
    },
    /// `ID_DOCNO`: the number does not follow its grammar (identifiers.md §9.6).
    DocumentNumber {
        /// What is wrong.
        fault: String,
    },
    /// `AU_ISSUER`: the issuer may not do what the document would do (authority.md §2.3).
    Issuer {
        /// The issuer.
        issuer: String,
    },
    /// `AU_DATE`: a document would be received before its date or after its registration (authority.md §2.7).
    Received {
        /// The day of the document.
        issued: Date,
        /// The day on which it was received.
        received: Date,
        /// The day on which it is registered.
        today: Date,
    },
    /// `AU_DATE`: a document would be published before its date, or on two days (authority.md §2.7).
    Publication {
        /// The day of the document, or of its known publication.
        known: Date,
        /// The day of publication that was given.
        published: Date,
    },
    /// `AU_UNKNOWN_DOC`: the document is not registered and confirmed (authority.md §2.7).
    UnknownDocument {
        /// The number.
        number: String,
    },
    /// `AU_EVALUATION`: the grant cannot be evaluated by the document (行政处罚法 art. 24 para. 3; authority.md §2.4).
    NotEvaluated {
        /// The grant.
        grant: String,
        /// Why not.
        fault: &'static str,
    },
    /// `AU_DATE`: an evaluation outside the days of its grant, before the last one, or after the next (authority.md §2.4).
    EvaluationDay {
        /// The day that is recorded.
        known: Date,
        /// The day that was given.
        given: Date,
    },
    /// `AU_DUPLICATE`: another document has the number.
    Duplicate {
        /// The number.
        number: String,
        /// The document that has it.
        other: String,
    },
    /// `RE_DIRECTIVE`: the directive cannot be read, does not fit the document, or lacks its annex (relay-and-sharing.md §8.6).
    Directive {
        /// What is wrong.
        faults: Vec<Fault>,
    },
    /// `RE_DIRECTIVE`: the office does not own directives of this type.
    NotOwned {
        /// The type.
        directive_type: String,
    },
    /// `RE_DIGEST`: the annex, or the file of a basis, is not what its digest says.
    Digest,
}

impl From<Refusal> for Wire {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::FourEyes { name, person } => Self::new(
                ErrorReason::OvFourEyes,
                format!("{person} registered {name} and may not confirm it"),
                "登记人与确认人不得为同一人；请由另一名确认岗人员办理。",
            )
            .with("name", name)
            .with("person", person),
            Refusal::HistoryEdit { name, stage } => Self::new(
                ErrorReason::OvHistoryEdit,
                format!("{name} is {stage}, which is not changed"),
                "该记录已办结，不得更改；如需变更，请凭新的文件办理。",
            )
            .with("name", name)
            .with("stage", stage),
            Refusal::DocumentNumber { fault } => Self::new(
                ErrorReason::IdDocno,
                format!("the document number is malformed: {fault}"),
                "发文字号应为“代字〔年份〕序号号”，如 昆政发〔2026〕5号；请核对后重新登记。",
            )
            .with("fault", fault),
            Refusal::Issuer { issuer } => Self::new(
                ErrorReason::AuIssuer,
                format!("{issuer} may not grant, adjust or withdraw powers; a department may entrust its own"),
                "下放、调整、收回权力须由有权机关行文；部门仅可出具委托书（委托方式）。",
            )
            .with("issuer", issuer),
            Refusal::Received { issued, received, today } => Self::new(
                ErrorReason::AuDate,
                format!("the document is of {issued}, received on {received} and registered on {today}"),
                "收文日期不得早于成文日期，也不得晚于登记当日；请核对。",
            )
            .with("issued", issued.to_string())
            .with("received", received.to_string())
            .with("today", today.to_string()),
            Refusal::Publication { known, published } => Self::new(
                ErrorReason::AuDate,
                format!("published on {published}, but the document or its publication is of {known}"),
                "公布日期不得早于成文日期，且须与已登记的公布日期一致；请核对。",
            )
            .with("known", known.to_string())
            .with("published", published.to_string()),
            Refusal::UnknownDocument { number } => Self::new(
                ErrorReason::AuUnknownDoc,
                format!("{number} is not registered and confirmed"),
                "所引文件未登记确认；请先登记该文件并经第二人确认。",
            )
            .with("number", number),
            Refusal::NotEvaluated { grant, fault } => Self::new(
                ErrorReason::AuEvaluation,
                format!("{grant} cannot be evaluated: {fault}"),
                "仅处罚权的有效下放关系可凭评估文件登记评估结果；请核对文件类型和下放关系。",
            )
            .with("grant", grant)
            .with("fault", fault),
            Refusal::EvaluationDay { known, given } => Self::new(
                ErrorReason::AuDate,
                format!("{given} does not go with {known}, which is recorded"),
                "评估日期须在下放期间内且不早于上次评估，下次评估须晚于本次；请核对。",
            )
            .with("known", known.to_string())
            .with("given", given.to_string()),
            Refusal::Duplicate { number, other } => Self::new(
                ErrorReason::AuDuplicate,
                format!("{number} is registered as {other}"),
                "该发文字号已登记；请查阅原登记，勿重复登记。",
            )
            .with("number", number)
            .with("other", other),
            Refusal::Directive { faults } => directive(&faults),
            Refusal::NotOwned { directive_type } => Self::new(
                ErrorReason::ReDirective,
                format!("office does not own directives of the type {directive_type}"),
                "该类指令不由党政办承接；请核对指令类型。",
            )
            .with("directive_type", directive_type),
            Refusal::Digest => Self::new(
                ErrorReason::ReDigest,
                "the annex, or the file of the basis, is not what its digest says",
                "附件或决定文本与摘要不符；请重新取得后再登记。",
            ),
        }
    }
}

fn directive(faults: &[Fault]) -> Wire {
    let violations = faults.iter().map(|fault| Violation {
        field: fault.column.to_string(),
        code: FaultCode::ALL
            .into_iter()
            .map(FaultCode::as_str)
            .find(|code| *code == fault.code)
            .unwrap_or("RE-DIRECTIVE"),
        message: fault.message.clone(),
    });
    let first = faults.first().map_or_else(|| "it is missing".to_owned(), |fault| fault.message.clone());
    Wire::new(
        ErrorReason::ReDirective,
        format!("the directive cannot be taken: {first}"),
        "指令或其附件有误：请按指令格式逐项更正后重新提交。",
    )
    .with("fault", first)
    .with_violations(violations.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_reason_and_says_what_to_do() {
        let (name, day) = ("documents/1".to_owned(), Date::constant(2026, 3, 2));
        let faults = vec![Fault::of_directive("annex", FaultCode::Directive, "the annex is missing")];
        let rows = [
            (Refusal::FourEyes { name: name.clone(), person: "li".to_owned() }, ErrorReason::OvFourEyes),
            (Refusal::HistoryEdit { name: name.clone(), stage: "CONFIRMED" }, ErrorReason::OvHistoryEdit),
            (Refusal::DocumentNumber { fault: "a year".to_owned() }, ErrorReason::IdDocno),
            (Refusal::Issuer { issuer: "某公司".to_owned() }, ErrorReason::AuIssuer),
            (Refusal::Received { issued: day, received: day, today: day }, ErrorReason::AuDate),
            (Refusal::Publication { known: day, published: day }, ErrorReason::AuDate),
            (Refusal::UnknownDocument { number: "昆政发〔2026〕5号".to_owned() }, ErrorReason::AuUnknownDoc),
            (Refusal::NotEvaluated { grant: "grants/G-000001".to_owned(), fault: "x" }, ErrorReason::AuEvaluation),
            (Refusal::EvaluationDay { known: day, given: day }, ErrorReason::AuDate),
            (Refusal::Duplicate { number: "昆政发〔2026〕5号".to_owned(), other: name }, ErrorReason::AuDuplicate),
            (Refusal::Directive { faults }, ErrorReason::ReDirective),
            (Refusal::NotOwned { directive_type: "SET_FISCAL_BASE".to_owned() }, ErrorReason::ReDirective),
            (Refusal::Digest, ErrorReason::ReDigest),
        ];
        for (refusal, reason) in rows {
            let wire = Wire::from(refusal);
            assert_eq!(wire.reason, reason);
            assert!(!wire.message.is_empty() && !wire.remedy.is_empty(), "{wire:?}");
            assert!(wire.variables.iter().all(|(key, value)| !key.is_empty() && !value.is_empty()), "{wire:?}");
        }
    }

    #[test]
    fn the_faults_of_a_directive_are_told_one_by_one() {
        let faults = vec![
            Fault::of_directive("from", FaultCode::Date, "no such day"),
            Fault { code: "FI-BASE".into(), ..Fault::of_directive("base", FaultCode::Directive, "no base") },
        ];
        let wire = Wire::from(Refusal::Directive { faults });
        let told: Vec<_> = wire.violations.iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
        assert_eq!(told, [("from", "AU-DATE"), ("base", "RE-DIRECTIVE")]);
    }
}
