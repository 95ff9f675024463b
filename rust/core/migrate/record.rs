// SPDX-License-Identifier: GPL-2.0

//! Record of a move.
//!
//! What is known of one process that goes to another node, or was to, and the line of
//! `/proc/cluster/migrations` it is shown as.
//!
//! ```text
//!   Asked ----> Capture ----> Transfer ----> Commit ----> Done
//!     |            |             |             |
//!     '------------'-------------'-------------'--------> Refused, Failed
//! ```

use core::fmt::{
    self,
    Write as _, //
};

use crate::ids::NodeId;

/// Bytes of the name of a process, unused ones are zero.
pub const NAME_BYTES: usize = 16;

/// Microseconds of a second.
const SECOND: u64 = 1_000_000;

/// What is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A process that runs.
    Move,
    /// A child, before its first step.
    Fork,
    /// A process that executes a program.
    Program,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Move, Self::Fork, Self::Program];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Fork => "fork",
            Self::Program => "program",
        }
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The process runs, or is in a system call, and has not come to where it can go.
    Asked,
    /// It stands still, and is packed.
    Capture,
    /// The other node makes it, and fetches its memory.
    Transfer,
    /// It is held there, and is let go of here.
    Commit,
    /// It is there.
    Done,
    /// Something of it keeps it where it is.
    Refused,
    /// It stays, or was lost, for another reason.
    Failed,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Capture => "capture",
            Self::Transfer => "transfer",
            Self::Commit => "commit",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Why a process stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Number of the error, above zero.
    pub errno: u16,
    /// What the words are said of: "it", "its file", or nothing.
    pub subject: &'static str,
    /// The words, without an end of line.
    pub words: &'static str,
}

impl Reason {
    /// The one for an error that has no more words.
    pub const fn of_errno(errno: u16) -> Self {
        let words = match errno {
            1 => "it may not go",
            2 => "its program or its working directory is not there",
            3 => "it ended, or went elsewhere",
            4 => "it was killed",
            7 => "it has more mappings or files than travel",
            11 => "it did not come in time, or too many are on their way",
            12 => "there is too little memory",
            13 => "its program or its working directory cannot be used there",
            16 => "it moved a moment ago, or is about to",
            17 => "its number is in use there",
            95 => "it has something that cannot be on another node",
            111 => "the node is drained",
            112 => "the node is not in the cluster, or died meanwhile",
            121 => "a node died, or an answer was lost",
            _ => "an error of the system",
        };
        Self {
            errno,
            subject: "",
            words,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.subject)?;
        if !self.subject.is_empty() {
            f.write_char(' ')?;
        }
        f.write_str(self.words)
    }
}

/// When each stage began, in microseconds since this node booted; 0 before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Times {
    asked: u64,
    still: u64,
    packed: u64,
    held: u64,
    ended: u64,
}

/// What a move is told to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What is moved.
    pub kind: Kind,
    /// Number of the process.
    pub pid: u32,
    /// Its name.
    pub name: [u8; NAME_BYTES],
    /// Where it runs.
    pub from: NodeId,
    /// Where it is to go.
    pub to: NodeId,
    /// The process that asks.
    pub by: u32,
    /// The user of that one.
    pub user: u32,
    /// The time of the day, in microseconds since 1970.
    pub wall: u64,
}

/// Record of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number, which rises.
    pub id: u64,
    /// What was wanted.
    pub wish: Wish,
    /// How far it is.
    pub stage: Stage,
    /// Why it stays, if it does.
    pub reason: Option<Reason>,
    /// Bytes that were sent: descriptions, and pages.
    pub bytes: u64,
    /// Pages of memory that were sent.
    pub pages: u64,
    /// Bytes of memory the process had in use when it was captured.
    pub resident: u64,
    times: Times,
}

impl Record {
    /// Number `id`: `wish` was told at `now`, in microseconds since this node booted.
    pub fn new(id: u64, wish: Wish, now: u64) -> Self {
        Self {
            id,
            wish,
            stage: Stage::Asked,
            reason: None,
            bytes: 0,
            pages: 0,
            resident: 0,
            times: Times {
                asked: now,
                ..Times::default()
            },
        }
    }

    /// It came to `stage` at `now`. One that has passed it already stays where it is.
    pub fn reach(&mut self, stage: Stage, now: u64) {
        let time = match stage {
            Stage::Asked => return,
            Stage::Capture => &mut self.times.still,
            Stage::Transfer => &mut self.times.packed,
            Stage::Commit => &mut self.times.held,
            Stage::Done | Stage::Refused | Stage::Failed => &mut self.times.ended,
        };
        if *time == 0 {
            *time = now;
            self.stage = stage;
        }
    }

    /// Microseconds the process stood still so far, at `now`.
    pub fn pause(&self, now: u64) -> u64 {
        self.span(self.times.still, 0, now)
    }

    /// Microseconds since it was asked for, at `now`.
    pub fn total(&self, now: u64) -> u64 {
        self.span(self.times.asked, 0, now)
    }

    /// From `start` to `end` if that came, to the end of the move if not; 0 for what never began.
    fn span(&self, start: u64, end: u64, now: u64) -> u64 {
        let ended = if self.times.ended == 0 {
            now
        } else {
            self.times.ended
        };
        let end = if end == 0 { ended } else { end };
        if start == 0 {
            0
        } else {
            end.saturating_sub(start)
        }
    }

    /// The line it is shown as at `now`, without an end.
    pub fn line(&self, now: u64) -> impl fmt::Display + '_ {
        Line { record: self, now }
    }
}

struct Line<'a> {
    record: &'a Record,
    now: u64,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record {
            id, wish, times, ..
        } = self.record;
        let span = |start, end| self.record.span(start, end, self.now);
        write!(
            f,
            "move: id={id} state={} kind={} pid={} comm={} from={} to={} by={} uid={} \
             began={}.{:06}",
            self.record.stage.name(),
            wish.kind.name(),
            wish.pid,
            Name(&wish.name),
            wish.from,
            wish.to,
            wish.by,
            wish.user,
            wish.wall / SECOND,
            wish.wall % SECOND,
        )?;
        write!(
            f,
            " wait_us={} capture_us={} transfer_us={} commit_us={} pause_us={} total_us={}",
            span(times.asked, times.still),
            span(times.still, times.packed),
            span(times.packed, times.held),
            span(times.held, 0),
            self.record.pause(self.now),
            self.record.total(self.now),
        )?;
        let Record {
            pages,
            bytes,
            resident,
            ..
        } = self.record;
        write!(f, " pages={pages} bytes={bytes} resident={resident}")?;
        match self.record.reason {
            Some(reason) => write!(f, " errno={} reason={reason}", reason.errno),
            None => f.write_str(" errno=0 reason="),
        }
    }
}

/// A name as one word: what is no letter, digit or sign of ASCII is `\xNN`.
struct Name<'a>(&'a [u8]);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.0.iter().take_while(|&&byte| byte != 0) {
            match byte {
                b'\\' => f.write_str("\\x5c")?,
                byte if byte.is_ascii_graphic() => f.write_char(char::from(byte))?,
                byte => write!(f, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn wish(pid: u32) -> Wish {
        let mut name = [0; NAME_BYTES];
        name[..6].copy_from_slice(b"a b\n\\x");
        Wish {
            kind: Kind::Move,
            pid,
            name,
            from: NodeId::new(1).unwrap(),
            to: NodeId::new(2).unwrap(),
            by: 65_600,
            user: 1000,
            wall: 1_795_753_494_000_123,
        }
    }

    #[test]
    fn a_move_is_a_line_of_names_and_values() {
        let mut record = Record::new(7, wish(65_700), 100);
        record.reach(Stage::Capture, 110);
        record.reach(Stage::Transfer, 130);
        record.reach(Stage::Commit, 170);
        record.reach(Stage::Done, 250);
        (record.pages, record.bytes, record.resident) = (2, 9000, 8192);
        assert_eq!(
            record.line(999).to_string(),
            "move: id=7 state=done kind=move pid=65700 comm=a\\x20b\\x0a\\x5cx from=1 to=2 \
             by=65600 uid=1000 began=1795753494.000123 wait_us=10 capture_us=20 transfer_us=40 \
             commit_us=80 pause_us=140 total_us=150 pages=2 bytes=9000 resident=8192 errno=0 \
             reason="
        );
    }

    #[test]
    fn what_is_under_way_is_counted_up_to_now() {
        let mut record = Record::new(1, wish(65_700), 100);
        assert!(record.line(150).to_string().contains("state=asked"));
        assert!(record
            .line(150)
            .to_string()
            .contains("wait_us=50 capture_us=0"));
        record.reach(Stage::Capture, 160);
        let line = record.line(200).to_string();
        assert!(
            line.contains("wait_us=60 capture_us=40 transfer_us=0"),
            "{line}"
        );
        assert_eq!((record.pause(200), record.total(200)), (40, 100));
    }

    #[test]
    fn one_that_stays_says_why() {
        let mut record = Record::new(1, wish(65_700), 100);
        record.reach(Stage::Refused, 120);
        record.reason = Some(Reason {
            errno: 16,
            subject: "it",
            words: "has several threads",
        });
        let line = record.line(500).to_string();
        assert!(
            line.ends_with("errno=16 reason=it has several threads"),
            "{line}"
        );
        assert!(line.contains("wait_us=20 capture_us=0"), "{line}");
        assert!(line.contains("pause_us=0 total_us=20"), "{line}");
    }

    #[test]
    fn no_stage_begins_twice() {
        let mut record = Record::new(1, wish(65_700), 100);
        record.reach(Stage::Capture, 110);
        record.reach(Stage::Capture, 120);
        assert_eq!(record.pause(130), 20);
    }

    #[test]
    fn each_error_has_words() {
        for errno in 1..200 {
            let said = Reason::of_errno(errno).to_string();
            assert!(!said.is_empty() && !said.contains('\n'));
        }
    }
}
