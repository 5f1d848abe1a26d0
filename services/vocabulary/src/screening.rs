//! What may not pass through this network: marks of secrecy, and programs (relay-and-sharing.md §8.1, §8.2).
//!
//! White space and invisible characters never hide a mark: whoever looks for one looks at the text without them, which takes in the
//! `\s*` of the law and the 秘 密 that old typewriters left.

/// The marks of secrets: a grade followed by a star, `(绝密|机密|秘密)\s*[★☆]`, and 工作秘密; fixed, since the law fixes them
/// (保守国家秘密法 arts. 29–31).
pub const SECRECY_MARKS: [&str; 7] = ["绝密★", "绝密☆", "机密★", "机密☆", "秘密★", "秘密☆", "工作秘密"];

/// How many bytes from the start of a content tell whether it is a program.
pub const HEAD_BYTES: usize = 64;

/// Names of programs and scripts, by their ending.
const EXECUTABLE_ENDINGS: [&str; 41] = [
    "exe", "com", "scr", "pif", "dll", "ocx", "sys", "cpl", "msi", "msp", "mst", "bat", "cmd", "ps1", "psm1", "vbs",
    "vbe", "js", "jse", "mjs", "wsf", "wsh", "hta", "lnk", "reg", "inf", "jar", "class", "apk", "xap", "app", "dmg",
    "pkg", "deb", "rpm", "sh", "run", "elf", "so", "py", "pl",
];

/// First bytes of programs: ELF, Mach-O in its four spellings, Java and fat Mach-O, WebAssembly, Dalvik, a Windows shortcut.
const EXECUTABLE_HEADS: [&[u8]; 10] = [
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\0asm",
    b"dex\n",
    b"\x4c\0\0\0\x01\x14\x02\0",
    b"#!",
];

/// Whether a reader of the page does not see a character: white space, controls, and what Unicode calls default ignorable.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether a text bears a mark of secrecy. For a content that comes as a stream, see [`SECRECY_MARKS`] and [`is_invisible`].
#[must_use]
pub fn is_secret(text: &str) -> bool {
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    SECRECY_MARKS.iter().any(|mark| seen.contains(mark))
}

/// The ending of a file name in lower case. Dots and spaces around it do not count: some systems drop them.
#[must_use]
pub fn ending(name: &str) -> String {
    let name = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.trim().to_ascii_lowercase())
}

/// Whether a file is a program or a script, by its name and its first bytes ([`HEAD_BYTES`] of them).
#[must_use]
pub fn is_executable(name: &str, head: &[u8]) -> bool {
    let head = &head[..head.len().min(HEAD_BYTES)];
    // "MZ" alone may begin a text; a program has zero bytes in its header.
    let windows = head.starts_with(b"MZ") && head.contains(&0);
    windows
        || EXECUTABLE_ENDINGS.contains(&ending(name).as_str())
        || EXECUTABLE_HEADS.iter().any(|it| head.starts_with(it))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_invisible_character_hides_a_mark() {
        for between in ['\u{3000}', '\u{200b}', '\u{fff9}', '\u{115f}', '\u{1d173}', '\n'] {
            assert!(is_secret(&format!("机{between}密{between}☆")), "{between:?}");
        }
        assert!(!is_secret("机密") && !is_secret("秘密：★") && !is_secret("保守国家秘密法"));
    }

    #[test]
    fn a_program_is_told_by_its_name_or_its_first_bytes() {
        for (name, head) in [("表.exe", b"a".as_slice()), ("表.PY .", b"a"), ("表. sh", b"a"), ("表", b"MZ\x90\0")]
        {
            assert!(is_executable(name, head), "{name}");
        }
        assert!(!is_executable("表.csv", b"MZ is a text") && !is_executable("表", b""));
    }

    proptest! {
        #[test]
        fn no_name_and_no_content_makes_it_panic(name in any::<String>(), head in any::<Vec<u8>>()) {
            let _ = (is_executable(&name, &head), is_secret(&name));
        }
    }
}
