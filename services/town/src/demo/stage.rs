//! The stage: a directory, a town in a child process, what was typed and what came back.

use std::fs::File;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser as _;
use serde_json::{Value, json};

use super::After;
use super::facts::facts_of;
use super::page::{cut, folded, wrapped};
use crate::cli::{Cli, run_to};
use crate::commands::up::{database, on_server};
use crate::compose;
use crate::connection::read_ready;
use crate::output::{Output, Reader, Record};
use crate::problem::{Exit, Problem};

/// The data directory, below the directory of the demonstration: the default, so that nobody has to name it.
const DATA_DIR: &str = "townlink-data";

/// How long something that happens by itself may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// How many lines of an answer are shown.
const LINES_SHOWN: usize = 14;

/// The directory, the town, and what happened.
pub struct Stage {
    output: Output,
    folder: tempfile::TempDir,
    after: After,
    postgres: Option<String>,
    /// The databases on the server, as the stories' towns name them.
    databases: Vec<String>,
    town: Option<Town>,
    chapters: Vec<Value>,
    checks: usize,
    acknowledged: Vec<Acknowledged>,
    begun: Instant,
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The process first: a database that is in use is not let go willingly.
        drop(self.town.take());
        if self.after == After::Remove {
            for url in &self.databases {
                // What cannot be removed is left to whoever keeps the server: the demonstration has its verdict.
                let _ = remove_databases(url);
            }
        }
    }
}

/// A paper that the town acknowledged.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// Who issued it.
    pub identity: String,
    /// Its message id.
    pub id: String,
    /// The content of the receipt, as the JSON form carries it.
    pub receipt: Value,
}

/// The child process. It ends when its standard input does, so it does not outlive the demonstration.
struct Town {
    process: Child,
    input: Option<ChildStdin>,
}

impl Drop for Town {
    fn drop(&mut self) {
        // A process that has ended already cannot be killed again.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a command answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The command as it was typed.
    typed: String,
    /// The exit code.
    exit: Exit,
    /// What a program reads.
    value: Value,
    /// What a person reads.
    shown: String,
    /// The problem as a person reads it.
    told: String,
    /// The problem, for programs.
    problem: Value,
}

impl Answer {
    /// A text of the answer by its JSON pointer; empty where there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A part of the answer by its JSON pointer.
    pub fn value(&self, pointer: &str) -> &Value {
        self.value.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The entries of a list of the answer.
    pub fn list(&self, pointer: &str) -> &[Value] {
        self.value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The problem as a person reads it.
    pub fn told(&self) -> &str {
        &self.told
    }

    /// Whether what a person reads of the answer holds a word.
    pub fn told_of(&self, word: &str) -> bool {
        self.shown.contains(word)
    }
}

impl Stage {
    /// Makes the directory.
    pub fn open(after: After, postgres: Option<&str>, output: &Output) -> Result<Self, Problem> {
        let mut folder = tempfile::Builder::new().prefix("townlink-demo-").tempdir()?;
        folder.disable_cleanup(after == After::Keep);
        // Two demonstrations on one server must not meet in one database.
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let postgres = postgres.map(|url| database(url, &unique[..8]));
        Ok(Self {
            output: output.clone(),
            folder,
            after,
            postgres,
            databases: Vec::new(),
            town: None,
            chapters: Vec::new(),
            checks: 0,
            acknowledged: Vec::new(),
            begun: Instant::now(),
        })
    }

    /// Begins a story: with a directory and, once it starts, a town of its own.
    pub fn story(&mut self, name: &str) -> Result<(), Problem> {
        self.stop()?;
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder)?;
        // What is typed names files of this directory, as a person's commands would.
        std::env::set_current_dir(folder)?;
        self.acknowledged.clear();
        self.databases.extend(self.postgres.as_ref().map(|url| database(url, name)));
        Ok(())
    }

    /// Begins a chapter.
    pub fn chapter(&mut self, title: &str) -> Result<(), Problem> {
        self.chapters.push(json!({"chapter": title, "steps": []}));
        self.person(&format!("\n{}. {title}\n", self.chapters.len()))
    }

    /// Tells the story.
    pub fn tell(&self, text: &str) -> Result<(), Problem> {
        let lines: Vec<_> = text.split('\n').map(|line| format!("   {line}").trim_end().to_owned()).collect();
        self.person(&lines.join("\n"))
    }

    fn person(&self, text: &str) -> Result<(), Problem> {
        if self.output.reader() == Reader::Person { self.output.line(text) } else { Ok(()) }
    }

    /// Types a command line, and shows what comes back.
    pub fn run(&mut self, line: &str) -> Result<Answer, Problem> {
        let answer = quiet(line)?;
        self.show(&answer)?;
        Ok(answer)
    }

    /// Types a command that must succeed.
    pub fn accepted(&mut self, line: &str) -> Result<Answer, Problem> {
        let answer = self.run(line)?;
        self.check(answer.exit == Exit::Ok, &format!("the command succeeds, it ended with {}", answer.exit as u8))?;
        Ok(answer)
    }

    /// Runs a command that must succeed, and shows nothing of it: the story has told it before.
    pub fn done(&mut self, line: &str) -> Result<(), Problem> {
        let answer = quiet(line)?;
        self.check(answer.exit == Exit::Ok, &format!("`{line}` succeeds: {}", answer.told))
    }

    /// Types a command that the town must refuse with a code, telling law and remedy.
    pub fn refused(&mut self, line: &str, code: &str) -> Result<Answer, Problem> {
        let answer = self.run(line)?;
        let told = |key: &str| answer.problem["error"][key].as_str().unwrap_or_default();
        self.check(
            answer.exit == Exit::Refused,
            &format!("the town refuses, the command ended with {}", answer.exit as u8),
        )?;
        self.check(told("code") == code, &format!("the code is {code}, not {}", told("code")))?;
        self.check(!told("law").is_empty() && !told("remedy").is_empty(), "law and remedy are told")?;
        Ok(answer)
    }

    /// Types a check that must find a fault.
    pub fn unverified(&mut self, line: &str, fault: &str) -> Result<Answer, Problem> {
        let answer = self.run(line)?;
        let told = answer.problem["error"]["fault"].as_str().unwrap_or_default();
        self.check(
            answer.exit == Exit::Unverified && told.contains(fault),
            &format!("the check finds a fault of the {fault}, it ended with {}: {told}", answer.exit as u8),
        )?;
        Ok(answer)
    }

    /// Types a command that issues a paper, keeps its receipt, and gives back its message id.
    pub fn issued(&mut self, line: &str) -> Result<String, Problem> {
        let answer = self.accepted(line)?;
        let id = answer.text("/paper").rsplit('/').next().unwrap_or_default().to_owned();
        let identity = line.split("--as ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        self.check(answer.text("/type") == "RECEIPT_TYPE_RECEIVED", "the receipt says RECEIVED")?;
        let receipt = answer.value("/content").clone();
        self.acknowledged.push(Acknowledged { identity: identity.to_owned(), id: id.clone(), receipt });
        Ok(id)
    }

    /// Looks until something has happened by itself, then shows the last look.
    pub fn until(&mut self, line: &str, what: &str, happened: impl Fn(&Answer) -> bool) -> Result<Answer, Problem> {
        let begun = Instant::now();
        loop {
            let answer = quiet(line)?;
            if answer.exit == Exit::Ok && happened(&answer) {
                self.show(&answer)?;
                self.check(true, what)?;
                return Ok(answer);
            }
            if begun.elapsed() > PATIENCE {
                self.show(&answer)?;
                self.check(false, &format!("{what} within {} seconds", PATIENCE.as_secs()))?;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Looks without showing anything.
    pub fn look(&self, line: &str) -> Result<Answer, Problem> {
        quiet(line)
    }

    /// Runs a line of the shell, as a person would to make or change a file.
    pub fn shell(&mut self, line: &str) -> Result<(), Problem> {
        self.person(&format!("   $ {}", line.replace('\n', "\n     ")))?;
        let status = Command::new("sh").arg("-c").arg(line).status()?;
        self.record(json!({"typed": line, "exit": status.code()}));
        self.check(status.success(), "the shell runs the line")
    }

    /// Fails unless something holds. What holds is counted.
    pub fn check(&mut self, holds: bool, what: &str) -> Result<(), Problem> {
        self.checks += 1;
        if holds {
            return Ok(());
        }
        let chapter = self.chapters.last().map_or("", |chapter| chapter["chapter"].as_str().unwrap_or_default());
        Err(Problem::failed(format!("demo, {}. {chapter}", self.chapters.len()), format!("expected that {what}")))
    }

    /// Every paper that was acknowledged.
    pub fn acknowledged(&self) -> &[Acknowledged] {
        &self.acknowledged
    }

    fn show(&mut self, answer: &Answer) -> Result<(), Problem> {
        self.record(json!({
            "typed": answer.typed, "exit": answer.exit as u8, "answer": answer.value, "problem": answer.problem["error"],
        }));
        self.person(&format!("   $ {}", wrapped(&answer.typed)))?;
        let facts = facts_of(&answer.typed);
        let wanted = |line: &&str| facts.is_none_or(|facts| facts.iter().any(|fact| line.starts_with(fact)));
        let lines: Vec<_> = answer.shown.lines().filter(wanted).collect();
        let left = lines.len().saturating_sub(LINES_SHOWN);
        let more = (left > 0).then(|| format!("… {left} more lines"));
        let shown = lines.into_iter().take(LINES_SHOWN).map(str::to_owned).chain(more);
        let told = answer.told.lines().flat_map(folded);
        let shown: Vec<_> = shown.map(|line| cut(&line)).chain(told).map(|line| format!("     {line}")).collect();
        self.person(&shown.join("\n"))
    }

    fn record(&mut self, step: Value) {
        if let Some(Value::Array(steps)) = self.chapters.last_mut().and_then(|chapter| chapter.get_mut("steps")) {
            steps.push(step);
        }
    }

    /// Starts the town and waits until it serves. `first` is what is typed before and after the command.
    pub fn start(&mut self, before: &[(&str, &str)], options: &[&str]) -> Result<(), Problem> {
        let mut options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        if let Some(url) = self.databases.last().filter(|_| !options.is_empty()) {
            options.extend(["--postgres".to_owned(), url.clone()]);
        }
        let variables: String = before.iter().map(|(key, value)| format!("{key}={value} ")).collect();
        self.person(&format!(
            "   $ {}",
            wrapped(format!("{variables}townlink up {} &", options.join(" ")).replace("  ", " ").as_str())
        ))?;
        let log = File::options().create(true).append(true).open("up.log")?;
        let begun = Instant::now();
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--data-dir", DATA_DIR, "up", "--until-eof"])
            .args(&options)
            .envs(before.iter().copied())
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let input = process.stdin.take();
        let mut town = Town { process, input };
        // After a kill the file of the process before is still there.
        while read_ready(Path::new(DATA_DIR)).map_or(true, |ready| ready.process != town.process.id()) {
            if let Some(status) = town.process.try_wait()? {
                let told = std::fs::read_to_string("up.log").unwrap_or_default();
                return Err(Problem::failed("townlink up", format!("it ended with {status}\n{told}")));
            }
            if begun.elapsed() > PATIENCE {
                return Err(Problem::failed("townlink up", "it does not serve"));
            }
            std::thread::sleep(PAUSE);
        }
        self.town = Some(town);
        self.person(&format!("     the town serves, {} ms after its start", begun.elapsed().as_millis()))
    }

    /// Ends the town as ctrl-c would: calls are answered, then it ends.
    pub fn stop(&mut self) -> Result<(), Problem> {
        let Some(mut town) = self.town.take() else { return Ok(()) };
        drop(town.input.take());
        let status = town.process.wait()?;
        self.check(status.success(), &format!("the town ends in order, it ended with {status}"))
    }

    /// Ends the town at once, as a failing machine would.
    pub fn kill(&mut self) -> Result<(), Problem> {
        let Some(mut town) = self.town.take() else { return Ok(()) };
        self.person(&format!("   $ kill -9 {}", town.process.id()))?;
        town.process.kill()?;
        town.process.wait()?;
        Ok(())
    }

    /// Ends the story.
    pub fn close(mut self) -> Result<(), Problem> {
        self.stop()?;
        let seconds = self.begun.elapsed().as_secs();
        let folder = (self.after == After::Keep).then(|| self.folder.path().display().to_string());
        if self.output.reader() == Reader::Program {
            let value = json!({"chapters": self.chapters, "checks": self.checks, "seconds": seconds, "folder": folder});
            return self.output.value(&value, String::new);
        }
        let kept = folder
            .map(|folder| {
                format!("\n   Kept in {folder}: cd into a story's folder there, `townlink up`, and go on by hand.")
            })
            .unwrap_or_default();
        self.person(&format!(
            "\n   Everything came back as the law asks for: {} checks in {seconds} seconds.{kept}",
            self.checks
        ))
    }
}

/// Removes the databases that a town made on a server.
fn remove_databases(url: &str) -> Result<(), Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for service in compose::services() {
        let Some((server, name)) = on_server(&database(url, service.as_str())) else { continue };
        let removed = runtime.block_on(runtime::db::remove(&server, &name));
        removed.map_err(|error| Problem::failed("the database server", error))?;
    }
    Ok(())
}

/// Runs a command line in this process, through the same parser and the same code as a typed one.
fn quiet(line: &str) -> Result<Answer, Problem> {
    let words = words(line);
    let given = words.iter().skip(1).cloned();
    let arguments = ["townlink".to_owned(), "--data-dir".to_owned(), DATA_DIR.to_owned()].into_iter().chain(given);
    let cli = Cli::try_parse_from(arguments).map_err(|error| Problem::failed(format!("demo: {line}"), error))?;
    let record = Arc::new(Mutex::new(Record::default()));
    let result = run_to(cli, Output::recorded(Arc::clone(&record)));
    let record = record.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (exit, problem, told) = match result {
        Ok(()) => (Exit::Ok, Value::Null, String::new()),
        Err(problem) => (problem.exit(), problem.to_json(), problem.to_string()),
    };
    let value = record.values.into_iter().next().unwrap_or(Value::Null);
    Ok(Answer { typed: line.to_owned(), exit, value, shown: record.text, told, problem })
}

/// The words of a line as a shell would take them; single quotes keep a word together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quoted, mut begun) = (false, false);
    for letter in line.chars() {
        match letter {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' | '\n' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            _ => {
                word.push(letter);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::page::{WIDTH, width};
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        let line = "townlink --as county/government relay issue --directive '{\"type\": \"X\"}' --title 通知";
        let expected = [
            "townlink",
            "--as",
            "county/government",
            "relay",
            "issue",
            "--directive",
            "{\"type\": \"X\"}",
            "--title",
            "通知",
        ];
        assert_eq!(words(line), expected);
        assert_eq!(words("a '' b"), ["a", "", "b"]);
    }

    #[test]
    fn a_long_line_is_continued() {
        let line = format!("townlink --as person/clerk {}", "--note 注释注释注释注释注释 ".repeat(8));
        let wrapped = wrapped(&line);
        assert!(wrapped.lines().count() > 1 && wrapped.lines().all(|line| width(line) < WIDTH + 40), "{wrapped}");
        assert_eq!(words(&wrapped.replace(" \\\n", " ")), words(&line));
    }
}
