//! What an attachment is, by its name and its first bytes.

use vocabulary::screening;

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

impl Kind {
    /// Tells the kind of a content from its file name and its first bytes.
    #[must_use]
    pub fn of(name: &str, head: &[u8]) -> Self {
        if screening::is_executable(name, head) {
            return Self::Executable;
        }
        match screening::ending(name).as_str() {
            "csv" => Self::Table,
            "txt" => Self::Plain,
            "json" => Self::Json,
            "xml" => Self::Xml,
            "ofd" => Self::Ofd,
            _ => Self::Opaque,
        }
    }
}
