//! The log and a receipt, checked offline: the town is gone by then.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::grant::short;
use super::stage::Stage;
use crate::problem::Problem;

/// Saves everything that a stranger needs, ends the town, and checks.
pub fn offline(stage: &mut Stage, grant: &str) -> Result<(), Problem> {
    stage.chapter("A stranger checks it, with the town gone (离线验证)")?;
    stage.tell(
        "What the county keeps: the receipt, the proof that its leaf is in the town's log, and the log itself.",
    )?;
    let id = short(grant);
    stage.accepted(&format!("townlink --as county/government relay receipt {id} -o receipt.json"))?;
    stage.accepted(&format!("townlink --as county/government relay proof {id} -o proof.json"))?;
    stage.accepted("townlink log export exported")?;
    let key = receipt_key(stage)?;
    stage.accepted(&format!("townlink key export {key} -o receipt-key.pem"))?;
    stage.stop()?;
    stage.tell("\nThe town has ended. Only files and public keys are left.")?;
    stage.accepted(
        "townlink verify receipt.json --proof proof.json --key receipt-key.pem --key exported/gateway/keys/sm2.vkey \
         --key exported/gateway/keys/ed25519.vkey",
    )?;
    let logs = stage.accepted("townlink verify exported")?;
    stage.check(logs.list("/verified").len() == 2, "the logs of both services verify")?;
    stage.tell("\nThe receipt made a second younger:")?;
    stage
        .shell("sed 's/:00.000000Z/:01.000000Z/' receipt.json > forged.json && cp receipt.json.sig forged.json.sig")?;
    stage.unverified("townlink verify forged.json --key receipt-key.pem", "signature")?;
    stage.tell(
        "\nNone of this needs our program: OpenSSL checks the receipt (SM2, id 1234567812345678), and any C2SP client the log.\n\
         \x20 openssl pkeyutl -verify -pubin -inkey receipt-key.pem -rawin -digest sm3 \\\n\
         \x20     -pkeyopt distid:1234567812345678 -in receipt.json -sigfile receipt.json.sig",
    )
}

/// The name of the key that signed the receipts, as the first receipt names it.
fn receipt_key(stage: &mut Stage) -> Result<String, Problem> {
    let content = stage.acknowledged().first().map(|paper| paper.receipt.clone()).unwrap_or_default();
    let bytes = content.as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let content: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let key = content["keyId"].as_str().unwrap_or_default().to_owned();
    stage.check(!key.is_empty(), "the receipt names its key")?;
    Ok(key)
}
