//! What the program tells of itself.

use super::{folder, stdout, townlink};

/// The first page, as it should be. A change of the command line changes this file too.
const FIRST_PAGE: &str = include_str!("help.txt");

#[test]
fn the_first_page_teaches_where_to_begin_and_what_exit_codes_mean() {
    let output = townlink(folder().path(), &["--help"]);
    assert_eq!(stdout(&output), FIRST_PAGE);
}

#[test]
fn every_command_has_help_and_commands_that_change_something_have_examples() {
    let commands = [
        "up",
        "demo",
        "serve",
        "migrate",
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
        "inbox list",
        "inbox sign-for",
        "inbox register",
        "inbox check",
        "inbox return",
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
        "power import",
        "power catalogue",
        "grant import",
        "grant confirm",
        "grant catalogue",
        "roster list",
        "roster assign",
        "roster end",
        "refusal list",
        "log export",
        "verify",
        "calendar due",
        "clock show",
        "clock advance",
    ];
    for command in commands {
        let words: Vec<_> = command.split(' ').chain(["--help"]).collect();
        let output = townlink(folder().path(), &words);
        let text = stdout(&output);
        assert!(output.status.success(), "{command}");
        assert!(text.contains("Examples:") && text.contains("townlink "), "{command} has no examples:\n{text}");
    }
}
