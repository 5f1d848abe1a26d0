//! Notes, checkpoints, verifier keys.

use proptest::prelude::*;

use super::*;

#[test]
fn a_note_signed_by_the_go_implementation_verifies() {
    let key: VerifierKey =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().expect("a verifier key");
    let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let parsed = SignedNote::parse(note).expect("a note");
    let keys = [key];
    assert_eq!(parsed.verify(&keys).expect("verifies"), [&keys[0]]);
    let changed = note.replace("answer", "Answer");
    assert!(SignedNote::parse(&changed).expect("a note").verify(&keys).is_err());
}

#[test]
fn a_checkpoint_survives_its_text_and_verifies_with_both_keys() {
    let keys = Keys::generate();
    let note = keys.checkpoint(20_852_163, Hash([9; 32]));
    let verifiers = keys.verifiers();
    let opened = Checkpoint::open(note.as_bytes(), &verifiers).expect("verifies");
    assert_eq!(opened.checkpoint.size, 20_852_163);
    assert_eq!(opened.checkpoint.root, Hash([9; 32]));
    assert_eq!(opened.signers, verifiers.iter().collect::<Vec<_>>());
    assert_eq!(Checkpoint::parse_text(&opened.checkpoint.to_text()).expect("parses"), opened.checkpoint);
    for one in &verifiers {
        Checkpoint::open(note.as_bytes(), std::slice::from_ref(one)).expect("either key alone");
        let text = one.to_string();
        assert_eq!(&text.parse::<VerifierKey>().expect("parses"), one);
    }
    assert!(matches!(Checkpoint::open(note.as_bytes(), &[]), Err(NoteError::NoKey(_))));
    let stranger = Keys::generate().verifiers();
    assert!(matches!(Checkpoint::open(note.as_bytes(), &stranger), Err(NoteError::Unsigned { .. })));
}

#[test]
fn unknown_lines_are_ignored_and_a_stripped_line_is_not() {
    let keys = Keys::generate();
    let note = keys.checkpoint(3, Hash([9; 32]));
    let verifiers = keys.verifiers();
    let witnessed = format!("{note}\u{2014} witness.example/w1 AAAAAAECAwQ=\n");
    let opened = Checkpoint::open(witnessed.as_bytes(), &verifiers).expect("verifies");
    assert_eq!(opened.signers.len(), 2);
    let lines: Vec<_> = note.lines().collect();
    let stripped = format!("{}\n", lines[..lines.len() - 1].join("\n"));
    assert!(matches!(Checkpoint::open(stripped.as_bytes(), &verifiers), Err(NoteError::Unsigned { .. })));
    // A rotated key beside the present one does no harm.
    let mut more = verifiers.clone();
    more.extend(Keys::generate().verifiers());
    Checkpoint::open(note.as_bytes(), &more).expect("verifies");
}

#[test]
fn every_changed_byte_of_a_checkpoint_is_refused() {
    let keys = Keys::generate();
    let note = keys.checkpoint(300, Hash([9; 32])).into_bytes();
    let verifiers = keys.verifiers();
    for at in 0..note.len() {
        for with in [1, 0x20, 0x80] {
            let mut changed = note.clone();
            changed[at] ^= with;
            assert!(Checkpoint::open(&changed, &verifiers).is_err(), "byte {at} ^ {with:#x}");
        }
        assert!(Checkpoint::open(&note[..at], &verifiers).is_err(), "cut at {at}");
    }
    assert!(Checkpoint::open(&[&note[..], b"\n"].concat(), &verifiers).is_err());
}

#[test]
fn malformed_texts_are_refused() {
    let root = Hash([9; 32]).to_base64();
    for text in [
        String::new(),
        "o\n1\n".to_owned(),
        format!("o\n01\n{root}\n"),
        format!("o\n+1\n{root}\n"),
        format!("o\n1\n{root}"),
        format!("\n1\n{root}\n"),
        format!("o o\n1\n{root}\n"),
        format!("o\n1\n{root}\n\n"),
        format!("o\n9999999999999999999\n{root}\n"),
        format!("o\n1\n{}\n", &root[..43]),
        format!("o\n-1\n{root}\n"),
    ] {
        assert!(Checkpoint::parse_text(&text).is_err(), "{text:?}");
    }
    Checkpoint::parse_text(&format!("o\n0\n{root}\n")).expect("the empty log");
    Checkpoint::parse_text(&format!("o\n1\n{root}\nan extension\n")).expect("allowed by the format");
    let many = format!("o\n1\n{root}\n\n{}", "\u{2014} w AAAAAAECAwQ=\n".repeat(65));
    assert!(SignedNote::parse(&many).is_err());
    assert!(SignedNote::parse(&"x".repeat(70_000)).is_err());
    for origin in ["", "a b", "a+b", "张浦", "a\"b", "a\\b", &"x".repeat(201)] {
        assert!(Origin::new(origin).is_err(), "{origin}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn note_parsers_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,300}") {
        let keys = Keys::generate().verifiers();
        let _ = Checkpoint::open(&bytes, &keys);
        let _ = Checkpoint::parse_unverified(text.as_bytes());
        let _ = Checkpoint::parse_text(&text);
        let _ = SignedNote::parse(&text);
        let _ = text.parse::<VerifierKey>();
        let _ = text.parse::<Origin>();
    }

    #[test]
    fn a_changed_verifier_key_is_refused(at in any::<usize>(), with in 1_u8..0x80) {
        for key in Keys::generate().verifiers() {
            let mut text = key.to_string().into_bytes();
            let place = at % text.len();
            text[place] ^= with;
            let text = String::from_utf8(text).expect("ascii");
            if !text.trim_ascii().eq(text.as_str()) {
                continue;
            }
            prop_assert!(text.parse::<VerifierKey>().is_err(), "{}", text);
        }
    }
}
