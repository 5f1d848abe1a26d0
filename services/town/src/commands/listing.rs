//! Which of a list are shown, and how many: said with the same words by every command that lists.

use clap::Args;

/// How many of a list are shown.
#[derive(Clone, Copy, Debug, Args)]
pub struct Page {
    /// How many at most
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
}

/// Whether only what is not done is shown.
#[derive(Clone, Copy, Debug, Args)]
pub struct Undone {
    /// Only what has not come to an end
    #[arg(long)]
    pub open: bool,
    /// Only what is overdue
    #[arg(long)]
    pub overdue: bool,
}

/// Which are shown of what several institutions work on.
#[derive(Clone, Copy, Debug, Args)]
pub struct Filter {
    /// Whether only what is not done.
    #[command(flatten)]
    pub undone: Undone,
    /// Only what one's own institution has to act on
    #[arg(long)]
    pub mine: bool,
    /// How many.
    #[command(flatten)]
    pub page: Page,
}

impl Filter {
    /// Everything: for finding what a person means by a part of its name.
    pub const ALL: Self =
        Self { undone: Undone { open: false, overdue: false }, mine: false, page: Page { limit: usize::MAX } };
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use crate::cli::Cli;

    /// Every command below one, with its name.
    fn all(command: &Command) -> Vec<(String, &Command)> {
        let below = |it| -> Vec<(String, &Command)> { all(it) };
        let own = (command.get_name().to_owned(), command);
        let deeper = command.get_subcommands().flat_map(below).map(|(name, it)| (format!("{} {name}", own.0), it));
        let deeper: Vec<_> = deeper.collect();
        std::iter::once(own).chain(deeper).collect()
    }

    #[test]
    fn an_option_of_lists_means_the_same_everywhere() {
        let program = Cli::command();
        let commands = all(&program);
        for (option, help, least) in [
            ("limit", "How many at most", 20),
            ("open", "Only what has not come to an end", 6),
            ("overdue", "Only what is overdue", 6),
            ("mine", "Only what one's own institution has to act on", 5),
        ] {
            let having = commands.iter().filter_map(|(name, command)| {
                let found = command.get_arguments().find(|argument| argument.get_long() == Some(option))?;
                Some((name, found.get_help().map(ToString::to_string)))
            });
            let having: Vec<_> = having.collect();
            assert!(having.len() >= least, "{option}: {}", having.len());
            for (name, found) in having {
                assert_eq!(found.as_deref(), Some(help), "{name} --{option}");
            }
        }
    }
}
