// SPDX-License-Identifier: GPL-2.0

//! Plain TCP to compare with.
//!
//! The same bytes between the same two nodes, through the same wrappers of sockets
//! and without anything of the links: what the network and the kernel cost.

use kernel::{
    prelude::*,
    sync::SetOnce, //
};
use ssi_core::{
    address::NodeAddress,
    ids::NodeId, //
};
use ssi_kapi::{
    clock,
    page::{
        SharedPage,
        PAGE_BYTES, //
    },
    queue::WorkQueue,
    socket::{
        Endpoint,
        Kind,
        More,
        Socket,
        Wait,
        PIECES_MAX, //
    },
    thread, //
};

use super::{
    service,
    timing::Times,
    words::Words,
    Lines, //
};
use crate::{
    engine::{
        self,
        Engine, //
    },
    Ask,
    Request,
    PAGES_MAX, //
};

/// Port of the plain connection.
const PORT: u16 = 7084;

/// How long a client may take to connect, in microseconds.
const CONNECT_MAX: u64 = 2_000_000;

/// Longest message that goes to and fro.
pub(super) const MESSAGE_BYTES_MAX: usize = 65536;

/// Bytes sent at once.
const BATCH_BYTES: usize = PIECES_MAX * PAGE_BYTES;

/// Batches that have pages of their own, as many as a call with all pages has: less
/// would stay in the processor's cache.
const BATCHES_LEN: usize = PAGES_MAX / PIECES_MAX;

static QUEUE: SetOnce<WorkQueue> = SetOnce::new();

/// Begins to serve one connection: 4 bytes say how long the messages are that are
/// sent back; for 0, how many batches follow that are not.
pub(super) fn serve(request: Request) {
    let result = engine::get().ok_or(ENODEV).and_then(listen);
    request.reply(result.map_or_else(|why| why.to_errno(), |()| 0), &[]);
}

fn listen(engine: &Engine) -> Result {
    if QUEUE.as_ref().is_none() {
        QUEUE.populate(WorkQueue::new(c"ssi_test", 4)?);
    }
    let queue = QUEUE.as_ref().ok_or(ENOMEM)?;
    let listener = Socket::new(Kind::Stream)?;
    let local = Endpoint::new(NodeAddress::of(engine.me().node).octets(), PORT);
    listener.bind(local, crate::interface::device())?;
    listener.listen(1)?;
    queue.run(move || {
        let until = clock::monotonic() + CONNECT_MAX;
        while clock::monotonic() < until {
            match listener.accept(Wait::Never) {
                Ok(socket) => {
                    drop(listener);
                    let _ = answer(&socket);
                    return;
                }
                Err(_) => thread::sleep(200),
            }
        }
    })
}

fn answer(socket: &Socket) -> Result {
    let mut word = [0; 4];
    receive_all(socket, &mut word)?;
    let length = usize::try_from(u32::from_le_bytes(word)).map_err(|_| EINVAL)?;
    if length == 0 {
        return sink(socket);
    }
    if length > MESSAGE_BYTES_MAX {
        return Err(EINVAL);
    }
    let mut message = KVVec::from_elem(0, length, GFP_KERNEL)?;
    loop {
        receive_all(socket, &mut message)?;
        send_all(socket, &message)?;
    }
}

fn sink(socket: &Socket) -> Result {
    let mut word = [0; 4];
    receive_all(socket, &mut word)?;
    let batches = u32::from_le_bytes(word);
    let pages = pages()?;
    for batch in 0..usize::try_from(batches).map_err(|_| EINVAL)? {
        let pages = of_batch(&pages, batch);
        let mut received = 0;
        while received < BATCH_BYTES {
            let rest = pages.get(received / PAGE_BYTES..).ok_or(EINVAL)?;
            let left = BATCH_BYTES - received;
            match socket.receive_pages(rest, received % PAGE_BYTES, left, Wait::Always)? {
                0 => return Err(ECONNRESET),
                count => received += count,
            }
        }
    }
    send_all(socket, &[1])
}

fn pages() -> Result<KVec<SharedPage>> {
    let mut pages = KVec::new();
    for _ in 0..PAGES_MAX {
        pages.push(SharedPage::alloc()?, GFP_KERNEL)?;
    }
    Ok(pages)
}

/// Pages of a batch.
fn of_batch(pages: &[SharedPage], batch: usize) -> &[SharedPage] {
    let first = batch % BATCHES_LEN * PIECES_MAX;
    pages.get(first..first + PIECES_MAX).unwrap_or_default()
}

fn receive_all(socket: &Socket, buffer: &mut [u8]) -> Result {
    let mut received = 0;
    while let Some(room) = buffer.get_mut(received..).filter(|room| !room.is_empty()) {
        match socket.receive(room, Wait::Always)? {
            0 => return Err(ECONNRESET),
            count => received += count,
        }
    }
    Ok(())
}

fn send_all(socket: &Socket, message: &[u8]) -> Result {
    let mut sent = 0;
    while let Some(rest) = message.get(sent..).filter(|rest| !rest.is_empty()) {
        sent += socket.send(&[rest], Wait::Always, More::Nothing)?;
    }
    Ok(())
}

fn connect(node: NodeId) -> Result<Socket> {
    let reply = crate::call(node, &Ask::new(service::WORKER, service::RAW, &[]))?;
    if reply.result != 0 {
        return Err(Error::from_errno(reply.result));
    }
    let socket = Socket::new(Kind::Stream)?;
    let peer = Endpoint::new(NodeAddress::of(node).octets(), PORT);
    socket.connect(peer, Wait::Always)?;
    Ok(socket)
}

/// A message to and fro: `raw node=N size=B count=C`.
pub(super) fn ping_pong(words: &Words<'_>, lines: &mut Lines) -> Result {
    let size = words.number("size", 64, MESSAGE_BYTES_MAX)?.max(1);
    let count = words.number("count", 1000, super::timing::TIMES_MAX)?;
    let socket = connect(words.node()?)?;
    let length = u32::try_from(size).map_err(|_| EINVAL)?;
    send_all(&socket, &length.to_le_bytes())?;
    let mut message = KVVec::from_elem(7, size, GFP_KERNEL)?;
    let mut times = Times::new(count)?;
    for _ in 0..count {
        let began = clock::monotonic();
        send_all(&socket, &message)?;
        receive_all(&socket, &mut message)?;
        times.add(began);
    }
    times.report(lines, 0);
    Ok(())
}

/// Pages in one direction: `raw_bulk node=N count=C`, in batches of 64 KiB.
pub(super) fn bulk(words: &Words<'_>, lines: &mut Lines) -> Result {
    let count = words.number("count", 4096, super::timing::TIMES_MAX)?;
    let socket = connect(words.node()?)?;
    let batches = u32::try_from(count).map_err(|_| EINVAL)?;
    send_all(&socket, &0u32.to_le_bytes())?;
    send_all(&socket, &batches.to_le_bytes())?;
    let pages = pages()?;
    let mut times = Times::new(count)?;
    for batch in 0..count {
        let pages = of_batch(&pages, batch);
        let more = match batch + 1 < count {
            true => More::Follows,
            false => More::Nothing,
        };
        let began = clock::monotonic();
        let mut sent = 0;
        while sent < BATCH_BYTES {
            let rest = pages.get(sent / PAGE_BYTES..).ok_or(EINVAL)?;
            sent += socket.send_pages(
                rest,
                sent % PAGE_BYTES,
                BATCH_BYTES - sent,
                Wait::Always,
                more,
            )?;
        }
        times.add(began);
    }
    receive_all(&socket, &mut [0])?;
    times.report(lines, BATCH_BYTES);
    Ok(())
}
