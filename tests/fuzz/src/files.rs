// SPDX-License-Identifier: GPL-2.0

//! Targets of open files.

use ssi_core::{
    files::{
        control::{Control, Item},
        device::{DeviceCall, ARGUMENT_BYTES_MAX},
        handles::{Handle, Slot, Table, FILES_MAX},
        lease::{Fate, Lease},
        operation::{self, Device, Poll, Ready, Seek, Sync, Transfer, TRANSFER_BYTES_MAX},
        owner,
        record_lock::{self, Found, Move, RecordLock},
        socket::{self, Call, Receive, Received, Send, Tickets},
        status::Status,
        terminal::{
            self, Act, Change, Group, Member, Numbered, Opening, Placed, Seen, Vouch, MEMBER_BYTES,
        },
        ticket::{Kind, Ticket, PATH_BYTES_MAX, TICKET_BYTES_MAX},
    },
    ids::{Incarnation, Instance, NodeId},
    wire::{Malformed, Reader, Writer},
};

use crate::input::Input;

/// Room for anything that is written here.
const ROOM_BYTES: usize = 4096;

/// What `put` writes.
fn written(put: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut room = [0; ROOM_BYTES];
    let mut out = Writer::new(&mut room);
    put(&mut out);
    let length = out.finish().expect("room");
    room[..length].to_vec()
}

fn ticket(path: &[u8]) -> Vec<u8> {
    let ticket = Ticket {
        home: Instance::new(NodeId::new(1).expect("a node"), Incarnation(7)),
        handle: Handle::from_wire(1 << 16).expect("a name"),
        via: NodeId::new(3),
        kind: Kind::Terminal,
        can_seek: false,
        flags: 2,
        mode: 0o020_620,
        rdev: 0x8800,
        uid: 0,
        gid: 5,
        ino: 3,
        socket: 0,
        path,
    };
    let mut room = [0; TICKET_BYTES_MAX];
    let length = ticket.encode(&mut room).expect("room");
    room[..length].to_vec()
}

/// Messages of every kind.
pub fn corpus() -> Vec<Vec<u8>> {
    let handle = Handle::from_wire(1 << 16).expect("a name");
    let transfer = |position, data| Transfer {
        flags: 0o2000,
        waits: true,
        position,
        bytes: 4,
        data,
    };
    let status = Status {
        size: 4096,
        blocks: 8,
        accessed: 1,
        modified: 2,
        changed: 3,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        nlink: 1,
        block_bytes: 4096,
    };
    vec![
        ticket(b"/dev/pts/0"),
        ticket(&[b'x'; PATH_BYTES_MAX]),
        written(|out| transfer(None, b"").encode(out)),
        written(|out| transfer(Some(9), b"data").encode(out)),
        written(|out| {
            let (events, waits) = (1, true);
            Poll { events, waits }.encode(out);
        }),
        written(|out| {
            let device = Device {
                number: 0x5402,
                argument: 0,
                memory: &[1; 36],
            };
            device.encode(out);
        }),
        written(|out| {
            let (offset, whence) = (u64::MAX, 2);
            Seek { offset, whence }.encode(out);
        }),
        written(|out| {
            let part = Sync {
                start: 0,
                end: i64::MAX.unsigned_abs(),
                is_data_only: true,
            };
            part.encode(out);
        }),
        status.encode().to_vec(),
        written(|out| {
            let member = Member {
                session: 65_600,
                group: 131_073,
                insists: true,
            };
            member.encode(out);
        }),
        written(|out| {
            let (number, is_vouched) = (131_073, true);
            Group { number, is_vouched }.encode(out);
        }),
        Ready { handle, events: 1 }.encode().to_vec(),
    ]
    .into_iter()
    .chain(sockets())
    .collect()
}

/// What sockets are asked, and answer.
fn sockets() -> Vec<Vec<u8>> {
    let files = Tickets::new(&[2, 7, 7, 1, 8]).expect("tickets");
    let send = Send {
        flags: socket::SEND_FLAGS,
        waits: true,
        address: b"address",
        control: b"control",
        files,
        bytes: 4,
        data: b"data",
    };
    let receive = Receive {
        flags: socket::RECEIVE_FLAGS,
        waits: false,
        control: 64,
        bytes: 4096,
    };
    let received = Received {
        flags: 0x20,
        address: b"address",
        control: b"control",
        files,
        data: b"data",
    };
    let calls = [
        Call::Send(send),
        Call::Receive(receive),
        Call::Accept(true),
        Call::Connect(true, b"address"),
        Call::Bind(b"address"),
        Call::Listen(5),
        Call::Shutdown(1),
        Call::Name(0),
        Call::Get(1, 4, 4),
        Call::Set(6, 1, &[1, 0, 0, 0]),
    ];
    let calls = calls.map(|call| written(|out| call.encode(out)));
    let control = written(|out| {
        Item::of_files(&[3, 0, 0, 0]).encode(out);
        Item::of_files(&[4, 0, 0, 0, 5, 0, 0, 0]).encode(out);
    });
    let answer = written(|out| received.encode(out));
    calls.into_iter().chain([control, answer]).collect()
}

/// Every parser: what is read and written again is what it was, and what a node relies on
/// holds.
pub fn parsers(data: &[u8]) {
    if let Ok(ticket) = Ticket::decode(data) {
        let mut room = [0; TICKET_BYTES_MAX];
        let length = ticket.encode(&mut room).expect("room");
        assert_eq!(&room[..length], data);
        assert!(ticket.path.len() <= PATH_BYTES_MAX && ticket.mode & 0o170_000 != 0o040_000);
    }
    if let Ok(transfer) = Transfer::decode(Reader::new(data)) {
        assert!(transfer.bytes as usize <= TRANSFER_BYTES_MAX);
        assert!(transfer.data.is_empty() || transfer.data.len() == transfer.bytes as usize);
        same(data, |out| transfer.encode(out));
    }
    let message = Reader::new(data);
    again(data, Poll::decode(message), |poll, out| poll.encode(out));
    again(data, Seek::decode(message), |seek, out| seek.encode(out));
    again(data, Sync::decode(message), |part, out| part.encode(out));
    if let Ok(device) = Device::decode(message) {
        let call = DeviceCall::with_number(device.number);
        assert!(call.is_none_or(|call| call.argument.bytes() <= ARGUMENT_BYTES_MAX));
        same(data, |out| device.encode(out));
    }
    if let Ok(status) = Status::decode(data) {
        assert_eq!(status.encode(), data);
    }
    if let Ok(ready) = Ready::decode(data) {
        assert_eq!(ready.encode(), data);
    }
    again(
        data,
        operation::Lock::decode(message),
        |(lock, waits), out| {
            lock.encode(waits, out);
        },
    );
    again(data, RecordLock::decode(message), |lock, out| {
        lock.encode(out);
    });
    again(data, Move::decode(message), |change, out| {
        change.encode(out);
    });
    if let Ok(found) = Found::decode(data) {
        assert_eq!(found.encode(), data);
    }
    again(data, Group::decode(message), |group, out| group.encode(out));
    again(data, Change::decode(message), |change, out| {
        change.encode(out);
    });
    again(data, Opening::decode(message), |opening, out| {
        opening.encode(out);
    });
    again(data, Vouch::decode(message), |vouch, out| vouch.encode(out));
    again(data, Placed::decode(message), |placed, out| {
        placed.encode(out);
    });
    again(data, Numbered::decode(message), |numbered, out| {
        numbered.encode(out);
    });
    again(data, Seen::decode(message), |seen, out| seen.encode(out));
    let mut rest = message;
    if let Ok(member) = Member::decode(&mut rest) {
        same(&data[..MEMBER_BYTES], |out| member.encode(out));
        let others = terminal::Control {
            session: member.session ^ 1,
            foreground: member.group ^ 1,
            stops_writers: true,
        };
        assert!(others.admits(&member, Act::Read));
    }
    again(data, Call::decode(message), |call, out| call.encode(out));
    again(data, owner::Request::decode(message), |request, out| {
        request.encode(out);
    });
    again(data, owner::State::decode(message), |state, out| {
        state.encode(out);
    });
    again(data, Received::decode(data), |received, out| {
        received.encode(out);
    });
    if let Ok(control) = Control::new(data) {
        let bytes: usize = control
            .iter()
            .map(|item| Item::bytes_with(item.data.len()))
            .sum();
        assert_eq!(bytes, control.bytes_padded());
    }
    // What is read of a message and not more.
    let _ = (
        operation::place(message),
        operation::claims(message),
        operation::node(message),
        record_lock::process(message),
        terminal::session(message),
        terminal::index(message),
    );
    leases(data);
}

fn again<T>(data: &[u8], read: Result<T, Malformed>, put: impl FnOnce(T, &mut Writer<'_>)) {
    if let Ok(value) = read {
        same(data, |out| put(value, out));
    }
}

/// What was written is what was read, unless it is longer than a message.
fn same(data: &[u8], put: impl FnOnce(&mut Writer<'_>)) {
    let mut room = [0; ROOM_BYTES];
    let mut out = Writer::new(&mut room);
    put(&mut out);
    if let Ok(length) = out.finish() {
        assert_eq!(&room[..length], data);
    }
}

/// Rights come and go, and are those that were given.
fn leases(data: &[u8]) {
    let mut input = Input::new(data);
    let slots = vec![Slot::new(); 4];
    let mut table: Table<Lease, Vec<Slot<Lease>>> = Table::new(slots);
    let mut names = Vec::new();
    for _ in 0..64 {
        let node = NodeId::new(input.u8() % 4 + 1).expect("a node");
        let by = NodeId::new(input.u8() % 4);
        let name = names
            .get(usize::from(input.u8()) % names.len().max(1))
            .copied();
        match (input.u8() % 5, name) {
            (0, _) => {
                if let Ok(name) = table.insert(Lease::new(node, by)) {
                    assert!(!names.contains(&name) && table.len() <= FILES_MAX);
                    names.push(name);
                }
            }
            (1, Some(name)) => {
                table.get_mut(name).map(|lease| lease.add(by));
            }
            (2, Some(name)) => change(&mut table, name, |lease| lease.give_back(1)),
            (3, Some(name)) => change(&mut table, name, |lease| lease.withdraw(by)),
            (4, Some(name)) => change(&mut table, name, |lease| {
                let concerns = lease.concerns(node);
                let before = *lease;
                let fate = lease.lost(node);
                assert!(concerns || (fate == Fate::Lasts && before == *lease));
                fate
            }),
            (_, _) => (),
        }
    }
}

fn change(
    table: &mut Table<Lease, Vec<Slot<Lease>>>,
    name: Handle,
    act: impl FnOnce(&mut Lease) -> Fate,
) {
    if table.get_mut(name).map(act) == Some(Fate::Ends) {
        assert!(table.remove(name).is_some() && table.get(name).is_none());
    }
}
