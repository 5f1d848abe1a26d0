//! A text without what makes no difference to its meaning.

/// Traditional characters of the words that are looked for, each before its simplified form.
const TRADITIONAL: &str = "準准許许駁驳罰罚處处應应當当決决銷销該该請请給给辦办結结關关過过從从輕轻減减額额萬万圓元號号個个這这違违張张書书發发\
                           證证項项貸贷業业廠厂標标讓让鬆松綠绿燈灯貴贵網网開开照照顧顾勝胜見见與与於于";

/// Folds texts into one: letters raised, full-width forms made half-width, traditional characters simplified, and everything
/// that is neither letter nor digit left out.
pub(super) fn fold<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    texts.into_iter().flat_map(str::chars).map(half_width).filter(|c| c.is_alphanumeric()).map(simplified).collect()
}

fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{1d7ce}'..='\u{1d7ff}' => char::from_digit((u32::from(c) - 0x1d7ce) % 10, 10).unwrap_or(c),
        _ => c,
    }
}

fn simplified(c: char) -> char {
    let mut pairs = TRADITIONAL.chars();
    while let Some((traditional, simplified)) = pairs.next().zip(pairs.next()) {
        if traditional == c {
            return simplified;
        }
    }
    c.to_ascii_uppercase()
}

/// The last characters of a text, at most so many.
pub(super) fn last(text: &str, count: usize) -> &str {
    let from = text.char_indices().rev().take(count).last().map_or(text.len(), |(at, _)| at);
    &text[from..]
}

/// The first characters of a text, at most so many.
pub(super) fn first(text: &str, count: usize) -> &str {
    let to = text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    &text[..to]
}

/// Every place of a phrase: the text before it, and the text after it.
pub(super) fn places<'t>(text: &'t str, phrase: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    text.match_indices(phrase).map(move |(at, found)| (&text[..at], &text[at + found.len()..]))
}
