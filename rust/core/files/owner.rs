// SPDX-License-Identifier: GPL-2.0

//! Owner of a file elsewhere.
//!
//! It is kept at home, with the file. Behind its name a question has a number and:
//!
//! ```text
//!  1 get          --
//!  2 set          kind | there is one | owner
//!  3 set signal   signal
//!  4 notify       file | on | owner: who asks
//!  the answer     kind | there is one | owner | it is at home | signal
//! ```
//!
//! An owner is as [`vproc::owner`](crate::vproc::owner) has it.

use crate::{
    vproc::owner::{
        Kind,
        Owner, //
    },
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};

/// Most bytes of an answer.
pub const STATE_BYTES_MAX: usize = 4 + crate::vproc::owner::OWNER_BYTES;

/// Somebody or nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whoever {
    /// What it is, or was said to be.
    pub kind: Kind,
    /// Who it is.
    pub owner: Option<Owner>,
}

impl Whoever {
    fn encode(&self, out: &mut Writer<'_>) {
        out.u8(self.kind.code()).u8(self.owner.is_some().into());
        if let Some(owner) = &self.owner {
            owner.encode(out);
        }
    }

    fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        let kind = Kind::from_code(message.u8()?).ok_or(Malformed)?;
        let owner = match message.flag()? {
            true => Some(Owner::decode(message)?),
            false => None,
        };
        let is_sound = owner.is_none_or(|owner| owner.kind == kind);
        is_sound.then_some(Self { kind, owner }).ok_or(Malformed)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Whose it is.
    Get,
    /// To make somebody the owner.
    Set(Whoever),
    /// To choose the signal, 0 for `SIGIO`.
    SetSignal(u8),
    /// To send signals or to stop that.
    Notify {
        /// The number of the file.
        file: u32,
        /// Which of both.
        on: bool,
        /// Who asks.
        asks: Owner,
    },
}

impl Request {
    /// Puts it behind the name.
    pub fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::Get => {
                out.u8(1);
            }
            Self::Set(whoever) => whoever.encode(out.u8(2)),
            Self::SetSignal(signal) => {
                out.u8(3).u8(*signal);
            }
            Self::Notify { file, on, asks } => {
                asks.encode(out.u8(4).u32(*file).u8((*on).into()));
            }
        }
    }

    /// Reads it to the end of the message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let request = match message.u8()? {
            1 => Self::Get,
            2 => Self::Set(Whoever::decode(&mut message)?),
            3 => Self::SetSignal(message.u8()?),
            4 => Self::Notify {
                file: message.u32()?,
                on: message.flag()?,
                asks: Owner::decode(&mut message)?,
            },
            _ => return Err(Malformed),
        };
        message.end()?;
        Ok(request)
    }
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Whose it is.
    pub whoever: Whoever,
    /// Whether that is at home, or what it left there is.
    pub is_at_home: bool,
    /// The signal, 0 for `SIGIO`.
    pub signal: u8,
}

impl State {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        self.whoever.encode(out);
        out.u8(self.is_at_home.into()).u8(self.signal);
    }

    /// Reads it to the end of the message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let state = Self {
            whoever: Whoever::decode(&mut message)?,
            is_at_home: message.flag()?,
            signal: message.u8()?,
        };
        message.end()?;
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::NodeId,
        vproc::pidfd::Held, //
    };

    fn owner(kind: Kind) -> Owner {
        Owner {
            kind,
            number: 65_600,
            user: 1,
            effective: 2,
            held: Held {
                node: NodeId::new(3).unwrap(),
                identity: 4,
            },
        }
    }

    fn written(put: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let mut room = [0; 64];
        let mut out = Writer::new(&mut room);
        put(&mut out);
        let length = out.finish().unwrap();
        room[..length].to_vec()
    }

    fn everybody() -> impl Iterator<Item = Whoever> {
        Kind::ALL
            .into_iter()
            .flat_map(|kind| [None, Some(owner(kind))].map(|owner| Whoever { kind, owner }))
    }

    #[test]
    fn a_question_arrives_as_it_was() {
        let asks = owner(Kind::Process);
        let others = [
            Request::Get,
            Request::SetSignal(34),
            Request::Notify {
                file: 7,
                on: true,
                asks,
            },
        ];
        for request in everybody().map(Request::Set).chain(others) {
            let bytes = written(|out| request.encode(out));
            assert_eq!(Request::decode(Reader::new(&bytes)), Ok(request));
            let longer = [&bytes[..], &[0]].concat();
            assert_eq!(Request::decode(Reader::new(&longer)), Err(Malformed));
            let (_, shorter) = bytes.split_last().unwrap();
            assert_eq!(Request::decode(Reader::new(shorter)), Err(Malformed));
        }
    }

    #[test]
    fn an_answer_arrives_as_it_was() {
        for whoever in everybody() {
            let state = State {
                whoever,
                is_at_home: true,
                signal: 64,
            };
            let bytes = written(|out| state.encode(out));
            assert!(bytes.len() <= STATE_BYTES_MAX);
            assert_eq!(State::decode(Reader::new(&bytes)), Ok(state));
        }
    }

    #[test]
    fn an_owner_of_another_kind_is_none() {
        let whoever = Whoever {
            kind: Kind::Group,
            owner: Some(owner(Kind::Thread)),
        };
        let bytes = written(|out| Request::Set(whoever).encode(out));
        assert_eq!(Request::decode(Reader::new(&bytes)), Err(Malformed));
    }
}
