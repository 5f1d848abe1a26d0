//! The county's document: what the law provides, the keys, the paper, its way through the town, what the town then holds.

use serde_json::Value;

use super::stage::{Answer, Stage};
use crate::problem::Problem;

/// The number of the document by which the county hands its powers down.
pub const GRANT: &str = "昆政发〔2026〕5号";

/// A penalty that the story follows: littering.
pub const PENALTY: &str = "PP-URB-0001";

/// The first day of the grants.
pub const FROM: &str = "2026-04-01";

/// How many of the entries of a list a condition holds for.
fn count(list: &[Value], holds: impl Fn(&Value) -> bool) -> usize {
    list.iter().filter(|entry| holds(entry)).count()
}

/// The numbers of one kind in the answer of `power count`.
fn of_kind(answer: &Answer, kind: &str) -> (i64, i64) {
    let row = answer.list("/counts").iter().find(|row| row["kind"] == kind);
    let number = |key: &str| row.and_then(|row| row[key].as_i64()).unwrap_or_default();
    (number("inCatalogue"), number("held"))
}

/// The beginning of an id, as a person types it.
pub fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// A town starts, and takes over what the law provides.
pub fn catalogue(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("The town starts, and learns what the law provides (权力事项)")?;
    stage.start(&[], &["--ports", "auto", "--clock", "manual", "--start", "2026-03-02T09:00:00+08:00"])?;
    stage.tell("\nThe power catalogue says what the law provides. It gives nobody authority.")?;
    stage.accepted("townlink power catalogue -o powers.csv")?;
    let import = stage.accepted("townlink --as person/registrar power import powers.csv")?;
    stage.check(import.text("/state") == "IMPORT_STATE_DRAFT", "the import is a draft")?;
    let id = import.text("/name").rsplit('/').next().unwrap_or_default().to_owned();
    stage.tell("\nA draft changes nothing until a second person (第二人) confirms it.")?;
    let confirmed = stage.accepted(&format!("townlink --as person/confirmer grant confirm {}", short(&id)))?;
    stage.check(confirmed.value("/applied") == 1009, "1009 powers are in the catalogue")?;
    let counts = stage.accepted("townlink power count")?;
    stage.check(of_kind(&counts, "02") == (664, 0), "the catalogue has 664 penalties, and none is held")?;
    let approvals: i64 = ["01", "05", "07", "10"].map(|kind| of_kind(&counts, kind).0).iter().sum();
    stage.check(approvals == 135, "the catalogue has 135 approvals")?;
    stage.check(of_kind(&counts, "20") == (170, 0), "the catalogue has 170 public services")?;
    stage.tell(
        "\nWhy 664 and not 665: the 665 penalties that the town got in 2012 are not published one by one. These are 664 of\n\
         the same fields from national law, each with its article. The list is not padded to match. So too 135 + 170 items:\n\
         they are a county catalogue's own numbers, and equal the 135 of the article by coincidence only.",
    )
}

/// The county makes its keys, and two persons of the town register each.
pub fn keys(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("Keys: who may sign for whom (密钥登记)")?;
    stage.tell("A key signs only for the issuers it is registered for. One person registers it, another confirms.")?;
    let keys = [
        ("government", "昆山市人民政府"),
        ("government-office", "昆山市人民政府办公室"),
        ("city-management", "昆山市城市管理局"),
    ];
    for (department, issuer) in keys {
        let key = format!("county-{department}");
        stage.accepted(&format!("townlink key generate {key}"))?;
        let register = format!(
            "townlink --as person/key-registrar key register {key} --owner county/{department} --issuer {issuer} \
             --from 2026-03-02 --document 昆政办函〔2026〕1号",
        );
        let registered = stage.accepted(&register)?;
        stage.check(registered.text("/state") == "KEY_STATE_PENDING", "the key waits for the second person")?;
        let confirmed = stage.accepted(&format!("townlink --as person/key-confirmer key confirm {key}"))?;
        stage.check(confirmed.text("/state") == "KEY_STATE_ACTIVE", "the key is usable")?;
    }
    stage.accepted("townlink key list")?;
    Ok(())
}

/// The county signs and issues the document. Gives back the message id.
pub fn document(stage: &mut Stage) -> Result<String, Problem> {
    stage.chapter("The county issues the document (下放文件), and gets a signed receipt")?;
    stage.tell("Before it, the town holds nothing:")?;
    let before = stage.accepted(&format!("townlink power check ENFORCEMENT {PENALTY} --date {FROM}"))?;
    stage.check(before.text("/result") == "HOLDS_RESULT_NO_GRANT", "nobody granted the power")?;
    stage.tell("\nThe annex (附件) has one clause for each power that a town may hold.")?;
    let annex = format!(
        "townlink grant catalogue --document {GRANT} --from {FROM} --published 2026-03-02 --place 昆山市人民政府网站 -o grants.csv",
    );
    let annex = stage.accepted(&annex)?;
    stage.check(annex.value("/rows") == 982, "the annex has 982 clauses: 664 + 40 + 108 + 170")?;
    stage.tell(
        "\nOf the 135 approvals 108 are in it. 26 stay items of stationed county bodies (派驻), such as the police, and 1 is\n\
         only looked at here and decided by the county (初审转报): hosted by the town, not held.",
    )?;
    let directive = r#"{"type":"GRANT_POWERS","publishedDate":"2026-03-02","publishedPlace":"昆山市人民政府网站"}"#;
    let issue = format!(
        "relay issue --number {GRANT} --title 关于下放县级经济社会管理权限的通知 --action 批办 --copy-to 苏州市人民政府 \
         --openness 主动公开 --directive '{directive}' --annex grants.csv",
    );
    let id = stage.issued(&format!("townlink --as county/government {issue}"))?;
    let again = stage.look(&format!("townlink --as county/government --request-id {id} {issue}"))?;
    let first = stage.acknowledged().last().map(|paper| paper.receipt.clone()).unwrap_or_default();
    stage.check(*again.value("/content") == first, "the same paper again gets the same receipt, byte for byte")?;
    stage.tell(
        "\nThe receipt (回执) is signed by the town: from here on the paper is not lost, and the same paper sent again gets the\n\
         same receipt, byte for byte. Nothing has taken effect yet. The paper is on its way into the inbox (收文) of OFFICE:",
    )?;
    delivered(stage, "county/government", &id)?;
    Ok(id)
}

/// Looks until every delivery of a paper has ended in an inbox.
pub fn delivered(stage: &mut Stage, identity: &str, id: &str) -> Result<Answer, Problem> {
    stage.until(&format!("townlink --as {identity} relay show {}", short(id)), "the paper is delivered", |answer| {
        let deliveries = answer.list("/deliveries");
        !deliveries.is_empty() && deliveries.iter().all(|delivery| delivery["state"] == "DELIVERY_STATE_DELIVERED")
    })
}

/// Looks until the sender has a receipt of a type.
pub fn receipt(stage: &mut Stage, identity: &str, id: &str, kind: &str) -> Result<Answer, Problem> {
    let wanted = format!("RECEIPT_TYPE_{kind}");
    stage.until(
        &format!("townlink --as {identity} relay show {}", short(id)),
        &format!("the county has the receipt {kind}"),
        |answer| count(answer.list("/receipts"), |receipt| receipt["type"] == wanted.as_str()) > 0,
    )
}

/// A clerk of the office works the paper.
pub fn inbox(stage: &mut Stage, id: &str) -> Result<(), Problem> {
    stage.chapter("The town takes the paper in: 签收, 登记, 初审")?;
    let list = stage.accepted("townlink --as person/relay-clerk inbox list")?;
    stage.check(
        count(list.list("/papers"), |paper| paper["stage"] == "INBOX_STAGE_ARRIVED") == 1,
        "one paper has arrived",
    )?;
    worked(stage, id)?;
    stage.tell("\nThe county sees it, with a receipt for the signature:")?;
    receipt(stage, "county/government", id, "SIGNED_FOR")?;
    Ok(())
}

/// Signs for a paper, registers it and passes the first check.
pub fn worked(stage: &mut Stage, id: &str) -> Result<(), Problem> {
    for (step, expected) in [("sign-for", "SIGNED_FOR"), ("register", "REGISTERED"), ("check", "CHECKED")] {
        let answer = stage.accepted(&format!("townlink --as person/relay-clerk inbox {step} {}", short(id)))?;
        stage.check(answer.text("/stage") == format!("INBOX_STAGE_{expected}"), &format!("the paper is {expected}"))?;
    }
    Ok(())
}

/// Another person confirms the document, and it takes effect.
pub fn confirmation(stage: &mut Stage, id: &str) -> Result<(), Problem> {
    stage.chapter("Four eyes (双人复核): only a second person makes it take effect")?;
    stage.tell("The clerk who registered the paper may confirm documents too, but not this one:")?;
    stage.refused(&format!("townlink --as person/relay-clerk document confirm {}", short(id)), "OV-FOUR-EYES")?;
    stage.tell("")?;
    let confirmed = stage.accepted(&format!("townlink --as person/confirmer document confirm {GRANT}"))?;
    stage.check(confirmed.text("/state") == "DOCUMENT_STATE_CONFIRMED", "the document is confirmed")?;
    stage.check(confirmed.value("/applied") == 982, "982 grants took effect, all or nothing")
}

/// What the town holds now, and since when.
pub fn held(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("Who holds what, on which day, under which clause")?;
    let counts = stage.accepted(&format!("townlink power count --date {FROM} --batch 1"))?;
    stage.check(of_kind(&counts, "02") == (664, 664), "664 penalties are held")?;
    let approvals: i64 = ["01", "05", "07", "10"].map(|kind| of_kind(&counts, kind).1).iter().sum();
    stage.check(approvals == 108, "108 of 135 approvals are held")?;
    stage.check(of_kind(&counts, "20") == (170, 170), "170 public services are held")?;
    stage.tell(
        "\nHeld: 664 penalties; 108 of 135 approvals; 170 services; and 40 measures that travel with the penalties.",
    )?;
    stage.tell("\nThe day before it begins (不溯及既往):")?;
    let answer = stage.accepted(&format!("townlink power check ENFORCEMENT {PENALTY} --date 2026-03-31"))?;
    stage.check(answer.text("/result") == "HOLDS_RESULT_NOT_YET", "the grant has not begun")?;
    stage.tell("\nOn the day, by the wrong institution (职责分离):")?;
    let answer = stage.accepted(&format!("townlink power check SERVICE {PENALTY} --date {FROM}"))?;
    stage.check(answer.text("/result") == "HOLDS_RESULT_WRONG_INSTITUTION", "the service centre does not punish")?;
    stage.tell("\nAn approval, by the service centre:")?;
    let approval = approvals_held(stage)?;
    let answer = stage.accepted(&format!("townlink power check SERVICE {approval} --date {FROM}"))?;
    stage.check(answer.text("/result") == "HOLDS_RESULT_YES", "the service centre holds the approval")?;
    stage.check(
        answer.text("/documentNumber") == GRANT && !answer.text("/clause").is_empty(),
        "under which document and clause is told",
    )?;
    stage.tell("\nAs the register was known this morning, before the document (按当时登记):")?;
    let answer = stage.accepted(&format!(
        "townlink power check SERVICE {approval} --date {FROM} --as-known-at 2026-03-02T08:59:00"
    ))?;
    stage.check(answer.text("/result") == "HOLDS_RESULT_NO_GRANT", "nothing was known then")
}

/// The first licence that the service centre holds.
fn approvals_held(stage: &mut Stage) -> Result<String, Problem> {
    let list = stage.look(&format!("townlink power list --kind 01 --held-by SERVICE --date {FROM} --limit 1"))?;
    let code = list.text("/powers/0/name").trim_start_matches("powers/").to_owned();
    stage.check(!code.is_empty(), "the service centre holds a licence")?;
    Ok(code)
}
