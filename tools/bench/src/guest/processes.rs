// SPDX-License-Identifier: GPL-2.0

//! Looks at other processes.

use std::fs::{
    self,
    File, //
};
use std::io::{
    self,
    Read, //
};
use std::path::Path;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::{
    Context,
    Result, //
};
use rustix::io::Errno;
use rustix::process::{
    test_kill_process,
    Pid, //
};

use super::{
    IDLE,
    PROC, //
};
use crate::figure::median;
use crate::question::{
    Answer,
    Touch, //
};

/// Bytes of one read; what is read of a process is shorter.
const READ_BYTES: usize = 4096;

/// Touches the process `pid` `count` times; the median, less a look at the clock,
/// which is a system call in a guest.
pub(super) fn touch(touch: Touch, pid: i32, count: u32) -> Result<Answer> {
    let process = Pid::from_raw(pid).context("no number of a process")?;
    let stat = format!("{PROC}/{pid}/stat");
    let (mut touches, mut looks) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let started = Instant::now();
        match touch {
            Touch::Kill => test_kill_process(process).context("cannot signal it")?,
            Touch::ReadStat => drop(read_once(&stat).context("cannot read its stat")?),
        }
        let touched = Instant::now();
        touches.push(nanoseconds(touched - started));
        looks.push(nanoseconds(touched.elapsed()));
    }
    Ok(Answer::RoundTrip {
        ns: (median(&touches) - median(&looks)).max(0.0),
    })
}

/// Moves the process `pid` to the `nodes` in turn, `count` times; the median.
pub(super) fn go(pid: i32, nodes: &[u8], count: u32) -> Result<Answer> {
    let file = format!("{PROC}/{pid}/goto");
    let mut times = Vec::new();
    for node in nodes.iter().cycle().take(usize::try_from(count)?) {
        let started = Instant::now();
        fs::write(&file, node.to_string()).context("it does not move")?;
        times.push(nanoseconds(started.elapsed()));
    }
    Ok(Answer::RoundTrip { ns: median(&times) })
}

/// Lists `/proc` and reads of each process what `ps` reads.
pub(super) fn walk() -> Result<Answer> {
    let started = Instant::now();
    let mut bred = 0;
    for entry in fs::read_dir(PROC).context("cannot list /proc")? {
        let name = entry?.file_name();
        if name.as_encoded_bytes()[0].is_ascii_digit() {
            let is_bred = look(&Path::new(PROC).join(name));
            bred += u32::from(unless_gone(is_bred)?.unwrap_or(false));
        }
    }
    let ns = u64::try_from(started.elapsed().as_nanos())?;
    Ok(Answer::Walked { ns, bred })
}

/// Reads `path` with a single read.
pub(super) fn read_once(path: impl AsRef<Path>) -> io::Result<usize> {
    File::open(path)?.read(&mut [0; READ_BYTES])
}

/// Whether the process with this folder is a child that does nothing.
fn look(folder: &Path) -> io::Result<bool> {
    fs::metadata(folder)?;
    let mut buffer = [0; READ_BYTES];
    read_all(&folder.join("stat"), &mut buffer)?;
    let bytes = read_all(&folder.join("cmdline"), &mut buffer)?;
    let mut words = buffer[..bytes].split(|byte| *byte == 0).skip(1);
    Ok(words.next() == Some(IDLE.as_bytes()))
}

/// Reads until there is no more, as `ps` does, or the buffer is full.
fn read_all(path: &Path, buffer: &mut [u8]) -> io::Result<usize> {
    let mut file = File::open(path)?;
    let mut filled = 0;
    loop {
        match file.read(&mut buffer[filled..])? {
            0 => return Ok(filled),
            bytes => filled += bytes,
        }
    }
}

/// A process may end between the listing and a look at it.
fn unless_gone<T>(looked: io::Result<T>) -> Result<Option<T>> {
    match looked {
        Ok(seen) => Ok(Some(seen)),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::SRCH) => Ok(None),
            _ => Err(error).context("cannot look at a process"),
        },
    }
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_nanos() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_pid() -> i32 {
        rustix::process::getpid().as_raw_pid()
    }

    #[test]
    fn a_file_takes_longer_than_a_signal() {
        let ns = |how| match touch(how, own_pid(), 1000).unwrap() {
            Answer::RoundTrip { ns } => ns,
            other => panic!("{other:?}"),
        };
        let (kill, stat) = (ns(Touch::Kill), ns(Touch::ReadStat));
        assert!(0.0 < kill && kill < stat, "{kill} {stat}");
    }

    #[test]
    fn no_process_is_an_error() {
        assert!(touch(Touch::Kill, i32::MAX, 1).is_err());
        assert!(touch(Touch::ReadStat, i32::MAX, 1).is_err());
        assert!(touch(Touch::Kill, 0, 1).is_err());
    }

    #[test]
    fn a_walk_goes_on_where_a_process_has_ended() {
        assert_eq!(unless_gone(look(Path::new("/proc/0"))).unwrap(), None);
        let own = format!("/proc/{}", own_pid());
        assert_eq!(unless_gone(look(Path::new(&own))).unwrap(), Some(false));
        assert!(matches!(walk().unwrap(), Answer::Walked { ns: 1.., .. }));
    }
}
