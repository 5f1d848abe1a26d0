//! Papers of one county department, composed and signed before the clock starts.

use std::num::NonZero;

use anyhow::{Context as _, Result, ensure};
use runtime::signing::{Algorithm, PublicKey, Signature};
use townlink_proto::townlink::gateway::v1::IssuePaperRequest;

use crate::bench::bare::crypto::Signed;
use crate::bench::town::Town;
use crate::paper::{Key, Paper};

/// The department that issues the papers.
pub const SENDER: &str = "government-office";

/// Its identity.
pub const IDENTITY: &str = "county/government-office";

/// Its full name.
const ISSUER: &str = "昆山市人民政府办公室";

/// To whom it writes: one inbox, the office's.
const ADDRESSEE: &str = "张浦镇人民政府";

/// The algorithms that a paper may be signed with.
pub const ALGORITHMS: [Algorithm; 2] = [Algorithm::Sm2Sm3, Algorithm::Ed25519];

/// Makes a key of an algorithm and registers it, by two persons of the office.
///
/// # Errors
/// Where the town does not take it.
pub fn register(town: &Town, algorithm: Algorithm) -> Result<Key> {
    let (name, kind) = match algorithm {
        Algorithm::Sm2Sm3 => ("bench-sm2", "sm2"),
        Algorithm::Ed25519 => ("bench-ed25519", "ed25519"),
    };
    town.ask("person/key-registrar", &["key", "generate", name, "--algorithm", kind])?;
    let owner = ["--owner", IDENTITY, "--issuer", ISSUER, "--from", "2026-03-02", "--document", "昆政办函〔2026〕1号"];
    town.ask("person/key-registrar", &[&["key", "register", name], owner.as_slice()].concat())?;
    town.ask("person/key-confirmer", &["key", "confirm", name])?;
    let pem = std::fs::read_to_string(town.data_dir().join("keys").join(format!("{name}.key")))?;
    Ok(Key::of_pem(name, &pem))
}

/// Composes and signs papers, on every core.
///
/// # Errors
/// Where a thread fails.
pub fn make(key: &Key, count: usize, serial: &mut u32) -> Result<Vec<IssuePaperRequest>> {
    let first = *serial;
    *serial += u32::try_from(count)?;
    let numbers: Vec<u32> = (first..*serial).collect();
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = count.div_ceil(threads).max(1);
    let papers = std::thread::scope(|scope| {
        let running: Vec<_> = numbers
            .chunks(share)
            .map(|numbers| {
                scope.spawn(move || numbers.iter().map(|number| paper(*number).sign(key)).collect::<Vec<_>>())
            })
            .collect();
        running.into_iter().map(|thread| thread.join().ok().context("a thread panicked")).collect::<Result<Vec<_>>>()
    })?;
    Ok(papers.concat())
}

/// An ordinary notice.
fn paper(number: u32) -> Paper {
    Paper::new(SENDER, ISSUER, ADDRESSEE)
        .with("docNo", format!("昆政办发〔2026〕{number}号"))
        .with("title", format!("昆山市人民政府办公室关于做好第{number}批下放权力事项承接工作的通知"))
        .with("urgency", "加急")
        .with("due", "2026-03-09")
        .with("actionClass", "阅办")
}

/// What one check of a paper's signature works on.
///
/// # Errors
/// Where the paper has not exactly one signature.
pub fn signed(key: &Key, paper: &IssuePaperRequest) -> Result<Signed> {
    ensure!(paper.signatures.len() == 1, "a paper of the benchmark has one signature");
    let public: PublicKey = key.signer.public_key().clone();
    let signature = Signature {
        key_id: key.id.clone(),
        algorithm: key.signer.algorithm(),
        value: paper.signatures[0].value.to_vec(),
    };
    Ok(Signed { key: public, message: paper.payload.to_vec(), signature })
}
