//! A register made of rows, for the tests of its rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;
use vocabulary::institution::TownNames;
use vocabulary::{Date, DocumentNumber, Institution, Timestamp, time};

use super::basis::state::BasisRecorded;
use super::catalogue;
use super::catalogue::state::Listed;
use super::directive::apply::{Effect, Order, effect as directive_effect};
use super::directive::form::Directive;
use super::document::state::{DocumentId, DocumentType, Issued, Publication};
use super::event::Event;
use super::fault::Fault;
use super::grant::state::Recorded;
use super::holds::{Answer, Question, Verdict, holds};
use super::import::decide::effect as import_effect;
use super::import::state::Content;
use super::settings::{RegisterSettings, Rules};
use super::state::{Certainty, Known, Register};

/// A day, as written.
pub(crate) fn day(text: &str) -> Date {
    time::parse_date(text).expect("a day")
}

/// A document number, as written.
pub(crate) fn number(text: &str) -> DocumentNumber {
    DocumentNumber::parse(text).expect("a document number")
}

/// A fault as row, column and code.
pub(crate) type Told = (u32, String, String);

/// Faults as rows, columns and codes.
pub(crate) fn told(faults: &[Fault]) -> Vec<Told> {
    faults.iter().map(|fault| (fault.row, fault.column.to_string(), fault.code.to_string())).collect()
}

/// Expected faults.
pub(crate) fn expected<const N: usize>(faults: [(u32, &str, &str); N]) -> Vec<Told> {
    faults.map(|(row, column, code)| (row, column.to_owned(), code.to_owned())).into()
}

/// A row of a file, by the columns that matter; the others are empty.
pub(crate) fn row(columns: &[&str], cells: &[(&str, &str)]) -> String {
    let cells: BTreeMap<_, _> = cells.iter().copied().collect();
    assert!(cells.keys().all(|column| columns.contains(column)), "an unknown column");
    let quoted = |text: &&str| format!("\"{}\"", text.replace('"', "\"\""));
    columns.iter().map(|column| cells.get(column).map(quoted).unwrap_or_default()).collect::<Vec<_>>().join(",")
}

/// A file of rows under its header.
pub(crate) fn file(columns: &[&str], rows: &[String]) -> String {
    format!("{}\n{}\n", columns.join(","), rows.join("\n"))
}

/// A row of the catalogue.
pub(crate) fn power_row(cells: &[(&str, &str)]) -> String {
    row(catalogue::csv::COLUMNS, cells)
}

/// A row of grants.
pub(crate) fn grant_row(cells: &[(&str, &str)]) -> String {
    row(super::grant::csv::COLUMNS, cells)
}

/// Cells, some of them replaced.
pub(crate) fn with<'c>(cells: &[(&'c str, &'c str)], changes: &[(&'c str, &'c str)]) -> Vec<(&'c str, &'c str)> {
    let kept = cells.iter().filter(|(column, _)| changes.iter().all(|(changed, _)| changed != column));
    kept.chain(changes).copied().collect()
}

/// A register on trial.
#[derive(Clone)]
pub(crate) struct Trial {
    /// The register.
    pub register: Register,
    /// The settings, the defaults of the town.
    pub rules: Arc<Rules>,
    /// What the clock of the next write says.
    pub now: Timestamp,
}

impl Trial {
    /// An empty register.
    pub fn new() -> Self {
        let rules = Rules::new(&RegisterSettings::default(), &TownNames::default()).expect("the defaults");
        let now = time::start_of_day(day("2026-03-02"));
        Self { register: Register::default(), rules: Arc::new(rules), now }
    }

    /// Takes events of one write into the register, recorded one after another.
    pub fn take(&mut self, events: &[Event]) {
        let mut head = self.register.head;
        for event in events {
            self.now = self.now.checked_add(jiff::SignedDuration::from_micros(1)).expect("a later instant");
            let recorded = self.now;
            if let Some(revision) = event.revision() {
                head.revision = revision;
                head.recorded = Some(recorded);
            }
            match event {
                Event::PowerListed { listing, revision } => {
                    let (power, valid_from) = (Arc::new(listing.power.clone()), listing.valid_from);
                    self.register.list(Listed { power, valid_from, revision: *revision, recorded });
                }
                Event::GrantRecorded { grant, change, revision } => {
                    head.last_grant = head.last_grant.max(grant.id.0);
                    let recorded =
                        Recorded { grant: Arc::clone(grant), change: *change, revision: *revision, recorded };
                    self.register.record(recorded);
                }
                Event::BasisRegistered { basis, revision } => {
                    head.last_basis = head.last_basis.max(basis.id.0);
                    self.register.note(BasisRecorded { basis: Arc::clone(basis), revision: *revision, recorded });
                }
                Event::DocumentPublished { id, publication, .. } => {
                    for known in self.register.documents.values_mut().filter(|known| known.id == *id) {
                        Arc::make_mut(&mut known.issued).publication = Some(publication.clone());
                    }
                }
                Event::DirectiveApplied { .. }
                | Event::DocumentRegistered(_)
                | Event::DocumentConfirmed { .. }
                | Event::DocumentRefused { .. }
                | Event::ImportDrafted(_)
                | Event::ImportConfirmed(_) => {}
            }
        }
        self.register.head = head;
    }

    /// A confirmed document.
    pub fn document(&mut self, text: &str, issuer: &str, date: &str, published: &str, kind: DocumentType) -> Issued {
        let publication =
            (!published.is_empty()).then(|| Publication { date: day(published), place: "政府网站".to_owned() });
        let issued = Issued { number: number(text), issuer: issuer.to_owned(), date: day(date), publication, kind };
        let id = DocumentId(Uuid::from_u128(self.register.documents.len() as u128 + 1));
        let known = Known { id, issued: Arc::new(issued.clone()), certainty: Certainty::Confirmed };
        self.register.documents.insert(issued.number.clone(), known);
        issued
    }

    /// Checks a catalogue.
    pub fn check_powers(&self, rows: &[String], changed_from: &str) -> Result<Vec<Event>, Vec<Told>> {
        let content = Content::Powers { valid_from: day(changed_from) };
        self.check(file(catalogue::csv::COLUMNS, rows).as_bytes(), &content)
    }

    /// Checks grants.
    pub fn check_grants(&self, rows: &[String]) -> Result<Vec<Event>, Vec<Told>> {
        self.check(file(super::grant::csv::COLUMNS, rows).as_bytes(), &Content::Grants)
    }

    /// Checks a file.
    pub fn check(&self, file: &[u8], content: &Content) -> Result<Vec<Event>, Vec<Told>> {
        let checked = import_effect(file, content, &self.register, &self.rules, "li", time::town_date(self.now));
        checked.outcome.map(|effect| effect.events).map_err(|faults| told(&faults))
    }

    /// Lists powers that are right.
    pub fn list(&mut self, rows: &[String]) {
        let events = self.check_powers(rows, "2026-03-02").expect("a catalogue without faults");
        self.take(&events);
    }

    /// Grants what is right.
    pub fn grant(&mut self, rows: &[String]) {
        let events = self.check_grants(rows).expect("grants without faults");
        self.take(&events);
    }

    /// What a directive would do.
    pub fn direct(&self, document: &Issued, object: &str, annex: &str) -> Result<Effect, Vec<Told>> {
        let order = Order {
            id: DocumentId(Uuid::from_u128(0x1000)),
            document: document.clone(),
            directive: Directive::parse(object.as_bytes()),
            annex: Bytes::copy_from_slice(annex.as_bytes()),
        };
        directive_effect(&order, &self.register, &self.rules).map_err(|faults| told(&faults))
    }

    /// Lets a directive take effect.
    pub fn obey(&mut self, document: &Issued, object: &str, annex: &str) {
        let effect = self.direct(document, object, annex).expect("a directive without faults");
        let revision = self.register.head.revision + 1;
        let basis = effect.basis.map(|basis| Event::BasisRegistered { basis: Arc::new(basis), revision });
        let grants = effect.grants.into_iter();
        let grants = grants.map(|(grant, change)| Event::GrantRecorded { grant: Arc::new(grant), change, revision });
        self.take(&grants.chain(basis).collect::<Vec<_>>());
    }

    /// The answer to a question about a day.
    pub fn answer<'r>(&'r self, institution: Institution, power: &str, on: &str) -> Answer<'r> {
        let revision = self.register.head.revision;
        let question = Question { institution, power, day: day(on), place: "", amount: None, target: "", revision };
        holds(&self.register, &self.rules, &question)
    }

    /// The verdict about a day.
    pub fn verdict(&self, institution: Institution, power: &str, on: &str) -> Verdict {
        self.answer(institution, power, on).verdict
    }
}

/// A penalty power, right.
pub(crate) const PENALTY: [(&str, &str); 9] = [
    ("power_code", "P-02-A"),
    ("name", "对占道经营的处罚"),
    ("kind", "02"),
    ("field", "URBAN"),
    ("origin_department", "市城市管理局"),
    ("basis", "江苏省城市市容和环境卫生管理条例|地方性法规|第十条"),
    ("act", "占道经营"),
    ("penalty_kinds", "警告;罚款"),
    ("violation_basis", "江苏省城市市容和环境卫生管理条例|地方性法规|第九条"),
];

/// A confirmation without a statutory basis, right.
pub(crate) const CONFIRMATION: [(&str, &str); 4] =
    [("power_code", "P-07-B"), ("name", "居住情况确认"), ("kind", "07"), ("origin_department", "市民政局")];

/// A coercive power that serves the penalty, right.
pub(crate) const MEASURE: [(&str, &str); 8] = [
    ("power_code", "P-03-C"),
    ("name", "查封经营工具"),
    ("kind", "03"),
    ("field", "URBAN"),
    ("origin_department", "市城市管理局"),
    ("basis", "江苏省城市市容和环境卫生管理条例|地方性法规|第十一条"),
    ("measures", "查封"),
    ("related_to", "P-02-A"),
];

/// A grant of the penalty power, right.
pub(crate) const GRANT: [(&str, &str); 8] = [
    ("power_code", "P-02-A"),
    ("mode", "CONFIRMED"),
    ("exercise_name", "OWN"),
    ("handler", "ENFORCEMENT"),
    ("supervisor", "CONSTRUCTION"),
    ("doc_no", "昆政发〔2012〕1号"),
    ("clause", "1"),
    ("from", "2012-04-01"),
];

/// The worked example of authority.md §2.5: G1 and G2.
pub(crate) fn worked_example() -> Trial {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY), power_row(&CONFIRMATION)]);
    trial.document("昆政发〔2012〕1号", "昆山市人民政府", "2012-03-01", "2012-03-10", DocumentType::Grant);
    trial.document("昆政发〔2012〕2号", "昆山市人民政府", "2012-03-01", "2012-03-01", DocumentType::Grant);
    trial.document("昆政发〔2024〕9号", "昆山市人民政府", "2024-06-20", "", DocumentType::Withdraw);
    let first = with(&GRANT, &[("to", "2024-07-01"), ("withdraw_doc_no", "昆政发〔2024〕9号"), ("batch", "1")]);
    let second = with(
        &GRANT,
        &[
            ("power_code", "P-07-B"),
            ("mode", "ASSIGNED"),
            ("handler", "SERVICE"),
            ("supervisor", "SOCIAL"),
            ("doc_no", "昆政发〔2012〕2号"),
            ("from", "2012-03-01"),
            ("batch", "1"),
        ],
    );
    trial.grant(&[grant_row(&first), grant_row(&second)]);
    trial
}
