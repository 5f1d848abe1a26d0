//! The two tables, and what they say of a method and a player.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use prost::Message as _;
use prost_types::FileDescriptorSet;
use tests::town::SERVICES;

use super::cast::Player;

/// What the tables say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The call reaches the method.
    Admitted,
    /// The call is refused with this code.
    Denied(String),
}

/// One row of `access_methods.csv`.
#[derive(Clone, Debug)]
pub struct Method {
    /// The service at which the method is called; `-` where no service of this program serves it yet.
    pub service: String,
    /// The act that it performs, by the words of the specification.
    pub act: String,
    /// Whether the client sends a stream.
    pub client_streaming: bool,
    /// Whether the server sends a stream.
    pub server_streaming: bool,
    name: String,
    roles: Vec<String>,
    services: Vec<String>,
}

impl Method {
    /// The path by which it is called.
    pub fn path(&self) -> String {
        format!("/{}", self.name)
    }

    /// The name without its package and contract, such as `IssuePaper`.
    pub fn verb(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}

/// The two tables.
pub struct Matrix {
    /// Act → column → cell.
    pub acts: BTreeMap<String, HashMap<String, String>>,
    /// Every method at every service that serves it.
    pub methods: Vec<Method>,
}

impl Matrix {
    /// Reads both tables.
    pub fn read() -> Self {
        let acts =
            rows("access_matrix.csv").into_iter().map(|mut row| (row.remove("act").unwrap_or_default(), row)).collect();
        let contracts = contracts();
        let method = |row: HashMap<String, String>| {
            let name = row["method"].clone();
            let streams =
                contracts.iter().find(|(path, _, _)| path[1..] == name).map(|(_, client, server)| (*client, *server));
            let (client_streaming, server_streaming) = streams.unwrap_or_default();
            let words = |column: &str| {
                row[column].split(['/', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
            };
            let (service, act) = (row["service"].clone(), row["act"].clone());
            Method {
                service,
                act,
                client_streaming,
                server_streaming,
                name,
                roles: words("roles"),
                services: words("services"),
            }
        };
        Self { acts, methods: rows("access_methods.csv").into_iter().map(method).collect() }
    }

    /// The methods at the services that run. A contract that services to come will serve has its rows already.
    pub fn served(&self) -> impl Iterator<Item = &Method> {
        self.methods.iter().filter(|method| SERVICES.contains(&method.service.as_str()))
    }

    /// What becomes of a call of this method by this player. The act is asked for before the role.
    pub fn expected(&self, method: &Method, player: &Player) -> Expected {
        let cell = &self.acts[&method.act][player.column];
        let code = cell.split(' ').find(|word| word.starts_with("OV-") || word.starts_with("RE-"));
        let denied = |code: &str| Expected::Denied(code.to_owned());
        match code {
            Some(code) => denied(code),
            None if cell == "named" && !method.services.iter().any(|named| player.is_service(named)) => {
                denied("OV-ACCESS")
            }
            None if !method.roles.is_empty() && !method.roles.iter().any(|role| player.holds(role)) => {
                denied("OV-NO-ROLE")
            }
            None => Expected::Admitted,
        }
    }
}

fn rows(file: &str) -> Vec<HashMap<String, String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(|row| row.unwrap_or_else(|error| panic!("{}: {error}", path.display()))).collect()
}

/// What departments of the county serve and the town calls: no principal of the town can come there.
const SERVED_BY_THE_COUNTY: &str = "townlink.county.";

/// Every method of the contracts that the town serves: its path, and whether client and server send streams.
pub fn contracts() -> Vec<(String, bool, bool)> {
    let set = FileDescriptorSet::decode(townlink_proto::DESCRIPTOR_SET).expect("the contracts are described");
    let mut found = Vec::new();
    for file in set.file.iter().filter(|file| file.package().starts_with("townlink.")) {
        if file.package().starts_with(SERVED_BY_THE_COUNTY) {
            continue;
        }
        for service in &file.service {
            found.extend(service.method.iter().map(|method| {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                (path, method.client_streaming(), method.server_streaming())
            }));
        }
    }
    found
}
