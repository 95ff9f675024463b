// SPDX-License-Identifier: GPL-2.0

//! Use of a remote socket.
//!
//! As of any other remote file: its home answers at once, and a task that may wait does so
//! here.

use kernel::{
    prelude::*,
    sync::aref::ARef, //
};
use ssi_core::{
    files::{
        control::Item,
        operation::{
            Operation,
            STREAM_BYTES_MAX,
            TRANSFER_BYTES_MAX, //
        },
        socket::{
            self,
            Call,
            Tickets,
            CONTROL_BYTES_MAX,
            DATA_BYTES_MAX,
            FILES_MAX,
            GROUPS_MAX,
            RECEIVE_AT_ONCE,
            RECEIVE_FLAGS,
            SEND_FLAGS, //
        },
        socket_option, //
    },
    ids::NodeId, //
};
use ssi_ics::{
    Pages,
    Reply, //
};
use ssi_kapi::{
    behalf::Caller,
    bytes,
    clock,
    file_proxy::{
        Access,
        Destination,
        Kind,
        Origin,
        Proxy,
        NONBLOCK, //
    },
    socket_proxy::{
        Receiving,
        Remote,
        Sending,
        Waits,
        CONTROL_CUT,
        DONTWAIT,
        WAITALL, //
    }, //
};
use ssi_vproc::traveller;

use crate::{
    ask::{
        wait_a_moment,
        Outcome,
        Question, //
    },
    control::{
        self,
        Enclosed,
        Parts, //
    },
    export,
    proxies,
    remote::{
        copy_pages,
        take_all,
        when_ready, //
    }, //
};

/// Asks the homes of the sockets.
pub(crate) struct Sockets;

/// How long to wait before files are sent again, in microseconds.
const SOON_MICROS: u64 = 5_000;

/// `MSG_TRUNC`: how long a packet was is the result.
const TRUNC: u32 = 0x20;

/// `MSG_PEEK`: what is received stays where it is.
const PEEK: u32 = 2;

impl Remote for Sockets {
    fn send(&self, sending: &Sending<'_>, from: &mut Origin<'_>) -> Result<usize> {
        let keeps_limits = sending.proxy.kind() == Kind::Packets;
        if keeps_limits && from.left() > TRANSFER_BYTES_MAX {
            return Err(EMSGSIZE);
        }
        let mut parts = control::split_own(sending.control)?;
        if !control::travels(&parts) {
            return Err(ENOBUFS);
        }
        let mut sent = 0;
        loop {
            match send_part(sending, &parts, from) {
                Ok(part) => sent += part,
                Err(_) if sent > 0 => return Ok(sent),
                Err(error) => return Err(error),
            }
            if keeps_limits || from.left() == 0 {
                return Ok(sent);
            }
            // These went with the first.
            parts = control::split(&[])?;
        }
    }

    fn receive(&self, receiving: &mut Receiving<'_>, to: &mut Destination<'_>) -> Result<usize> {
        let all = receiving.flags & WAITALL != 0
            && receiving.flags & (RECEIVE_AT_ONCE | PEEK | TRUNC) == 0
            && receiving.proxy.kind() == Kind::Stream;
        let mut received = 0;
        loop {
            match receive_part(receiving, to) {
                Ok(0) => return Ok(received),
                Ok(part) => received += part,
                Err(_) if received > 0 => return Ok(received),
                Err(error) => return Err(error),
            }
            if !all || to.room() == 0 {
                return Ok(received);
            }
        }
    }

    fn accept(&self, proxy: &Proxy, waits: Waits) -> Result<ARef<Proxy>> {
        let question = ask(proxy, Call::Accept(waits == Waits::Yes))?.to_the_end();
        let reply = answered(proxy, waits, &question)?;
        proxies::take_in(reply.body())
    }

    fn connect(&self, proxy: &Proxy, address: &[u8], waits: Waits) -> Result {
        let question = ask(proxy, Call::Connect(waits == Waits::Yes, address))?;
        match when_ready(&access(proxy, waits), &question) {
            Err(ETIME) => Err(EINPROGRESS),
            outcome => outcome.map(|_| ()),
        }
    }

    fn bind(&self, proxy: &Proxy, address: &[u8]) -> Result {
        simply(proxy, Call::Bind(address)).map(|_| ())
    }

    fn listen(&self, proxy: &Proxy, backlog: u32) -> Result {
        simply(proxy, Call::Listen(backlog)).map(|_| ())
    }

    fn shut_down(&self, proxy: &Proxy, how: u8) -> Result {
        simply(proxy, Call::Shutdown(how)).map(|_| ())
    }

    fn name(&self, proxy: &Proxy, whose: u8, out: &mut [u8]) -> Result<usize> {
        fill(out, &simply(proxy, Call::Name(whose))?)
    }

    fn option(&self, proxy: &Proxy, level: u32, option: u32, out: &mut [u8]) -> Result<usize> {
        if !socket_option::travels(level, option) {
            return Err(ENOPROTOOPT);
        }
        let room = out.len().try_into().map_err(|_| EINVAL)?;
        fill(out, &simply(proxy, Call::Get(level, option, room))?)
    }

    fn set_option(&self, proxy: &Proxy, level: u32, option: u32, value: &[u8]) -> Result {
        if !socket_option::travels(level, option) {
            return Err(ENOPROTOOPT);
        }
        simply(proxy, Call::Set(level, option, value)).map(|_| ())
    }
}

fn ask(proxy: &Proxy, call: Call<'_>) -> Result<Question> {
    let caller = match call.is_judged() {
        true => Some(Caller::current()?),
        false => None,
    };
    Question::new(Operation::Socket, proxy.handle(), |out| {
        out.u8(caller.is_some().into());
        if let Some(caller) = caller {
            let groups = caller.groups.get(..GROUPS_MAX).unwrap_or(&caller.groups);
            traveller::to_wire(&caller).encode(groups, out);
        }
        call.encode(out);
    })
}

/// Asks for what is never waited for.
fn simply(proxy: &Proxy, call: Call<'_>) -> Result<Reply> {
    ask(proxy, call)?.put_to(proxy)
}

fn fill(out: &mut [u8], reply: &Reply) -> Result<usize> {
    let body = reply.body();
    let place = out.get_mut(..body.len()).ok_or(EIO)?;
    place.copy_from_slice(body);
    Ok(body.len())
}

fn access(proxy: &Proxy, waits: Waits) -> Access<'_> {
    Access {
        proxy,
        flags: match waits {
            Waits::Yes => 0,
            Waits::No => NONBLOCK,
        },
        position: None,
    }
}

/// As [`when_ready`]; what takes longer than it may is as if it had not been waited for.
fn answered(proxy: &Proxy, waits: Waits, question: &Question) -> Result<Reply> {
    match when_ready(&access(proxy, waits), question) {
        Err(ETIME) => Err(EAGAIN),
        outcome => outcome,
    }
}

fn waits(flags: u32) -> Waits {
    match flags & DONTWAIT {
        0 => Waits::Yes,
        _ => Waits::No,
    }
}

/// Most bytes of a message.
fn transfer_max(proxy: &Proxy) -> usize {
    match proxy.kind() {
        Kind::Packets => TRANSFER_BYTES_MAX,
        _ => STREAM_BYTES_MAX,
    }
}

fn send_part(sending: &Sending<'_>, parts: &Parts, from: &mut Origin<'_>) -> Result<usize> {
    let most = from.left().min(transfer_max(sending.proxy));
    let (data, pages) = take_all(from, most, DATA_BYTES_MAX)?;
    let send = socket::Send {
        flags: sending.flags & SEND_FLAGS,
        waits: waits(sending.flags) == Waits::Yes,
        address: sending.address,
        control: &parts.others,
        files: Tickets::default(),
        bytes: most as u32,
        data: &data,
    };
    let sent = match parts.numbers.is_empty() {
        true => ask(sending.proxy, Call::Send(send))
            .map(|question| question.with(pages))
            .and_then(|question| answered(sending.proxy, waits(sending.flags), &question)),
        false => send_files(sending, send, &pages, &parts.numbers),
    };
    let sent = sent.map(|reply| (reply.result as usize).min(most));
    from.give_back(most - *sent.as_ref().unwrap_or(&0));
    sent
}

/// As [`answered`], with files: a ticket is good for one message, so that each time there are
/// others.
fn send_files(
    sending: &Sending<'_>,
    send: socket::Send<'_>,
    pages: &Pages,
    numbers: &[u32],
) -> Result<Reply> {
    let proxy = sending.proxy;
    let began = clock::monotonic();
    loop {
        let sequence = proxy.sequence();
        let patience = match send_files_once(proxy, send, pages, numbers)? {
            Outcome::Done(reply) => return Ok(reply),
            Outcome::Soon => {
                wait_a_moment(SOON_MICROS)?;
                continue;
            }
            Outcome::NotReady(_) if waits(sending.flags) == Waits::No => return Err(EAGAIN),
            Outcome::NotReady(patience) => patience,
        };
        let passed = clock::monotonic().saturating_sub(began);
        let left = patience.map(|patience| patience.saturating_sub(passed));
        match proxy.wait(sequence, left) {
            Err(ETIME) => return Err(EAGAIN),
            outcome => outcome?,
        }
    }
}

fn send_files_once(
    proxy: &Proxy,
    send: socket::Send<'_>,
    pages: &Pages,
    numbers: &[u32],
) -> Result<Outcome> {
    let home = NodeId::new(proxy.node()).ok_or(EIO)?;
    let mut files = Enclosed::new();
    for number in numbers {
        files.push(|| export(*number, home))?;
    }
    let tickets = files.encoded()?;
    let files_sent = Tickets::new(&tickets).map_err(|_| EINVAL)?;
    let call = Call::Send(socket::Send {
        files: files_sent,
        ..send
    });
    let question = ask(proxy, call)?.with(pages.clone()).to_the_end();
    let answer = question.once_at(proxy);
    if answer.has_gone() {
        files.went();
    }
    answer.outcome()
}

fn receive_part(receiving: &mut Receiving<'_>, to: &mut Destination<'_>) -> Result<usize> {
    let proxy = receiving.proxy;
    let most = to.room().min(transfer_max(proxy));
    let receive = socket::Receive {
        flags: receiving.flags & RECEIVE_FLAGS,
        waits: waits(receiving.flags) == Waits::Yes,
        control: receiving.control_room.min(CONTROL_BYTES_MAX) as u16,
        bytes: most as u32,
    };
    let pages = if most > DATA_BYTES_MAX { most } else { 0 };
    let question = ask(proxy, Call::Receive(receive))?
        .expecting(pages as u32)
        .to_the_end();
    let reply = answered(proxy, waits(receiving.flags), &question)?;
    let received = socket::Received::decode(reply.body()).map_err(|_| EIO)?;
    let came = received.data.len() + reply.pages.bytes() as usize;
    let copied = match reply.pages.is_empty() {
        true => to.put(received.data),
        false => copy_pages(&reply, to, came),
    };
    put_beside(receiving, &received)?;
    if came > most || copied < came {
        return Err(if came > most { EIO } else { EFAULT });
    }
    // What was cut may have been longer, but that is for who asked for it alone.
    Ok(match receiving.flags & TRUNC {
        0 => copied,
        _ => copied.max(reply.result as usize),
    })
}

/// Gives what came beside the data.
fn put_beside(receiving: &mut Receiving<'_>, received: &socket::Received<'_>) -> Result {
    receiving.put_address(received.address);
    receiving.put_flags(received.flags);
    let mut numbers = KVec::new();
    let room = numbers.reserve(FILES_MAX * size_of::<u32>(), GFP_KERNEL);
    for ticket in received.files.iter() {
        if room.is_err() {
            proxies::refuse(ticket);
            receiving.put_flags(CONTROL_CUT);
            continue;
        }
        match proxies::import(ticket).and_then(|file| receiving.give(&file)) {
            Ok(number) => bytes::extend(&mut numbers, &number.to_le_bytes())?,
            Err(_) => receiving.put_flags(CONTROL_CUT),
        }
    }
    if !numbers.is_empty() {
        let Item { level, kind, .. } = Item::of_files(&[]);
        receiving.put_control(level, kind, &mut numbers)?;
    }
    let control = ssi_core::files::control::Control::new(received.control).map_err(|_| EIO)?;
    for item in control.iter() {
        let mut data = KVec::new();
        bytes::extend(&mut data, item.data)?;
        receiving.put_control(item.level, item.kind, &mut data)?;
    }
    Ok(())
}
