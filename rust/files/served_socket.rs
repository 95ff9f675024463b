// SPDX-License-Identifier: GPL-2.0

//! Socket calls for another node.

use kernel::{
    fs::File,
    prelude::*,
    sync::aref::ARef, //
};
use ssi_core::{
    files::{
        socket::{
            Call,
            Receive,
            Received,
            Send,
            Tickets,
            CONTROL_BYTES_MAX,
            DATA_BYTES_MAX,
            FILES_MAX,
            RECEIVED_BYTES_MAX,
            RECEIVE_AT_ONCE, //
        },
        socket_option, //
    },
    ids::NodeId,
    vproc::caller,
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    Pages,
    Request, //
};
use ssi_kapi::{
    behalf,
    bytes,
    file_home::{
        HomeFile,
        Kind,
        Place,
        OVER,
        READABLE,
        WRITABLE, //
    },
    page::PAGE_BYTES,
    sender,
    socket_home::{
        self,
        Loan,
        Sending,
        Sends, //
    },
    socket_proxy::CONTROL_CUT, //
};
use ssi_vproc::traveller;

use crate::{
    control::{
        self,
        Enclosed, //
    },
    export_file,
    exported::Exported,
    exports,
    proxies,
    service::{
        Answer,
        Fault, //
    }, //
};

pub(crate) fn call(
    file: &Exported,
    mut message: Reader<'_>,
    request: &Request,
) -> Result<Answer, Fault> {
    let caller = match message.flag()? {
        true => {
            let (caller, groups) = caller::Caller::decode(&mut message)?;
            Some(traveller::from_wire(&caller, groups)?)
        }
        false => None,
    };
    let call = Call::decode(message)?;
    match caller {
        Some(caller) if call.is_judged() => match file.tells_senders() {
            true => sender::send_as(&caller, || make(file, call, request))?,
            false => behalf::run_as(&caller, || make(file, call, request))?,
        },
        None if !call.is_judged() => make(file, call, request),
        _ => Err(Fault::Malformed),
    }
}

/// Makes a call with the rights of who made it, if these matter.
fn make(file: &Exported, call: Call<'_>, request: &Request) -> Result<Answer, Fault> {
    let client = request.from().node;
    match call {
        Call::Send(send) => sent(file, &send, request.pages()),
        Call::Receive(receive) => received(file, &receive, request),
        Call::Accept(waits) => accepted(file, waits, client),
        Call::Connect(waits, address) => connected(file, waits, address),
        Call::Bind(address) => done(file.bind(address)),
        Call::Listen(backlog) => done(file.listen(backlog)),
        Call::Shutdown(how) => done(file.shut_down(how)),
        Call::Name(whose) => Ok(Answer::bytes(&file.socket_name(whose)?)?),
        Call::Get(level, option, _) | Call::Set(level, option, _)
            if !socket_option::travels(level, option) =>
        {
            Err(ENOPROTOOPT.into())
        }
        Call::Get(level, option, room) => {
            Ok(Answer::bytes(&file.option(level, option, room.into())?)?)
        }
        Call::Set(level, option, value) => {
            let mut copy = KVec::new();
            bytes::extend(&mut copy, value)?;
            done(file.set_option(level, option, &mut copy))
        }
    }
}

fn done(result: Result) -> Result<Answer, Fault> {
    result?;
    Ok(Answer::number(0))
}

/// Does `act`; if the socket is not ready for it and somebody waits, that one is told when it
/// is, and how long to wait.
fn when_ready<T>(
    file: &Exported,
    sends: Sends,
    waits: bool,
    mut act: impl FnMut() -> Result<T>,
) -> Result<T, Fault> {
    match act() {
        Err(EAGAIN) if waits => (),
        done => return Ok(done?),
    }
    let events = match sends {
        Sends::Yes => WRITABLE,
        Sends::No => READABLE,
    };
    if !file.tell_when(events) {
        return Err(Fault::NotReady(file.time_limit(sends)));
    }
    // It became ready meanwhile, or others keep taking what there is.
    match act() {
        Err(EAGAIN) => Err(Fault::Soon),
        done => Ok(done?),
    }
}

fn sent(file: &Exported, send: &Send<'_>, pages: &Pages) -> Result<Answer, Fault> {
    if pages.is_empty() != (send.data.len() == send.bytes as usize)
        || !pages.is_empty() && pages.bytes() != send.bytes
    {
        return Err(Fault::Malformed);
    }
    let files = taken_in(&send.files)?;
    let mut loans = KVec::with_capacity(files.len(), GFP_KERNEL)?;
    let mut numbers = KVec::with_capacity(files.len(), GFP_KERNEL)?;
    for file in &files {
        let loan = Loan::new(file)?;
        numbers.push(loan.number(), GFP_KERNEL)?;
        loans.push(loan, GFP_KERNEL)?;
    }
    let sending = Sending {
        flags: send.flags,
        address: send.address,
        control: &control::join(send.control, &numbers)?,
    };
    let mut data = KVec::new();
    bytes::extend(&mut data, send.data)?;
    when_ready(file, Sends::Yes, send.waits, || {
        let from = match pages.is_empty() {
            true => Place::Buffer(&mut data),
            false => Place::Pages(pages.as_slice(), 0..pages.bytes() as usize),
        };
        Ok(Answer::number(file.send(&sending, from)? as i32))
    })
}

/// The files that came with a message. When one cannot be taken in, the others are refused.
fn taken_in(tickets: &Tickets<'_>) -> Result<KVec<ARef<File>>> {
    let mut files = KVec::new();
    let mut outcome = Ok(());
    for ticket in tickets.iter() {
        match outcome {
            Ok(()) => {
                outcome = proxies::import(ticket)
                    .and_then(|file| files.push(file, GFP_KERNEL).map_err(Error::from));
            }
            Err(_) => proxies::refuse(ticket),
        }
    }
    outcome.map(|()| files)
}

/// What came, with its data.
struct Message {
    about: socket_home::Received,
    data: KVec<u8>,
    pages: Pages,
}

fn received(file: &Exported, receive: &Receive, request: &Request) -> Result<Answer, Fault> {
    let most = (receive.bytes as usize).min(DATA_BYTES_MAX.max(request.reply_pages_max() as usize));
    let waits = receive.waits && receive.flags & RECEIVE_AT_ONCE == 0;
    let message = when_ready(file, Sends::No, waits, || {
        let is_ready = || file.poll() & (READABLE | OVER) != 0;
        match file.kind() {
            _ if most <= DATA_BYTES_MAX => few(file, receive, most),
            _ if receive.flags & RECEIVE_AT_ONCE != 0 || is_ready() => many(file, receive, most),
            // The rest of a packet would be lost.
            Kind::Packets => Err(EAGAIN),
            _ => few(file, receive, DATA_BYTES_MAX),
        }
    })?;
    Ok(answer(message, request.from().node)?)
}

fn few(file: &HomeFile, receive: &Receive, most: usize) -> Result<Message> {
    let mut data = bytes::zeros(most)?;
    let place = Place::Buffer(&mut data);
    let about = file.receive(receive.flags, receive.control.into(), place)?;
    data.truncate(about.data_bytes);
    Ok(Message {
        about,
        data,
        pages: Pages::NONE,
    })
}

fn many(file: &HomeFile, receive: &Receive, most: usize) -> Result<Message> {
    let pages = Pages::alloc(most)?;
    let place = Place::Pages(pages.as_slice(), 0..most);
    let about = file.receive(receive.flags, receive.control.into(), place)?;
    let length = about.data_bytes;
    if length > DATA_BYTES_MAX {
        let mut filled = KVec::new();
        for page in pages.as_slice().iter().take(length.div_ceil(PAGE_BYTES)) {
            filled.push(page.clone(), GFP_KERNEL)?;
        }
        return Ok(Message {
            about,
            data: KVec::new(),
            pages: Pages::new(filled, length)?,
        });
    }
    let mut data = bytes::zeros(length)?;
    if let Some(first) = pages.as_slice().first() {
        first.read(0, &mut data)?;
    }
    Ok(Message {
        about,
        data,
        pages: Pages::NONE,
    })
}

fn answer(message: Message, client: NodeId) -> Result<Answer> {
    let mut about = message.about;
    let parts = control::split(&about.control)?;
    let (files, are_all) = enclosed(&parts.numbers, client);
    if !are_all || parts.others.len() > CONTROL_BYTES_MAX {
        about.flags |= CONTROL_CUT;
    }
    let tickets = files.encoded()?;
    let mut body = bytes::zeros(RECEIVED_BYTES_MAX)?;
    let mut out = Writer::new(&mut body);
    Received {
        flags: about.flags,
        address: &about.address,
        control: parts
            .others
            .get(..)
            .filter(|all| all.len() <= CONTROL_BYTES_MAX)
            .unwrap_or_default(),
        files: Tickets::new(&tickets).map_err(|_| EIO)?,
        data: &message.data,
    }
    .encode(&mut out);
    let length = out.finish().map_err(|_| EIO)?;
    body.truncate(length);
    files.went();
    Ok(Answer {
        result: about.length as i32,
        body,
        pages: message.pages,
    })
}

/// Tickets for the files this thread was given the numbers of, and whether they are for all of
/// them: some files cannot be used from another node.
fn enclosed(numbers: &[u32], client: NodeId) -> (Enclosed, bool) {
    let mut files = Enclosed::new();
    for number in numbers {
        // Each is taken, so that its number is free again.
        let Some(file) = socket_home::take(*number) else {
            continue;
        };
        if files.len() < FILES_MAX {
            let _ = files.push(|| export_file(&file, client));
        }
    }
    let are_all = files.len() == numbers.len();
    (files, are_all)
}

fn accepted(file: &Exported, waits: bool, client: NodeId) -> Result<Answer, Fault> {
    let accepted = when_ready(file, Sends::No, waits, || file.accept())?;
    let ticket = exports::export(&accepted, client)?;
    Ok(Answer::bytes(ticket.as_bytes()).inspect_err(|_| ticket.withdraw())?)
}

fn connected(file: &Exported, waits: bool, address: &[u8]) -> Result<Answer, Fault> {
    let act = || match file.connect(address) {
        Err(EINPROGRESS | EALREADY) if waits => Err(EAGAIN),
        outcome => outcome,
    };
    when_ready(file, Sends::Yes, waits, act)?;
    Ok(Answer::number(0))
}
