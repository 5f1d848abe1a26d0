//! The office at work: a notice worked late and answered, a request refused for two matters, a report to three departments, guidance
//! that may not decide a case.

use super::grant::short;
use super::stage::{Answer, Stage};
use crate::problem::Problem;

/// The number of the county's notice.
const NOTICE: &str = "昆政发〔2026〕5号";

/// Its title.
const TITLE: &str = "关于报送校园周边整治情况的通知";

/// The departments that the report goes to, by identity and name.
const DEPARTMENTS: [(&str, &str); 3] = [
    ("county/housing", "昆山市住房和城乡建设局"),
    ("county/ecology", "昆山市生态环境局"),
    ("county/city-management", "昆山市城市管理局"),
];

/// The keys of those who take part.
pub fn keys(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("A town with its county's keys")?;
    stage.start(&[], &["--ports", "auto", "--clock", "manual", "--start", "2026-03-02T09:00:00+08:00"])?;
    stage.tell("\nWhoever signs for the county, or takes the town's papers, has a key that two persons registered.")?;
    let government = ("county/government", "昆山市人民政府");
    for (owner, issuer) in [government].into_iter().chain(DEPARTMENTS) {
        let key = owner.replace('/', "-");
        stage.done(&format!("townlink key generate {key}"))?;
        stage.done(&format!(
            "townlink --as person/key-registrar key register {key} --owner {owner} --issuer {issuer} --from 2026-03-02 \
             --document 昆政办函〔2026〕1号"
        ))?;
        stage.done(&format!("townlink --as person/key-confirmer key confirm {key}"))?;
    }
    stage.tell("Four keys are registered and confirmed.")
}

fn moved(stage: &mut Stage, to: &str) -> Result<(), Problem> {
    stage.accepted(&format!("townlink --as operator/sysadmin clock advance {to}")).map(|_| ())
}

fn paper(stage: &Stage) -> Result<Answer, Problem> {
    stage.look(&format!("townlink --as person/relay-clerk inbox show {NOTICE}"))
}

/// A notice is assigned, worked, late and urged.
pub fn notice(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("A notice of the county: assigned, worked, late, urged (分办、承办、催办、督办)")?;
    stage.issued(&format!(
        "townlink --as county/government relay issue --number {NOTICE} --title {TITLE} --action 批办 --due 2026-03-09"
    ))?;
    stage.until("townlink --as person/relay-clerk inbox list", "the paper is in the office's inbox", |answer| {
        answer.told_of(NOTICE)
    })?;
    for step in ["sign-for", "register", "check"] {
        stage.accepted(&format!("townlink --as person/relay-clerk inbox {step} {NOTICE}"))?;
    }
    let name = paper(stage)?.text("/name").to_owned();
    stage.tell("\nIts class is 批办: without a leader's instruction (批示) nobody may be put in charge.")?;
    stage.refused(
        &format!(
            "townlink --as person/relay-clerk inbox assign {NOTICE} --class INSTRUCTED --lead CONSTRUCTION --co SOCIAL"
        ),
        "RE-INSTRUCTION",
    )?;
    stage.accepted(&format!(
        "townlink --as person/mayor inbox instruct {name} --text 请建设局牵头办理，社会事业局协助"
    ))?;
    stage.tell("\nThe front desk is never given the raw command:")?;
    stage.refused(
        &format!("townlink --as person/relay-clerk inbox assign {NOTICE} --class INSTRUCTED --lead ENFORCEMENT"),
        "RE-FRONT",
    )?;
    let assign = "--class INSTRUCTED --lead CONSTRUCTION --co SOCIAL --answer";
    stage.accepted(&format!("townlink --as person/relay-clerk inbox assign {NOTICE} {assign}"))?;
    stage.accepted(&format!("townlink --as person/construction-clerk inbox accept {NOTICE}"))?;
    stage.accepted(&format!(
        "townlink --as person/construction-clerk inbox progress {NOTICE} --percent 40 --words 已完成现场摸排"
    ))?;
    stage.tell("\nThe day comes and goes. What is late shows its light, its due and who must act:")?;
    moved(stage, "2026-03-10T09:30:00+08:00")?;
    let late =
        stage.until("townlink --as person/relay-clerk inbox list --overdue", "the paper is overdue", |answer| {
            answer.told_of(NOTICE)
        })?;
    stage.check(late.told_of("RED"), "its light is red")?;
    stage.accepted(&format!("townlink --as county/government relay urge {NOTICE} --note 请尽快报送"))?;
    Ok(())
}

/// The notice is completed and answered.
pub fn answer(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("Completed by a second person, and answered (办结、答复)")?;
    stage.tell("The lead may not report before its co-handler has done its part:")?;
    let report =
        format!("townlink --as person/construction-clerk inbox report {NOTICE} --result 整治已完成，情况报告附后");
    stage.refused(&report, "RE-PARTS")?;
    stage.accepted(&format!("townlink --as person/social-clerk inbox part {NOTICE} --words 已完成学校门口巡查"))?;
    stage.accepted(&report)?;
    let completed = stage.accepted(&format!("townlink --as person/relay-chief inbox complete {NOTICE}"))?;
    stage.check(completed.text("/stage") == "INBOX_STAGE_COMPLETED", "the paper is completed")?;
    let name = completed.text("/name").to_owned();
    stage.tell("\nThe town answers by a report of its own: drafted, reviewed, signed, numbered, sealed and sent.")?;
    stage.shell("echo 现将校园周边整治情况报告如下：整治已经完成。 > report.txt")?;
    let id = drafted(
        stage,
        &format!(
            "--type 报告 --title 关于校园周边整治情况的报告 --text report.txt --to 昆山市人民政府 --ref {NOTICE} --answers {name}"
        ),
    )?;
    sent(stage, &id)?;
    stage.until(
        &format!("townlink --as person/relay-clerk inbox show {NOTICE}"),
        "the paper is answered",
        |answer| answer.text("/stage") == "INBOX_STAGE_REPLIED",
    )?;
    stage.accepted(&format!("townlink --as person/relay-clerk inbox archive {NOTICE}"))?;
    stage.tell("\nThe county takes the report from a stream that it can resume, and says so:")?;
    let pulled = stage.until("townlink --as county/government relay pull --once", "the report is there", |answer| {
        answer.told_of("关于校园周边整治情况的报告")
    })?;
    stage.check(pulled.told_of("张政"), "it has its number")?;
    Ok(())
}

fn drafted(stage: &mut Stage, what: &str) -> Result<String, Problem> {
    let drafted = stage.accepted(&format!("townlink --as person/relay-clerk dispatch draft {what}"))?;
    Ok(short(drafted.text("/name").rsplit('/').next().unwrap_or_default()).to_owned())
}

/// A draft on its way out. The author, the reviewer and the signatory are three persons.
fn sent(stage: &mut Stage, id: &str) -> Result<(), Problem> {
    let full = stage.look(&format!("townlink --as person/relay-clerk dispatch show {id}"))?;
    let full = full.text("/name").rsplit('/').next().unwrap_or_default().to_owned();
    stage.accepted(&format!("townlink --as person/relay-chief dispatch review {id} --words 同意"))?;
    stage.accepted(&format!("townlink --as person/mayor dispatch sign {full}"))?;
    for step in ["number", "seal", "send"] {
        stage.accepted(&format!("townlink --as person/relay-clerk dispatch {step} {id}"))?;
    }
    Ok(())
}

/// A request with two matters is refused; with one it goes.
pub fn request(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("A request (请示): one matter, or none")?;
    stage.shell("echo 拟新建停车场一处，请批复。 > request.txt")?;
    let request =
        "--type 请示 --title 关于新建镇区停车场的请示 --text request.txt --to 昆山市人民政府 --matter 新建停车场";
    stage.refused(
        &format!("townlink --as person/relay-clerk dispatch draft {request} --matter 增加停车收费"),
        "RE-ONE-MATTER",
    )?;
    stage.tell("\nNor may a report ask for anything:")?;
    stage.refused(
        "townlink --as person/relay-clerk dispatch draft --type 报告 --title 关于停车场的报告 --text request.txt --to 昆山市人民政府",
        "RE-REQUEST-IN-REPORT",
    )?;
    let id = drafted(stage, request)?;
    sent(stage, &id)
}

/// A report to three departments, one of them away.
pub fn report(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("One letter to three departments, one of them away for a while (一文多送)")?;
    stage.shell("echo 现将有关情况函告如下。 > letter.txt")?;
    let to: String = DEPARTMENTS.iter().map(|(_, name)| format!(" --to {name}")).collect();
    let id = drafted(stage, &format!("--type 函 --title 关于校园周边整治情况的函 --text letter.txt{to}"))?;
    sent(stage, &id)?;
    stage.tell("\nTwo of them take it at once; each gives its own receipt. The third is away, and delays nobody.")?;
    for (identity, _) in &DEPARTMENTS[..2] {
        taken(stage, identity)?;
    }
    stage.until(
        &format!("townlink --as person/relay-clerk dispatch show {id}"),
        "two have it, one has not",
        |answer| states(answer) == (2, 1),
    )?;
    moved(stage, "2026-03-12T09:00:00+08:00")?;
    taken(stage, DEPARTMENTS[2].0)?;
    stage.until(&format!("townlink --as person/relay-clerk dispatch show {id}"), "all have it", |answer| {
        answer.text("/stage") == "DISPATCH_STAGE_DELIVERED"
    })?;
    Ok(())
}

fn taken(stage: &mut Stage, identity: &str) -> Result<(), Problem> {
    stage.until(&format!("townlink --as {identity} relay pull --once"), "the letter is there", |answer| {
        answer.told_of("关于校园周边整治情况的函")
    })?;
    stage.accepted(&format!("townlink --as {identity} relay acknowledge 1 --type RECEIVED"))?;
    Ok(())
}

/// How many recipients have a dispatch, and how many have not.
fn states(answer: &Answer) -> (usize, usize) {
    let recipients = answer.list("/recipients");
    let count = |state: &str| recipients.iter().filter(|it| it["state"] == state).count();
    (count("DISPATCH_DELIVERY_STATE_RECEIVED"), count("DISPATCH_DELIVERY_STATE_PENDING"))
}

/// Guidance may not decide a case.
pub fn guidance(stage: &mut Stage) -> Result<(), Problem> {
    stage.chapter("Guidance (政策指导) guides, and decides no case")?;
    let draft = "townlink --as person/construction-supervisor guidance draft --title 占道经营执法指导 \
                 --basis 江苏省城市市容和环境卫生管理条例第十条 --field URBAN --from 2026-03-12 --to 2026-12-31";
    stage.refused(&format!("{draft} --text '准予申请 ZP20260301000012'"), "OV-CASE-INSTRUCTION")?;
    stage.tell("\nA general rule may be given. A front desk may not give itself one:")?;
    let general = "--text 对占道经营首次违法情节轻微的，可以不予处罚";
    stage.refused(
        &format!("{} {general}", draft.replace("construction-supervisor", "enforcement-officer")),
        "OV-FRONT-POLICY",
    )?;
    let drafted = stage.accepted(&format!("{draft} {general}"))?;
    let id = short(drafted.text("/name").rsplit('/').next().unwrap_or_default()).to_owned();
    stage.accepted(&format!("townlink --as person/legal-reviewer guidance review {id}"))?;
    stage.accepted(&format!("townlink --as person/construction-supervisor guidance issue {id}"))?;
    let signed = stage.accepted(&format!("townlink --as person/enforcement-clerk guidance sign-for {id}"))?;
    stage.check(signed.told_of("建指导"), "it has its number")?;
    Ok(())
}
