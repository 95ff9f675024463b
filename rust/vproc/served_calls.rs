// SPDX-License-Identifier: GPL-2.0

//! System calls of other nodes.
//!
//! The kernel takes memory from users only, so what travelled is put into an
//! [`Area`] first, and what the call left there travels back.

use kernel::prelude::*;
use ssi_core::{
    vproc::{
        answers::Answers,
        call::{
            encode_memory,
            Asked,
            Subject,
            PIECES_MAX, //
        }, //
    },
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_kapi::{
    behalf::{
        self,
        Area,
        Caller,
        Whose, //
    },
    bytes, //
};

use crate::{
    calls::{
        for_task,
        number, //
    },
    service::{
        visited,
        Answer,
        Fault, //
    }, //
};

/// Room for a piece of memory: a call may write more than travels back.
const PIECE_BYTES: usize = 16 * 1024;

/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 8 + PIECES_MAX * (2 + ssi_core::vproc::call::MEMORY_BYTES_MAX);

/// Makes the call in `message` for `caller`.
pub(crate) fn serve(caller: &Caller, message: Reader<'_>) -> Result<Answer, Fault> {
    let asked = Asked::decode(message)?;
    let _visit = match asked.subject() {
        Subject::Process(pid) => visited(pid)?,
        Subject::Group(pgid) => return make_for_all(caller, &asked, Whose::Group(pgid)),
        Subject::User => {
            let [_, user, ..] = asked.arguments;
            return make_for_all(caller, &asked, Whose::User(user as u32));
        }
        Subject::Own | Subject::OwnGroup => return Err(Fault::Malformed),
    };
    let made = behalf::run_as(caller, || Area::with(|area| make(&asked, area)))?;
    made?
}

/// Makes it for each task that other nodes see: the kernel would make it for its own
/// threads, too, and for what processes left here.
fn make_for_all(caller: &Caller, asked: &Asked<'_>, whose: Whose) -> Result<Answer, Fault> {
    let arguments = asked.arguments.map(|argument| argument as usize);
    let mut answers = Answers::new(asked.call.rule());
    behalf::run_as(caller, || {
        behalf::tasks_of(whose, &mut |task| {
            answers.add(for_task(asked.call, whose, task, arguments, |arguments| {
                behalf::system_call(number(asked.call) as usize, arguments)
            }));
        });
    })?;
    answer(answers.result(), &[&[], &[]])
}

fn make(asked: &Asked<'_>, area: &mut Area) -> Result<Answer, Fault> {
    let mut arguments = asked.arguments.map(|argument| argument as usize);
    let pieces = asked.call.pieces().iter().zip(asked.memory).enumerate();
    for (place, (piece, memory)) in pieces {
        let address = arguments.get_mut(piece.argument).ok_or(EINVAL)?;
        if *address != 0 {
            area.write(place * PIECE_BYTES, memory)?;
            *address = area.address() + place * PIECE_BYTES;
        }
    }
    let result = behalf::system_call(number(asked.call) as usize, arguments);
    written(asked, area, result)
}

fn written(asked: &Asked<'_>, area: &Area, result: isize) -> Result<Answer, Fault> {
    let mut memory = [KVec::new(), KVec::new()];
    for (place, (sent, came)) in asked.memory.iter().zip(&mut memory).enumerate() {
        *came = bytes::zeros(sent.len())?;
        area.read(place * PIECE_BYTES, came)?;
    }
    let [one, other] = &memory;
    answer(result as i64, &[one, other])
}

fn answer(result: i64, memory: &[&[u8]; PIECES_MAX]) -> Result<Answer, Fault> {
    let mut body = bytes::zeros(ANSWER_BYTES_MAX)?;
    let mut out = Writer::new(&mut body);
    out.u64(result as u64);
    encode_memory(memory, &mut out);
    let length = out.finish().map_err(|_| EMSGSIZE)?;
    body.truncate(length);
    Ok(Answer::body(body))
}
