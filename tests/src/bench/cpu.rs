//! What a process cost, from the operating system's own accounting: CPU time of whole process trees, resident memory.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

/// The unit of `/proc/<pid>/stat`: `USER_HZ` is 100 on every architecture that the program is built for.
const TICK: Duration = Duration::from_millis(10);

/// Process trees whose CPU time is counted together: the servers, and the database where it is a server of its own.
#[derive(Clone, Debug, Default)]
pub struct Trees {
    roots: Vec<u32>,
}

impl Trees {
    /// The trees below these processes.
    #[must_use]
    pub fn of(roots: &[u32]) -> Self {
        Self { roots: roots.to_vec() }
    }

    /// The CPU time, user and system, that the processes and all their descendants have used, those that ended included.
    ///
    /// # Errors
    /// Where a root has ended: its time would be lost.
    pub fn cpu(&self) -> Result<Duration> {
        let all = read_all()?;
        let mut ticks = 0;
        for root in &self.roots {
            ensure!(all.contains_key(root), "process {root} has ended while it was measured");
        }
        for (pid, stat) in &all {
            if self.roots.iter().any(|root| descends(*pid, *root, &all)) {
                ticks += stat.ticks;
            }
        }
        Ok(TICK * u32::try_from(ticks).context("more CPU time than can be counted")?)
    }
}

/// The CPU time of this process, all its threads included.
///
/// # Errors
/// Where `/proc` cannot be read.
pub fn of_this_process() -> Result<Duration> {
    Trees::of(&[std::process::id()]).cpu()
}

/// The CPU time of the calling thread, to the nanosecond.
///
/// # Errors
/// Where the kernel does not tell.
pub fn of_this_thread() -> Result<Duration> {
    let text =
        fs::read_to_string("/proc/thread-self/schedstat").context("the kernel has no /proc/thread-self/schedstat")?;
    let ns = text.split_whitespace().next().and_then(|first| first.parse().ok()).context("schedstat has no time")?;
    Ok(Duration::from_nanos(ns))
}

/// The resident memory of a process, in KiB.
///
/// # Errors
/// Where the process is gone.
pub fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid} is gone"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the status has no VmRSS")?;
    line.trim().trim_end_matches("kB").trim().parse().context("VmRSS is a number")
}

/// The parent of a process.
///
/// # Errors
/// Where the process is gone.
pub fn parent_of(pid: u32) -> Result<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    Ok(parse(&stat).context("the stat of a process has its form")?.parent)
}

/// What is read of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// Its own time, and that of children that ended and were waited for.
    ticks: u64,
}

fn read_all() -> Result<HashMap<u32, Stat>> {
    let mut all = HashMap::new();
    for entry in fs::read_dir("/proc").context("/proc cannot be read")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that ends between the listing and the reading is its parent's by now.
        let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        if let Some(stat) = parse(&text) {
            all.insert(pid, stat);
        }
    }
    Ok(all)
}

/// Fields 4 and 14 to 17 of proc(5), counted after the name, which may hold anything.
fn parse(text: &str) -> Option<Stat> {
    let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>()).sum::<Result<u64, _>>().ok()?;
    Some(Stat { parent: fields.get(1)?.parse().ok()?, ticks })
}

fn descends(pid: u32, root: u32, all: &HashMap<u32, Stat>) -> bool {
    let mut at = Some(pid);
    while let Some(pid) = at {
        if pid == root {
            return true;
        }
        at = all.get(&pid).map(|stat| stat.parent).filter(|parent| *parent != 0);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_move_the_fields() {
        let text = "42 (a) b (c)) S 7 42 42 0 -1 4194304 2854 6529 2 0 53 4 3 1 20 0 1 0 191754";
        assert_eq!(parse(text), Some(Stat { parent: 7, ticks: 61 }));
        assert_eq!(parse("42 (sh) S 7"), None);
    }

    #[test]
    fn children_count_with_their_root() {
        let stat = |parent| Stat { parent, ticks: 1 };
        let all = HashMap::from([(1, stat(0)), (7, stat(1)), (42, stat(7)), (50, stat(1))]);
        assert!(descends(42, 7, &all) && descends(7, 7, &all) && !descends(50, 7, &all));
    }

    #[test]
    fn this_process_has_used_time_and_memory() -> Result<()> {
        let begin = of_this_thread()?;
        let mut spin = 0_u64;
        while of_this_thread()? - begin < Duration::from_millis(40) {
            spin = spin.wrapping_add(1);
        }
        assert!(of_this_process()? >= Duration::from_millis(30), "{spin}");
        assert!(resident_kib(std::process::id())? > 100);
        Ok(())
    }
}
