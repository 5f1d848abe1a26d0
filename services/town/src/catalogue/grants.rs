//! The grants that a county document makes: one row for each power that the town may hold.

use vocabulary::{Date, DocumentNumber};

use super::{Holder, Power, powers, text};

const COLUMNS: [&str; 18] = [
    "power_code",
    "mode",
    "exercise_name",
    "handler",
    "supervisor",
    "doc_no",
    "clause",
    "batch",
    "from",
    "to",
    "published_date",
    "published_place",
    "withdraw_doc_no",
    "provincial_basis_doc_no",
    "scope_area",
    "scope_amount_cap_fen",
    "scope_target",
    "next_evaluation",
];

/// What the document says of every power alike.
#[derive(Debug, Clone)]
pub struct GrantTerms {
    /// The number of the document.
    pub document: DocumentNumber,
    /// The first day.
    pub from: Date,
    /// The first day on which the grants are no longer in force; none: open.
    pub to: Option<Date>,
    /// The day and the place of publication; none: not published.
    pub published: Option<(Date, String)>,
    /// The batch; 1 is the first (第一批).
    pub batch: u32,
    /// Only these powers, by their codes; empty: all that the town may hold.
    pub only: Vec<String>,
}

/// The annex of a grant document as CSV: the clauses are numbered in order from 1.
///
/// # Panics
/// Never: writing into memory does not fail, and each kind that `data/` has is handled by a front institution.
#[must_use]
pub fn grants_csv(terms: &GrantTerms) -> String {
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(COLUMNS).expect("memory does not fail");
    let granted = powers().iter().filter(|power| power.holder.is_town());
    let wanted = granted.filter(|power| terms.only.is_empty() || terms.only.contains(&power.code));
    for (power, clause) in wanted.zip(1u32..) {
        file.write_record(row(power, clause, terms)).expect("memory does not fail");
    }
    text(file)
}

fn row(power: &Power, clause: u32, terms: &GrantTerms) -> [String; 18] {
    let mode = if power.holder == Holder::TownAssigned { "ASSIGNED" } else { "CONFIRMED" };
    let handler = power.kind.handler().expect("data has no levies and no adjudications");
    let (published_date, published_place) = match &terms.published {
        Some((date, place)) => (date.to_string(), place.clone()),
        None => Default::default(),
    };
    let mut row: [String; 18] = Default::default();
    row[0].clone_from(&power.code);
    row[1] = mode.to_owned();
    row[2] = "OWN".to_owned();
    row[3] = handler.code().to_owned();
    row[4] = power.supervisor.code().to_owned();
    row[5] = terms.document.to_string();
    row[6] = clause.to_string();
    row[7] = terms.batch.to_string();
    row[8] = terms.from.to_string();
    row[9] = terms.to.map(|to| to.to_string()).unwrap_or_default();
    row[10] = published_date;
    row[11] = published_place;
    row
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn terms() -> GrantTerms {
        GrantTerms {
            document: "昆政发〔2026〕5号".parse().expect("a number"),
            from: date(2026, 4, 1),
            to: None,
            published: Some((date(2026, 3, 2), "昆山市人民政府网站".to_owned())),
            batch: 1,
            only: Vec::new(),
        }
    }

    fn rows(csv: &str) -> Vec<csv::StringRecord> {
        csv::Reader::from_reader(csv.as_bytes()).records().map(|row| row.expect("a row")).collect()
    }

    #[test]
    fn all_that_the_town_may_hold_is_granted_and_nothing_else() {
        let rows = rows(&grants_csv(&terms()));
        assert_eq!(rows.len(), 664 + 40 + 108 + 170);
        let count = |column: usize, value: &str| rows.iter().filter(|row| &row[column] == value).count();
        assert_eq!(count(1, "ASSIGNED"), 170);
        assert_eq!(count(3, "ENFORCEMENT"), 704);
        assert_eq!(count(3, "SERVICE"), 278);
        assert!(rows.iter().zip(1..).all(|(row, clause)| row[6] == clause.to_string()));
        assert!(!rows.iter().any(|row| &row[4] == "SERVICE" || &row[4] == "ENFORCEMENT"));
    }

    #[test]
    fn a_row_says_what_the_specification_asks_for() {
        let csv = grants_csv(&GrantTerms { only: vec!["PP-URB-0001".to_owned()], ..terms() });
        let expected = "PP-URB-0001,CONFIRMED,OWN,ENFORCEMENT,CONSTRUCTION,昆政发〔2026〕5号,1,1,2026-04-01,,2026-03-02,\
                        昆山市人民政府网站,,,,,,";
        assert_eq!(csv.lines().nth(1), Some(expected));
    }
}
