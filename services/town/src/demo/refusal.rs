//! What the town says no to, each time with the code, the law and the remedy.

use super::grant::{GRANT, PENALTY, delivered, receipt, short};
use super::stage::Stage;
use crate::problem::Problem;

/// What the gateway refuses at the door.
pub fn relay(stage: &mut Stage, grant: &str) -> Result<(), Problem> {
    stage.chapter("What the gateway refuses at the door (拒收), with the law and the remedy")?;
    stage.tell(
        "A paper with a secret mark (密级). Nothing of it is stored, only who sent it, when, and a digest of the mark:",
    )?;
    stage.shell("printf '秘密★1年\\n关于……的情况\\n' > marked.txt")?;
    stage.refused(
        "townlink --as county/government-office relay issue --number 昆政办发〔2026〕21号 --title 关于报送有关情况的通知 --attach marked.txt",
        "OV-CLASSIFIED",
    )?;
    stage.tell("\nA paper straight to a front desk (窗口单位):")?;
    stage.refused(
        "townlink --as county/city-management relay issue --number 昆城管〔2026〕11号 --title 关于开展市容整治的函 --type 函 --to 综合执法局",
        "RE-FRONT",
    )?;
    stage.tell("\nA department that signs as the city government (冒用发文机关):")?;
    stage.refused(
        "townlink --as county/city-management relay issue --number 昆政发〔2026〕12号 --title 关于下放权限的通知 --issuer 昆山市人民政府",
        "RE-SENDER",
    )?;
    stage.tell("\nThe id of a paper that the town has, with other bytes (同号异文):")?;
    stage.refused(
        &format!(
            "townlink --as county/government --request-id {grant} relay issue --number {GRANT} \
             --title 关于下放县级经济社会管理权限的通知（更正）",
        ),
        "RE-REPLAY",
    )?;
    Ok(())
}

/// A paper that is accepted with a finding, and that the office returns.
pub fn returned(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("A department directs the town government (部门指令): accepted, found, returned")?;
    stage.tell(
        "A department may not issue directives to a town government (公文条例 第十六条). The gateway takes the paper, since losing\n\
         it would be worse, and attaches the finding. OFFICE decides.",
    )?;
    let id = stage.issued(
        "townlink --as county/city-management relay issue --number 昆城管〔2026〕8号 \
         --title 关于必须于2026年6月底前完成市容整治任务的通知 --action 批办",
    )?;
    let paper = delivered(stage, "county/city-management", &id)?;
    let found = paper.list("/findings").iter().any(|finding| finding["code"] == "RE-DEPT-DIRECTIVE");
    stage.check(found, "the finding RE-DEPT-DIRECTIVE is attached")?;
    stage.tell("")?;
    for step in ["sign-for", "register"] {
        stage.accepted(&format!("townlink --as person/relay-clerk inbox {step} {}", short(&id)))?;
    }
    stage.tell("\nThe first check does not pass it by:")?;
    stage.refused(&format!("townlink --as person/relay-clerk inbox check {}", short(&id)), "RE-DEPT-DIRECTIVE")?;
    stage.tell("")?;
    let answer = stage.accepted(&format!(
        "townlink --as person/relay-clerk inbox return {} --code RE-DEPT-DIRECTIVE --reason 部门不得向镇人民政府发布指令性公文",
        short(&id),
    ))?;
    stage.check(answer.text("/stage") == "INBOX_STAGE_RETURNED", "the paper is returned")?;
    stage.tell("\nThe county sees why, with a signed receipt:")?;
    receipt(stage, "county/city-management", &id, "RETURNED")?;
    Ok(())
}

/// An import with bad rows: each is told, and nothing takes effect.
pub fn import(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("An import by hand with bad rows: all told, nothing taken")?;
    stage.accepted(&format!(
        "townlink grant catalogue --document {GRANT} --from 2026-07-01 --only {PENALTY} --only PP-URB-0002 --only PP-URB-0003 -o bad.csv",
    ))?;
    stage.tell("Three mistakes: a word that is no mode, an unknown power, a supervisor that is a front desk.")?;
    stage.shell(
        "sed -i -e '2s/CONFIRMED/CONFIRM/' -e '3s/PP-URB-0002/PP-URB-9999/' -e '4s/CONSTRUCTION/SERVICE/' bad.csv",
    )?;
    let answer = stage.refused("townlink --as person/registrar grant import bad.csv", "AU-IMPORT")?;
    stage.check(answer.text("/state") == "IMPORT_STATE_REFUSED", "the import is refused")?;
    for code in ["AU-ENUM", "AU-UNKNOWN-POWER", "OV-SELF-SUPERVISE"] {
        stage.check(answer.told().contains(code), &format!("{code} is told"))?;
    }
    Ok(())
}
