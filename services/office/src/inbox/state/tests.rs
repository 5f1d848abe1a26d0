use super::*;
use proptest::prelude::*;

const NAME: &str = "inboxes/OFFICE/papers/human-resources-f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

#[test]
fn a_name_reads_back() {
    let name = PaperName::parse(NAME).expect("a name");
    assert_eq!((name.inbox, name.sender.as_str()), (Institution::Office, "human-resources"));
    assert_eq!(name.to_string(), NAME);
    assert_eq!(name.at_gateway(), "senders/human-resources/papers/f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
}

#[test]
fn other_spellings_are_no_name() {
    let others = [
        "",
        "inboxes/",
        "inboxes/OFFICE/papers/",
        "inboxes/office/papers/human-resources-f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "inboxes/MAYOR/papers/human-resources-f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "inboxes/OFFICE/papers/f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "inboxes/OFFICE/papers/-f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "inboxes/OFFICE/papers/human-resources-F81D4FAE-7dec-11d0-a765-00a0c91e6bf6",
        "inboxes/OFFICE/papers/人社局人社局人社局人社局人社局人社局人社局人社局",
    ];
    for other in others {
        assert_eq!(PaperName::parse(other), None, "{other}");
    }
}

#[test]
fn a_number_is_compared_in_its_right_spelling() {
    let key = |number: &str| Summary { document_number: number.to_owned(), ..Summary::default() }.document_key();
    assert_eq!(key("昆政发〔2026〕5号"), "昆政发〔2026〕5号");
    assert_eq!(key("昆政发[2026]05号"), "昆政发〔2026〕5号");
    assert_eq!(key(" 昆政发〔26〕5号"), "昆政发〔26〕5号");
    assert_eq!(key(""), "");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_of_names_panic(input in any::<String>()) {
        let _ = PaperName::parse(&input);
    }
}
