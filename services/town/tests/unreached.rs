//! Whoever cannot be let in is told why, and is not told to try again.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use runtime::caller::{Cell, Peer};
use runtime::pki::{Authority, IdentityFiles, Validity};
use vocabulary::Date;

use super::{folder, stderr, townlink};

const HOLDS: Validity = Validity { from: Date::constant(2012, 1, 1), to: Date::constant(2062, 1, 1) };

/// A town that runs until the test ends.
pub struct Town {
    child: Child,
    /// Its folder.
    pub folder: tempfile::TempDir,
}

impl Town {
    /// Starts a town with the system's clock and these settings.
    pub fn up(settings: &[(&str, &str)]) -> Self {
        Self::up_in(folder(), settings)
    }

    /// Starts a town in a folder that may hold one already.
    pub fn up_in(folder: tempfile::TempDir, settings: &[(&str, &str)]) -> Self {
        Self::started(folder, settings, &[])
    }

    /// Starts a town whose data is kept on a server, in databases whose names begin like the one in the address.
    pub fn up_on(server: &str, settings: &[(&str, &str)]) -> Self {
        Self::started(folder(), settings, &["--postgres", server])
    }

    fn started(folder: tempfile::TempDir, settings: &[(&str, &str)], options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_townlink"));
        command
            .args(["up", "--ports", "auto", "--until-eof"])
            .args(options)
            .current_dir(folder.path())
            .stdin(Stdio::piped());
        command.envs(settings.iter().copied()).env("TOWNLINK__OPERATIONS__LISTEN", "off");
        let log = std::fs::File::create(folder.path().join("up.log")).expect("a file");
        command.stdout(Stdio::null()).stderr(log);
        let mut town = Self { child: command.spawn().expect("the program runs"), folder };
        let begun = Instant::now();
        while !town.data().join("ready.json").exists() {
            let ended = town.child.try_wait().expect("a child can be asked");
            let log = std::fs::read_to_string(town.folder.path().join("up.log")).unwrap_or_default();
            assert!(ended.is_none() && begun.elapsed() < Duration::from_secs(60), "{ended:?} {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
        town
    }

    /// Its data directory.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("townlink-data")
    }

    /// Ends the town and gives its folder.
    pub fn end(mut self) -> tempfile::TempDir {
        drop(self.child.stdin.take());
        self.child.wait().expect("it ends");
        std::mem::replace(&mut self.folder, folder())
    }

    /// Rewrites what its clients read.
    pub fn rewrite(&self, change: impl FnOnce(&mut serde_json::Value)) {
        let file = self.data().join("ready.json");
        let mut ready = serde_json::from_slice(&std::fs::read(&file).expect("there")).expect("JSON");
        change(&mut ready);
        std::fs::write(file, ready.to_string()).expect("written");
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Replaces the certificate of an identity.
pub fn replace(data: &Path, identity: &str, authority: &Authority, cell: &Cell, names: &[&str], validity: Validity) {
    let peer = Peer::parse(&format!("spiffe://{cell}/{identity}"), cell).expect("an identity");
    let file = identity.strip_prefix("service/").unwrap_or(identity);
    let files = IdentityFiles::in_folder(&data.join("pki"), file);
    for file in [&files.certificate, &files.key] {
        std::fs::remove_file(file).expect("it was there");
    }
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    authority.issue(&peer, &names, validity).expect("issued").write(&files).expect("written");
}

/// The cell of a town under test.
pub fn cell() -> Cell {
    Cell::parse("zhangpu.kunshan").expect("a cell")
}

/// A port on which somebody answers every connection with these bytes.
pub fn stranger(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else { return };
            let mut asked = [0; 1024];
            let _ = connection.read(&mut asked).and_then(|_| connection.write_all(answer));
        }
    });
    port
}

#[test]
fn a_wrong_certificate_is_named_with_its_reason() {
    let town = Town::up(&[]);
    let own = Authority::open(&town.data().join("pki"), &cell()).expect("the authority");
    let foreign = Authority::create(&town.folder.path().join("foreign"), &cell(), HOLDS).expect("made");
    let past = Validity { to: Date::constant(2020, 1, 1), ..HOLDS };
    let future = Validity { from: Date::constant(2060, 1, 1), ..HOLDS };
    for (authority, validity, rule, reason) in [
        (&foreign, HOLDS, "DR-CERT-AUTHORITY", "is of an authority that is not trusted: CN=zhangpu.kunshan"),
        (&own, past, "DR-CERT-EXPIRED", "is expired since 2020-01-01"),
        (&own, future, "DR-CERT-NOT-YET-VALID", "is not valid yet, but from 2060-01-01"),
    ] {
        replace(&town.data(), "auditor/county-audit", authority, &cell(), &[], validity);
        let output = townlink(town.folder.path(), &["key", "list"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(rule) && said.contains(reason) && said.contains("county-audit.pem"), "{said}");
        assert!(!said.contains("try again"), "{said}");
    }
}

#[test]
fn a_wrong_address_is_named() {
    let town = Town::up(&[]);
    let ports = [stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n"), stranger(b"SSH-2.0-OpenSSH_9.9\r\n")];
    for port in ports {
        town.rewrite(|ready| ready["services"][1]["address"] = format!("127.0.0.1:{port}").into());
        let output = townlink(town.folder.path(), &["key", "list"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("DR-PORT") && said.contains(&port.to_string()) && !said.contains("try again"), "{said}");
    }
    // The office answers where the gateway was called.
    town.rewrite(|ready| ready["services"][1]["address"] = ready["services"][0]["address"].clone());
    let output = townlink(town.folder.path(), &["key", "list"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("DR-CERT-IDENTITY") && said.contains("zhangpu.kunshan/service/office"), "{said}");
    let told = stderr(&townlink(town.folder.path(), &["--json", "key", "list"]));
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((&told["error"]["kind"], &told["error"]["rule"]), (&"unreached".into(), &"DR-CERT-IDENTITY".into()));
}
