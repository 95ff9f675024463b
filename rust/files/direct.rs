// SPDX-License-Identifier: GPL-2.0

//! Transfers that need no worker.
//!
//! Whole pages go into a pipe, and come out of it, by a change of hands: what takes longest
//! of a transfer is then to wake those who do it, so the thread of ICS does it itself. It
//! waits for nobody; whatever does not go at once is done as ever.

use ssi_core::files::operation::{
    Operation,
    INLINE_BYTES_MAX, //
};
use ssi_ics::{
    Pages,
    Request, //
};
use ssi_kapi::page::PAGE_BYTES;

use crate::{
    exported::Exported,
    exports,
    service::{
        reply,
        Answer, //
    },
    transfer, //
};

/// Serves `request`, or gives it back if it cannot be served at once. Does not sleep for
/// long.
pub(crate) fn serve(operation: Operation, request: Request) -> Option<Request> {
    let answer = match operation {
        Operation::Read => read(&request),
        Operation::Write => write(&request),
        _ => None,
    };
    match answer {
        Some(answer) => {
            reply(request, Ok(answer));
            None
        }
        None => Some(request),
    }
}

fn read(request: &Request) -> Option<Answer> {
    let (handle, wish) = transfer::decode(request).ok()?;
    let most = wish.bytes.min(request.reply_pages_max()) as usize;
    if most <= INLINE_BYTES_MAX || wish.position.is_some() {
        return None;
    }
    let take = |file: &Exported| file.take(most / PAGE_BYTES);
    let (pages, bytes) = exports::with_now(request.from().node, handle, take)??;
    Some(Answer {
        pages: Pages::new(pages, bytes).ok()?,
        ..Answer::number(bytes as i32)
    })
}

fn write(request: &Request) -> Option<Answer> {
    let (handle, wish) = transfer::decode(request).ok()?;
    let (pages, bytes) = (request.pages(), wish.bytes as usize);
    if !wish.data.is_empty() || wish.position.is_some() || pages.bytes() as usize != bytes {
        return None;
    }
    let give = |file: &Exported| file.give(pages.as_slice(), bytes);
    let is_given = exports::with_now(request.from().node, handle, give)?;
    is_given.then(|| Answer::number(bytes as i32))
}
