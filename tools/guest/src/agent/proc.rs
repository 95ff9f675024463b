// SPDX-License-Identifier: GPL-2.0

//! What the node does, from `/proc`.
//!
//! The processes are its own, not those of the cluster. Read when asked and never
//! else. Parsing is apart from reading, and takes a file that is not as expected for
//! one that says nothing.

use std::{
    collections::HashMap,
    fs,
    io::{self, Read as _},
    time::Instant,
};

use rustix::process::setpriority_process;
use ssi_exec::control::Status;

/// A file's text without its last newline; empty when it cannot be read.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}

/// Whether `/` is a directory of the host.
pub(crate) fn root_is_hostfs() -> bool {
    text("/proc/self/mounts")
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?, words.next()?))
        })
        .any(|mount| mount == ("/", "hostfs"))
}

/// Processor time of each process at the last question.
#[derive(Debug)]
pub(crate) struct Usage {
    /// The agent begins as soon as the node has booted, whose clocks are those of its host.
    began: Instant,
    ticks: HashMap<u32, u64>,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            ticks: HashMap::new(),
        }
    }
}

impl Usage {
    /// What the node does now, `execs` commands of the launcher among it.
    pub(crate) fn status(&mut self, execs: u32) -> Status {
        let processes = user_processes();
        let loadavg = text("/proc/loadavg");
        let meminfo = text("/proc/meminfo");
        Status {
            uptime_s: self.began.elapsed().as_secs_f64(),
            load1: number(&loadavg, 0).unwrap_or(0.0),
            running: running(&loadavg),
            processes: u32::try_from(processes.len()).unwrap_or(u32::MAX),
            mem_total_kib: kib(&meminfo, "MemTotal:"),
            mem_free_kib: kib(&meminfo, "MemAvailable:"),
            top: self.top(&processes),
            execs,
        }
    }

    /// The process that used most since the last question, else the newest;
    /// the node's own programs do not count.
    fn top(&mut self, processes: &[Process]) -> Option<String> {
        let used = |process: &Process| {
            let before = self.ticks.get(&process.pid).copied().unwrap_or(0);
            (process.ticks.saturating_sub(before), process.pid)
        };
        let name = processes
            .iter()
            .filter(|process| !is_our_own(process))
            .max_by_key(|process| used(process))
            .map(|process| process.name.clone());
        self.ticks = processes.iter().map(|it| (it.pid, it.ticks)).collect();
        name
    }
}

/// One process, from its `stat`.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    name: String,
    parent: u32,
    ticks: u64,
}

impl Process {
    /// Reads a line of `/proc/<pid>/stat`; the name may hold anything, the last
    /// parenthesis ends it.
    fn parse(line: &str) -> Option<Self> {
        let (pid, rest) = line.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let field = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            pid: pid.parse().ok()?,
            name: name.to_owned(),
            parent: u32::try_from(field(1)?).ok()?,
            ticks: field(11)? + field(12)?,
        })
    }
}

/// Children of kernel thread 2 are kernel threads.
const KTHREADD: u32 = 2;

/// Of the thread that looks at processes, and of no other.
const HIGHEST_PRIORITY: i32 = -20;

/// A `stat` is shorter.
const STAT_BYTES_MAX: usize = 1024;

/// All processes of this node but the kernel's threads.
fn user_processes() -> Vec<Process> {
    crate::own::look(all_processes).unwrap_or_else(|why| {
        crate::log::line(&format!("{why:#}"));
        Vec::new()
    })
}

fn all_processes() -> Vec<Process> {
    // A node that is busy is asked most of all. Without it, it answers all the same.
    let _ = setpriority_process(None, HIGHEST_PRIORITY);
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|pid| Process::parse(&stat(&pid).ok()?))
        .filter(|process| process.pid != KTHREADD && process.parent != KTHREADD)
        .collect()
}

/// The line of a process, with as few calls as can be: there may be thousands.
fn stat(pid: &str) -> io::Result<String> {
    let mut line = [0; STAT_BYTES_MAX];
    let length = fs::File::open(format!("/proc/{pid}/stat"))?.read(&mut line)?;
    Ok(String::from_utf8_lossy(&line[..length])
        .trim_end()
        .to_owned())
}

/// Pid 1, the agent, and the idle shell of the console.
fn is_our_own(process: &Process) -> bool {
    process.pid == 1
        || process.parent == 1
            && matches!(
                process.name.as_str(),
                "ssi-init" | "exe" | "ssi-agent" | "sh"
            )
}

fn number<T: std::str::FromStr>(text: &str, index: usize) -> Option<T> {
    text.split_whitespace().nth(index)?.parse().ok()
}

/// The first number of `running/all`, less the one that asks.
fn running(loadavg: &str) -> u32 {
    number::<String>(loadavg, 3)
        .and_then(|counts| counts.split_once('/')?.0.parse::<u32>().ok())
        .map_or(0, |running| running.saturating_sub(1))
}

fn kib(meminfo: &str, key: &str) -> u64 {
    meminfo
        .lines()
        .find_map(|line| number(line.strip_prefix(key)?, 0))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_is_one_name() {
        let line = "17 (a) b (c)) S 1 17 17 0 -1 4194560 9 0 0 0 5 7 0 0 20 0 1 0 5";
        let process = Process::parse(line).unwrap();
        assert_eq!((process.pid, process.name.as_str()), (17, "a) b (c)"));
        assert_eq!((process.parent, process.ticks), (1, 12));
    }

    #[test]
    fn a_short_line_is_no_process() {
        for line in ["", "1", "1 (x", "1 (x) S", "x (y) S 1 2 3"] {
            assert_eq!(Process::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn the_asker_is_not_counted_as_running() {
        assert_eq!(running("0.00 0.01 0.05 3/60 99"), 2);
        assert_eq!(running("0.00 0.01 0.05 0/60 99"), 0);
        assert_eq!(running(""), 0);
    }

    #[test]
    fn memory_is_read_by_name() {
        let meminfo = "MemTotal:  124000 kB\nMemAvailable:   99 kB\n";
        assert_eq!(kib(meminfo, "MemAvailable:"), 99);
        assert_eq!(kib(meminfo, "Swap:"), 0);
    }

    #[test]
    fn the_busiest_since_last_time_is_on_top() {
        let process = |pid, ticks, name: &str| Process {
            pid,
            name: name.to_owned(),
            parent: 9,
            ticks,
        };
        let mut usage = Usage::default();
        let first = [process(10, 100, "old"), process(11, 5, "new")];
        assert_eq!(usage.top(&first).as_deref(), Some("old"));
        let second = [process(10, 100, "old"), process(11, 9, "new")];
        assert_eq!(usage.top(&second).as_deref(), Some("new"));
        assert_eq!(usage.top(&[process(1, 9, "init")]), None);
    }
}
