//! Texts that command, and texts that tell of a single person or firm.

use vocabulary::{CitizenNumber, CreditCode, Date};

/// Words that command whoever reads them. What a law says may stand in quotation marks.
const COMMANDING: [&str; 24] = [
    "务必",
    "必须",
    "限期",
    "责令",
    "须于",
    "应于",
    "遵照执行",
    "贯彻执行",
    "认真执行",
    "照此执行",
    "按此执行",
    "照此办理",
    "按此办理",
    "请立即",
    "请尽快",
    "请于",
    "要求你",
    "你局应",
    "你中心应",
    "你单位应",
    "各单位应",
    "不得再",
    "立即整改",
    "按要求落实",
];

/// The words with which a text commands; none where it tells only.
pub(super) fn commanding(text: &str) -> Option<&'static str> {
    let text: String = unquoted(text).chars().filter(|c| c.is_alphanumeric()).collect();
    COMMANDING.into_iter().find(|word| text.contains(word))
}

/// The text without what stands in quotation marks. A mark that is not closed quotes nothing.
fn unquoted(text: &str) -> String {
    let mut rest = text;
    let mut outside = String::new();
    while let Some((before, after)) = rest.split_once('“') {
        let Some((_, following)) = after.split_once('”') else { break };
        outside.push_str(before);
        rest = following;
    }
    outside.push_str(rest);
    outside
}

/// Whether a text holds the number of a person or a firm, so that it tells of that one (统计法 art. 28).
pub(super) fn tells_of_one(text: &str, today: Date) -> bool {
    let text: Vec<char> = vocabulary::text::normalise(text).chars().collect();
    let one = |window: &[char]| {
        let number: String = window.iter().collect();
        CitizenNumber::parse(&number, today).is_ok() || CreditCode::parse(&number).is_ok()
    };
    text.windows(18).any(|window| window.iter().all(char::is_ascii_alphanumeric) && one(window))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn information_that_commands_is_told_from_information_that_tells() {
        for text in [
            "请于3月5日前报送",
            "各单位应开展排查",
            "务 必完成",
            "责令停业",
            "现通报如下，请认真执行",
            "“安全”必须抓好",
        ] {
            assert!(commanding(text).is_some(), "{text}");
        }
        for text in [
            "预计明日有暴雨，低洼地段可能积水",
            "新条例自3月1日起施行：“经营者必须公示”",
            "一季度受理申请120件",
            "某路段塌陷，已设围挡",
        ] {
            assert_eq!(commanding(text), None, "{text}");
        }
        assert!(commanding("“务必完成").is_some(), "a mark that is not closed quotes nothing");
    }

    #[test]
    fn sums_are_told_from_units() {
        let today = Date::constant(2026, 3, 2);
        let body = "9132058374558352";
        let firm = format!("{body}2{}", vocabulary::credit_code::check_character(&format!("{body}2")).unwrap_or('0'));
        for (text, one) in [
            ("一季度规上工业总产值610亿元，同比增长5.2%", false),
            ("发展专报20260301000012号", false),
            (format!("企业{firm}产值1亿元").as_str(), CreditCode::parse(&firm).is_ok()),
            ("居民11010519491231002X收入", true),
        ] {
            assert_eq!(tells_of_one(text, today), one, "{text}");
        }
        assert!(CreditCode::parse(&firm).is_ok(), "{firm}");
    }
}
