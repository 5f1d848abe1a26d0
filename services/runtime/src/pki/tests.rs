//! Keys and certificates that were made can be used, and are kept as they should be.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::caller::Peer;

const VALIDITY: Validity =
    Validity { from: vocabulary::Date::constant(2012, 1, 1), to: vocabulary::Date::constant(2062, 1, 1) };

fn cell() -> Cell {
    Cell::parse("zhangpu.kunshan").expect("a cell")
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("the file is there").permissions().mode() & 0o777
}

#[test]
fn a_development_cell_is_made_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let office = ServiceName("office");
    develop(folder.path(), &cell(), &[office], VALIDITY).expect("made");
    let keys = ServiceKeyFiles::in_folder(folder.path(), office);
    let secrets = [
        &keys.caller,
        &keys.log_ed25519,
        &keys.log_sm2,
        &folder.path().join("office.key"),
        &folder.path().join("authority.key"),
    ];
    for secret in secrets {
        assert_eq!(mode(secret), 0o600, "{}", secret.display());
    }
    assert_eq!(mode(&public_half(&keys.caller)), 0o644);
    let before: Vec<_> = secrets.iter().map(|secret| std::fs::read(secret).expect("read")).collect();
    develop(folder.path(), &cell(), &[office, ServiceName("gateway")], VALIDITY).expect("completed");
    let after: Vec<_> = secrets.iter().map(|secret| std::fs::read(secret).expect("read")).collect();
    assert_eq!(before, after, "what exists is left alone");
    assert!(folder.path().join("gateway.pem").exists());
    let drafts = std::fs::read_dir(folder.path()).expect("a folder").filter_map(Result::ok);
    assert_eq!(drafts.filter(|file| file.file_name().to_string_lossy().ends_with(".part")).count(), 0);
}

#[test]
fn what_a_killed_start_left_is_completed() {
    let folder = tempfile::tempdir().expect("a folder");
    let office = ServiceName("office");
    let make = || develop(folder.path(), &cell(), &[office], VALIDITY).map(|_| ());
    make().expect("made");
    let keys = ServiceKeyFiles::in_folder(folder.path(), office);
    // Each is the file that a start writes second.
    let second = [&keys.caller, &keys.log_ed25519, &keys.log_sm2, &folder.path().join("office.pem")];
    for killed_before in second {
        std::fs::remove_file(killed_before).expect("removed");
        make().unwrap_or_else(|error| panic!("{}: {error}", killed_before.display()));
        assert!(killed_before.exists());
    }
    let key = std::fs::read(&keys.log_sm2).expect("a key");
    let public = std::fs::read(public_half(&keys.log_sm2)).expect("its public half");
    std::fs::remove_file(public_half(&keys.log_sm2)).expect("removed");
    make().expect("made from the key");
    assert_eq!(std::fs::read(public_half(&keys.log_sm2)).expect("read"), public);
    assert_eq!(std::fs::read(&keys.log_sm2).expect("read"), key);
    let identity = IdentityFiles::in_folder(folder.path(), "office");
    assert!(server_config(&folder.path().join("authority.pem"), &identity).is_ok());

    let first = tempfile::tempdir().expect("a folder");
    files::write_secret(&first.path().join("authority.key"), b"left alone").expect("written");
    develop(first.path(), &cell(), &[office], VALIDITY).expect("the authority is made again");
}

#[test]
fn a_key_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.key");
    files::write_secret(&path, b"one").expect("written");
    assert!(matches!(files::write_secret(&path, b"two"), Err(PkiError::Exists(_))));
    assert_eq!(std::fs::read(&path).expect("read"), b"one");
}

#[test]
fn a_certificate_carries_one_identity() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::create(folder.path(), &cell(), VALIDITY).expect("an authority");
    for id in ["service/office", "county/housing", "person/li"] {
        let peer = Peer::parse(&format!("spiffe://zhangpu.kunshan/{id}"), &cell()).expect("an identity");
        let issued =
            authority.issue(&peer, &["town.example".to_owned(), "10.0.0.7".to_owned()], VALIDITY).expect("issued");
        let der = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).expect("a certificate");
        assert_eq!(Peer::of_certificate(&der, &cell()), Ok(peer.clone()));
        let elsewhere = Cell::parse("bacheng.kunshan").expect("a cell");
        assert_eq!(Peer::of_certificate(&der, &elsewhere), Err(crate::caller::PeerError::ForeignCell));
    }
    let nameless = CertificateDer::pem_file_iter(authority.certificate()).expect("a file").next();
    let nameless = nameless.expect("one").expect("a certificate");
    assert_eq!(Peer::of_certificate(&nameless, &cell()), Err(crate::caller::PeerError::NotOneId));
}

#[test]
fn files_that_do_not_go_together_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = [ServiceName("office"), ServiceName("gateway")];
    let authority = develop(folder.path(), &cell(), &names, VALIDITY).expect("made");
    let office = IdentityFiles::in_folder(folder.path(), "office");
    assert!(server_config(authority.certificate(), &office).is_ok());
    assert!(client_config(authority.certificate(), &office).is_ok());
    let mixed = IdentityFiles { key: folder.path().join("gateway.key"), ..office.clone() };
    let fault = client_config(authority.certificate(), &mixed).expect_err("mixed").to_string();
    assert!(fault.contains("office.pem: does not go with") && fault.contains("gateway.key"), "{fault}");
    let absent = IdentityFiles { key: folder.path().join("none.key"), ..office.clone() };
    assert!(client_config(authority.certificate(), &absent).expect_err("absent").to_string().contains("none.key"));
    let fault = client_config(&office.key, &office).expect_err("a key is no authority").to_string();
    assert!(fault.contains("office.key: holds no certificate"), "{fault}");
}
