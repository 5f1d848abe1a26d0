//! The checks of one row, from the third on; reading the row was the first two.

use vocabulary::{Date, Institution, PowerKind, Side};

use super::{Context, File, Purpose, Source};
use crate::register::catalogue::csv::serves_penalties;
use crate::register::catalogue::state::{Power, Relation};
use crate::register::document::state::{DocumentType, Issued, Publication};
use crate::register::fault::{FaultCode, RowFaults};
use crate::register::grant::csv::{ExerciseName, GrantRow};
use crate::register::grant::rules::{self, Terms};
use crate::register::grant::state::{Exercise, Grant, Holder};
use crate::register::settings::Standing;

/// What a sound row found.
pub(super) struct Found<'a> {
    /// The granting document.
    pub document: &'a Issued,
    /// Its publication, from the document or from a row.
    pub publication: Option<Publication>,
    /// The power.
    pub power: &'a Power,
    /// In whose name it is exercised.
    pub exercise: Exercise,
    /// Who handles it.
    pub handler: Institution,
    /// Who supervises it.
    pub supervisor: Institution,
    /// The first day.
    pub from: Date,
    /// The recorded grant that the row replaces or corrects.
    pub old: Option<&'a Grant>,
}

/// Checks a row. Gives what it found, unless something is wrong.
pub(super) fn check<'a>(
    row: &GrantRow,
    place: usize,
    faults: &mut RowFaults,
    file: &File<'_>,
    context: &Context<'a>,
) -> Option<Found<'a>> {
    let mut check = Check { row, faults, file, context };
    let document = check.documents();
    let power = check.power();
    check.issuers(document, power);
    let publication = check.dates(document, power);
    check.kind_and_mode(power);
    check.related(power);
    check.twice_in_file(place);
    let exercise = check.exercise(power);
    let old = check.register(document, exercise.as_ref());
    let supervisor = check.supervisor(power);
    let handler = check.handler(power);
    let sound = check.faults.sound(super::csv::COLUMNS);
    let (document, power, exercise) = (document?, power?, exercise?);
    sound.then_some(Found {
        document,
        publication,
        power,
        exercise,
        handler: handler?,
        supervisor: supervisor?,
        from: row.from?,
        old,
    })
}

struct Check<'c, 'f, 'a> {
    row: &'c GrantRow,
    faults: &'c mut RowFaults,
    file: &'c File<'f>,
    context: &'c Context<'a>,
}

impl<'a> Check<'_, '_, 'a> {
    /// 3: the documents are known. "Known" means registered by one person and confirmed by another (§2.4, DRAFT→ISSUED).
    fn documents(&mut self) -> Option<&'a Issued> {
        let register = self.context.register;
        let granting = self.row.document.as_ref().and_then(|number| {
            let grants = |document: &&Issued| matches!(document.kind, DocumentType::Grant | DocumentType::Adjust);
            let known = self.context.granting(number).filter(grants);
            if known.is_none() {
                let message = match self.context.source {
                    Source::Paper { document, .. } => {
                        format!("{number}: the paper itself, {}, is the document of its rows", document.number)
                    }
                    Source::Import | Source::Correction { .. } => {
                        format!("{number}: no confirmed document that grants")
                    }
                };
                self.faults.refuse("doc_no", FaultCode::UnknownDoc, message);
            }
            known
        });
        if let Some(number) = &self.row.withdraw_document {
            let known = register.confirmed_document(number);
            if !known.is_some_and(|document| matches!(document.kind, DocumentType::Withdraw | DocumentType::Adjust)) {
                let message = format!("{number}: no confirmed document that withdraws");
                self.faults.refuse("withdraw_doc_no", FaultCode::UnknownDoc, message);
            }
        }
        if let Some(number) = &self.row.basis
            && register.basis(number).is_none()
        {
            let message = format!("{number}: no registered decision of the province");
            self.faults.refuse("provincial_basis_doc_no", FaultCode::UnknownDoc, message);
        }
        granting
    }

    /// 4: the power is known. Its wording is that of the day on which the grant begins.
    fn power(&mut self) -> Option<&'a Power> {
        let code = self.row.power.as_ref()?;
        let register = self.context.register;
        let power = match self.row.from {
            Some(from) => register.power_on(code, from),
            None => register.newest_power(code),
        };
        if power.is_none() {
            self.faults.refuse("power_code", FaultCode::UnknownPower, format!("{code}: not in the power catalogue"));
        }
        power
    }

    /// 5: the issuers may grant and withdraw. A department may supply a letter of entrustment of its own power and nothing else
    /// (§2.3).
    fn issuers(&mut self, document: Option<&Issued>, power: Option<&Power>) {
        let Some(document) = document else { return };
        let granting = self.context.rules.standing(&document.issuer);
        let allowed = match granting {
            Standing::Government(_) => true,
            Standing::Department => {
                let own =
                    |power: &Power| self.context.rules.is_department_of(&document.issuer, &power.origin_department);
                self.row.exercise.is_none_or(|exercise| exercise == ExerciseName::Entrusted) && power.is_none_or(own)
            }
            Standing::Unknown => false,
        };
        if !allowed {
            let message =
                format!("{} may not grant powers; a department may entrust its own (ENTRUSTED)", document.issuer);
            self.faults.refuse("doc_no", FaultCode::Issuer, message);
        }
        let Some(withdrawing) = self.withdrawing() else { return };
        let standing = self.context.rules.standing(&withdrawing.issuer);
        if standing <= Standing::Department || standing < granting {
            let message = format!("{} may not withdraw what {} granted", withdrawing.issuer, document.issuer);
            self.faults.refuse("withdraw_doc_no", FaultCode::Issuer, message);
        }
    }

    fn withdrawing(&self) -> Option<&'a Issued> {
        let number = self.row.withdraw_document.as_ref().filter(|_| self.faults.sound(&["withdraw_doc_no"]))?;
        self.context.register.confirmed_document(number)
    }

    /// 6: publication, beginning and end fit the documents. Nothing is granted for days gone by (§2.4).
    fn dates(&mut self, document: Option<&Issued>, power: Option<&Power>) -> Option<Publication> {
        let document = document.filter(|_| self.faults.sound(&["doc_no"]));
        let publication = document.and_then(|document| self.publication(document));
        if let (Some(document), Some(from), true) = (document, self.row.from, self.faults.sound(&["from"])) {
            let penalty = power.is_some_and(|power| power.kind == PowerKind::Penalty);
            let published = publication.as_ref().filter(|_| penalty && self.faults.sound(&["published_date"]));
            if from < document.date {
                self.faults.refuse(
                    "from",
                    FaultCode::Retro,
                    format!("before the document, which is of {}", document.date),
                );
            } else if let Some(published) = published.filter(|published| from < published.date) {
                self.faults.refuse("from", FaultCode::Retro, format!("before the publication of {}", published.date));
            }
        }
        if let Some(withdrawing) = self.withdrawing()
            && self.faults.sound(&["to"])
        {
            match self.row.to {
                None => self.faults.refuse("to", FaultCode::Adhoc, "a withdrawal ends the grant on a day"),
                Some(to) if to < withdrawing.date => {
                    let message = format!("before the withdrawing document, which is of {}", withdrawing.date);
                    self.faults.refuse("to", FaultCode::Adhoc, message);
                }
                Some(_) => {}
            }
        }
        publication
    }

    /// A row may record the publication of a document that has none, and may not contradict one that has.
    fn publication(&mut self, document: &Issued) -> Option<Publication> {
        let file = self.file.publications.get(&document.number).copied();
        let published = document.publication.as_ref().or(file).cloned();
        if let Some(row) = &self.row.publication
            && self.faults.sound(&["published_date"])
        {
            let by_paper = matches!(self.context.source, Source::Paper { .. }) && document.publication.is_none();
            if row.date < document.date {
                let message = format!("before the document, which is of {}", document.date);
                self.faults.refuse("published_date", FaultCode::Date, message);
            } else if by_paper {
                self.faults.refuse(
                    "published_date",
                    FaultCode::Date,
                    "a paper's publication is stated by its directive, or recorded afterwards",
                );
            } else if let Some(published) = published.as_ref().filter(|published| published.date != row.date) {
                let message = format!("the document is published on {}", published.date);
                self.faults.refuse("published_date", FaultCode::Date, message);
            }
        }
        published
    }

    /// 7: kind and mode (§2.2).
    fn kind_and_mode(&mut self, power: Option<&Power>) {
        let Some(power) = power else { return };
        let sound = |columns: &[&str]| self.faults.sound(columns);
        let mode = self.row.mode.filter(|_| sound(&["mode"]));
        let exercise = self.row.exercise.filter(|_| sound(&["exercise_name"]));
        rules::check(power, Terms { mode, exercise, to: self.row.to }, self.context.rules, self.faults);
    }

    /// 8: a measure or inspection travels with a penalty power that the town holds on one of its days.
    fn related(&mut self, power: Option<&Power>) {
        let Some(power) = power.filter(|power| serves_penalties(power.kind) && power.relation == Relation::Related)
        else {
            return;
        };
        let Some((from, to)) = self.days() else { return };
        let held = power.related_to.iter().any(|code| {
            let recorded = |grant: &Grant| grant.exercise.holder() == Holder::Town && grant.overlaps(from, to);
            self.file.grants_town(code, from, to) || self.context.register.grants_of(code).any(recorded)
        });
        if !held && self.faults.sound(&["power_code"]) {
            self.faults.refuse(
                "power_code",
                FaultCode::Related,
                "none of the penalty powers that it serves is granted on these days",
            );
        }
    }

    /// 9: no power stands twice for one day. The later row is told.
    fn twice_in_file(&mut self, place: usize) {
        let Some((power, (from, to))) = self.row.power.as_ref().zip(self.days()) else { return };
        let twice = self.file.granting(power, from, to).any(|(other, row)| other < place && row.from.is_some());
        if twice && self.faults.sound(&["power_code"]) {
            self.faults.refuse(
                "power_code",
                FaultCode::Duplicate,
                "an earlier row grants the power on some of these days",
            );
        }
    }

    fn exercise(&mut self, power: Option<&Power>) -> Option<Exercise> {
        match self.row.exercise? {
            ExerciseName::Own => self.row.mode.map(Exercise::Own),
            ExerciseName::Entrusted => self.row.mode.map(Exercise::Entrusted),
            ExerciseName::Stationed => {
                let body = power?.origin_department.clone();
                if body.is_empty() {
                    let message = "the catalogue names no department that could be stationed";
                    self.faults.refuse("exercise_name", FaultCode::Enum, message);
                    return None;
                }
                Some(Exercise::Stationed { body })
            }
        }
    }

    /// 10: no overlap with what is recorded, but for the grant that the row replaces or corrects.
    fn register(&mut self, document: Option<&Issued>, exercise: Option<&Exercise>) -> Option<&'a Grant> {
        let (power, exercise) = (self.row.power.as_ref()?, exercise?);
        let (from, to) = self.days().filter(|_| self.faults.sound(&["power_code", "exercise_name"]))?;
        let register = self.context.register;
        let old = match self.context.source {
            Source::Import | Source::Paper { purpose: Purpose::Grant, .. } => None,
            Source::Paper { purpose: Purpose::Replace, .. } => Some(self.replaced(document?, exercise, from)?),
            Source::Correction { .. } => Some(self.corrected(document?)?),
        };
        let overlapping = register.grants_of(power).find(|grant| {
            let other = old.is_none_or(|old| old.id != grant.id);
            other && grant.exercise.holder() == exercise.holder() && grant.overlaps(from, to)
        });
        if let Some(other) = overlapping {
            let message = format!("{} grants the power from {} on under {}", other.id, other.from, other.document);
            self.faults.refuse("from", FaultCode::Overlap, message);
        }
        old
    }

    /// The grant that ends where the row's begins. Only the same or a higher issuer ends it (§2.4).
    fn replaced(&mut self, document: &Issued, exercise: &Exercise, from: Date) -> Option<&'a Grant> {
        let register = self.context.register;
        let old = register
            .grants_of(self.row.power.as_ref()?)
            .find(|grant| grant.exercise.holder() == exercise.holder() && grant.from < from && grant.covers(from));
        let Some(old) = old else {
            self.faults.refuse(
                "power_code",
                FaultCode::NoGrant,
                format!("no grant in force on {from} that could be replaced"),
            );
            return None;
        };
        let standing = |issuer: &str| self.context.rules.standing(issuer);
        let own = standing(&document.issuer);
        // What a higher issuer suspended, or let end, stays so: the new grant would lift it.
        let open =
            old.suspensions.iter().filter(|known| known.resumed.as_ref().is_none_or(|resumed| from < resumed.on));
        let ended = old.end.as_ref().and_then(|end| end.document.as_ref());
        let mut acts = [&old.document].into_iter().chain(open.map(|known| &known.document)).chain(ended);
        let above = acts.find(|act| own <= Standing::Department || register.issuer_of(act).map(standing) > Some(own));
        if let Some(above) = above.filter(|_| self.faults.sound(&["doc_no"])) {
            let message = format!("{} may not replace what was done under {above}", document.issuer);
            self.faults.refuse("doc_no", FaultCode::Issuer, message);
        }
        Some(old)
    }

    /// The recorded grant of the row's power and document; where there are several, that of its clause, and of its first day.
    fn corrected(&mut self, document: &Issued) -> Option<&'a Grant> {
        let power = self.row.power.as_ref()?;
        let mut candidates: Vec<&Grant> = Vec::new();
        candidates.extend(self.context.register.grants_of(power).filter(|grant| grant.document == document.number));
        type Narrow = fn(&Grant, &GrantRow) -> bool;
        let narrower: [Narrow; 2] =
            [|grant, row| grant.clause == row.clause, |grant, row| Some(grant.from) == row.from];
        for narrow in narrower {
            if candidates.len() > 1 {
                candidates.retain(|grant| narrow(grant, self.row));
            }
        }
        let only = if let [only] = candidates.as_slice() { Some(*only) } else { None };
        if only.is_none() {
            let message = format!("no one grant of the power under {} that could be corrected", document.number);
            self.faults.refuse("power_code", FaultCode::NoGrant, message);
        }
        if let Some(only) = only {
            self.corrected_end(only);
        }
        only
    }

    /// A correction sets right what was mistaken in the register. It neither undoes a withdrawal nor moves an end by itself: that
    /// takes a document (§2.4).
    fn corrected_end(&mut self, old: &Grant) {
        if !self.faults.sound(&["to", "withdraw_doc_no"]) {
            return;
        }
        let recorded = old.end.as_ref().and_then(|end| end.document.as_ref());
        match (recorded, &self.row.withdraw_document) {
            (Some(recorded), given) if given.as_ref() != Some(recorded) => {
                let message = format!("the grant was ended under {recorded}, which a correction keeps");
                self.faults.refuse("withdraw_doc_no", FaultCode::Adhoc, message);
            }
            (None, None) if self.row.to != old.end.as_ref().map(|end| end.on) => {
                self.faults.refuse("to", FaultCode::Adhoc, "the end of a grant moves by a document only");
            }
            (Some(_) | None, _) => {}
        }
    }

    /// 11: a back institution supervises. Without one in the row, the power's field or its department's line names it.
    fn supervisor(&mut self, power: Option<&Power>) -> Option<Institution> {
        if !self.faults.sound(&["supervisor"]) {
            return None;
        }
        let by_line =
            || power.and_then(|power| self.context.rules.supervisor(power.field.as_ref(), &power.origin_department));
        let supervisor = self.row.supervisor.or_else(by_line);
        match supervisor {
            Some(supervisor) if supervisor.side() == Side::Back => return Some(supervisor),
            Some(front) => {
                self.faults.refuse("supervisor", FaultCode::SelfSupervise, format!("{front} is a front institution"));
            }
            None if power.is_some() => {
                let message = "is required: neither field nor department names one";
                self.faults.refuse("supervisor", FaultCode::SelfSupervise, message);
            }
            None => {}
        }
        None
    }

    /// 12: the handler fits the kind. For a levy or an adjudication the document must name it: only a paper's annex is one.
    fn handler(&mut self, power: Option<&Power>) -> Option<Institution> {
        let (handler, power) = (self.row.handler?, power?);
        let fits = match power.kind.handler() {
            Some(wanted) => handler == wanted,
            None => matches!(self.context.source, Source::Paper { .. }) && handler.side() == Side::Front,
        };
        if !fits {
            let wanted = power.kind.handler().map_or("named by the document", Institution::code);
            let message = format!("{handler}: the handler of {} is {wanted}", power.kind.name());
            self.faults.refuse("handler", FaultCode::Handler, message);
        }
        fits.then_some(handler)
    }

    /// The days of the row, if no check refused them.
    fn days(&self) -> Option<(Date, Option<Date>)> {
        self.row.from.filter(|_| self.faults.sound(&["from", "to"])).map(|from| (from, self.row.to))
    }
}
