// SPDX-License-Identifier: GPL-2.0

//! The stream of transitions.
//!
//! `/proc/cluster/events`: a line for each transition, the same on all nodes. Each
//! open has a position of its own; a read gives whole lines behind it and, at the
//! end, nothing, so that `cat` ends. A poll tells when there are more.
//!
//! ```text
//!            from T                       T+1 is not kept any more
//!   open ------------> behind T --------------------------------> "lost N"
//!     |                   |  ^                                       |
//!     | read              |  | read: the line of T+1                 |
//!     v                   v  |                                       v
//!   before the oldest --> behind T+1 <------------------------ before the oldest
//! ```

use core::{
    fmt,
    str, //
};

use kernel::{
    prelude::*,
    sync::{
        new_mutex,
        poll::PollTable,
        Arc,
        Mutex, //
    },
    uaccess::UserSliceWriter, //
};
use ssi_core::clms::transition::{
    TransId,
    Transition, //
};
use ssi_kapi::{
    procfs::{
        Opened,
        Stream,
        READABLE, //
    },
    signal::Target, //
};

use crate::{
    announce,
    board::{
        Board,
        BoardInner, //
    },
    driver,
    text::Text, //
};

/// Longest line, in bytes, and so the least room a read must have.
pub(crate) const LINE_BYTES_MAX: usize = 128;

/// Most bytes one read gives.
const READ_BYTES_MAX: usize = 4096;

/// Prints a transition as its line.
pub(crate) struct Line<'a>(pub(crate) &'a Transition);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Transition {
            id,
            epoch,
            wall_us,
            instance,
            from,
            to,
            cause,
        } = self.0;
        write!(
            f,
            "{id} {epoch} {} {from} {to} {cause} {} {}",
            instance.node,
            Seconds(*wall_us),
            instance.incarnation
        )
    }
}

/// Prints microseconds as seconds with six decimals.
pub(crate) struct Seconds(pub(crate) u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// An open `/proc/cluster/events`.
#[pin_data]
pub(crate) struct Events {
    #[pin]
    reader: Mutex<ReaderInner>,
}

struct ReaderInner {
    place: Place,
    /// Whether a read at the end waits.
    follows: bool,
    /// Whom transitions are signalled to.
    target: Option<Arc<Target>>,
}

/// Where a reader stands.
#[derive(Clone, Copy)]
enum Place {
    /// Before whatever is the oldest that is kept.
    Oldest,
    /// Behind this one.
    Behind(TransId),
}

/// What a user writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    From(TransId),
    Follow,
    Signal(u8),
}

impl Stream for Events {
    const MODE: u16 = 0o666;

    fn open(_: usize) -> Result<Pin<KBox<Self>>> {
        let reader = ReaderInner {
            place: Place::Oldest,
            follows: false,
            target: None,
        };
        KBox::pin_init(
            try_pin_init!(Self {
                reader <- new_mutex!(reader, "ssi_clms_reader"),
            }),
            GFP_KERNEL,
        )
    }

    fn read(&self, file: &Opened<'_>, out: &mut UserSliceWriter) -> Result<usize> {
        if out.len() < LINE_BYTES_MAX {
            return Err(EINVAL);
        }
        let board = &driver::get()?.board;
        let room = out.len().min(READ_BYTES_MAX);
        let mut lines = KVec::with_capacity(room, GFP_KERNEL)?;
        let mut reader = self.reader.lock();
        let place = loop {
            let place = take_lines(&board.lock(), reader.place, &mut lines);
            if !lines.is_empty() || !reader.follows {
                break place;
            }
            if file.is_impatient() {
                return Err(EAGAIN);
            }
            reader.place = place;
            drop(reader);
            wait_for_news(board, place)?;
            reader = self.reader.lock();
        };
        out.write_slice(&lines)?;
        reader.place = place;
        Ok(lines.len())
    }

    fn write(&self, file: &Opened<'_>, input: &[u8]) -> Result {
        match Command::parse(input).ok_or(EINVAL)? {
            Command::From(id) => {
                if id > driver::get()?.board.lock().last() {
                    return Err(EINVAL);
                }
                self.reader.lock().place = Place::Behind(id);
            }
            Command::Follow => self.reader.lock().follows = true,
            Command::Signal(signal) => self.set_target(match signal {
                0 => None,
                signal => {
                    let target = Target::current(signal, file.file())?;
                    Some(Arc::new(target, GFP_KERNEL)?)
                }
            })?,
        }
        Ok(())
    }

    fn poll(&self, file: &Opened<'_>, table: &PollTable<'_>) -> u32 {
        let Ok(driver) = driver::get() else {
            return 0;
        };
        table.register_wait(file.file(), driver.board.news());
        let place = self.reader.lock().place;
        match is_at_end(&driver.board.lock(), place) {
            true => 0,
            false => READABLE,
        }
    }
}

impl Events {
    fn set_target(&self, target: Option<Arc<Target>>) -> Result {
        let mut reader = self.reader.lock();
        if let Some(new) = &target {
            announce::register(new.clone())?;
        }
        if let Some(old) = core::mem::replace(&mut reader.target, target) {
            announce::unregister(&old);
        }
        Ok(())
    }
}

/// A closed file is not signalled any more.
impl Drop for ReaderInner {
    fn drop(&mut self) {
        if let Some(target) = &self.target {
            announce::unregister(target);
        }
    }
}

impl Command {
    fn parse(input: &[u8]) -> Option<Self> {
        let text = str::from_utf8(input).ok()?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        match text.split_once(' ') {
            Some(("from", id)) => number(id).map(|id| Self::From(TransId(id))),
            Some(("signal", signal)) => number(signal)?.try_into().ok().map(Self::Signal),
            Some(_) => None,
            None => (text == "follow").then_some(Self::Follow),
        }
    }
}

/// Reads digits only: no sign, no spaces.
fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// Puts the next lines into `lines`, as many as fit; where the reader is then.
fn take_lines(board: &BoardInner, place: Place, lines: &mut KVec<u8>) -> Place {
    let (mut place, next) = match place {
        Place::Oldest => (place, board.first()),
        Place::Behind(id) => (place, id.next()),
    };
    let lost = board.first().0.saturating_sub(next.0);
    if lost != 0 {
        let line = Text::<LINE_BYTES_MAX>::of(format_args!("lost {lost}\n"));
        if !append(lines, line.as_bytes()) {
            return place;
        }
        place = Place::Behind(TransId(board.first().0.saturating_sub(1)));
    }
    for transition in board.since(next) {
        let line = Text::<LINE_BYTES_MAX>::of(format_args!("{}\n", Line(transition)));
        if !append(lines, line.as_bytes()) {
            break;
        }
        place = Place::Behind(transition.id);
    }
    place
}

/// Appends a line when there is room for all of it.
fn append(lines: &mut KVec<u8>, line: &[u8]) -> bool {
    let fits = lines.capacity().saturating_sub(lines.len()) >= line.len();
    fits && lines.extend_from_slice(line, GFP_KERNEL).is_ok()
}

fn is_at_end(board: &BoardInner, place: Place) -> bool {
    match place {
        Place::Oldest => board.since(board.first()).next().is_none(),
        Place::Behind(id) => board.since(id.next()).next().is_none(),
    }
}

/// Waits until there is something behind `place`.
fn wait_for_news(board: &Board, place: Place) -> Result {
    let mut inner = board.lock();
    while is_at_end(&inner, place) {
        if board.news().wait_interruptible(&mut inner) {
            return Err(ERESTARTSYS);
        }
    }
    Ok(())
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_clms_events)]
mod tests {
    use super::*;
    use ssi_core::{
        clms::transition::Cause,
        ids::{
            Epoch,
            Incarnation,
            Instance,
            NodeId, //
        },
        view::NodeState, //
    };

    #[test]
    fn commands_are_read_exactly() {
        let from = |id| Some(Command::From(TransId(id)));
        assert!(Command::parse(b"from 0") == from(0));
        assert!(Command::parse(b"from 12\n") == from(12));
        assert!(Command::parse(b"follow\n") == Some(Command::Follow));
        assert!(Command::parse(b"signal 10") == Some(Command::Signal(10)));
        for bad in [
            &b""[..],
            b"\n",
            b"from",
            b"from ",
            b"from -1",
            b"from +1",
            b"from 1 2",
            b"from 99999999999999999999",
            b" follow",
            b"follow \n",
            b"follow\n\n",
            b"signal 256",
            b"signal x",
            b"\xff\xfe",
            b"from 1\0",
        ] {
            assert!(Command::parse(bad).is_none());
        }
    }

    #[test]
    fn the_longest_line_fits() -> Result {
        let transition = Transition {
            id: TransId(u64::MAX),
            epoch: Epoch(u32::MAX),
            wall_us: u64::MAX,
            instance: Instance::new(NodeId::new(63).ok_or(EINVAL)?, Incarnation(u64::MAX)),
            from: NodeState::GoingDown,
            to: NodeState::GoingDown,
            cause: Cause::SubsystemsDone,
        };
        let line = Text::<LINE_BYTES_MAX>::of(format_args!("{}\n", Line(&transition)));
        assert!(!line.as_bytes().is_empty());
        Ok(())
    }
}
