//! Who plays: one for each principal of overview.md §1.4, with and without the roles of §1.7.

use std::path::Path;

use runtime::caller::Cell;
use runtime::pki::IdentityFiles;
use tests::act::Act;
use tests::clients::{CELL, certify, foreign_authority};
use tests::paper::Key;
use tests::setup::{self, GOVERNMENT, TODAY};
use tests::town::Town;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use townlink_proto::townlink::office::v1 as office;

/// The roles that methods ask for, by the post that carries them (§1.7; every institution works its own inbox), and a role of
/// each post that no method asks for.
const POSTS: [(&str, &[&str], &str); 9] = [
    ("LEADERS", &[], "HEAD"),
    (
        "OFFICE",
        &["GRANT_REGISTRAR", "GRANT_CONFIRMER", "KEY_REGISTRAR", "KEY_CONFIRMER", "RELAY_CLERK"],
        "LEGAL_REVIEWER",
    ),
    ("SERVICE", &["RELAY_CLERK"], "INTAKE_CLERK"),
    ("ENFORCEMENT", &["RELAY_CLERK"], "OFFICER"),
    ("PERSONNEL", &["RELAY_CLERK", "HR_OFFICER"], "OPINION_GIVER"),
    ("FINANCE", &["RELAY_CLERK"], "LEDGER"),
    ("ECONOMY", &["RELAY_CLERK"], "STATISTICIAN"),
    ("CONSTRUCTION", &["RELAY_CLERK"], "SUPERVISOR"),
    ("SOCIAL", &["RELAY_CLERK"], "SUPERVISOR"),
];

/// One who calls.
pub struct Player {
    /// The identity.
    pub name: String,
    /// The column of the matrix.
    pub column: &'static str,
    /// The certificate.
    pub files: IdentityFiles,
    roles: Vec<&'static str>,
}

impl Player {
    /// Whether he holds a role.
    pub fn holds(&self, role: &str) -> bool {
        self.roles.contains(&role)
    }

    /// Whether it is that service.
    pub fn is_service(&self, name: &str) -> bool {
        self.name.strip_prefix("service/") == Some(name)
    }
}

/// All who play.
pub struct Cast {
    /// The players.
    pub players: Vec<Player>,
}

impl Cast {
    /// Issues the certificates, fills the posts, registers the key of the registered sender.
    pub async fn of(town: &Town) -> Self {
        let mut players = Vec::new();
        let mut play = |name: String, column, roles: &[&'static str]| {
            town.clients.issue(&name);
            players.push(Player { files: town.clients.files(&name), name, column, roles: roles.to_vec() });
        };
        for (post, needed, other) in POSTS {
            let with = format!("person/all-of-{}", post.to_lowercase());
            let without = format!("person/other-of-{}", post.to_lowercase());
            if !needed.is_empty() {
                play(with.clone(), post, needed);
            }
            play(without.clone(), post, &[other]);
            for role in needed {
                assign(town, &with, post, role).await;
            }
            assign(town, &without, post, other).await;
        }
        play("person/of-no-post".to_owned(), "UNASSIGNED", &[]);
        play("county/government".to_owned(), "COUNTY", &[]);
        play("county/veterans".to_owned(), "UNREGISTERED", &[]);
        play("citizen/zhang-san".to_owned(), "CITIZEN", &[]);
        play("auditor/county-audit".to_owned(), "AUDITOR", &[]);
        play("operator/sysadmin".to_owned(), "OPERATOR", &[]);
        play("service/office".to_owned(), "A-SERVICE", &[]);
        play("service/gateway".to_owned(), "A-SERVICE", &[]);
        play("service/finance".to_owned(), "A-SERVICE", &[]);
        play("service/archive".to_owned(), "A-SERVICE", &[]);
        setup::register_key(&town.clients, "county/government", &Key::sm2("government-2026"), &[GOVERNMENT]).await;
        Self { players }
    }
}

async fn assign(town: &Town, identity: &str, post: &str, role: &str) {
    let assignment = office::Assignment {
        person: identity.trim_start_matches("person/").to_owned(),
        post: post.to_owned(),
        role: role.to_owned(),
        from: Some(TODAY),
        document_number: "张委组〔2026〕7号".to_owned(),
        ..Default::default()
    };
    let request = office::AssignRoleRequest { request_id: setup::request_id(), assignment: Some(assignment) };
    let path = "/townlink.office.v1.RosterService/AssignRole";
    let _: office::Assignment = Act::new(&town.clients, "person/hr-officer", path, &request).insist().await.reply();
}

/// The office's own identity, of another cell, by the town's authority.
pub fn of_another_cell(town: &Town) -> IdentityFiles {
    let files = IdentityFiles::in_folder(town.scratch(), "another-cell");
    town.clients.issue_for("bacheng.kunshan", "service/office", &files);
    files
}

/// The office's own identity, by an authority that the town does not know.
pub fn of_another_authority(town: &Town) -> IdentityFiles {
    let folder: &Path = &town.scratch().join("another-authority");
    let cell = Cell::parse(CELL).expect("a cell");
    let files = IdentityFiles::in_folder(folder, "office");
    certify(&foreign_authority(folder, &cell), &cell, "service/office", &files);
    files
}

/// A client that shows no certificate.
pub fn without_certificate(town: &Town, service: &str) -> Channel {
    let authority =
        std::fs::read_to_string(town.clients.pki().join("authority.pem")).expect("the authority of the town");
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority)).domain_name("localhost");
    let endpoint = Endpoint::from_shared(format!("https://{}", town.clients.address(service))).expect("an address");
    endpoint.tls_config(tls).expect("TLS without a certificate").connect_lazy()
}
