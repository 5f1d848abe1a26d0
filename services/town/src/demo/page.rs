//! Lines of the story, fitted to the width of a page.

/// How wide a typed line may be.
pub(super) const WIDTH: usize = 110;

/// A long line as a person would type it, continued after a backslash.
pub(super) fn wrapped(line: &str) -> String {
    let mut lines = vec![String::new()];
    for part in line.split(" --") {
        let first = lines.len() == 1 && lines[0].is_empty();
        let part = if first { part.to_owned() } else { format!(" --{part}") };
        let last = lines.last().map_or(0, |last| width(last));
        if !first && last + width(&part) > WIDTH {
            lines.push(part);
        } else if let Some(last) = lines.last_mut() {
            last.push_str(&part);
        }
    }
    lines.join(" \\\n        ")
}

/// A line as lines of the page's width, since a remedy is read to its end. What goes on stands below what begins.
pub(super) fn folded(line: &str) -> Vec<String> {
    let hanging = " ".repeat(line.find(": ").map_or(0, |at| at + 2).min(10));
    let mut lines = vec![String::new()];
    for letter in line.chars() {
        let last = lines.last().map_or("", String::as_str);
        // A stop never begins a line.
        if width(last) >= WIDTH && !"，。；：、）".contains(letter) {
            lines.push(hanging.clone());
        }
        if let Some(last) = lines.last_mut() {
            last.push(letter);
        }
    }
    lines
}

/// A line cut to the width of the page, so that a wide table does not break the story.
pub(super) fn cut(line: &str) -> String {
    let mut cut = String::new();
    let mut room = WIDTH + 20;
    for letter in line.chars() {
        let wide = if letter.is_ascii() { 1 } else { 2 };
        if wide > room {
            cut.push('…');
            break;
        }
        room -= wide;
        cut.push(letter);
    }
    cut
}

/// How many columns a text takes: characters beyond ASCII are counted as two, as Chinese ones are.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum()
}
