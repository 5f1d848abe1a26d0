//! The frame of a zip file, read strictly: nothing lies before, between or behind its parts, and no name stands twice.
//!
//! Programs differ in which of two headers they believe, and in what they overlook. A file on which they cannot differ is the only
//! one whose parts are all of it.

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

use super::decode::fill;

const END_BYTES: usize = 22;
const CENTRAL_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;

/// The largest list of parts.
const LIST_BYTES_MAX: usize = 1024 * 1024;

/// A part, as the list at the end of the file names it.
struct Entry {
    name: Vec<u8>,
    at: u64,
    packed: u64,
    /// Whether sizes stand behind the part, too.
    described: bool,
}

/// The names of the parts; none where the frame is odd in any way.
pub(super) fn names(content: &mut (impl Read + Seek)) -> io::Result<Option<Vec<String>>> {
    let Some((mut entries, list_at)) = listed(content)? else { return Ok(None) };
    entries.sort_by_key(|entry| entry.at);
    let ends = entries.iter().skip(1).map(|entry| entry.at).chain([list_at]).collect::<Vec<_>>();
    if entries.first().is_some_and(|first| first.at != 0) {
        return Ok(None);
    }
    for (entry, end) in entries.iter().zip(ends) {
        if !is_whole(content, entry, end)? {
            return Ok(None);
        }
    }
    let mut seen = HashSet::new();
    let names = entries.into_iter().map(|entry| String::from_utf8(entry.name).ok());
    let names = names.collect::<Option<Vec<_>>>();
    // Some systems do not tell upper from lower case.
    Ok(names.filter(|names| names.iter().all(|name| seen.insert(name.to_lowercase()))))
}

/// The list of the parts, and where it begins.
fn listed(content: &mut (impl Read + Seek)) -> io::Result<Option<(Vec<Entry>, u64)>> {
    let length = content.seek(SeekFrom::End(0))?;
    let mut end = [0; END_BYTES];
    let Some(end_at) = length.checked_sub(22) else { return Ok(None) };
    content.seek(SeekFrom::Start(end_at))?;
    fill(content, &mut end)?;
    let (count, size, list_at) = (short(&end, 10), long(&end, 12), u64::from(long(&end, 16)));
    let one_file = short(&end, 4) == 0 && short(&end, 6) == 0 && short(&end, 8) == count;
    let bare = end.starts_with(b"PK\x05\x06") && short(&end, 20) == 0;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let fits = size <= LIST_BYTES_MAX && u64::try_from(size).is_ok_and(|size| list_at + size == end_at);
    if !one_file || !bare || !fits {
        return Ok(None);
    }
    let mut list = vec![0; size];
    content.seek(SeekFrom::Start(list_at))?;
    if fill(content, &mut list)? < size {
        return Ok(None);
    }
    let mut rest = &*list;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let Some((entry, after)) = entry(rest) else { return Ok(None) };
        entries.push(entry);
        rest = after;
    }
    Ok((entries.len() == usize::from(count)).then_some((entries, list_at)))
}

fn entry(list: &[u8]) -> Option<(Entry, &[u8])> {
    let (head, rest) = list.split_at_checked(CENTRAL_BYTES)?;
    let (name, rest) = rest.split_at_checked(short(head, 28).into())?;
    let (_extra, rest) = rest.split_at_checked(short(head, 30).into())?;
    let flags = short(head, 8);
    let plain = head.starts_with(b"PK\x01\x02") && flags & 1 == 0 && short(head, 32) == 0 && short(head, 34) == 0;
    let entry = Entry {
        name: name.to_owned(),
        at: long(head, 42).into(),
        packed: long(head, 20).into(),
        described: flags & 8 != 0,
    };
    plain.then_some((entry, rest))
}

/// Whether a part fills its place, and its own header names it as the list does.
fn is_whole(content: &mut (impl Read + Seek), entry: &Entry, end: u64) -> io::Result<bool> {
    content.seek(SeekFrom::Start(entry.at))?;
    let mut head = [0; LOCAL_BYTES];
    let known = fill(content, &mut head)?;
    if known < LOCAL_BYTES || !head.starts_with(b"PK\x03\x04") {
        return Ok(false);
    }
    let (name_length, extra_length) = (short(&head, 26), short(&head, 28));
    let mut name = vec![0; name_length.into()];
    fill(content, &mut name)?;
    let data_end = entry.at + 30 + u64::from(name_length) + u64::from(extra_length) + entry.packed;
    let behind = end.checked_sub(data_end);
    let fits = if entry.described { matches!(behind, Some(0 | 12 | 16)) } else { behind == Some(0) };
    let packed = entry.described || u64::from(long(&head, 18)) == entry.packed;
    Ok(fits && packed && name == entry.name)
}

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|it| it.try_into().ok()).map_or(0, u16::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|it| it.try_into().ok()).map_or(0, u32::from_le_bytes)
}
