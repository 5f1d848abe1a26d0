use std::io::{self, Cursor, Read, Seek, SeekFrom, Write as _};

use proptest::prelude::*;
use vocabulary::Sm3Digest;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn patterns() -> Patterns {
    Patterns::new(&["必须于".to_owned(), "务必".to_owned()], &["经市政府同意".to_owned()]).expect("patterns")
}

fn seen(name: &str, content: &[u8]) -> Look {
    let patterns = patterns();
    let mut looks = Looks::new(&patterns);
    looks.look(name, Sm3Digest::of(content), &mut Cursor::new(content)).expect("a readable content")
}

fn ofd(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        file.start_file(*name, SimpleFileOptions::default()).expect("a part");
        file.write_all(bytes).expect("written");
    }
    file.finish().expect("a zip file").into_inner()
}

#[test]
fn every_mark_of_a_secret_is_found() {
    let marked = [
        ("绝密★", "绝密★"),
        ("机密☆30年", "机密☆"),
        ("第1页 秘密★1年", "秘密★"),
        ("秘密 \t\r\n ★", "秘密★"),
        ("秘\u{3000}密\u{3000}★", "秘密★"),
        ("秘\u{200b}密★", "秘密★"),
        ("本件为工作秘密", "工作秘密"),
    ];
    for (text, mark) in marked {
        assert_eq!(seen("a.txt", text.as_bytes()).seen.secret.as_deref(), Some(mark), "{text}");
    }
    for text in ["保守国家秘密法", "机密", "秘密：★", "★秘密", "秘.密★", "工作 秘书"] {
        assert_eq!(seen("a.txt", text.as_bytes()).seen, Seen::default(), "{text}");
    }
}

#[test]
fn the_other_words_are_told_apart() {
    let text = "内部资料，务必；经市政府 同意".as_bytes();
    let look = seen("a.txt", text);
    let expected = Seen { secret: None, internal: true, demand: Some("务必".to_owned()), consent: true };
    assert_eq!((look.screened, look.seen), (true, expected));
    // In data only marks count.
    assert_eq!(seen("a.csv", text).seen, Seen { internal: true, ..Seen::default() });
}

#[test]
fn no_encoding_hides_a_mark() {
    let utf16 = |to_bytes: fn(u16) -> [u8; 2], mark: [u8; 2]| -> Vec<u8> {
        mark.into_iter().chain("甲秘密★1年".encode_utf16().flat_map(to_bytes)).collect()
    };
    let gb18030 = [0xBC, 0xD7, 0xC3, 0xD8, 0xA1, 0xA1, 0xC3, 0xDC, 0xA1, 0xEF, b'1'];
    let cases: [(&str, Vec<u8>, bool); 9] = [
        ("a.txt", "\u{feff}秘密★".as_bytes().to_vec(), true),
        ("a.txt", utf16(u16::to_le_bytes, [0xFF, 0xFE]), true),
        ("a.txt", utf16(u16::to_be_bytes, [0xFE, 0xFF]), true),
        ("a.TXT", gb18030.to_vec(), false),
        ("a.json", br#"{"a":"\u79d8\u5bc6\u2605"}"#.to_vec(), true),
        ("a.json", "{\"a\":\"秘密\\n★\"}".as_bytes().to_vec(), true),
        ("a.xml", "<a>秘</a><b>密</b>★".as_bytes().to_vec(), true),
        ("a.xml", "<a>&#x79d8;&#23494;&#x2605;</a>".as_bytes().to_vec(), true),
        ("a.xml", "<a b='秘密★'/>".as_bytes().to_vec(), true),
    ];
    for (name, content, screened) in cases {
        let look = seen(name, &content);
        assert_eq!((look.seen.secret.as_deref(), look.screened), (Some("秘密★"), screened), "{name} {content:?}");
    }
}

#[test]
fn a_mark_across_pieces_is_found() {
    for shift in 0..9 {
        let text = format!("{}秘密★", "甲".repeat(21_842).as_str().to_owned() + &"a".repeat(shift));
        assert_eq!(seen("a.txt", text.as_bytes()).seen.secret.as_deref(), Some("秘密★"), "{shift}");
    }
}

#[test]
fn an_ofd_is_looked_through() {
    let page = |text: &str| format!("<ofd:Page><ofd:TextCode>{text}</ofd:TextCode></ofd:Page>").into_bytes();
    let root: &[u8] = b"<ofd:OFD/>";
    let cases: [(Vec<u8>, Option<&str>, bool); 6] = [
        (ofd(&[("OFD.xml", root), ("Doc_0/Pages/0.xml", &page("第一页")), ("Doc_0/Res/1.png", b"x")]), None, true),
        (ofd(&[("OFD.xml", root), ("Doc_0/Pages/0.xml", &page("秘密★1年"))]), Some("秘密★"), true),
        (ofd(&[("0.xml", &page("秘</ofd:TextCode><ofd:TextCode>密★"))]), Some("秘密★"), true),
        (ofd(&[("0.xml", &page("页")), ("Attachs/a.txt", "机密★".as_bytes())]), Some("机密★"), true),
        // Only a picture, and a part that may hold anything.
        (ofd(&[("OFD.xml", root), ("Doc_0/Res/1.jpg", b"x")]), None, false),
        (ofd(&[("0.xml", &page("页")), ("Attachs/a.docx", b"PK")]), None, false),
    ];
    for (content, mark, screened) in cases {
        let look = seen("正文.ofd", &content);
        assert_eq!((look.kind, look.seen.secret.as_deref(), look.screened), (Kind::Ofd, mark, screened));
    }
    assert!(!seen("正文.ofd", b"no zip file").screened);
}

#[test]
fn nothing_in_an_ofd_hides_a_mark() {
    let page = |text: &str| format!("<ofd:Page><ofd:TextCode>{text}</ofd:TextCode></ofd:Page>").into_bytes();
    let secret: [Vec<(&str, Vec<u8>)>; 9] = [
        vec![("0.xml", page("<![CDATA[秘密]]>★"))],
        vec![("0.xml", page("秘<!-- > -->密★"))],
        vec![("0.xml", page("秘<?x > ?>密★"))],
        vec![("0.xml", page("秘<a b='>'/>密★"))],
        vec![("0.xml", page("&#00000000000031192;&#x00000000000005bc6;★"))],
        vec![("0.xml", page("<a t='&#31192;密★'/>"))],
        vec![("0.xml", page("页")), ("1.dat", page("秘密★"))],
        vec![("0.xml", page("页")), ("1.png", [b"\xef\xbb\xbf \n".to_vec(), page("秘密★")].concat())],
        vec![("0.xml", page("页")), ("秘密★.xml", page("页"))],
    ];
    for parts in secret {
        let parts: Vec<_> = parts.iter().map(|(name, bytes)| (*name, &**bytes)).collect();
        assert_eq!(seen("a.ofd", &ofd(&parts)).seen.secret.as_deref(), Some("秘密★"), "{parts:?}");
    }
    let odd = [
        "<!DOCTYPE x [<!ENTITY a \"秘\"><!ENTITY b \"密★\">]><ofd:TextCode>&a;&b;</ofd:TextCode>",
        "<?xml version=\"1.0\" encoding=\"UTF-7\"?><ofd:TextCode>x</ofd:TextCode>",
        "<ofd:TextCode>&x;</ofd:TextCode>",
        "<ofd:TextCode>x</ofd:TextCode><![CDATA[",
    ];
    for text in odd {
        assert!(!seen("a.ofd", &ofd(&[("0.xml", text.as_bytes())])).screened, "{text}");
        assert!(!seen("a.xml", text.as_bytes()).screened, "{text}");
    }
}

#[test]
fn an_odd_frame_is_unscreened() {
    let page: &[u8] = b"<ofd:TextCode>x</ofd:TextCode>";
    let good = ofd(&[("0.xml", page), ("1.png", b"\x89PNG")]);
    assert!(seen("a.ofd", &good).screened);
    let mut commented = ZipWriter::new(Cursor::new(Vec::new()));
    commented.set_comment("秘密★").expect("a comment");
    commented.start_file("0.xml", SimpleFileOptions::default()).expect("a part");
    commented.write_all(page).expect("written");
    let commented = commented.finish().expect("a zip file").into_inner();
    // A second name is made the same as the first, in both headers.
    let twice = String::from_utf8_lossy(&ofd(&[("00.xml", page), ("01.xml", page)])).into_owned();
    assert!(twice.contains("01.xml"));
    let mut twice = ofd(&[("00.xml", page), ("01.xml", page)]);
    for at in 0..twice.len() - 6 {
        if twice[at..].starts_with(b"01.xml") {
            twice[at + 1] = b'0';
        }
    }
    let odd = [
        ["秘密★".as_bytes(), &good].concat(),
        [&good, "秘密★".as_bytes()].concat(),
        commented,
        twice,
        good[..good.len() - 1].to_vec(),
    ];
    for content in odd {
        assert!(!seen("a.ofd", &content).screened);
    }
}

#[test]
fn no_invisible_character_and_no_stray_byte_hides_a_mark() {
    for c in
        "\u{ad}\u{34f}\u{180e}\u{200b}\u{202e}\u{2062}\u{2066}\u{3164}\u{fe00}\u{fe0f}\u{feff}\u{e0020}\u{7}".chars()
    {
        for text in [format!("秘{c}密★"), format!("秘密{c}★")] {
            assert!(seen("a.txt", text.as_bytes()).seen.secret.is_some(), "{c:?}");
            let wide =
                std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<_>>();
            assert!(seen("a.txt", &wide).seen.secret.is_some(), "{c:?} in UTF-16");
        }
    }
    let wide = |little: bool, mark: bool| {
        let text = "\u{feff}秘密★1年".chars().skip(usize::from(!mark));
        let bytes = |c: char| if little { u32::from(c).to_le_bytes() } else { u32::from(c).to_be_bytes() };
        text.flat_map(bytes).collect::<Vec<_>>()
    };
    let gb18030: &[u8] = &[0xC3, 0xD8, 0xC3, 0xDC, 0xA1, 0xEF];
    let contents = [
        wide(true, true),
        wide(false, true),
        wide(true, false),
        wide(false, false),
        "秘密★".encode_utf16().flat_map(u16::to_le_bytes).chain([0, 0xFF]).collect(),
        ["秘密".as_bytes(), b"\xff", "★".as_bytes()].concat(),
        [b"\xff", "秘密★".as_bytes()].concat(),
        [b"\0", "秘密★".as_bytes()].concat(),
        [b"x\xe4", gb18030].concat(),
        gb18030.to_vec(),
    ];
    for content in contents {
        let look = seen("a.txt", &content);
        assert_eq!((look.seen.secret.as_deref(), look.screened), (Some("秘密★"), false), "{content:?}");
    }
    // A mark cut by the end of a piece, with a bad byte at the end.
    for shift in 0..9 {
        let text = [&vec![b'a'; 65_536 - 12 + shift], "秘密★".as_bytes(), b"\xff"].concat();
        assert_eq!(seen("a.txt", &text).seen.secret.as_deref(), Some("秘密★"), "{shift}");
    }
    assert_eq!(
        look_at_payload(br#"{"x":"\u79d8\udb40\udc20\u5bc6\u2605"}"#, &patterns()).secret.as_deref(),
        Some("秘密★")
    );
}

#[test]
fn a_look_ends_with_its_caller() {
    let caller = Caller::default();
    let waiting = caller.wait();
    let content = ofd(&[("0.xml", b"<ofd:TextCode>x</ofd:TextCode>")]);
    let patterns = patterns();
    let look = || {
        let mut looks = Looks::new(&patterns);
        looks.look("a.ofd", Sm3Digest::of(&content), &mut caller.watched(Cursor::new(&*content)))
    };
    assert!(look().is_ok());
    drop(waiting);
    assert!(look().is_err());
}

/// Counts the bytes that are read.
struct Counted<'c>(Cursor<&'c [u8]>, usize);

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1 += read;
        Ok(read)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_content_that_is_listed_often_is_read_once_for_each_kind() {
    let patterns = patterns();
    let mut looks = Looks::new(&patterns);
    let demanding = format!("请务必办理{}", " ".repeat(1_000)).into_bytes();
    let other = "某项".repeat(500).into_bytes();
    let listed: [(&str, &[u8], bool, Option<&str>); 7] = [
        ("a.txt", &demanding, true, Some("务必")),
        ("b.TXT", &demanding, false, Some("务必")),
        // Data demands nothing, and a name that lies makes it another kind.
        ("a.csv", &demanding, true, None),
        ("a.txt", &other, true, None),
        ("a.exe", &demanding, false, None),
        ("c.csv", &demanding, false, None),
        ("c.txt", &demanding, false, Some("务必")),
    ];
    for (name, content, whole, demand) in listed {
        let mut counted = Counted(Cursor::new(content), 0);
        let look = looks.look(name, Sm3Digest::of(content), &mut counted).expect("a readable content");
        assert_eq!(look, seen(name, content), "{name}");
        assert_eq!((look.seen.demand.as_deref(), counted.1 >= content.len()), (demand, whole), "{name}");
    }
}

#[test]
fn a_bomb_is_cut_off() {
    let page = b"<ofd:TextCode>x</ofd:TextCode>";
    let bomb = ofd(&[("0.xml", page), ("1.xml", &vec![b' '; 9 * 1024 * 1024])]);
    assert!(!seen("a.ofd", &bomb).screened);
    // The first overrun ends the look: what follows is not even inflated.
    let spaces = vec![b' '; 9 * 1024 * 1024];
    let bomb = ofd(&[("0.xml", page), ("1.xml", &spaces), ("2.xml", "<a>秘密★</a>".as_bytes())]);
    assert_eq!(seen("a.ofd", &bomb).seen.secret, None);
    assert!(!seen("a.ofd", &bomb).screened);
    assert!(seen("a.ofd", &ofd(&[("0.xml", page)])).screened);
}

#[test]
fn programs_are_known_by_name_and_by_their_first_bytes() {
    let cases: [(&str, &[u8], Kind); 14] = [
        ("清单.exe", b"", Kind::Executable),
        ("清单.csv.EXE", b"", Kind::Executable),
        ("清单.exe. ", b"", Kind::Executable),
        ("清单.pdf", b"MZ\x90\0\x03", Kind::Executable),
        ("清单.txt", b"\x7fELF\x02", Kind::Executable),
        ("清单.txt", b"#!/bin/sh", Kind::Executable),
        ("清单.txt", b"MZ is a text", Kind::Plain),
        ("清单.csv", b"a,b", Kind::Table),
        ("清单.json", b"{}", Kind::Json),
        ("清单.xml", b"<a/>", Kind::Xml),
        ("正文.ofd", b"PK", Kind::Ofd),
        ("正文.pdf", b"%PDF", Kind::Opaque),
        ("exe", b"", Kind::Opaque),
        ("压缩.zip", b"PK", Kind::Opaque),
    ];
    for (name, head, kind) in cases {
        assert_eq!(Kind::of(name, head), kind, "{name}");
    }
    for content in [&b"a\0b"[..], b"\xff\xff\xff"] {
        assert!(!seen("a.txt", content).screened);
    }
}

#[test]
fn a_payload_is_looked_through_with_its_escapes() {
    for payload in [
        "{\"title\":\"秘密★\"}".as_bytes(),
        br#"{"x":"\u79d8\u5bc6\u2605"}"#,
        b"\xff\xff\xe7\xa7\x98\xe5\xaf\x86\xe2\x98\x85",
    ] {
        assert_eq!(look_at_payload(payload, &patterns()).secret.as_deref(), Some("秘密★"), "{payload:?}");
    }
    assert_eq!(look_at_payload("{\"title\":\"关于保守国家秘密\"}".as_bytes(), &patterns()), Seen::default());
}

#[test]
fn patterns_are_checked() {
    for word in ["", "密", "a b", &"长".repeat(33)] {
        assert_eq!(Patterns::new(&[word.to_owned()], &[]).err(), Some(PatternError), "{word}");
    }
}

proptest! {
    #[test]
    fn no_content_makes_the_search_panic(content in proptest::collection::vec(any::<u8>(), 0..300), which in 0usize..5) {
        let name = ["a.txt", "a.json", "a.xml", "a.ofd", "a"][which];
        let _ = seen(name, &content);
        let _ = look_at_payload(&content, &patterns());
    }

    #[test]
    fn a_damaged_ofd_makes_no_panic(at in 0usize..400, byte in any::<u8>()) {
        let mut content = ofd(&[("0.xml", b"<ofd:TextCode>x</ofd:TextCode>"), ("1.xml", b"<a/>")]);
        let at = at % content.len();
        content[at] = byte;
        let _ = seen("a.ofd", &content);
    }

    #[test]
    fn a_mark_is_found_wherever_it_stands(before in "\\PC{0,40}", after in "\\PC{0,40}", space in "[ \t\u{3000}]{0,5}") {
        let text = format!("{before}机密{space}★{after}");
        prop_assert!(seen("a.txt", text.as_bytes()).seen.secret.is_some());
    }
}
