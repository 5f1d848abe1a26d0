//! What an attachment is, by its name and its first bytes.

/// How many bytes from the start tell the kind.
pub(super) const HEAD_BYTES: usize = 64;

/// What an attachment is, as far as the gateway cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A program or a script. Never relayed.
    Executable,
    /// CSV: data, whose words demand nothing of anybody.
    Table,
    /// TXT.
    Plain,
    /// JSON.
    Json,
    /// XML.
    Xml,
    /// OFD (GB/T 33190): XML in a zip file.
    Ofd,
    /// Anything else: it cannot be looked through, and waits for OFFICE's look.
    Opaque,
}

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

impl Kind {
    /// Tells the kind of a content from its file name and its first bytes.
    #[must_use]
    pub fn of(name: &str, head: &[u8]) -> Self {
        let ending = ending(name);
        // "MZ" alone may begin a text; a program has zero bytes in its header.
        let windows = head.starts_with(b"MZ") && head.contains(&0);
        if windows
            || EXECUTABLE_ENDINGS.contains(&ending.as_str())
            || EXECUTABLE_HEADS.iter().any(|it| head.starts_with(it))
        {
            return Self::Executable;
        }
        match ending.as_str() {
            "csv" => Self::Table,
            "txt" => Self::Plain,
            "json" => Self::Json,
            "xml" => Self::Xml,
            "ofd" => Self::Ofd,
            _ => Self::Opaque,
        }
    }
}

/// The ending of a file name in lower case. Dots and spaces after it do not count: some systems drop them.
fn ending(name: &str) -> String {
    let name = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase())
}
