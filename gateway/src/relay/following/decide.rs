//! Whether a sender may urge or recall a paper (relay-and-sharing.md §8.4, §8.6).

use super::state::{Command, Event, Facts, Followed, Recall, Urge};
use crate::refusal::{RecallFault, Refusal};
use crate::relay::paper::state::PaperName;

/// How often one paper is urged at most: whoever must urge it again telephones.
pub const URGES_MAX: usize = 50;

/// Says what happens, or why it must not.
///
/// # Errors
/// The [`Refusal`].
pub fn decide(paper: &Followed, command: &Command, facts: &Facts) -> Result<Event, Refusal> {
    match command {
        Command::Urge(urge) => urged(paper, urge, facts),
        Command::Recall(recall) => {
            may_be_recalled(paper, recall, facts)?;
            Ok(Event::Recalled { name: paper.name.clone(), recall: recall.clone(), at: facts.now })
        }
    }
}

/// §8.4 (催办): a paper that goes no further is not urged (`RE_STAGE`), and none is urged without end.
fn urged(paper: &Followed, urge: &Urge, facts: &Facts) -> Result<Event, Refusal> {
    if paper.recalled {
        return Err(Refusal::Recalled);
    }
    if paper.urges >= URGES_MAX {
        return Err(Refusal::UrgedOften);
    }
    Ok(Event::Urged { name: paper.name.clone(), urge: urge.clone(), at: facts.now })
}

/// §8.6: what the request alone shows. Asked before the paper is looked up, so that nobody learns of another's paper by it.
///
/// # Errors
/// `RE-RECALL`.
pub fn may_ask(name: &PaperName, recall: &Recall, facts: &Facts) -> Result<(), Refusal> {
    if name.sender != facts.caller {
        return Err(Refusal::Recall(RecallFault::NotIssuer));
    }
    if recall.document_number.trim().is_empty() {
        return Err(Refusal::Recall(RecallFault::NoDocument));
    }
    Ok(())
}

/// §8.6: a paper is recalled before sign-for only, by its issuer, with a document, and once. Afterwards a new document supersedes.
///
/// # Errors
/// `RE-RECALL`.
pub fn may_be_recalled(paper: &Followed, recall: &Recall, facts: &Facts) -> Result<(), Refusal> {
    may_ask(&paper.name, recall, facts)?;
    if paper.recalled {
        return Err(Refusal::Recall(RecallFault::Again));
    }
    if paper.signed_for {
        return Err(Refusal::Recall(RecallFault::SignedFor));
    }
    Ok(())
}

/// The paper after an event.
#[must_use]
pub fn apply(mut paper: Followed, event: &Event) -> Followed {
    match event {
        Event::Urged { .. } => paper.urges += 1,
        Event::Recalled { .. } => paper.recalled = true,
    }
    paper
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocabulary::DepartmentCode;

    fn facts(caller: &str) -> Facts {
        let now = "2026-03-02T01:00:00Z".parse().expect("an instant");
        Facts { caller: DepartmentCode::parse(caller).expect("a department"), now }
    }

    fn paper() -> Followed {
        let name = PaperName::parse("senders/water/papers/7d0f2f6e-3c53-4b0e-9c39-0d6f6f1c8a11").expect("a name");
        Followed { name, urges: 0, recalled: false, signed_for: false }
    }

    fn recall(document: &str) -> Command {
        Command::Recall(Recall {
            recall: "r".to_owned(),
            document_number: document.to_owned(),
            reason: "内容有误".to_owned(),
            institutions: Vec::new(),
        })
    }

    #[test]
    fn a_paper_is_recalled_before_sign_for_by_its_issuer_with_a_document() {
        let good = recall("昆水函〔2026〕9号");
        let event = decide(&paper(), &good, &facts("water")).expect("recalled");
        assert!(apply(paper(), &event).recalled);
        type Change = fn(&mut Followed);
        let cases: [(Change, &str, &str, RecallFault); 5] = [
            (|_| {}, "昆水函〔2026〕9号", "housing", RecallFault::NotIssuer),
            (|_| {}, "", "water", RecallFault::NoDocument),
            (|_| {}, "  ", "water", RecallFault::NoDocument),
            (|it| it.recalled = true, "昆水函〔2026〕9号", "water", RecallFault::Again),
            (|it| it.signed_for = true, "昆水函〔2026〕9号", "water", RecallFault::SignedFor),
        ];
        for (change, document, caller, fault) in cases {
            let mut paper = paper();
            change(&mut paper);
            assert_eq!(decide(&paper, &recall(document), &facts(caller)), Err(Refusal::Recall(fault)));
        }
    }

    #[test]
    fn a_paper_is_urged_while_it_goes_on() {
        let urge = Command::Urge(Urge { urge: "u".to_owned(), note: String::new() });
        let event = decide(&paper(), &urge, &facts("water")).expect("urged");
        assert_eq!(apply(paper(), &event).urges, 1);
        let recalled = Followed { recalled: true, ..paper() };
        assert_eq!(decide(&recalled, &urge, &facts("water")), Err(Refusal::Recalled));
        let often = Followed { urges: URGES_MAX, ..paper() };
        assert_eq!(decide(&often, &urge, &facts("water")), Err(Refusal::UrgedOften));
        let almost = Followed { urges: URGES_MAX - 1, signed_for: true, ..paper() };
        assert!(decide(&almost, &urge, &facts("water")).is_ok());
    }
}
