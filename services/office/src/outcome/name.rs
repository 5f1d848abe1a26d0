//! Which case or application a text names: by its number, by a word that points at it, or by its party.

use super::folded::{first, last, places};

/// What begins the number of an application or a penalty case, and how many digits make it one. `ZPCF` is tried first.
const NUMBERED: [(&str, usize); 2] = [("ZPCF", 5), ("ZP", 8)];

/// What stands before the year in the numbers of decisions, notices and files of cases. Policy documents have other marks.
const FILE_MARKS: [&str; 14] =
    ["罚决", "罚告", "罚字", "罚听", "许决", "许字", "许可", "许受", "立案", "立字", "强决", "强字", "受字", "案字"];

/// Words that point at one case or application.
const POINTING: [&str; 33] = [
    "该案",
    "此案",
    "本案",
    "那案",
    "上述案",
    "前述案",
    "这起案",
    "该起案",
    "此起案",
    "这个案",
    "这件案",
    "该件案",
    "这宗案",
    "该申请",
    "此申请",
    "本次申请",
    "上述申请",
    "前述申请",
    "这个申请",
    "这份申请",
    "这件申请",
    "该许可申请",
    "此许可申请",
    "该项申请",
    "此项申请",
    "该办件",
    "此办件",
    "这个办件",
    "该份申请",
    "该笔申请",
    "其申请",
    "该企业的申请",
    "这家",
];

/// How the names of firms end.
const FIRMS: [&str; 14] = [
    "公司",
    "企业",
    "合作社",
    "商行",
    "超市",
    "饭店",
    "餐馆",
    "经营部",
    "工作室",
    "集团",
    "厂",
    "店",
    "个体户",
    "工地",
];

/// What a name of a firm may have before its end that names nobody.
const LEGAL_FORMS: [&str; 6] = ["有限", "责任", "股份", "集团", "分", "总"];

/// What stands before the end of a firm's name where firms in general are meant.
const GENERAL: [&str; 36] = [
    "的", "对", "各", "类", "等", "或", "和", "及", "与", "有关", "相关", "小微", "中小", "民营", "国有", "外资",
    "合资", "独资", "上市", "设立", "注册", "物业", "劳务", "建筑", "运输", "涉及", "该类", "所有", "全部", "其他",
    "市场", "重点", "规上", "工业", "餐饮", "商",
];

/// After `某` it is a kind that is meant, not somebody.
const SOME_KIND: [&str; 6] = ["项", "类", "种", "一", "个", "些"];

/// After `一案` it is a way of working that is meant.
const WAYS: [&str; 3] = ["一", "双", "多"];

/// The words that name a case; none where the text is general.
pub(super) fn named(text: &str) -> Option<String> {
    by_number(text).or_else(|| by_file(text)).or_else(|| by_pointing(text)).or_else(|| by_party(text))
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn by_number(text: &str) -> Option<String> {
    NUMBERED.into_iter().find_map(|(mark, least)| {
        let (_, after) = places(text, mark).find(|(_, after)| digits(after) >= least)?;
        Some(format!("{mark}{}", &after[..digits(after)]))
    })
}

/// 张政罚决字〔2026〕12号 and its like.
fn by_file(text: &str) -> Option<String> {
    places(text, "号").find_map(|(before, _)| {
        let head = before.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = &before[head.len()..];
        let (year, rest) = number.split_at_checked(4)?;
        let marked = FILE_MARKS.iter().any(|mark| last(head, 6).contains(mark));
        (marked && !rest.is_empty()).then(|| format!("{}{year}{rest}号", last(head, 6)))
    })
}

fn by_pointing(text: &str) -> Option<String> {
    POINTING.into_iter().find(|word| text.contains(word)).map(str::to_owned)
}

fn by_party(text: &str) -> Option<String> {
    somebody(text).or_else(|| one_case(text)).or_else(|| firm(text))
}

/// What a party has: a case or an application follows soon.
fn has_case(after: &str) -> bool {
    let soon = first(after, 12);
    soon.contains('案') || soon.contains("申请") || soon.contains("报批") || soon.contains("办件")
}

/// 张某占道经营案, 某某公司的许可申请.
fn somebody(text: &str) -> Option<String> {
    let mut found = places(text, "某").filter(|(_, after)| !SOME_KIND.iter().any(|kind| after.starts_with(kind)));
    let (before, after) = found.find(|(_, after)| has_case(after))?;
    Some(format!("{}某{}", last(before, 1), first(after, 6)))
}

/// 张三占道经营一案.
fn one_case(text: &str) -> Option<String> {
    let mut found = places(text, "一案").filter(|(_, after)| !WAYS.iter().any(|way| after.starts_with(way)));
    let (before, _) = found.find(|(before, _)| last(before, 2).chars().count() == 2)?;
    Some(format!("{}一案", last(before, 6)))
}

/// 昆山华鑫电子有限公司的许可申请. Firms in general name no case.
fn firm(text: &str) -> Option<String> {
    FIRMS.into_iter().find_map(|end| {
        let (before, _) = places(text, end).find(|(before, after)| has_case(after) && is_name(before))?;
        Some(format!("{}{end}", last(before, 6)))
    })
}

fn is_name(before: &str) -> bool {
    let mut head = before;
    while let Some(shorter) = LEGAL_FORMS.iter().find_map(|form| head.strip_suffix(form)) {
        head = shorter;
    }
    head.chars().count() >= 2 && !GENERAL.iter().any(|word| head.ends_with(word))
}
