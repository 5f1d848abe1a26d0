//! What the program tells of itself.

use super::{folder, stdout, townlink};

/// The first page, as it should be. A change of the command line changes this file too.
const FIRST_PAGE: &str = include_str!("help.txt");

#[test]
fn the_first_page_teaches_where_to_begin_and_what_exit_codes_mean() {
    let output = townlink(folder().path(), &["--help"]);
    assert_eq!(stdout(&output), FIRST_PAGE);
}

/// Every command, by its words.
const COMMANDS: [&str; 128] = [
    "up",
    "demo",
    "serve",
    "migrate",
    "doctor",
    "config check",
    "pki init",
    "pki issue",
    "pki list",
    "key generate",
    "key register",
    "key confirm",
    "key revoke",
    "key export",
    "relay issue",
    "relay list",
    "relay show",
    "relay receipt",
    "relay proof",
    "relay watch",
    "relay urge",
    "relay recall",
    "relay pull",
    "relay acknowledge",
    "relay receive",
    "paper list",
    "inbox list",
    "inbox sign-for",
    "inbox register",
    "inbox check",
    "inbox return",
    "dispatch draft",
    "dispatch revise",
    "dispatch cosign",
    "dispatch review",
    "dispatch legal",
    "dispatch sign",
    "dispatch number",
    "dispatch seal",
    "dispatch send",
    "dispatch void",
    "dispatch withdraw",
    "dispatch deliver",
    "dispatch urge",
    "dispatch close",
    "dispatch list",
    "dispatch show",
    "dispatch void-numbers",
    "dispatch thread",
    "guidance list",
    "guidance show",
    "guidance in-force",
    "guidance draft",
    "guidance review",
    "guidance issue",
    "guidance withdraw",
    "guidance sign-for",
    "guidance object",
    "guidance forward",
    "guidance answer",
    "guidance settle",
    "coordination list",
    "coordination show",
    "coordination tell",
    "coordination report",
    "coordination ask",
    "coordination supervise",
    "coordination sign-for",
    "coordination answer-clue",
    "coordination answer",
    "coordination answer-supervision",
    "coordination close",
    "inbox desk",
    "inbox instruct",
    "inbox assign",
    "inbox decide",
    "inbox refuse",
    "inbox accept",
    "inbox progress",
    "inbox part",
    "inbox read",
    "inbox report",
    "inbox complete",
    "inbox send-back",
    "inbox archive",
    "inbox merge",
    "inbox transfer",
    "inbox extend",
    "inbox grant-extension",
    "inbox refuse-extension",
    "document register",
    "document confirm",
    "document publish",
    "power check",
    "power history",
    "power documents",
    "power public",
    "power export",
    "power evaluations",
    "power import",
    "power catalogue",
    "grant import",
    "grant confirm",
    "grant evaluate",
    "grant catalogue",
    "roster list",
    "roster assign",
    "roster end",
    "supervise sample",
    "supervise draw",
    "supervise draw-check",
    "supervise review",
    "supervise coverage",
    "supervise opinion",
    "supervise answer",
    "supervise account",
    "supervise hand-over",
    "opinion request",
    "opinion give",
    "opinion list",
    "opinion show",
    "opinion close",
    "refusal list",
    "log export",
    "verify",
    "calendar due",
    "clock show",
    "clock advance",
];

#[test]
fn every_command_has_help_and_commands_that_change_something_have_examples() {
    for command in COMMANDS {
        let words: Vec<_> = command.split(' ').chain(["--help"]).collect();
        let output = townlink(folder().path(), &words);
        let text = stdout(&output);
        assert!(output.status.success(), "{command}");
        assert!(text.contains("Examples:") && text.contains("townlink "), "{command} has no examples:\n{text}");
    }
}

/// Anyone repeats a draw without a town (enforcement.md §4.11).
#[test]
fn a_draw_is_checked_offline() {
    let folder = folder();
    let list = folder.path().join("list.txt");
    std::fs::write(&list, "E001\nE002\nE003\nE004\nE005\nE006\n").expect("a list");
    let list = list.display().to_string();
    let checked = ["--json", "supervise", "draw-check", "--seed", "2026Q1-ENV", "--count", "2", list.as_str()];
    let value: serde_json::Value = serde_json::from_str(&stdout(&townlink(folder.path(), &checked))).expect("JSON");
    assert_eq!(value["drawn"], serde_json::json!(["E002", "E006"]));
}
