// SPDX-License-Identifier: GPL-2.0

//! Runs of pages.
//!
//! Before pages are [fetched](super::fetch), the other node asks which there are between two
//! addresses, so that it can ask for several parts at once, each of as many as an answer has.
//! The question is the same, and the answer is this:
//!
//! ```text
//!  answer     +------+---------------+
//!             | next | start | pages | for each run
//!             +------+---------------+
//! ```

use super::{
    area::{
        is_page,
        PAGE_BYTES, //
    },
    fetch::{
        Fetch,
        FOUND_MAX, //
    }, //
};
use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Most runs of one answer: what the body of a reply has room for.
pub const RUNS_MAX: usize = 255;

/// Most bytes of an answer.
pub const RUNS_BYTES_MAX: usize = NEXT_BYTES + RUN_BYTES * RUNS_MAX;

const NEXT_BYTES: usize = 8;
const RUN_BYTES: usize = 12;

/// Pages one behind another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where the first one is.
    pub start: u64,
    /// How many there are.
    pub pages: u64,
}

impl Run {
    /// All pages from `start` up to `end`.
    pub const fn between(start: u64, end: u64) -> Self {
        Self {
            start,
            pages: end.saturating_sub(start) / PAGE_BYTES,
        }
    }

    /// The first address behind it.
    pub const fn end(&self) -> u64 {
        let bytes = self.pages.saturating_mul(PAGE_BYTES);
        self.start.saturating_add(bytes)
    }

    /// Takes its first pages off, at most `most` of them.
    fn take(&mut self, most: u64) -> Self {
        let pages = self.pages.min(most);
        let taken = Self { pages, ..*self };
        *self = Self {
            start: taken.end(),
            pages: self.pages.saturating_sub(pages),
        };
        taken
    }
}

/// What is of `run` and of none of `others`, which rise.
pub fn without<'a>(run: Run, others: &'a [Run]) -> impl Iterator<Item = Run> + 'a {
    let first = others.partition_point(|other| other.end() <= run.start);
    let mut others = others.get(first..).unwrap_or_default().iter();
    let mut next = run.start;
    core::iter::from_fn(move || {
        while next < run.end() {
            let start = next;
            let other = others.next();
            next = other.map_or(run.end(), |other| other.end());
            let end = other.map_or(run.end(), |other| other.start.min(run.end()));
            if start < end {
                return Some(Run::between(start, end));
            }
        }
        None
    })
}

/// Whether the page at `address` is in one of `runs`, which rise.
pub fn has(runs: &[Run], address: u64) -> bool {
    let first = runs.partition_point(|run| run.end() <= address);
    runs.get(first).is_some_and(|run| run.start <= address)
}

/// Puts an answer into a message: that `runs` are all there is before `next`.
pub fn encode_runs(next: u64, runs: &[Run], out: &mut Writer<'_>) {
    out.u64(next);
    for run in runs {
        out.u64(run.start)
            .u32(u32::try_from(run.pages).unwrap_or(u32::MAX));
    }
}

/// Answer to the question which pages there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs<'a> {
    /// All that is before this address is in the answer.
    pub next: u64,
    runs: &'a [u8],
}

impl<'a> Runs<'a> {
    /// Takes the answer to `asked` off a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for an answer to another question, and for one that does not get on.
    pub fn decode(asked: &Fetch, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        let next = message.u64()?;
        let runs = message.rest();
        let found = Self { next, runs };
        let is_sound = next > asked.start
            && next <= asked.end
            && is_page(next)
            && runs.len() % RUN_BYTES == 0
            && found.rises_from(asked.start);
        is_sound.then_some(found).ok_or(Malformed)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Run> + 'a {
        self.runs.chunks_exact(RUN_BYTES).filter_map(|run| {
            let mut message = Reader::new(run);
            let start = message.u64().ok()?;
            let pages = message.u32().ok()?.into();
            Some(Run { start, pages })
        })
    }

    /// Whether they are of pages, and rise from `start` up to the next.
    fn rises_from(&self, start: u64) -> bool {
        let mut least = start;
        self.iter().all(|run| {
            let is_next = run.start >= least && is_page(run.start) && run.pages > 0;
            least = run.end();
            is_next && least <= self.next
        })
    }
}

/// Parts of runs, each of as many pages as are in one answer to a [`Fetch`].
#[derive(Clone, Debug)]
pub struct Parts<I> {
    runs: I,
    left: Option<Run>,
}

impl<I: Iterator<Item = Run>> Parts<I> {
    /// Those of `runs`, which rise.
    pub const fn of(runs: I) -> Self {
        Self { runs, left: None }
    }

    fn next_run(&mut self) -> Option<Run> {
        let left = self.left.take().filter(|run| run.pages > 0);
        left.or_else(|| self.runs.next())
    }
}

impl<I: Iterator<Item = Run>> Iterator for Parts<I> {
    /// From one address up to another.
    type Item = (u64, u64);

    fn next(&mut self) -> Option<Self::Item> {
        let mut room = u64::try_from(FOUND_MAX).unwrap_or(1);
        let mut part: Option<(u64, u64)> = None;
        while room > 0 {
            let Some(mut run) = self.next_run() else {
                break;
            };
            let taken = run.take(room);
            room = room.saturating_sub(taken.pages);
            self.left = Some(run);
            let (start, _) = part.unwrap_or((taken.start, taken.start));
            part = Some((start, taken.end()));
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::fetch::Wanted;

    const ASKED: Fetch = Fetch {
        pid: 65_600,
        start: 2 * PAGE_BYTES,
        end: 900 * PAGE_BYTES,
        wanted: Wanted::Own,
    };

    fn run(start: u64, pages: u64) -> Run {
        let start = start.saturating_mul(PAGE_BYTES);
        Run { start, pages }
    }

    fn answer(next: u64, runs: &[Run]) -> Vec<u8> {
        let mut room = [0; RUNS_BYTES_MAX];
        let mut out = Writer::new(&mut room);
        encode_runs(next.saturating_mul(PAGE_BYTES), runs, &mut out);
        let length = out.finish().unwrap();
        room[..length].to_vec()
    }

    fn parts(runs: &[Run]) -> Vec<(u64, u64)> {
        let parts = Parts::of(runs.iter().copied());
        parts
            .map(|(start, end)| (start / PAGE_BYTES, end / PAGE_BYTES))
            .collect()
    }

    #[test]
    fn an_answer_arrives_as_it_was() {
        let runs = [run(2, 1), run(4, 300), run(890, 10)];
        let bytes = answer(900, &runs);
        let arrived = Runs::decode(&ASKED, &bytes).unwrap();
        assert_eq!(arrived.next, 900 * PAGE_BYTES);
        assert_eq!(arrived.iter().collect::<Vec<_>>(), runs);
        assert!(Runs::decode(&ASKED, &answer(3, &[])).is_ok());
    }

    #[test]
    fn the_largest_answer_has_room() {
        let runs: Vec<_> = (0..RUNS_MAX as u64).map(|at| run(2 + 2 * at, 1)).collect();
        let bytes = answer(600, &runs);
        assert_eq!(
            Runs::decode(&ASKED, &bytes).unwrap().iter().count(),
            RUNS_MAX
        );
        assert!(bytes.len() <= crate::ics::frame::BODY_BYTES_MAX);
    }

    #[test]
    fn an_answer_gets_on_and_stays_within() {
        for (next, runs) in [
            (2, &[][..]),
            (901, &[]),
            (700, &[run(1, 1)]),
            (700, &[run(700, 1)]),
            (700, &[run(600, 101)]),
            (700, &[run(600, 0)]),
            (700, &[run(600, 2), run(601, 1)]),
            (700, &[run(600, 2), run(500, 1)]),
        ] {
            assert_eq!(Runs::decode(&ASKED, &answer(next, runs)), Err(Malformed));
        }
        let mut crooked = answer(700, &[run(600, 1)]);
        crooked[NEXT_BYTES] = 1;
        assert_eq!(Runs::decode(&ASKED, &crooked), Err(Malformed));
        let bytes = answer(700, &[run(600, 1)]);
        for cut in (0..NEXT_BYTES).chain(NEXT_BYTES + 1..bytes.len()) {
            assert_eq!(Runs::decode(&ASKED, &bytes[..cut]), Err(Malformed));
        }
    }

    #[test]
    fn what_is_left_is_in_no_other() {
        let others = [run(2, 2), run(6, 1), run(10, 5)];
        let left = |start, pages| without(run(start, pages), &others).collect::<Vec<_>>();
        assert_eq!(left(0, 20), [run(0, 2), run(4, 2), run(7, 3), run(15, 5)]);
        assert_eq!(left(2, 2), []);
        assert_eq!(left(3, 1), []);
        assert_eq!(left(3, 3), [run(4, 2)]);
        assert_eq!(left(4, 2), [run(4, 2)]);
        assert_eq!(left(9, 2), [run(9, 1)]);
        assert_eq!(left(30, 2), [run(30, 2)]);
        let is_in = |page| has(&others, page * PAGE_BYTES);
        let among: Vec<_> = (0..20).filter(|&page| is_in(page)).collect();
        assert_eq!(among, [2, 3, 6, 10, 11, 12, 13, 14]);
    }

    #[test]
    fn parts_have_as_many_pages_as_an_answer() {
        assert_eq!(parts(&[]), []);
        assert_eq!(parts(&[run(7, 1)]), [(7, 8)]);
        assert_eq!(parts(&[run(0, 600)]), [(0, 256), (256, 512), (512, 600)]);
        assert_eq!(parts(&[run(0, 256), run(300, 256)]), [(0, 256), (300, 556)]);
        // Small ones share a part.
        assert_eq!(
            parts(&[run(0, 100), run(1000, 200), run(5000, 1)]),
            [(0, 1156), (1156, 5001)]
        );
    }
}
