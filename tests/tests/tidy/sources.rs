//! The files of the workspace, as the rules read them.

use std::fs;
use std::path::{Path, PathBuf};

/// One file.
pub struct Source {
    /// The path below the root of the workspace.
    pub path: String,
    /// The text as it stands.
    pub text: String,
}

/// Folders that hold no sources of ours.
const SKIPPED: [&str; 5] = ["target", "node_modules", ".git", "townlink-data", "google"];

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

/// Every file with this extension, in the order of the paths.
pub fn files(extension: &str) -> Vec<Source> {
    let mut found = Vec::new();
    walk(&root(), extension, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "there are no *.{extension} files below {}", root().display());
    found
}

fn walk(folder: &Path, extension: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace can be read") {
        let path = entry.expect("an entry of the workspace can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !SKIPPED.contains(&name) && path.file_name() != Some("target".as_ref()) {
                walk(&path, extension, found);
            }
        } else if path.extension().is_some_and(|held| held == extension) {
            let below = path.strip_prefix(root()).expect("the walk began at the root");
            let text = fs::read_to_string(&path).expect("a source is UTF-8");
            found.push(Source { path: below.to_string_lossy().into_owned(), text });
        }
    }
}

impl Source {
    /// The crate's folder, such as `services/office`.
    pub fn crate_folder(&self) -> &str {
        let depth = if self.path.starts_with("services/") { 2 } else { 1 };
        let end = self.path.match_indices('/').nth(depth - 1).map_or(self.path.len(), |(at, _)| at);
        &self.path[..end]
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether the file is a test as a whole.
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.contains("/benches/")
            || matches!(self.file(), "tests.rs" | "testing.rs")
            || self.path.contains("/testing/")
    }

    /// The lines that run, with comments and the insides of strings blanked, up to the test module at the end.
    pub fn code(&self) -> Vec<(usize, String)> {
        lines_before_tests(&blank(&self.text, true))
    }

    /// The lines that run with their strings, without comments, up to the test module at the end.
    pub fn code_with_strings(&self) -> Vec<(usize, String)> {
        lines_before_tests(&blank(&self.text, false))
    }
}

fn lines_before_tests(code: &str) -> Vec<(usize, String)> {
    let numbered = code.lines().enumerate().map(|(index, line)| (index + 1, line.to_owned()));
    numbered.take_while(|(_, line)| line.trim() != "#[cfg(test)]").collect()
}

/// Blanks comments, and on wish the insides of strings, and keeps every line break.
pub fn blank(text: &str, strings: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, hidden) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), true)
        } else if rest.starts_with("/*") {
            (block_comment(rest), true)
        } else if let Some(length) = raw_string(rest, &out) {
            (length, strings)
        } else if first == '"' {
            (quoted(rest), strings)
        } else if let Some(length) = character(rest) {
            (length, strings)
        } else {
            (first.len_utf8(), false)
        };
        let (token, left) = rest.split_at(length);
        if hidden {
            out.extend(token.chars().map(|held| if held == '\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(token);
        }
        rest = left;
    }
    out
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn raw_string(text: &str, before: &str) -> Option<usize> {
    let in_word = before.chars().next_back().is_some_and(|held| held.is_alphanumeric() || held == '_');
    let open = text.strip_prefix('r').or_else(|| text.strip_prefix("br"))?;
    let hashes = open.bytes().take_while(|byte| *byte == b'#').count();
    if in_word || open.as_bytes().get(hashes) != Some(&b'"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = &open[hashes + 1..];
    let length = body.find(&close).map_or(body.len(), |end| end + close.len());
    Some(text.len() - body.len() + length)
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, held) in text.char_indices().skip(1) {
        match held {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character literal; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    if let Some(escaped) = body.strip_prefix('\\') {
        return escaped.char_indices().skip(1).find(|(_, held)| *held == '\'').map(|(at, _)| at + 3);
    }
    let first = body.chars().next()?;
    body[first.len_utf8()..].starts_with('\'').then(|| first.len_utf8() + 2)
}

#[cfg(test)]
mod tests {
    use super::blank;

    #[test]
    fn comments_and_strings_are_blanked_and_lines_kept() {
        let text = "let a = \"x // y\"; // z\nlet b = r#\"q\"q\"#; /* m\n /* n */ */ 'c' <'a>";
        let code = blank(text, true);
        assert_eq!(code.lines().count(), 2 + 1);
        assert!(
            !code.contains('x')
                && !code.contains('z')
                && !code.contains('q')
                && !code.contains('m')
                && !code.contains('n'.to_ascii_uppercase())
        );
        assert!(code.contains("<'a>") && code.contains("let b"));
        assert!(blank(text, false).contains("x // y"));
    }
}
