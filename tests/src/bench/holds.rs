//! Questions who holds a power, beside an rpc through the same layers whose handler answers an empty message.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use prost::Message as _;
use serde_json::json;
use tonic::transport::Channel;
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::office::v1::{HoldsRequest, HoldsResponse, HoldsResult};
use vocabulary::Sm3Digest;

use crate::bench::cpu::Trees;
use crate::bench::figure::{Bar, Figure, Quantity, each, median};
use crate::bench::load::{self, Served};
use crate::bench::plan::Plan;
use crate::bench::register::{self, Document};
use crate::bench::town::Town;
use crate::raw;

/// How many powers the register has.
const POWERS: u32 = 1_000;

/// Who asks: an officer of the institution that holds them.
const ASKS: &str = "person/enforcement-officer";

const HOLDS: &str = "/townlink.office.v1.PowerService/Holds";

/// Exists in a program that is built with the feature `bench`.
const NOTHING: &str = "/townlink.bench.v1.BenchService/DoNothing";

/// The document by which the town registers the province's decision.
const BASIS: &str = "昆政发〔2026〕4号";

/// Half past eleven on the first day: between the grant and its first suspension, as they were recorded.
const KNOWN_AT_S: i64 = 1_772_422_200;

/// Days on which the answers differ: granted, suspended, resumed, withdrawn, granted again.
const DAYS: [(i32, i32); 5] = [(4, 15), (5, 15), (6, 15), (8, 15), (9, 15)];

/// Measures how many questions are answered a second.
///
/// # Errors
/// Where the town cannot be made or a question is not answered.
pub async fn measure(folder: &Path, plan: Plan) -> Result<Figure> {
    let mut town = Town::on_sqlite(folder)?;
    town.start().await?;
    fill(&town)?;
    let questions = questions();
    let channels = (0..plan.clients).map(|_| town.channel("office", ASKS)).collect::<Result<Vec<_>>>()?;
    try_out(&channels, &questions).await?;

    let tree = Trees::of(&[town.pid()?]);
    let nothing = vec![Bytes::new()];
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        let mut round = Vec::new();
        for (path, requests) in [(HOLDS, &questions), (NOTHING, &nothing)] {
            let begin = tree.cpu()?;
            let served = ask(&channels, path, requests, plan).await?;
            round.push((served.per_second(), each(tree.cpu()?.saturating_sub(begin), served.count())));
        }
        eprintln!("holds, round {number}: {} /s, an empty answer {} /s", round[0].0, round[1].0);
        rounds.push(round);
    }
    town.stop();

    let rate =
        |at: usize| median(&rounds.iter().map(|round| round[at].0).collect::<Vec<_>>()).context("there were no rounds");
    let cpu =
        |at: usize| median(&rounds.iter().map(|round| round[at].1).collect::<Vec<_>>()).context("there were no rounds");
    Ok(Figure {
        what: format!("holds a second, {POWERS} powers with history, {} clients", plan.clients),
        measured: Quantity::PerSecond(rate(0)?),
        bar: Bar::AtLeast(Quantity::PerSecond(rate(1)? / 2)),
        rule: "0.5 × an rpc through the same layers that answers an empty message",
        parts: vec![
            ("the empty rpc".to_owned(), Quantity::PerSecond(rate(1)?)),
            ("CPU of the town for one question".to_owned(), cpu(0)?.into()),
            ("CPU of the town for one empty rpc".to_owned(), cpu(1)?.into()),
        ],
    })
}

/// Makes the powers, the basis of the province, and their history: granted, suspended, resumed, withdrawn, granted again, an hour apart.
fn fill(town: &Town) -> Result<()> {
    let (powers, grants, again) =
        (town.data_dir().join("powers.csv"), town.data_dir().join("grants.csv"), town.data_dir().join("again.csv"));
    std::fs::write(&powers, powers_csv()?)?;
    std::fs::write(&grants, grants_csv("昆政发〔2026〕5号", "2026-04-01")?)?;
    std::fs::write(&again, grants_csv("昆政发〔2026〕9号", "2026-09-01")?)?;
    register::catalogue(town, &powers)?;
    let codes: Vec<_> = (1..=POWERS).map(code).collect();
    let county = "昆山市人民政府";
    let (first, second) = (register::grant("grants.csv"), register::grant("again.csv"));
    let basis = json!({
        "type": "REGISTER_BASIS",
        "basis": {
            "docNo": "苏政发〔2026〕3号",
            "title": "关于赋予经济发达镇行政处罚权的决定",
            "issuer": "江苏省人民政府",
            "issueDate": "2026-02-01",
            "publishedDate": "2026-02-10",
            "publishedPlace": "江苏省人民政府公报",
            "attachment": "decision.ofd",
            "digest": Sm3Digest::of(BASIS.as_bytes()).to_string(),
        },
        "powers": [],
        "fields": ["*"],
        "towns": "经济发达镇",
    });
    let steps = [
        (BASIS, "BASIS", basis, None),
        ("昆政发〔2026〕5号", "GRANT", first, Some(grants.as_path())),
        (
            "昆政发〔2026〕6号",
            "ADJUST",
            json!({"type": "ADJUST_POWERS", "action": "SUSPEND", "from": "2026-05-01", "powers": codes}),
            None,
        ),
        (
            "昆政发〔2026〕7号",
            "ADJUST",
            json!({"type": "ADJUST_POWERS", "action": "RESUME", "from": "2026-06-01", "powers": codes}),
            None,
        ),
        (
            "昆政发〔2026〕8号",
            "WITHDRAW",
            json!({"type": "WITHDRAW_POWERS", "to": "2026-08-01", "powers": codes}),
            None,
        ),
        ("昆政发〔2026〕9号", "GRANT", second, Some(again.as_path())),
    ];
    for (number, kind, directive, annex) in &steps {
        town.ask("operator/sysadmin", &["clock", "advance", "+1h"])?;
        register::document(town, &Document { number, issuer: county, kind, directive, annex: *annex })?;
    }
    Ok(())
}

fn code(number: u32) -> String {
    format!("PP-URB-{:04}", 5_000 + number)
}

fn powers_csv() -> Result<Vec<u8>> {
    let mut file = csv::Writer::from_writer(Vec::new());
    let header = [
        "power_code",
        "impl_code",
        "name",
        "kind",
        "field",
        "origin_department",
        "basis",
        "act",
        "violation_basis",
        "penalty_kinds",
        "fine_min_yuan",
        "fine_max_yuan",
        "org_fine_min_yuan",
        "org_fine_max_yuan",
        "fine_rule",
        "measures",
        "related",
        "related_to",
    ];
    file.write_record(header)?;
    for number in 1..=POWERS {
        let act = format!("在城市道路上实施第{number}类违法行为");
        let name = format!("对{act}的处罚");
        let basis = "城市道路管理条例|行政法规|第四十二条";
        file.write_record([
            &code(number),
            "",
            &name,
            "02",
            "URBAN",
            "city-management",
            basis,
            &act,
            basis,
            "警告;罚款",
            "100",
            "2000",
            "",
            "",
            "",
            "",
            "",
            "",
        ])?;
    }
    Ok(file.into_inner()?)
}

fn grants_csv(document: &str, from: &str) -> Result<Vec<u8>> {
    let mut file = csv::Writer::from_writer(Vec::new());
    let header = [
        "power_code",
        "mode",
        "exercise_name",
        "handler",
        "supervisor",
        "doc_no",
        "clause",
        "batch",
        "from",
        "to",
        "published_date",
        "published_place",
        "withdraw_doc_no",
        "provincial_basis_doc_no",
        "scope_area",
        "scope_amount_cap_fen",
        "scope_target",
        "next_evaluation",
    ];
    file.write_record(header)?;
    for number in 1..=POWERS {
        let clause = number.to_string();
        file.write_record([
            &code(number),
            "CONFIRMED",
            "OWN",
            "ENFORCEMENT",
            "CONSTRUCTION",
            document,
            &clause,
            "1",
            from,
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ])?;
    }
    Ok(file.into_inner()?)
}

/// One question a power and day; every second one asks for the register as it was recorded before the suspension.
fn questions() -> Vec<Bytes> {
    let question = |number: u32, (month, day): (i32, i32), earlier: bool| HoldsRequest {
        institution: "ENFORCEMENT".to_owned(),
        power_code: code(number),
        date: Some(Date { year: 2026, month, day }),
        as_known_at: earlier.then_some(prost_types::Timestamp { seconds: KNOWN_AT_S, nanos: 0 }),
        ..HoldsRequest::default()
    };
    let mut questions = Vec::new();
    for number in 1..=POWERS {
        for (at, day) in DAYS.into_iter().enumerate() {
            let earlier = (usize::try_from(number).unwrap_or(0) + at).is_multiple_of(2);
            questions.push(question(number, day, earlier).encode_to_vec().into());
        }
    }
    questions
}

/// Opens every connection, and makes sure that the history is seen and that the empty rpc exists.
async fn try_out(channels: &[Channel], questions: &[Bytes]) -> Result<()> {
    for channel in channels {
        let answered = raw::call(channel, NOTHING, Bytes::new()).await;
        answered.context("the program is not built with the feature `bench`: tests/bench builds it so")?;
    }
    let channel = channels.first().context("there are clients")?;
    let mut seen = std::collections::BTreeSet::new();
    for question in questions.iter().take(10 * DAYS.len()) {
        let answer = HoldsResponse::decode(raw::call(channel, HOLDS, question.clone()).await?)?;
        seen.insert(answer.result());
    }
    for expected in [HoldsResult::Yes, HoldsResult::Suspended, HoldsResult::NotYet] {
        ensure!(seen.contains(&expected), "no answer was {expected:?}, but {seen:?}");
    }
    Ok(())
}

/// All clients ask for so long, each beginning at another question.
async fn ask(channels: &[Channel], path: &'static str, requests: &[Bytes], plan: Plan) -> Result<Served> {
    let end = Instant::now() + plan.lasting;
    let mut running = Vec::new();
    for (number, channel) in channels.iter().enumerate() {
        let (channel, requests) = (channel.clone(), requests.to_vec());
        let begin = number * requests.len() / channels.len();
        running.push(async move {
            let mut client = load::Client::default();
            for request in requests.iter().cycle().skip(begin) {
                if Instant::now() >= end {
                    break;
                }
                client.wait(raw::call(&channel, path, request.clone())).await?;
            }
            Ok(client.done())
        });
    }
    load::run(running).await
}
