//! What a normative document (规范性文件) needs, and what it may not do (relay-and-sharing.md §8.5).

use vocabulary::text::normalise;

use super::content::{Content, Issuer};
use super::refusal::NormativeFault;

/// Words of penalties (行政处罚法 art. 16), licences (行政许可法 art. 17), coercion (行政强制法 art. 10) and fees.
const CREATING: [&str; 25] = [
    "罚款",
    "没收",
    "吊销",
    "暂扣",
    "责令停产停业",
    "责令关闭",
    "行政拘留",
    "通报批评",
    "设立许可",
    "实行许可",
    "方可经营",
    "方可从事",
    "方可开业",
    "经批准后方可",
    "查封",
    "扣押",
    "冻结",
    "强制拆除",
    "强制执行",
    "代履行",
    "收费",
    "收取",
    "摊派",
    "集资",
    "保证金",
];

/// How a sentence says that it repeats a law and creates nothing.
const CITING: [&str; 5] = ["依照《", "依据《", "根据《", "按照《", "依法"];

/// The rules of §8.5 for a normative document, but for the review of legality, which is a step.
pub(crate) fn check(content: &Content) -> Result<(), NormativeFault> {
    let Some(normative) = &content.normative else { return Ok(()) };
    if !matches!(content.issuer, Issuer::Government | Issuer::GovernmentOffice) {
        return Err(NormativeFault::Issuer);
    }
    if normative.fair_competition.trim().is_empty() {
        return Err(NormativeFault::FairCompetition);
    }
    if normative.publication_place.trim().is_empty() {
        return Err(NormativeFault::Publication);
    }
    if content.openness != "主动公开" {
        return Err(NormativeFault::NotOpen);
    }
    creates(&content.text).map_or(Ok(()), |word| Err(NormativeFault::Creates(word)))
}

/// The word by which a sentence creates what only laws may create. A sentence that cites its law repeats it.
fn creates(text: &str) -> Option<&'static str> {
    let sentences = text.split(['。', '；', ';', '\n']).map(normalise);
    let creating = sentences.filter(|sentence| !CITING.iter().any(|words| sentence.contains(words)));
    creating.into_iter().find_map(|sentence| CREATING.into_iter().find(|word| sentence.contains(word)))
}

#[cfg(test)]
mod tests {
    use vocabulary::Institution;

    use super::super::content::Normative;
    use super::super::samples;
    use super::*;

    fn normative() -> Content {
        let normative = Normative {
            fair_competition: "已审查，无排除限制竞争内容".to_owned(),
            publication_place: "镇政府网站".to_owned(),
        };
        Content {
            issuer: Issuer::Government,
            openness: "主动公开".to_owned(),
            normative: Some(normative),
            ..samples::letter()
        }
    }

    #[test]
    fn each_demand_has_its_fault() {
        type Change = fn(&mut Content);
        let rows: [(Change, NormativeFault); 5] = [
            (|it| it.issuer = Issuer::Institution(Institution::Construction), NormativeFault::Issuer),
            (|it| it.normative.as_mut().expect("it is").fair_competition.clear(), NormativeFault::FairCompetition),
            (|it| it.normative.as_mut().expect("it is").publication_place.clear(), NormativeFault::Publication),
            (|it| it.openness = "依申请公开".to_owned(), NormativeFault::NotOpen),
            (|it| it.text = "违者罚款一百元。".to_owned(), NormativeFault::Creates("罚款")),
        ];
        assert_eq!(check(&normative()), Ok(()));
        for (change, expected) in rows {
            let mut content = normative();
            change(&mut content);
            assert_eq!(check(&content), Err(expected));
        }
    }

    #[test]
    fn what_repeats_a_law_creates_nothing() {
        for (text, expected) in [
            ("违者处以罚 款。", Some("罚款")),
            ("未经批准的，经批准后方可施工。", Some("经批准后方可")),
            ("逾期不拆的，由镇政府强制拆除。", Some("强制拆除")),
            ("每户收取卫生费十元。", Some("收取")),
            ("依照《江苏省城市市容和环境卫生管理条例》处以罚款。", None),
            ("依法查封。违者扣押车辆。", Some("扣押")),
            ("请各村加强宣传。", None),
        ] {
            assert_eq!(creates(text), expected, "{text}");
        }
    }
}
