//! `townlink verify`: checks a receipt, a proof or an exported log with nothing but public keys. Needs no town.

use std::path::{Path, PathBuf};

use clap::Args;
use runtime::log::{
    Checkpoint, DirectoryFiles, Fault, InclusionProof, LogReport, Receipt, VerifierKey, exported_keys, match_receipt,
    verify_log, verify_proof, verify_receipt,
};
use runtime::signing::{Algorithm, PublicKey};
use serde_json::{Value, json};
use vocabulary::Timestamp;
use vocabulary::time::format_instant;

use crate::cli::Context;
use crate::files::at_file;
use crate::problem::Problem;

const EXAMPLES: &str = "\
FILE is a receipt (its signature beside it, in FILE.sig), or a proof. A directory is an exported log, or a folder of \
several. Keys that lie beside a log show only that the copy agrees with itself: bring the keys from elsewhere.

Examples:
  townlink verify receipt.json --key receipt-key.pem
  townlink verify receipt.json --key receipt-key.pem --proof proof.json --key gateway.vkey
  townlink verify proof.json --key gateway.vkey
  townlink verify exported/gateway --key gateway.vkey
  townlink verify exported/gateway --key gateway.vkey --earlier checkpoint-of-last-year";

/// Check a receipt, a proof or an exported log, offline.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Verify {
    /// A receipt, a proof, or the directory of an exported log
    path: PathBuf,
    /// A public key to trust: SPKI PEM (*.pem) or a verifier key of a log (*.vkey); may be given several times
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// The signature of a receipt, DER
    #[arg(long, value_name = "FILE", help = "The signature of a receipt, DER [default: FILE.sig]")]
    signature: Option<PathBuf>,
    /// The proof that the leaf of the receipt is in the log
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// A checkpoint kept from before, which the log must continue
    #[arg(long, value_name = "FILE")]
    earlier: Option<PathBuf>,
}

/// The keys that the command names.
#[derive(Default)]
struct Keys {
    plain: Vec<PublicKey>,
    log: Vec<VerifierKey>,
}

/// Runs the command.
pub fn run(command: &Verify, context: &Context) -> Result<(), Problem> {
    let keys = read_keys(&command.keys)?;
    let found = if command.path.is_dir() { logs(command, &keys)? } else { file(command, &keys)? };
    let text = found.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
    let values: Vec<_> = found.into_iter().map(|(value, _)| value).collect();
    context.output.value(&json!({ "verified": values }), || text)
}

fn read_keys(files: &[PathBuf]) -> Result<Keys, Problem> {
    let mut keys = Keys::default();
    for file in files {
        let text = at_file(file, std::fs::read_to_string(file))?;
        let remedy = "name an SPKI PEM public key, or a verifier key <name>+<hash>+<base64>";
        let wrong = |error: &dyn std::fmt::Display| Problem::usage(format!("{}: {error}", file.display()), remedy);
        if text.contains("-----BEGIN") {
            keys.plain.push(PublicKey::from_pem(&text).map_err(|error| wrong(&error))?);
        } else {
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                keys.log.push(line.parse().map_err(|error| wrong(&error))?);
            }
        }
    }
    Ok(keys)
}

fn file(command: &Verify, keys: &Keys) -> Result<Vec<(Value, String)>, Problem> {
    let bytes = at_file(&command.path, std::fs::read(&command.path))?;
    if InclusionProof::parse(&bytes).is_ok() {
        return Ok(vec![proof(&command.path, &bytes, keys)?.1]);
    }
    if let Err(error) = Receipt::parse(&bytes) {
        return Err(damaged(&command.path, &error, "name a receipt or a proof as the town gave it; ask for it again"));
    }
    let sig = command.signature.clone().unwrap_or_else(|| command.path.with_added_extension("sig"));
    let signature = at_file(&sig, std::fs::read(&sig))?;
    let receipt = receipt(&bytes, &signature, keys)?;
    let mut found = vec![told_receipt(&receipt)?];
    if let Some(file) = &command.proof {
        let bytes = at_file(file, std::fs::read(file))?;
        let (proof, told) = proof(file, &bytes, keys)?;
        match_receipt(&receipt, &proof)?;
        found.push(told);
    }
    Ok(found)
}

/// A receipt is signed by one key; where several are given, the one that fits is enough.
fn receipt(bytes: &[u8], signature: &[u8], keys: &Keys) -> Result<Receipt, Problem> {
    let usable = keys.plain.iter().filter(|key| key.algorithm() == Algorithm::Sm2Sm3);
    let mut fault = None;
    for key in usable {
        match verify_receipt(bytes, signature, key) {
            Ok(receipt) => return Ok(receipt),
            Err(found) => fault = Some(found),
        }
    }
    Err(fault.map_or_else(
        || Problem::usage("no SM2 key was given to check a receipt with", "name it: --key receipt-key.pem"),
        Problem::from,
    ))
}

fn told_receipt(receipt: &Receipt) -> Result<(Value, String), Problem> {
    let time = Timestamp::from_microsecond(receipt.time_us).map_err(|error| Problem::failed("receipt", error))?;
    let time = format_instant(time);
    let digest = hex::encode(receipt.digest);
    let value = json!({
        "what": "receipt", "type": receipt.receipt_type.to_string(), "messageId": receipt.message_id, "digest": digest,
        "time": time, "keyId": receipt.key_id, "mode": receipt.mode.to_string(), "leafHash": receipt.leaf_hash.to_string(),
    });
    let text = format!(
        "receipt verifies: {} of paper {} at {time}, key {}, {}\n  payload SM3 {digest}\n  leaf        {} in {}",
        receipt.receipt_type, receipt.message_id, receipt.key_id, receipt.mode, receipt.leaf_hash, receipt.log_origin,
    );
    Ok((value, text))
}

fn proof(file: &Path, bytes: &[u8], keys: &Keys) -> Result<(InclusionProof, (Value, String)), Problem> {
    let remedy = "name the verifier key of the log: --key gateway.vkey";
    if keys.log.is_empty() && keys.plain.is_empty() {
        return Err(Problem::usage("no key was given to check a proof with", remedy));
    }
    let head = InclusionProof::parse(bytes)
        .map_err(|error| damaged(file, &error, "name a proof file, as `townlink relay proof` writes it"))?;
    let proof = verify_proof(bytes, &named(keys, &head.log_origin))?;
    let value = json!({
        "what": "proof", "leafHash": proof.leaf_hash.to_string(), "index": proof.index, "size": proof.size,
        "logOrigin": proof.log_origin.to_string(),
    });
    let text = format!(
        "proof verifies: leaf {} is entry {} of {} in {}",
        proof.leaf_hash, proof.index, proof.size, proof.log_origin,
    );
    Ok((proof, (value, text)))
}

/// A file that is not what was signed, however far it is from that.
fn damaged(file: &Path, fault: &dyn std::fmt::Display, remedy: &'static str) -> Problem {
    Problem::Unverified(Fault { place: file.display().to_string(), fault: fault.to_string(), remedy })
}

/// The keys under the name of one log. A PEM key has no name and is taken under any.
fn named(keys: &Keys, origin: &runtime::log::Origin) -> Vec<VerifierKey> {
    let plain = keys.plain.iter().map(|key| VerifierKey::new(origin.clone(), key.clone()));
    keys.log.iter().cloned().chain(plain).collect()
}

fn logs(command: &Verify, keys: &Keys) -> Result<Vec<(Value, String)>, Problem> {
    let mut folders = Vec::new();
    if command.path.join("checkpoint").is_file() {
        folders.push(command.path.clone());
    } else {
        for entry in at_file(&command.path, std::fs::read_dir(&command.path))? {
            let folder = at_file(&command.path, entry)?.path();
            if folder.join("checkpoint").is_file() {
                folders.push(folder);
            }
        }
    }
    folders.sort();
    if folders.is_empty() {
        let remedy = "name a directory that `townlink log export` wrote";
        return Err(Problem::usage(format!("{} holds no exported log", command.path.display()), remedy));
    }
    folders.iter().map(|folder| one_log(folder, command, keys)).collect()
}

fn one_log(folder: &Path, command: &Verify, keys: &Keys) -> Result<(Value, String), Problem> {
    let files = DirectoryFiles(folder.to_owned());
    let own = keys.log.is_empty() && keys.plain.is_empty();
    let trusted = if own {
        exported_keys(&files)?
    } else {
        let note = at_file(folder, std::fs::read(folder.join("checkpoint")))?;
        let head = Checkpoint::parse_unverified(&note)
            .map_err(|error| damaged(&folder.join("checkpoint"), &error, "export the log again"))?;
        named(keys, &head.origin)
    };
    let earlier = match &command.earlier {
        None => None,
        Some(file) => {
            let note = at_file(file, std::fs::read(file))?;
            let opened = Checkpoint::open(&note, &trusted)
                .map_err(|error| damaged(file, &error, "name a checkpoint of this log"))?;
            Some(opened.checkpoint)
        }
    };
    let report = verify_log(&files, &trusted, earlier.as_ref())?;
    Ok(told_log(folder, &report, own))
}

fn told_log(folder: &Path, report: &LogReport, own_keys: bool) -> (Value, String) {
    let signed_by: Vec<_> = report.signed_by.iter().map(|key| key.key().algorithm().to_string()).collect();
    let value = json!({
        "what": "log", "folder": folder.display().to_string(), "logOrigin": report.origin.to_string(), "size": report.size,
        "root": report.root.to_base64(), "signedBy": signed_by, "tiles": report.tiles, "continues": report.continues,
        "keysFromCopy": own_keys,
    });
    let mut text = format!(
        "log verifies: {} has {} entries, every one read; root {}\n  signed with {}; {} tiles compared",
        report.origin,
        report.size,
        report.root.to_base64(),
        signed_by.join(" and "),
        report.tiles,
    );
    if let Some(size) = report.continues {
        text.push_str(&format!("\n  it continues the earlier checkpoint of {size} entries"));
    }
    if own_keys {
        text.push_str("\n  with the keys of the copy itself, which shows that it agrees with itself and no more: bring keys with --key");
    }
    (value, text)
}
