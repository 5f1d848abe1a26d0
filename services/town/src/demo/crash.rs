//! The machine fails after an acceptance: nothing that was acknowledged is lost.

use serde_json::Value;

use super::grant::{delivered, short};
use super::stage::Stage;
use crate::problem::Problem;

/// The setting by which the dispatcher holds every delivery.
const HOLD: (&str, &str) = ("TOWNLINK__GATEWAY__DISPATCHER_HOLD", "true");

/// Kills the town while accepted papers wait, starts it again, and asks for every paper that was ever acknowledged.
pub fn crash(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("SIGKILL after an acceptance: what was acknowledged is there (断电不丢)")?;
    stage.stop()?;
    stage.tell(
        "The town is started again with its dispatcher held, so that papers are accepted and not yet delivered.",
    )?;
    stage.start(&[HOLD], &[])?;
    let first = stage.issued(
        "townlink --as county/government-office relay issue --number 昆政办发〔2026〕22号 --title 关于做好防汛工作的通知 --action 阅办",
    )?;
    let second = stage.issued(
        "townlink --as county/city-management relay issue --number 昆城管〔2026〕9号 --title 关于商请提供沿街商户名单的函 --type 函 \
         --to 建设与管理局 --action 阅办",
    )?;
    let waiting = stage.accepted(&format!("townlink --as county/government-office relay show {}", short(&first)))?;
    let queued = waiting.list("/deliveries").iter().any(|delivery| delivery["state"] == "DELIVERY_STATE_QUEUED");
    stage.check(queued, "the delivery waits")?;
    stage.tell("")?;
    stage.kill()?;
    stage.tell("The machine is back, and the dispatcher runs.")?;
    stage.start(&[], &[])?;
    delivered(stage, "county/government-office", &first)?;
    delivered(stage, "county/city-management", &second)?;
    let all = stage.acknowledged().to_vec();
    for paper in &all {
        let answer = stage.look(&format!("townlink --as {} relay show {}", paper.identity, paper.id))?;
        let receipt = answer.list("/receipts").iter().find(|receipt| receipt["type"] == "RECEIPT_TYPE_RECEIVED");
        let content = receipt.map_or(&Value::Null, |receipt| &receipt["content"]);
        stage.check(*content == paper.receipt, &format!("paper {} is there, its receipt byte for byte", paper.id))?;
    }
    stage.tell(&format!(
        "\nEvery id ever acknowledged was asked for: {0} of {0} are there, each receipt byte for byte.",
        all.len()
    ))
}
