//! Which outcome a text prescribes: grant, refuse, an amount, or one of these in other words.

use super::folded::{first, last, places};

/// Words that grant, refuse, punish or spare. Each prescribes by itself.
const WORDS: [&str; 62] = [
    "准予",
    "不予",
    "批准",
    "驳回",
    "应当通过",
    "应予通过",
    "予以通过",
    "审核通过",
    "审批通过",
    "一律通过",
    "从速通过",
    "顺利通过",
    "确保通过",
    "务必通过",
    "使其通过",
    "让其通过",
    "予以许可",
    "给予许可",
    "应予许可",
    "应当许可",
    "颁发许可",
    "发放许可",
    "发证",
    "核发",
    "予以登记",
    "予以核准",
    "予以备案",
    "撤案",
    "销案",
    "免予",
    "免于处罚",
    "免罚",
    "免除处罚",
    "从轻",
    "从重",
    "减轻处罚",
    "从宽",
    "从严处罚",
    "顶格",
    "处以",
    "处罚款",
    "没收",
    "停产停业",
    "吊销",
    "查封",
    "扣押",
    "强制拆除",
    "予以处罚",
    "给予处罚",
    "行政拘留",
    "应当处罚",
    "应予处罚",
    "立案处罚",
    "予以立案",
    "应当立案",
    "不立案",
    "关照",
    "照顾",
    "通融",
    "网开一面",
    "开绿灯",
    "高抬贵手",
];

/// Words that agree, support or let go.
const AGREEING: [&str; 9] =
    ["同意", "放行", "特事特办", "予以支持", "给予支持", "支持其", "予以办理", "大事化小", "手下留情"];

/// What forbids or drops one of [`DECISIONS`].
const FORBIDDING: [&str; 10] = ["不得", "不应", "不要", "不能", "不宜", "不可", "不再", "不必", "勿", "撤销"];

/// What may be forbidden or dropped. The word follows at once, or after a few others.
const DECISIONS: [&str; 16] = [
    "许可", "受理", "立案", "处罚", "罚款", "通过", "发证", "登记", "核准", "追究", "查处", "审批", "该案", "此案",
    "案件", "决定",
];

/// What an amount is set with.
const AMOUNTS: [&str; 10] = ["罚款", "处罚", "罚没", "缴纳", "核定", "给予", "补助", "补贴", "减至", "降至"];

/// Before the word: whether, or already. The text then tells of an outcome and does not prescribe one.
const TELLING_BEFORE: [&str; 8] = ["是否", "能否", "应否", "为何", "为什么", "已", "曾", "所作"];

/// How far before the word such a word may stand.
const BEFORE: usize = 5;

/// What turns "already" into an order.
const AS_IF: [&str; 6] = ["视为", "视同", "当作", "按", "应", "算"];

/// After the word: the reasons, the procedure. The text asks for them.
const TELLING_AFTER: [&str; 8] = ["的理由", "的依据", "的程序", "的证据", "的原因", "的事实", "是否合法", "是否适当"];

/// How far after the word such a word may stand.
const AFTER: usize = 9;

/// Agreement of others than those who decide.
const OTHERS_AGREE: [&str; 6] = ["市政府", "县政府", "已经政府", "征得", "当事人", "未经"];

/// What is refused for reasons of openness is no outcome.
const OF_OPENNESS: [&str; 3] = ["公开", "共享", "披露"];

/// The words that prescribe an outcome; none where the text prescribes none.
pub(super) fn prescribed(text: &str) -> Option<String> {
    by_word(text).or_else(|| agreed(text)).or_else(|| forbidden(text)).or_else(|| amount(text))
}

fn by_word(text: &str) -> Option<String> {
    let prescribes = |word: &str, before: &str, after: &str| {
        !tells(before, after) && !(word == "不予" && OF_OPENNESS.iter().any(|other| after.starts_with(other)))
    };
    let found = |word: &&str| places(text, word).any(|(before, after)| prescribes(word, before, after));
    WORDS.into_iter().find(|word| found(word)).map(str::to_owned)
}

fn agreed(text: &str) -> Option<String> {
    let own = |before: &str| !OTHERS_AGREE.iter().any(|other| last(before, 6).contains(other));
    let found = |word: &&str| places(text, word).any(|(before, after)| own(before) && !tells(before, after));
    AGREEING.into_iter().find(|word| found(word)).map(str::to_owned)
}

fn forbidden(text: &str) -> Option<String> {
    FORBIDDING.into_iter().find_map(|word| {
        let mut found = places(text, word).filter(|(before, after)| !tells(before, after));
        let (_, after) = found.find(|(_, after)| DECISIONS.iter().any(|what| first(after, 6).contains(what)))?;
        Some(format!("{word}{}", first(after, 6)))
    })
}

/// 罚款五千元, 按2万元核定 and their like.
fn amount(text: &str) -> Option<String> {
    places(text, "元").find_map(|(before, after)| {
        let is_number =
            |c: char| c.is_ascii_digit() || "〇零一二三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟两".contains(c);
        let head = before.trim_end_matches(is_number);
        let number = &before[head.len()..];
        let near = |word: &&str| last(head, 8).contains(*word) || first(after, 6).contains(*word);
        let set = !number.is_empty() && AMOUNTS.iter().any(|word| near(&word));
        (set && !tells(head, after)).then(|| format!("{number}元"))
    })
}

/// Whether what stands around a word shows that the text tells of an outcome: it asks whether or why, or says what was done.
fn tells(before: &str, after: &str) -> bool {
    let near = last(before, BEFORE);
    let asked = TELLING_AFTER.iter().any(|word| first(after, AFTER).contains(word));
    let told = TELLING_BEFORE.iter().any(|word| {
        near.rfind(word).is_some_and(|at| {
            !AS_IF.iter().any(|order| last(&before[..before.len() - near.len() + at], 3).contains(order))
        })
    });
    asked || told
}
