// SPDX-License-Identifier: GPL-2.0

//! Targets of programs on other nodes.

use ssi_core::{
    migrate::{
        area::{Area, Areas, Mapped, Origin, AREA_BYTES_MAX, PAGE_BYTES},
        batch::{encode_batch, Batch, BATCH_BYTES_MAX},
        children::{Answer, Child, Wanted, ANSWER_BYTES_MAX, CHILD_BYTES, WANTED_BYTES},
        drained::{Word, WORD_BYTES},
        fetch::{encode_found, Fetch, Wanted as Pages, FETCH_BYTES, FOUND_BYTES_MAX, FOUND_MAX},
        handover::{Guest, Happened, Learnt, Source},
        image::Image,
        news::{News, Users, What, NEWS_BYTES_MAX},
        open_file::{Identity, OpenFile, OpenFiles, Opening, Way, OPEN_FILE_BYTES_MAX},
        place::{Place, PLACE_BYTES},
        process::Process,
        relation::{Relation, RELATION_BYTES},
        runs::Runs,
        strings::Strings,
        threads::{Thread, Threads, THREAD_HEAD_BYTES},
    },
    wire::{Reader, Writer},
};

/// Whatever is an image, or news, is written again as it came.
pub fn parsers(data: &[u8]) {
    if let Ok(image) = Image::decode(data) {
        let mut again = vec![0; image.encoded_bytes()];
        image.encode(&mut again).unwrap();
        assert_eq!(again, data);
        assert_eq!(image.arguments.iter().count(), image.arguments.count());
        files(&image.files);
    }
    if let Ok(news) = News::decode(Reader::new(data)) {
        let mut room = [0; NEWS_BYTES_MAX];
        let mut out = Writer::new(&mut room);
        news.encode(&mut out);
        let length = out.finish().unwrap();
        assert_eq!(&room[..length], data);
    }
    if let Ok(place) = Place::decode(Reader::new(data)) {
        let mut room = [0; PLACE_BYTES];
        place.encode(&mut Writer::new(&mut room));
        assert_eq!(room, data);
    }
    if let Ok(word) = Word::decode(Reader::new(data)) {
        let mut room = [0; WORD_BYTES];
        word.encode(&mut Writer::new(&mut room));
        assert_eq!(room, data);
    }
    if let Ok(relation) = Relation::decode(Reader::new(data)) {
        let mut room = [0; RELATION_BYTES];
        relation.encode(&mut Writer::new(&mut room));
        assert_eq!(room, data);
    }
    if let Ok(process) = Process::decode(data) {
        let mut again = vec![0; process.encoded_bytes()];
        process.encode(&mut again).unwrap();
        assert_eq!(again, data);
        files(&process.files);
        areas(&process.areas);
        let tids: Vec<_> = process.threads.iter().map(|thread| thread.tid).collect();
        assert!(tids.is_sorted_by(|one, next| one < next));
    }
    batch(data);
    children(data);
    fetch(data);
    hand_over(data);
}

/// Whatever is said of children is written again as it came.
fn children(data: &[u8]) {
    if let Ok(answer) = Answer::decode(Reader::new(data)) {
        let mut room = [0; ANSWER_BYTES_MAX];
        let mut out = Writer::new(&mut room);
        answer.encode(&mut out);
        let length = out.finish().unwrap();
        assert_eq!(&room[..length], data);
    }
    let mut message = Reader::new(data);
    if let Ok(wanted) = Wanted::decode(&mut message) {
        let mut room = [0; WANTED_BYTES];
        wanted.encode(&mut Writer::new(&mut room));
        assert_eq!([&room, message.rest()].concat(), data);
    }
    let mut message = Reader::new(data);
    while let Ok(child) = Child::decode(&mut message) {
        let mut room = [0; CHILD_BYTES];
        child.encode(&mut Writer::new(&mut room));
        assert!(data.windows(CHILD_BYTES).any(|part| part == room));
    }
}

/// None overlaps another, and each is written again as it came.
fn areas(areas: &Areas<'_>) {
    let mut again = Vec::new();
    let mut room = [0; AREA_BYTES_MAX];
    let mut end = 0;
    for area in areas.iter() {
        assert!(area.start >= end && area.end > area.start);
        end = area.end;
        let length = area.encode(&mut room).unwrap();
        again.extend_from_slice(&room[..length]);
    }
    assert_eq!(again, areas.as_bytes());
}

/// Whoever follows the answers comes to the end, and puts no page elsewhere.
fn fetch(data: &[u8]) {
    let Some((question, answer)) = data.split_at_checked(FETCH_BYTES) else {
        return;
    };
    let Ok(fetch) = Fetch::decode(Reader::new(question)) else {
        return;
    };
    let mut again = [0; FETCH_BYTES];
    fetch.encode(&mut Writer::new(&mut again));
    assert_eq!(again, question);
    let pages = answer.len().saturating_sub(8) / 8;
    if let Ok(found) = fetch.found(answer, pages) {
        assert!(found.next > fetch.start && found.next <= fetch.end);
        let addresses: Vec<_> = found.addresses().collect();
        assert!(addresses.is_sorted());
        assert!(addresses
            .iter()
            .all(|&address| address >= fetch.start && address + PAGE_BYTES <= found.next));
    }
    if let Ok(runs) = Runs::decode(&fetch, answer) {
        assert!(runs.next > fetch.start && runs.next <= fetch.end);
        let mut end = fetch.start;
        for run in runs.iter() {
            assert!(run.start >= end && run.pages > 0);
            end = run.start + run.pages * PAGE_BYTES;
        }
        assert!(end <= runs.next);
    }
}

/// Who gets pages ahead puts them where pages can be.
fn batch(data: &[u8]) {
    let pages = data.len().saturating_sub(4) / 8;
    if let Ok(batch) = Batch::decode(Reader::new(data), pages) {
        let addresses: Vec<_> = batch.addresses().collect();
        assert_eq!(addresses.len(), pages);
        assert!(addresses.iter().all(|address| address % PAGE_BYTES == 0));
        if pages <= FOUND_MAX {
            let mut room = [0; BATCH_BYTES_MAX];
            let mut out = Writer::new(&mut room);
            encode_batch(batch.pid, &addresses, &mut out);
            let length = out.finish().unwrap();
            assert_eq!(room[..length], *data);
        }
    }
}

fn files(files: &OpenFiles<'_>) {
    let mut again = Vec::new();
    let mut room = [0; OPEN_FILE_BYTES_MAX];
    for file in files.iter() {
        let length = file.encode(&mut room).unwrap();
        again.extend_from_slice(&room[..length]);
    }
    assert_eq!(again, files.as_bytes());
}

/// What is over stays over, whatever is learnt.
fn hand_over(data: &[u8]) {
    let mut source = Source::Asking;
    let mut guest = Guest::Starting;
    for &byte in data {
        let (next, _) = source.step(LEARNT[usize::from(byte) % LEARNT.len()]);
        assert!(source != Source::Dead || next == Source::Dead);
        assert!(source != Source::Home || next == Source::Home);
        source = next;
        let (next, _) = guest.step(HAPPENED[usize::from(byte >> 4) % HAPPENED.len()]);
        assert!(guest != Guest::Gone || next == Guest::Gone);
        assert!(guest != Guest::Running || next == Guest::Running);
        guest = next;
    }
}

const LEARNT: [Learnt; 5] = [
    Learnt::Held,
    Learnt::Refused,
    Learnt::Killed,
    Learnt::Released,
    Learnt::Lost,
];

const HAPPENED: [Happened; 5] = [
    Happened::Executed,
    Happened::Failed,
    Happened::Commit,
    Happened::Abort,
    Happened::HomeDown,
];

/// An image and news, to be mutated.
pub fn corpus() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    let mut room = [0; OPEN_FILE_BYTES_MAX];
    let opening = Opening {
        flags: 2,
        offset: 7,
        path: b"/dev/null",
    };
    let ways = [
        Way::Anew(opening),
        Way::AtHome(b"ticket"),
        Way::Either(b"ticket", Identity::default(), opening),
        Way::Made(b"what it knows"),
        Way::Again(3),
    ];
    for (fd, way) in (0..).zip(ways) {
        let length = OpenFile {
            fd,
            is_closed_on_exec: fd == 1,
            may_be_locked: fd == 2,
            way,
        }
        .encode(&mut room)
        .unwrap();
        files.extend_from_slice(&room[..length]);
    }
    let image = Image {
        state: b"state",
        path: b"ls",
        folders: Strings::new(b"/bin:/usr/bin\0").unwrap(),
        directory: b"/",
        arguments: Strings::new(b"ls\0-l\0").unwrap(),
        environment: Strings::new(b"HOME=/\0").unwrap(),
        files: OpenFiles::new(&files).unwrap(),
    };
    let mut encoded = vec![0; image.encoded_bytes()];
    image.encode(&mut encoded).unwrap();
    let told = [
        What::Exited(0x100, [1; 9]),
        What::Stopped(19),
        What::Continued,
        What::Users(Users {
            user: [1000; 4],
            group: [100; 4],
            effective: 0,
            permitted: 1,
        }),
    ];
    let news = told.map(|what| {
        let mut room = [0; NEWS_BYTES_MAX];
        let mut out = Writer::new(&mut room);
        News { pid: 65_600, what }.encode(&mut out);
        let length = out.finish().unwrap();
        room[..length].to_vec()
    });
    [
        vec![encoded, process(&files), fetch_and_answer(), pages_ahead()],
        news.to_vec(),
    ]
    .concat()
}

fn process(files: &[u8]) -> Vec<u8> {
    let mapped = Mapped {
        offset: PAGE_BYTES,
        identity: Identity::default(),
        path: b"/bin/sh",
    };
    let origins = [
        Origin::Anonymous,
        Origin::Copied,
        Origin::File(mapped),
        Origin::Shared(mapped),
        Origin::Vdso,
    ];
    let mut areas = Vec::new();
    let mut room = [0; AREA_BYTES_MAX];
    for (place, origin) in (1..).zip(origins) {
        let area = Area {
            start: place * PAGE_BYTES,
            end: (place + 1) * PAGE_BYTES,
            protection: 3,
            traits: 1,
            origin,
        };
        let length = area.encode(&mut room).unwrap();
        areas.extend_from_slice(&room[..length]);
    }
    let threads = threads();
    let process = Process {
        state: b"state",
        program: b"program",
        timers: b"timers",
        path: b"/bin/sh",
        directory: b"/",
        areas: Areas::new(&areas).unwrap(),
        files: OpenFiles::new(files).unwrap(),
        watches: b"watches",
        threads: Threads::new(&threads).unwrap(),
    };
    let mut encoded = vec![0; process.encoded_bytes()];
    process.encode(&mut encoded).unwrap();
    encoded
}

fn threads() -> Vec<u8> {
    let thread = Thread {
        tid: 65_601,
        state: b"state",
    };
    let mut head = [0; THREAD_HEAD_BYTES];
    thread.encode_head(&mut head).unwrap();
    [&head[..], thread.state].concat()
}

fn pages_ahead() -> Vec<u8> {
    let mut room = [0; BATCH_BYTES_MAX];
    let mut out = Writer::new(&mut room);
    encode_batch(65_600, &[PAGE_BYTES, 5 * PAGE_BYTES], &mut out);
    let length = out.finish().unwrap();
    room[..length].to_vec()
}

fn fetch_and_answer() -> Vec<u8> {
    let mut question = [0; FETCH_BYTES];
    let fetch = Fetch {
        pid: 65_600,
        start: PAGE_BYTES,
        end: 9 * PAGE_BYTES,
        wanted: Pages::All,
    };
    fetch.encode(&mut Writer::new(&mut question));
    let mut answer = [0; FOUND_BYTES_MAX];
    let mut out = Writer::new(&mut answer);
    encode_found(7 * PAGE_BYTES, &[PAGE_BYTES, 5 * PAGE_BYTES], &mut out);
    let length = out.finish().unwrap();
    [&question[..], &answer[..length]].concat()
}
