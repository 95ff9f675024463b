// SPDX-License-Identifier: GPL-2.0

//! What the host says about processes.
//!
//! A process id alone names nobody for long: the number is given away again.
//! [`Identity`] adds the start time, which tells the process from its successors.

use std::{
    fs,
    io, //
};

use rustix::process::Pid;

/// A process that cannot be mistaken for a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its number.
    pub(crate) pid: Pid,
    /// When it started, in clock ticks since the host booted.
    pub(crate) start_ticks: u64,
}

/// The part of `/proc/<pid>/stat` the launcher uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    /// Name of the program, cut to 15 bytes.
    pub(crate) comm: String,
    /// `R` running, `S` asleep, `T` stopped, `t` stopped by a tracer, `Z` dead.
    pub(crate) state: char,
    /// Process group.
    pub(crate) group: i32,
    /// Processor time used in user and kernel mode, in clock ticks.
    pub(crate) cpu_ticks: u64,
    /// When it started, in clock ticks since the host booted.
    pub(crate) start_ticks: u64,
}

impl Identity {
    /// The process that has the number now.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn of(pid: Pid) -> io::Result<Self> {
        let start_ticks = Stat::of(pid)?.start_ticks;
        Ok(Self { pid, start_ticks })
    }

    /// Whether the process still has its number (it may be dead and not reaped).
    pub(crate) fn exists(&self) -> bool {
        Self::of(self.pid).is_ok_and(|now| now == *self)
    }

    /// One line: the number, a space, the start time.
    pub(crate) fn to_line(self) -> String {
        format!("{} {}\n", self.pid.as_raw_nonzero(), self.start_ticks)
    }

    /// Reads what [`to_line`](Self::to_line) wrote.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let (pid, start) = line.trim_end().split_once(' ')?;
        Some(Self {
            pid: Pid::from_raw(pid.parse().ok()?)?,
            start_ticks: start.parse().ok()?,
        })
    }
}

impl Stat {
    /// What the host says about `pid` now.
    ///
    /// # Errors
    ///
    /// There is no such process.
    pub(crate) fn of(pid: Pid) -> io::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))?;
        Self::parse(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// The name stands in parentheses and may itself hold any byte; all that
    /// follows the last one is numbers. Field 3 is the first of them.
    fn parse(text: &str) -> Option<Self> {
        let (head, tail) = text.rsplit_once(')')?;
        let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            comm: head.split_once('(')?.1.to_owned(),
            state: fields.first()?.chars().next()?,
            group: fields.get(2)?.parse().ok()?,
            cpu_ticks: number(14)? + number(15)?,
            start_ticks: number(22)?,
        })
    }
}

/// The numbers of all processes.
///
/// # Errors
///
/// `/proc` is not there.
pub(crate) fn all() -> io::Result<impl Iterator<Item = Pid>> {
    let entries = fs::read_dir("/proc")?;
    Ok(entries.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        Pid::from_raw(name.to_str()?.parse().ok()?)
    }))
}

/// The processes of group `group`, dead ones not counted.
pub(crate) fn group(group: Pid) -> Vec<Pid> {
    let in_group = |pid: &Pid| {
        let stat = Stat::of(*pid);
        stat.is_ok_and(|s| s.group == group.as_raw_nonzero().get() && s.state != 'Z')
    };
    all().map_or_else(|_| Vec::new(), |pids| pids.filter(in_group).collect())
}

/// The living children of `parent` in its own process group.
pub(crate) fn children(parent: Pid) -> Vec<Pid> {
    let raw = parent.as_raw_nonzero();
    match fs::read_to_string(format!("/proc/{raw}/task/{raw}/children")) {
        Ok(text) => text
            .split_ascii_whitespace()
            .filter_map(|word| Pid::from_raw(word.parse().ok()?))
            .collect(),
        // A host without CONFIG_PROC_CHILDREN.
        Err(_) => group(parent)
            .into_iter()
            .filter(|pid| *pid != parent)
            .collect(),
    }
}

/// The process that traces `pid`.
pub(crate) fn tracer(pid: Pid) -> Option<Pid> {
    let text = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"))?;
    Pid::from_raw(line.trim().parse().ok()?)
}

/// Memory of a process in KiB: resident, and its share of what is resident.
pub(crate) fn memory_kib(pid: Pid) -> Option<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", pid.as_raw_nonzero())).ok()?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some((field("Rss:")?, field("Pss:")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getpid;

    #[test]
    fn a_name_full_of_traps_is_read() {
        let tail = "S 1 77 77 0 -1 4194304 1 2 3 4 50 7 8 9 20 0 1 0 12345 999 1";
        let stat = Stat::parse(&format!("42 (a) b (c) {tail}")).unwrap();
        assert_eq!(
            (stat.comm.as_str(), stat.state, stat.group),
            ("a) b (c", 'S', 77)
        );
        assert_eq!((stat.cpu_ticks, stat.start_ticks), (57, 12345));
        assert_eq!(Stat::parse("42 (short) S 1"), None);
    }

    #[test]
    fn a_process_is_told_from_its_successor() {
        let ours = Identity::of(getpid()).unwrap();
        assert!(ours.exists());
        let other = Identity {
            start_ticks: ours.start_ticks + 1,
            ..ours
        };
        assert!(!other.exists());
        assert_eq!(Identity::from_line(&ours.to_line()), Some(ours));
        assert_eq!(Identity::from_line("0 1"), None);
        assert_eq!(Identity::from_line("garbage"), None);
    }

    #[test]
    fn children_and_groups_are_found() {
        use std::os::unix::process::CommandExt;
        let mut child = std::process::Command::new("sleep")
            .arg("100")
            .process_group(0)
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        assert_eq!(group(pid), [pid]);
        assert_eq!(tracer(pid), None);
        assert!(memory_kib(pid).unwrap().0 > 0);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(group(pid), []);
    }
}
