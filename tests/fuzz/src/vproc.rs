// SPDX-License-Identifier: GPL-2.0

//! Targets of the process space.

use ssi_core::{
    ids::NodeId,
    vproc::{
        attributes::{Attributes, ATTRIBUTES_BYTES},
        batch::{self, Item, Wanted, BATCH_MAX, ITEM_HEAD_BYTES},
        call::{Asked, Call, Subject, MEMORY_BYTES_MAX},
        caller::{Caller, CALLER_BYTES_MAX, GROUPS_MAX},
        group::GroupSignal,
        listing::{Entry, NAME_BYTES_MAX},
        owner::{self, Owner, OwnerSignal},
        path::{self, Place, DATA_BYTES_MAX, PATH_BYTES_MAX},
        pid::is_shared,
        pidfd::{target as target_of, Held, Kind, Life, Notice, Watch, Watched},
        route::{Known, Map, Route},
        scan::{node_of, window, Listed},
        signal::Target,
        stat_line::shift_start,
        totals::{self, whole_lines, Part},
        trail::{decode_moved, encode_moved, Next, Said, Trail, QUESTIONS_MAX},
    },
    wire::{Reader, Writer},
};

use crate::input::Input;

/// Room for anything that is written here.
const ROOM_BYTES: usize = 4096;

/// Nodes that say something to be summed.
const NODES: u8 = 4;

fn node(number: u8) -> NodeId {
    NodeId::new(number).expect("a number of a node")
}

const SOMEBODY: Caller = Caller {
    user: [1000, 1001, 1002, 1003],
    group: [100, 101, 102, 103],
    effective: 1 << 5,
    permitted: 1 << 5 | 1 << 40,
    tgid: 65_600,
    tid: 65_601,
    session: 65_590,
    is_foreign: false,
};

const STAT: &[u8] = b"65600 (a (b) c) S 1 2 3 0 -1 4194560 5 6 7 8 9 10 11 12 20 0 1 0 500 1 2\n";

/// Texts that are summed.
const TEXTS: [&[u8]; 4] = [
    b"0.10 0.20 1.30 2/70 65600\n",
    b"cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 9 0 1\nbtime 17\nprocesses 5\n",
    b"MemTotal:  1000 kB\nMemFree:  18446744073709551615 kB\nHugePages_Total: 0\n",
    b"processor\t: 0\nbogomips\t: 7000.10\n\nprocessor\t: 1\nbogomips\t: 7.1\n\n",
];

/// Attributes of a folder: nothing but its type and permissions.
fn folder() -> Attributes {
    let mut bytes = [0; ATTRIBUTES_BYTES];
    bytes[..4].copy_from_slice(&0o040_555_u32.to_le_bytes());
    Attributes::decode(&bytes).expect("attributes of a folder")
}

/// What `put` writes.
fn written(put: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut room = [0; ROOM_BYTES];
    let mut out = Writer::new(&mut room);
    put(&mut out);
    let length = out.finish().expect("room");
    room[..length].to_vec()
}

/// Messages of every kind, and texts.
pub fn corpus() -> Vec<Vec<u8>> {
    let (pid, tid) = (65_600_u32, 65_601);
    let entry = |name: &'static [u8]| Entry {
        name,
        ino: 77,
        kind: 4,
        next: 3,
    };
    let limits = Asked {
        call: Call::PrLimit,
        arguments: [u64::from(pid), 3, 1, 1, 0, 0],
        memory: [&[7; 16], &[8; 16]],
    };
    let header = [0x2008_0522_u32.to_le_bytes(), pid.to_le_bytes()].concat();
    let capabilities = Asked {
        call: Call::CapGet,
        arguments: [1, 1, 0, 0, 0, 0],
        memory: [&header, &[0; 24]],
    };
    let place = Place {
        path: b"65600/fd/3",
        offset: 9,
        bytes: 4096,
        data: b"text",
        ..Place::all(b"")
    };
    let messages = [
        written(|out| SOMEBODY.encode(&[1, 2, 3], out)),
        written(|out| Target::Process(pid).encode(out)),
        written(|out| {
            let tgid = Some(pid);
            Target::Thread { tgid, tid }.encode(out);
        }),
        written(|out| {
            GroupSignal {
                group: pid,
                session: pid,
                user: 1000,
                effective: 0,
                is_unrestricted: true,
            }
            .encode(out);
        }),
        written(|out| {
            OwnerSignal {
                owner: Owner {
                    kind: owner::Kind::Group,
                    number: pid,
                    user: 1000,
                    effective: 0,
                    held: Held {
                        node: node(2),
                        identity: 7,
                    },
                },
                signal: 34,
                file: 3,
                reason: 1,
                hops: 2,
            }
            .encode(out);
        }),
        written(|out| {
            let (token, kind) = (2, Kind::Thread);
            Watch { token, pid, kind }.encode(out);
        }),
        written(|out| {
            let (token, life) = (2, Life::Gone);
            Notice { token, life }.encode(out);
        }),
        written(|out| {
            let (node, identity) = (node(2), 7);
            Held { node, identity }.encode(out);
        }),
        written(|out| limits.encode(out)),
        written(|out| capabilities.encode(out)),
        written(|out| place.encode(out)),
        written(|out| {
            entry(b"fd").encode(out);
            entry(b"task").encode(out);
        }),
        folder().encode().to_vec(),
        written(|out| Wanted::encode(batch::File::Stat, [pid, tid].into_iter(), out)),
        [&Item::head(pid, &folder(), STAT.len())[..], STAT].concat(),
        STAT.to_vec(),
    ];
    // What is refused, and nearly was not.
    let mut crowded = written(|out| SOMEBODY.encode(&[7; GROUPS_MAX], out));
    let count = crowded.len() - GROUPS_MAX * 4 - 2;
    let many = u16::try_from(GROUPS_MAX + 1).expect("a count");
    crowded[count..count + 2].copy_from_slice(&many.to_le_bytes());
    crowded.extend([7; 4]);
    let outside = written(|out| Place::all(b"65600/../1/stat").encode(out));
    messages
        .into_iter()
        .chain([crowded, outside, b"65600/../1".to_vec()])
        .chain(TEXTS.map(<[u8]>::to_vec))
        .collect()
}

/// Every parser: what is read and written again is what it was, and what a node relies on
/// holds.
pub fn parsers(data: &[u8]) {
    caller(data);
    target(data);
    group_signal(data);
    owner_signal(data);
    pidfd(data);
    call(data);
    place(data);
    listing(data);
    files(data);
    trail(data);
    if let Ok(attributes) = Attributes::decode(data) {
        assert_eq!(attributes.encode(), data);
    }
}

fn caller(data: &[u8]) {
    let mut message = Reader::new(data);
    let Ok((caller, groups)) = Caller::decode(&mut message) else {
        return;
    };
    let groups: Vec<u32> = groups.iter().collect();
    assert!(groups.len() <= GROUPS_MAX);
    let again = written(|out| caller.encode(&groups, out));
    assert!(again.len() <= CALLER_BYTES_MAX);
    assert_eq!([&again, message.rest()].concat(), data);
}

fn target(data: &[u8]) {
    let mut message = Reader::new(data);
    let Ok(target) = Target::decode(&mut message) else {
        return;
    };
    assert!(target.pid().is_none_or(is_shared));
    let again = written(|out| target.encode(out));
    assert_eq!([&again, message.rest()].concat(), data);
}

fn group_signal(data: &[u8]) {
    let mut message = Reader::new(data);
    let Ok(signal) = GroupSignal::decode(&mut message) else {
        return;
    };
    assert!(is_shared(signal.group));
    let again = written(|out| signal.encode(out));
    assert_eq!([&again, message.rest()].concat(), data);
}

fn owner_signal(data: &[u8]) {
    let Ok(signal) = OwnerSignal::decode(Reader::new(data)) else {
        return;
    };
    assert!(is_shared(signal.owner.number));
    assert_eq!(written(|out| signal.encode(out)), data);
    if let Some(next) = signal.sent_on() {
        let again = written(|out| next.encode(out));
        assert_eq!(OwnerSignal::decode(Reader::new(&again)), Ok(next));
    }
}

fn pidfd(data: &[u8]) {
    let message = Reader::new(data);
    if let Ok(watch) = Watch::decode(message) {
        assert!(is_shared(watch.pid));
        assert_eq!(written(|out| watch.encode(out)), data);
        let flags = watch.token as u32;
        let whom = target_of(watch.kind, watch.pid, flags);
        assert!(whom.is_none_or(|whom| flags < 8 && whom != Target::Everybody));
    }
    if let Ok(watched) = Watched::decode(message) {
        assert_eq!(written(|out| watched.encode(out)), data);
    }
    if let Ok(notice) = Notice::decode(message) {
        assert_eq!(written(|out| notice.encode(out)), data);
    }
    let mut message = message;
    if let Ok(held) = Held::decode(&mut message) {
        let again = written(|out| held.encode(out));
        assert_eq!([&again, message.rest()].concat(), data);
    }
}

fn call(data: &[u8]) {
    let Ok(asked) = Asked::decode(Reader::new(data)) else {
        return;
    };
    assert_eq!(written(|out| asked.encode(out)), data);
    match asked.subject() {
        Subject::Own | Subject::OwnGroup => {
            panic!("a call about its caller is made where that is")
        }
        Subject::Process(pid) | Subject::Group(pid) => assert!(is_shared(pid)),
        Subject::User => {}
    }
    let pieces = asked.call.pieces();
    for (place, memory) in asked.memory.iter().enumerate() {
        assert!(memory.len() <= MEMORY_BYTES_MAX);
        assert!(memory.is_empty() || place < pieces.len());
    }
}

/// A question that is sent on comes to an end, whatever nodes say, and is never put to who
/// cannot be asked.
fn trail(data: &[u8]) {
    if let Ok(node) = decode_moved(data) {
        assert_eq!(encode_moved(node)[..], *data);
    }
    let map = Map {
        me: node(1),
        members: data
            .iter()
            .filter_map(|byte| NodeId::new(byte >> 2))
            .collect(),
        init: None,
    };
    let pid = 2 << 16;
    let Route::Node(first) = map.route(pid, Known::Nothing) else {
        return;
    };
    let (mut trail, mut questions) = (Trail::new(pid), 0);
    let mut all_said = data.iter().cycle();
    while trail.begin(first) {
        questions += 1;
        let next = all_said.by_ref().find_map(|said| {
            let said = match *said {
                0 => Said::Missing,
                64 => Said::Lost,
                node => NodeId::new(node).map_or(Said::Missing, Said::Moved),
            };
            let next = trail.next(said, &map);
            if let Next::Ask(node) = next {
                assert!(map.can_ask(node));
            }
            let is_asked = matches!(next, Next::Ask(_) | Next::AskAll);
            questions += u8::from(is_asked);
            (!is_asked).then_some(next)
        });
        if next == Some(Next::End) {
            break;
        }
    }
    assert!(questions <= QUESTIONS_MAX);
}

fn place(data: &[u8]) {
    if path::is_path(data) {
        assert!(data.len() <= PATH_BYTES_MAX);
        assert!(path::pid_of(data).is_some_and(is_shared));
        assert!(!data.split(|&byte| byte == b'/').any(|part| part == b".."));
    }
    let Ok(place) = Place::decode(Reader::new(data)) else {
        return;
    };
    assert!(path::is_path(place.path) && place.data.len() <= DATA_BYTES_MAX);
    assert_eq!(written(|out| place.encode(out)), data);
}

fn listing(data: &[u8]) {
    let mut message = Reader::new(data);
    let mut again = Vec::new();
    while let Ok(Some(entry)) = Entry::decode(&mut message) {
        assert!(!entry.name.is_empty() && entry.name.len() <= NAME_BYTES_MAX);
        let bytes = written(|out| entry.encode(out));
        assert_eq!(bytes.len(), entry.bytes());
        again.extend(bytes);
    }
    assert!(data.starts_with(&again));
}

fn files(data: &[u8]) {
    if let Ok(wanted) = Wanted::decode(Reader::new(data)) {
        assert!(wanted.pids().all(is_shared) && wanted.pids().count() <= BATCH_MAX);
        let again = written(|out| Wanted::encode(wanted.file, wanted.pids(), out));
        assert_eq!(again, data);
    }
    let mut reply = Reader::new(data);
    let mut again = Vec::new();
    while let Ok(Some(item)) = Item::decode(&mut reply) {
        let head: [u8; ITEM_HEAD_BYTES] = Item::head(item.pid, &item.attributes, item.text.len());
        again.extend(head);
        again.extend(item.text);
    }
    assert!(data.starts_with(&again));
    if let Ok(file) = totals::File::decode(Reader::new(data)) {
        assert_eq!(written(|out| file.encode(out)), data);
    }
}

/// What is made of texts and lists that come from other nodes.
pub fn texts(data: &[u8]) {
    let mut input = Input::new(data);
    let ticks = input.u64() as i64;
    stat_line(data, ticks);
    stat_line(data, i64::from(input.u8()));
    stat_of(data, ticks);
    sums(&mut input);
    list(data);
}

/// The time of start moves by `ticks` and nothing else.
fn stat_line(line: &[u8], ticks: i64) {
    let shifted = |line: &[u8], ticks| {
        let mut out = Vec::new();
        shift_start(line, ticks, |piece| out.extend_from_slice(piece));
        out
    };
    let there = shifted(line, ticks);
    let fields = |line: &[u8]| line.split(|&byte| byte == b' ').count();
    assert_eq!(fields(&there), fields(line));
    // Where neither end of the numbers is met it comes back, leading zeroes aside.
    if (0..=i64::from(u8::MAX)).contains(&ticks) && there.len() == line.len() {
        assert_eq!(shifted(&there, 0), there);
    }
}

/// Whatever name a process gives itself, its time of start is found.
fn stat_of(name: &[u8], ticks: i64) {
    let line = |start: u64| {
        let behind = format!(") S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 {start} 1 2\n");
        [b"65600 (", name, behind.as_bytes()].concat()
    };
    let start = 1 << 40;
    let mut out = Vec::new();
    shift_start(&line(start), ticks, |piece| out.extend_from_slice(piece));
    assert_eq!(out, line(start.saturating_add_signed(ticks)));
}

fn sums(input: &mut Input<'_>) {
    let file = totals::File::ALL[usize::from(input.u8() % 4)];
    let count = 1 + input.u8() % NODES;
    let texts: Vec<&[u8]> = (0..count)
        .map(|_| {
            let length = usize::from(input.u8());
            input.bytes(length)
        })
        .collect();
    let parts: Vec<Part<'_>> = (1..)
        .zip(texts)
        .map(|(number, text)| Part {
            node: node(number),
            text: whole_lines(text),
        })
        .collect();
    let mut bytes = 0;
    file.merge(node(1), &parts, |piece| bytes += piece.len());
    for text in TEXTS {
        let known = Part {
            node: node(5),
            text,
        };
        let parts = [&parts[..], &[known]].concat();
        file.merge(node(5), &parts, |piece| bytes += piece.len());
    }
}

/// A window into a list is of one node, begins where it should, and has an end.
fn list(data: &[u8]) {
    let mut list: Vec<Listed> = data
        .chunks_exact(2)
        .map(|pair| Listed {
            pid: 1 << 16 | u32::from(pair[0] & 3) << 16 | u32::from(pair[1]),
            node: node(1 + (pair[0] >> 6)),
        })
        .collect();
    list.sort_unstable_by_key(Listed::order);
    list.dedup_by_key(|listed| listed.pid);
    for listed in list.first().iter().chain(&list.last()).copied() {
        let window: Vec<u32> = window(&list, listed.pid).collect();
        assert_eq!(window.first(), Some(&listed.pid));
        assert!(window.len() <= BATCH_MAX && window.is_sorted());
        let node = Some(listed.node);
        assert!(window.iter().all(|pid| node_of(&list, *pid) == node));
    }
    assert_eq!(window(&list, 1).count(), 0);
}
