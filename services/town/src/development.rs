//! What a development town starts with: who is who, and the identities that the command line acts with.
//!
//! Persons are named by what they do. A real town issues certificates to its people and registers their roles by documents.

use std::path::Path;

use runtime::caller::{Cell, Peer};
use runtime::pki::{Authority, IdentityFiles, Validity};
use vocabulary::Date;

use crate::problem::Problem;

/// The name of the cell that a development town is.
pub const CELL: &str = "zhangpu.kunshan";

/// How long the certificates of a development town hold.
pub const VALIDITY: Validity = Validity { from: Date::constant(2012, 1, 1), to: Date::constant(2062, 1, 1) };

/// The document on which the first roster rests.
const ROSTER_DOCUMENT: &str = "张委组〔2026〕1号";

/// The first roster: a person, the post, the role. One person may hold several roles of one post, since four eyes are asked for
/// each step and not for each role.
pub const ROSTER: [(&str, &str, &str); 25] = [
    ("registrar", "OFFICE", "GRANT_REGISTRAR"),
    ("confirmer", "OFFICE", "GRANT_CONFIRMER"),
    ("key-registrar", "OFFICE", "KEY_REGISTRAR"),
    ("key-confirmer", "OFFICE", "KEY_CONFIRMER"),
    ("relay-clerk", "OFFICE", "RELAY_CLERK"),
    ("relay-clerk", "OFFICE", "GRANT_CONFIRMER"),
    ("relay-chief", "OFFICE", "RELAY_CHIEF"),
    ("legal-reviewer", "OFFICE", "LEGAL_REVIEWER"),
    ("hr-officer", "PERSONNEL", "HR_OFFICER"),
    ("enforcement-clerk", "ENFORCEMENT", "RELAY_CLERK"),
    ("enforcement-relay-chief", "ENFORCEMENT", "RELAY_CHIEF"),
    ("enforcement-officer", "ENFORCEMENT", "OFFICER"),
    ("service-clerk", "SERVICE", "INTAKE_CLERK"),
    ("service-relay-clerk", "SERVICE", "RELAY_CLERK"),
    ("service-relay-chief", "SERVICE", "RELAY_CHIEF"),
    ("construction-clerk", "CONSTRUCTION", "RELAY_CLERK"),
    ("construction-relay-chief", "CONSTRUCTION", "RELAY_CHIEF"),
    ("construction-supervisor", "CONSTRUCTION", "SUPERVISOR"),
    ("construction-opinion", "CONSTRUCTION", "OPINION_GIVER"),
    ("economy-opinion", "ECONOMY", "OPINION_GIVER"),
    ("economy-clerk", "ECONOMY", "RELAY_CLERK"),
    ("economy-relay-chief", "ECONOMY", "RELAY_CHIEF"),
    ("social-clerk", "SOCIAL", "RELAY_CLERK"),
    ("social-relay-chief", "SOCIAL", "RELAY_CHIEF"),
    ("mayor", "LEADERS", "HEAD"),
];

/// Identities beside those of the roster's persons.
pub const OTHERS: [&str; 8] = [
    "county/government",
    "county/government-office",
    "county/city-management",
    "county/housing",
    "county/ecology",
    "county/approvals",
    "auditor/county-audit",
    "operator/sysadmin",
];

/// The day on which the first roster begins: every development town begins later.
const ROSTER_FROM: &str = "2012-01-01";

/// The first roster as the setting `office.roster`.
pub fn roster() -> Vec<toml::Value> {
    let entry = |(person, post, role): (&str, &str, &str)| {
        let pairs =
            [("person", person), ("post", post), ("role", role), ("from", ROSTER_FROM), ("document", ROSTER_DOCUMENT)];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), toml::Value::from(value)));
        toml::Value::from(pairs.into_iter().collect::<toml::Table>())
    };
    ROSTER.into_iter().map(entry).collect()
}

/// Reads an identity such as `person/relay-clerk`.
pub fn peer(identity: &str, cell: &Cell) -> Result<Peer, Problem> {
    Peer::parse(&format!("spiffe://{cell}/{identity}"), cell).map_err(|error| {
        let remedy =
            "an identity is person/…, county/…, auditor/…, operator/… or service/…, such as person/relay-clerk";
        Problem::usage(format!("{identity}: {error}"), remedy)
    })
}

/// The names of this machine to itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Makes the certificates that are missing of the identities of a development town.
pub fn identities(folder: &Path, authority: &Authority, cell: &Cell) -> Result<(), Problem> {
    let mut wanted: Vec<_> = ROSTER.iter().map(|(person, _, _)| format!("person/{person}")).collect();
    wanted.extend(OTHERS.map(str::to_owned));
    wanted.dedup();
    for identity in wanted {
        let files = IdentityFiles::in_folder(folder, &identity);
        if !files.are_made() {
            // A department may serve an endpoint of its own on this machine (`townlink relay receive`).
            let serves = identity.starts_with("county/");
            let names = if serves { LOOPBACK.map(str::to_owned).to_vec() } else { Vec::new() };
            issue(&files, authority, &peer(&identity, cell)?, &names)?;
        }
    }
    Ok(())
}

/// Issues one certificate.
pub fn issue(files: &IdentityFiles, authority: &Authority, peer: &Peer, names: &[String]) -> Result<(), Problem> {
    let issued = authority.issue(peer, names, VALIDITY).and_then(|issued| issued.write(files));
    issued.map_err(|error| Problem::failed("the development authority", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identity_can_stand_in_a_certificate() {
        let cell = Cell::parse(CELL).expect("a cell");
        let persons = ROSTER.iter().map(|(person, _, _)| format!("person/{person}"));
        for identity in persons.chain(OTHERS.map(str::to_owned)) {
            assert!(peer(&identity, &cell).is_ok(), "{identity}");
        }
    }

    /// A clerk's work on a paper ends with the chief of the same inbox, who merges, transfers, extends and checks results.
    #[test]
    fn every_inbox_with_a_clerk_has_a_chief_who_is_somebody_else() {
        let holders =
            |role: &'static str| ROSTER.iter().filter(move |it| it.2 == role).map(|(person, post, _)| (*person, *post));
        for (clerk, post) in holders("RELAY_CLERK") {
            let chief = holders("RELAY_CHIEF").find(|(person, of)| *of == post && *person != clerk);
            assert!(chief.is_some(), "{post}");
        }
    }

    #[test]
    fn every_step_of_four_eyes_has_two_persons() {
        for (first, second) in [
            ("GRANT_REGISTRAR", "GRANT_CONFIRMER"),
            ("KEY_REGISTRAR", "KEY_CONFIRMER"),
            ("RELAY_CLERK", "GRANT_CONFIRMER"),
        ] {
            let holders = |role: &str| {
                ROSTER.iter().filter(|it| it.1 == "OFFICE" && it.2 == role).map(|it| it.0).collect::<Vec<_>>()
            };
            assert!(holders(first).iter().any(|one| holders(second).iter().any(|other| one != other)), "{first}");
        }
    }
}
