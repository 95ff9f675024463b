// SPDX-License-Identifier: GPL-2.0

//! News of a guest.
//!
//! What the node a process runs on tells its home, where the parent waits for it.

use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Bytes of the longest news.
pub const NEWS_BYTES_MAX: usize = 5 + 4 + USAGE_FIELDS * 8;

/// Numbers of a [`Usage`].
pub const USAGE_FIELDS: usize = 9;

/// What a process and the children it waited for have used, as getrusage(2) counts it:
/// user and system time in nanoseconds, most kilobytes resident, minor and major faults,
/// blocks read and written, voluntary and involuntary switches.
pub type Usage = [u64; USAGE_FIELDS];

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is gone, with this wait status.
    Exited(i32, Usage),
    /// This signal stopped it.
    Stopped(i32),
    /// It goes on.
    Continued,
    /// It is other users from now on.
    Users(Users),
    /// It went on to another node, or home, and has used this here.
    Used(Usage),
}

/// Users and groups a process is, as numbers of the initial user namespace: real, effective,
/// saved, and as whom it opens files. And its capabilities, a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Users {
    /// Users.
    pub user: [u32; 4],
    /// Groups.
    pub group: [u32; 4],
    /// Capabilities in effect.
    pub effective: u64,
    /// Those it may use.
    pub permitted: u64,
}

/// A number nobody has.
const NOBODY: u32 = u32::MAX;

impl Users {
    fn encode(&self, out: &mut Writer<'_>) {
        for number in self.user.into_iter().chain(self.group) {
            out.u32(number);
        }
        out.u64(self.effective).u64(self.permitted);
    }

    fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut numbers = || -> Result<[u32; 4], Malformed> {
            let mut numbers = [0; 4];
            for number in &mut numbers {
                *number = message.u32()?;
            }
            let are_some = !numbers.contains(&NOBODY);
            are_some.then_some(numbers).ok_or(Malformed)
        };
        let (user, group) = (numbers()?, numbers()?);
        Ok(Self {
            user,
            group,
            effective: message.u64()?,
            permitted: message.u64()?,
        })
    }
}

/// News of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    /// The process.
    pub pid: u32,
    /// What happened to it.
    pub what: What,
}

const EXITED: u8 = 1;
const STOPPED: u8 = 2;
const CONTINUED: u8 = 3;
const USERS: u8 = 4;
const USED: u8 = 5;

impl News {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.pid);
        match self.what {
            What::Exited(status, usage) => {
                out.u8(EXITED).i32(status);
                encode_usage(&usage, out);
            }
            What::Stopped(signal) => {
                out.u8(STOPPED).i32(signal);
            }
            What::Continued => {
                out.u8(CONTINUED);
            }
            What::Users(users) => users.encode(out.u8(USERS)),
            What::Used(usage) => encode_usage(&usage, out.u8(USED)),
        }
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none, a wait status no process leaves, and what is no
    /// signal.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let pid = message.u32()?;
        let what = match message.u8()? {
            EXITED => {
                let status = message.i32()?;
                What::Exited(of_exit(status)?, decode_usage(&mut message)?)
            }
            STOPPED => What::Stopped(signal(message.i32()?)?),
            CONTINUED => What::Continued,
            USERS => What::Users(Users::decode(&mut message)?),
            USED => What::Used(decode_usage(&mut message)?),
            _ => return Err(Malformed),
        };
        message.end()?;
        Ok(Self { pid, what })
    }
}

/// Puts `usage` into a message.
pub(super) fn encode_usage(usage: &Usage, out: &mut Writer<'_>) {
    for &number in usage {
        out.u64(number);
    }
}

/// Takes one off a message.
pub(super) fn decode_usage(message: &mut Reader<'_>) -> Result<Usage, Malformed> {
    let mut usage = Usage::default();
    for number in &mut usage {
        *number = message.u64()?;
    }
    Ok(usage)
}

fn signal(number: i32) -> Result<i32, Malformed> {
    matches!(number, 1..=64).then_some(number).ok_or(Malformed)
}

/// An exit code in the upper byte, or a signal and whether memory was dumped in the lower.
fn of_exit(status: i32) -> Result<i32, Malformed> {
    let is_one = match status {
        0..=0xffff if status & 0xff == 0 => true,
        _ => matches!(status & !0x80, 1..=64),
    };
    is_one.then_some(status).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(news: News) -> Result<News, Malformed> {
        let mut room = [0; NEWS_BYTES_MAX];
        let mut out = Writer::new(&mut room);
        news.encode(&mut out);
        let length = out.finish().unwrap();
        News::decode(Reader::new(&room[..length]))
    }

    const USER: Users = Users {
        user: [1000, 1001, 1002, 1003],
        group: [100, 101, 102, 103],
        effective: 1 << 40,
        permitted: u64::MAX,
    };

    #[test]
    fn nobody_is_no_user() {
        for place in 0..4 {
            let (mut one, mut other) = (USER, USER);
            one.user[place] = NOBODY;
            other.group[place] = NOBODY;
            for users in [one, other] {
                assert_eq!(through(news(What::Users(users))), Err(Malformed));
            }
        }
    }

    fn news(what: What) -> News {
        News { pid: 65_600, what }
    }

    #[test]
    fn what_is_told_arrives_as_it_was() {
        let usage = [1, 2, 3, 4, 5, 6, 7, 8, u64::MAX];
        for what in [
            What::Exited(0, usage),
            What::Exited(0xff00, usage),
            What::Exited(9, usage),
            What::Exited(0x80 | 11, usage),
            What::Stopped(19),
            What::Used(usage),
            What::Continued,
            What::Users(USER),
        ] {
            assert_eq!(through(news(what)), Ok(news(what)));
        }
    }

    #[test]
    fn no_process_leaves_such_a_status() {
        for status in [-1, 0x7f, 0x137f, 0xffff, 0x0105, 0x10000, 65] {
            let what = What::Exited(status, Usage::default());
            assert_eq!(through(news(what)), Err(Malformed));
        }
        for signal in [0, 65, -1] {
            assert_eq!(through(news(What::Stopped(signal))), Err(Malformed));
        }
    }
}
