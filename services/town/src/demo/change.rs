//! What changes afterwards: the province's decision, and a withdrawal.

use super::grant::{FROM, PENALTY, receipt, worked};
use super::stage::Stage;
use crate::problem::Problem;

/// The number of the paper by which the county forwards the province's decision.
const FORWARDED: &str = "昆政发〔2026〕6号";

/// The number of the province's decision.
const DECISION: &str = "苏政发〔2026〕3号";

/// The number of the document that takes a power back.
const WITHDRAWAL: &str = "昆政发〔2026〕9号";

/// A penalty power needs the province's published decision, since 2021-07-15.
pub fn basis(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("A penalty needs the province (行政处罚法 第二十四条): BASIS_GAP, then YES")?;
    let check = format!("townlink power check ENFORCEMENT {PENALTY} --date {FROM}");
    let answer = stage.accepted(&check)?;
    stage.check(answer.text("/result") == "HOLDS_RESULT_BASIS_GAP", "the province's decision is missing")?;
    stage.tell(
        "\nSince 2021-07-15 a town's penalty power needs a published decision of the province. A county document alone is a gap,\n\
         and the register shows it. The county forwards the decision; its text is an attachment.",
    )?;
    stage.shell(&format!("echo '江苏省人民政府关于赋予经济发达镇行政处罚权的决定（{DECISION}）' > decision.txt"))?;
    stage.shell(&format!(
        "echo '{{\"type\":\"REGISTER_BASIS\",\n\
         \x20 \"basis\":{{\"docNo\":\"{DECISION}\",\"title\":\"关于赋予经济发达镇行政处罚权的决定\",\"issuer\":\"江苏省人民政府\",\n\
         \x20   \"issueDate\":\"2026-02-10\",\"publishedDate\":\"2026-02-12\",\"publishedPlace\":\"江苏省人民政府网站\",\n\
         \x20   \"attachment\":\"decision.txt\"}},\n\
         \x20 \"powers\":[],\"fields\":[\"*\"],\"towns\":\"经济发达镇\"}}' > basis.json",
    ))?;
    let id = stage.issued(&format!(
        "townlink --as county/government relay issue --number {FORWARDED} --title 关于转发省政府赋予经济发达镇行政处罚权决定的通知 \
         --action 批办 --copy-to 苏州市人民政府 --attach decision.txt --directive @basis.json",
    ))?;
    arrived(stage, &id)?;
    worked(stage, &id)?;
    stage.accepted(&format!("townlink --as person/confirmer document confirm {FORWARDED}"))?;
    stage.tell("")?;
    let answer = stage.accepted(&check)?;
    stage.check(answer.text("/result") == "HOLDS_RESULT_YES", "ENFORCEMENT holds the power")?;
    stage.check(answer.text("/basisDocumentNumber") == DECISION, "the answer names the province's decision")?;
    stage.tell(
        "\nA town's act now rests on a chain that anyone can follow: clause, county document, province's decision.",
    )
}

/// Waits until OFFICE has a paper in its inbox.
pub fn arrived(stage: &mut Stage, id: &str) -> Result<(), Problem> {
    stage.until("townlink --as person/relay-clerk inbox list --stage ARRIVED", "the paper arrives", |answer| {
        answer.list("/papers").iter().any(|paper| paper["name"].as_str().is_some_and(|name| name.ends_with(id)))
    })?;
    Ok(())
}

/// The county takes one power back, by a document.
pub fn withdrawal(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("The county takes a power back (收回), by a document")?;
    stage.tell("Time passes: it is June.")?;
    stage.accepted("townlink --as operator/sysadmin clock advance 2026-06-01T09:00:00")?;
    let directive =
        format!(r#"{{"type":"WITHDRAW_POWERS","to":"2026-07-01","powers":["{PENALTY}"],"transition":"TRANSFER"}}"#);
    let id = stage.issued(&format!(
        "townlink --as county/government relay issue --number {WITHDRAWAL} --title 关于收回部分行政处罚权的通知 --action 批办 \
         --copy-to 苏州市人民政府 --directive '{directive}'",
    ))?;
    arrived(stage, &id)?;
    worked(stage, &id)?;
    stage.accepted(&format!("townlink --as person/confirmer document confirm {WITHDRAWAL}"))?;
    receipt(stage, "county/government", &id, "SIGNED_FOR")?;
    stage.tell("\nIn force up to the last day, and no longer from the day itself (自收回之日起):")?;
    let last = stage.accepted(&format!("townlink power check ENFORCEMENT {PENALTY} --date 2026-06-30"))?;
    stage.check(last.text("/result") == "HOLDS_RESULT_YES", "the power is held on the last day")?;
    let ended = stage.accepted(&format!("townlink power check ENFORCEMENT {PENALTY} --date 2026-07-01"))?;
    stage.check(ended.text("/result") == "HOLDS_RESULT_ENDED", "the power has ended")?;
    stage.check(ended.text("/endDocumentNumber") == WITHDRAWAL, "the answer names the document that ended it")?;
    stage.tell("\nNothing is overwritten (不可篡改): every version stays, and the register can be asked as it was known in May.")?;
    stage.accepted(&format!("townlink grant history {PENALTY}"))?;
    let may = stage
        .accepted(&format!("townlink power check ENFORCEMENT {PENALTY} --date 2026-07-01 --as-known-at 2026-05-31"))?;
    stage.check(may.text("/result") == "HOLDS_RESULT_YES", "in May nobody knew of the withdrawal")?;
    Ok(())
}
