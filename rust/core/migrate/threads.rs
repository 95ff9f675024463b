// SPDX-License-Identifier: GPL-2.0

//! Threads for another node.
//!
//! All but the first one, which goes with the process.
//!
//! ```text
//!  +-----------------+--------------+-------+
//!  | its number, u32 | length, u32  | state |  of each, one behind another
//!  +-----------------+--------------+-------+
//! ```

use crate::{
    vproc::pid,
    wire::{
        Malformed,
        NoRoom,
        Reader,
        Writer, //
    }, //
};

/// Most threads that travel with a process.
pub const THREADS_MAX: usize = 1023;

/// Most bytes of the state of one.
pub const THREAD_STATE_BYTES_MAX: usize = 20_480;

/// Bytes in front of a state.
pub const THREAD_HEAD_BYTES: usize = 8;

/// A thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thread<'a> {
    /// Its number in the cluster.
    pub tid: u32,
    /// Registers and the like, as `ssi_kapi::thread_state` has them.
    pub state: &'a [u8],
}

impl<'a> Thread<'a> {
    /// Puts what is in front of its state into `room`.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] for a state that is too long.
    pub fn encode_head(&self, room: &mut [u8; THREAD_HEAD_BYTES]) -> Result<(), NoRoom> {
        if self.state.len() > THREAD_STATE_BYTES_MAX {
            return Err(NoRoom);
        }
        let length = u32::try_from(self.state.len()).map_err(|_| NoRoom)?;
        let mut out = Writer::new(room);
        out.u32(self.tid).u32(length);
        out.finish().map(|_| ())
    }

    fn decode(message: &mut Reader<'a>) -> Result<Self, Malformed> {
        let tid = message.u32()?;
        let length = usize::try_from(message.u32()?).map_err(|_| Malformed)?;
        if !pid::is_shared(tid) || tid == pid::INIT || length > THREAD_STATE_BYTES_MAX {
            return Err(Malformed);
        }
        let state = message.bytes(length)?;
        Ok(Self { tid, state })
    }
}

/// Threads of a process, in the order of their numbers, of which none comes twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Threads<'a>(&'a [u8]);

impl<'a> Threads<'a> {
    /// The threads in `bytes`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when one of them is, for more than [`THREADS_MAX`], and when their numbers
    /// do not rise.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        let (mut last, mut count) = (0, 0_usize);
        while !message.rest().is_empty() {
            let thread = Thread::decode(&mut message)?;
            count = count.saturating_add(1);
            if thread.tid <= last || count > THREADS_MAX {
                return Err(Malformed);
            }
            last = thread.tid;
        }
        Ok(Self(bytes))
    }

    /// All of them as they travel.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Thread<'a>> {
        let mut message = Reader::new(self.0);
        core::iter::from_fn(move || Thread::decode(&mut message).ok())
    }

    /// Whether one of them has number `tid`.
    pub fn has(&self, tid: u32) -> bool {
        self.iter().any(|thread| thread.tid == tid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(tid: u32) -> Thread<'static> {
        Thread {
            tid: 2 << 16 | tid,
            state: b"state",
        }
    }

    fn encoded(threads: &[Thread<'_>]) -> Vec<u8> {
        let mut all = Vec::new();
        for thread in threads {
            let mut head = [0; THREAD_HEAD_BYTES];
            thread.encode_head(&mut head).unwrap();
            all.extend_from_slice(&head);
            all.extend_from_slice(thread.state);
        }
        all
    }

    #[test]
    fn what_is_sent_arrives_as_it_was() {
        let state = b"";
        let threads = [thread(1), Thread { state, ..thread(2) }, thread(9)];
        let bytes = encoded(&threads);
        let arrived: Vec<_> = Threads::new(&bytes).unwrap().iter().collect();
        assert_eq!(arrived, threads);
        assert!(Threads::new(&bytes).unwrap().has(2 << 16 | 9));
        assert!(!Threads::new(&bytes).unwrap().has(9));
        assert_eq!(Threads::new(b""), Ok(Threads::default()));
    }

    #[test]
    fn numbers_rise() {
        for second in [0, 1] {
            let pair = encoded(&[thread(1), thread(second)]);
            assert_eq!(Threads::new(&pair), Err(Malformed));
        }
    }

    #[test]
    fn a_number_is_one_of_the_cluster() {
        for tid in [0, 1, 2, 65_535, 1 << 22, u32::MAX] {
            let wrong = Thread { tid, ..thread(1) };
            assert_eq!(Threads::new(&encoded(&[wrong])), Err(Malformed));
        }
    }

    #[test]
    fn there_are_not_too_many() {
        let many: Vec<_> = (1..=1024).map(thread).collect();
        assert!(Threads::new(&encoded(&many[..THREADS_MAX])).is_ok());
        assert_eq!(Threads::new(&encoded(&many)), Err(Malformed));
    }

    #[test]
    fn states_are_short() {
        let state = &[0; THREAD_STATE_BYTES_MAX + 1];
        let mut head = [0; THREAD_HEAD_BYTES];
        let long = Thread { state, ..thread(1) };
        assert_eq!(long.encode_head(&mut head), Err(NoRoom));
        let mut bytes = encoded(&[thread(1)]);
        bytes[4..8].copy_from_slice(&20_481_u32.to_le_bytes());
        bytes.extend_from_slice(state);
        assert_eq!(Threads::new(&bytes), Err(Malformed));
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let bytes = encoded(&[thread(1), thread(2)]);
        let cuts = (1..bytes.len()).filter(|&cut| Threads::new(&bytes[..cut]).is_ok());
        assert_eq!(cuts.collect::<Vec<_>>(), [THREAD_HEAD_BYTES + 5]);
    }
}
