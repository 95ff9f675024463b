// SPDX-License-Identifier: GPL-2.0

//! Record lock.
//!
//! A lock of fcntl(2) on a part of a file. It is held at the home of the file, by a process
//! or by the open file itself.
//!
//! ```text
//!  RecordLock  | name | try 1 | lock 1 | wait 1 | process 4 | start 8 | end 8
//!  the answer                  | lock 1 | process 4 | start 8 | end 8     when it is tried
//!  Unlock      | name | process 4
//!  MoveLocks   | name | process 4 | node 2
//! ```
//!
//! Both ends are bytes it has. The process that asks is 0 for the open file. The answer to a
//! try is the lock that is in the way, nothing if there is none; its process is -1 for an
//! open file, and 0 for one that is private to its node.

use super::operation::Lock;
use crate::{
    ids::NodeId,
    vproc::pid,
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};

/// Bytes of what is [`Found`].
pub const FOUND_BYTES: usize = 21;

/// Part of a file, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first byte.
    pub start: u64,
    /// The last byte, `i64::MAX` for all there will ever be.
    pub end: u64,
}

impl Part {
    fn encode(self, out: &mut Writer<'_>) {
        out.u64(self.start).u64(self.end);
    }

    fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        let part = Self {
            start: message.u64()?,
            end: message.u64()?,
        };
        (part.start <= part.end && i64::try_from(part.end).is_ok())
            .then_some(part)
            .ok_or(Malformed)
    }
}

/// Arguments of RecordLock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLock {
    /// Only to say whether it could be had.
    pub is_tried: bool,
    /// Which lock.
    pub lock: Lock,
    /// Whether to wait for others.
    pub waits: bool,
    /// Whose it is, `None` for the open file.
    pub process: Option<u32>,
    /// Of what.
    pub part: Part,
}

impl RecordLock {
    /// Puts it behind the name.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u8(self.is_tried.into()).u8(self.lock.code());
        out.u8(self.waits.into()).u32(self.process.unwrap_or(0));
        self.part.encode(out);
    }

    /// Reads it to the end of the message.
    ///
    /// # Errors
    ///
    /// [`Malformed`], here as below for what is not what it claims to be.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let lock = Self {
            is_tried: message.flag()?,
            lock: Lock::from_code(message.u8()?)?,
            waits: message.flag()?,
            process: owner(message.u32()?)?,
            part: Part::decode(&mut message)?,
        };
        message.end()?;
        Ok(lock)
    }
}

/// A process as it travels, 0 for none.
fn owner(number: u32) -> Result<Option<u32>, Malformed> {
    i32::try_from(number).map_err(|_| Malformed)?;
    Ok(Some(number).filter(|&number| number != 0))
}

/// Reads the process of Unlock to the end of the message.
pub fn process(mut message: Reader<'_>) -> Result<u32, Malformed> {
    let process = owner(message.u32()?)?.ok_or(Malformed)?;
    message.end()?;
    Ok(process)
}

/// Arguments of MoveLocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Whose locks.
    pub process: u32,
    /// Where that process is from now on.
    pub to: NodeId,
}

impl Move {
    /// Puts it behind the name.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u32(self.process).u16(self.to.get().into());
    }

    /// Reads it to the end of the message.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let process = owner(message.u32()?)?.ok_or(Malformed)?;
        let to = NodeId::read(&mut message)?;
        message.end()?;
        Ok(Self { process, to })
    }
}

/// A lock that is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which one.
    pub lock: Lock,
    /// Whose.
    pub process: i32,
    /// Of what.
    pub part: Part,
}

impl Found {
    /// As it travels.
    pub fn encode(&self) -> [u8; FOUND_BYTES] {
        let mut bytes = [0; FOUND_BYTES];
        let mut out = Writer::new(&mut bytes);
        out.u8(self.lock.code()).bytes(&self.process.to_le_bytes());
        self.part.encode(&mut out);
        bytes
    }

    /// Reads one.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        let found = Self {
            lock: Lock::from_code(message.u8()?)?,
            process: i32::from_le_bytes(message.u32()?.to_le_bytes()),
            part: Part::decode(&mut message)?,
        };
        message.end()?;
        Ok(found)
    }
}

/// Who has locks: a process of the cluster, or one that is private to its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(u64);

impl Owner {
    /// The process `node` calls so.
    pub fn new(process: u32, node: NodeId) -> Self {
        let node = match pid::is_shared(process) {
            true => 0,
            false => u64::from(node.get()),
        };
        Self(node << 32 | u64::from(process))
    }

    /// A number no other has, never 0.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// The holder of a lock of this node, as another one is told: who is private is 0.
pub fn holder(process: i32) -> i32 {
    match u32::try_from(process) {
        Ok(number) if !pid::is_shared(number) => 0,
        _ => process,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Part = Part {
        start: 7,
        end: i64::MAX.unsigned_abs(),
    };

    const LOCK: RecordLock = RecordLock {
        is_tried: false,
        lock: Lock::Exclusive,
        waits: true,
        process: Some(0x2_0007),
        part: PART,
    };

    fn written(encode: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let mut room = [0; 64];
        let mut out = Writer::new(&mut room);
        encode(&mut out);
        let length = out.finish().unwrap();
        room[..length].to_vec()
    }

    fn is_whole<T: PartialEq + core::fmt::Debug>(
        bytes: &[u8],
        value: T,
        decode: impl Fn(Reader<'_>) -> Result<T, Malformed>,
    ) {
        for length in 0..bytes.len() {
            assert_eq!(decode(Reader::new(&bytes[..length])), Err(Malformed));
        }
        assert_eq!(decode(Reader::new(bytes)), Ok(value));
        let longer = [bytes, &[0]].concat();
        assert_eq!(decode(Reader::new(&longer)), Err(Malformed));
    }

    #[test]
    fn a_lock_arrives_as_it_was() {
        for lock in Lock::ALL {
            for process in [None, Some(1), Some(i32::MAX.unsigned_abs())] {
                for is_tried in [true, false] {
                    let lock = RecordLock {
                        is_tried,
                        lock,
                        process,
                        ..LOCK
                    };
                    let bytes = written(|out| lock.encode(out));
                    is_whole(&bytes, lock, RecordLock::decode);
                }
            }
        }
        let found = Found {
            lock: Lock::Shared,
            process: -1,
            part: PART,
        };
        is_whole(&found.encode(), found, |message| {
            Found::decode(message.rest())
        });
        let change = Move {
            process: 3,
            to: NodeId::new(2).unwrap(),
        };
        is_whole(&written(|out| change.encode(out)), change, Move::decode);
        is_whole(&9u32.to_le_bytes(), 9, process);
    }

    #[test]
    fn what_is_none_is_refused() {
        let refused = |lock: RecordLock| {
            let bytes = written(|out| lock.encode(out));
            assert_eq!(RecordLock::decode(Reader::new(&bytes)), Err(Malformed));
        };
        for (start, end) in [(8, 7), (0, 1 << 63), (1 << 63, 1 << 63)] {
            refused(RecordLock {
                part: Part { start, end },
                ..LOCK
            });
        }
        refused(RecordLock {
            process: Some(1 << 31),
            ..LOCK
        });
        let mut bytes = written(|out| LOCK.encode(out));
        bytes[1] = 4;
        assert_eq!(RecordLock::decode(Reader::new(&bytes)), Err(Malformed));
        assert_eq!(process(Reader::new(&[0; 4])), Err(Malformed));
        assert_eq!(Move::decode(Reader::new(&[0; 6])), Err(Malformed));
    }

    #[test]
    fn a_process_is_the_same_on_all_nodes() {
        let [one, other] = [1, 2].map(|node| NodeId::new(node).unwrap());
        assert_eq!(Owner::new(0x1_0001, one), Owner::new(0x1_0001, other));
        assert_ne!(Owner::new(0x1_0001, one), Owner::new(0x1_0002, one));
        // Unless it has no number there.
        assert_ne!(Owner::new(77, one), Owner::new(77, other));
        assert_eq!(Owner::new(1, one), Owner::new(1, other));
        assert_eq!([0x1_0001, 77, 1, -1].map(holder), [0x1_0001, 0, 1, -1]);
    }
}
