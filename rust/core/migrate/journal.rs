// SPDX-License-Identifier: GPL-2.0

//! Journal of moves.
//!
//! What a node knows of the processes that left it and came to it: counters since it booted,
//! the moves that are under way, and the last ones that are over. Its room is fixed. What has
//! none left is counted and not recorded.

use core::fmt;

use super::record::{
    Kind,
    Reason,
    Record,
    Stage,
    Wish, //
};

/// Most moves that are recorded while they are under way.
pub const UNDER_WAY_MAX: usize = 256;

/// Most that are kept when they are over.
pub const KEPT_MAX: usize = 32;

/// Most reasons that are counted apart.
pub const REASONS_MAX: usize = 64;

/// What became of moves of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// They were asked for.
    pub started: u64,
    /// They went.
    pub done: u64,
    /// Something of the process kept it.
    pub refused: u64,
    /// All else.
    pub failed: u64,
}

/// Where those went that went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A process of this node, away from it.
    Left,
    /// A guest, to a third node.
    WentOn,
    /// A guest, to its home.
    WentHome,
}

/// What came to this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It was asked to make a process.
    Asked,
    /// It holds it.
    Held,
    /// One of its own came home.
    CameHome,
    /// It could not be made.
    Failed,
}

/// Journal of moves.
pub struct Journal {
    counts: [Count; Kind::ALL.len()],
    ways: [u64; 3],
    arrivals: [u64; 4],
    bytes: u64,
    pages: u64,
    /// Moves that were not recorded.
    unrecorded: u64,
    reasons: [Option<(Reason, u64)>; REASONS_MAX],
    under_way: [Option<Record>; UNDER_WAY_MAX],
    /// A ring; the place of the next one is the number of those before it.
    kept: [Option<Record>; KEPT_MAX],
    ended: usize,
    next: u64,
}

impl Journal {
    /// Nothing in it.
    pub const EMPTY: Self = Self {
        counts: [Count {
            started: 0,
            done: 0,
            refused: 0,
            failed: 0,
        }; Kind::ALL.len()],
        ways: [0; 3],
        arrivals: [0; 4],
        bytes: 0,
        pages: 0,
        unrecorded: 0,
        reasons: [None; REASONS_MAX],
        under_way: [None; UNDER_WAY_MAX],
        kept: [None; KEPT_MAX],
        ended: 0,
        next: 1,
    };

    /// A move begins at `now`, in microseconds since this node booted; gives its number.
    pub fn begin(&mut self, wish: Wish, now: u64) -> u64 {
        let id = self.next;
        self.next = self.next.saturating_add(1);
        add(&mut self.count(wish.kind).started, 1);
        match self.under_way.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(Record::new(id, wish, now)),
            None => add(&mut self.unrecorded, 1),
        }
        id
    }

    /// The one with this number, if it is under way and recorded.
    pub fn get(&mut self, id: u64) -> Option<&mut Record> {
        self.each_under_way().find(|record| record.id == id)
    }

    /// The one of process `pid` that stands still for it.
    pub fn of_process(&mut self, pid: u32) -> Option<&mut Record> {
        self.each_under_way()
            .find(|record| record.wish.pid == pid && record.stage != Stage::Asked)
    }

    /// So many bytes were sent of process `pid`, in so many pages.
    pub fn sent(&mut self, pid: u32, bytes: u64, pages: u64) {
        add(&mut self.bytes, bytes);
        add(&mut self.pages, pages);
        if let Some(record) = self.of_process(pid) {
            add(&mut record.bytes, bytes);
            add(&mut record.pages, pages);
        }
    }

    /// Move number `id` of this `kind` went, `way`. Nothing happens if it is over already.
    pub fn done(&mut self, id: u64, way: Way, now: u64) -> Option<Record> {
        let record = self.end(id, Stage::Done, None, now)?;
        add(&mut self.count(record.wish.kind).done, 1);
        let [left, went_on, went_home] = &mut self.ways;
        let count = match way {
            Way::Left => left,
            Way::WentOn => went_on,
            Way::WentHome => went_home,
        };
        add(count, 1);
        Some(record)
    }

    /// Move number `id` does not happen because of what the process has, as `reason` says.
    /// Nothing happens if it is over already.
    pub fn refused(&mut self, id: u64, reason: Reason, now: u64) -> Option<Record> {
        let record = self.end(id, Stage::Refused, Some(reason), now)?;
        add(&mut self.count(record.wish.kind).refused, 1);
        Some(record)
    }

    /// Move number `id` failed. Nothing happens if it is over already.
    pub fn failed(&mut self, id: u64, reason: Reason, now: u64) -> Option<Record> {
        let record = self.end(id, Stage::Failed, Some(reason), now)?;
        add(&mut self.count(record.wish.kind).failed, 1);
        Some(record)
    }

    /// A process arrives.
    pub fn arrived(&mut self, arrival: Arrival) {
        let [asked, held, came_home, failed] = &mut self.arrivals;
        let count = match arrival {
            Arrival::Asked => asked,
            Arrival::Held => held,
            Arrival::CameHome => came_home,
            Arrival::Failed => failed,
        };
        add(count, 1);
    }

    /// The counters, a line each.
    pub fn counters(&self) -> impl fmt::Display + '_ {
        Counters(self)
    }

    /// The one at `place` of all that are shown, the latest last; those under way are behind
    /// those that are over. `None` for a place without one.
    pub fn at(&self, place: usize) -> Option<Record> {
        match place.checked_sub(KEPT_MAX) {
            None => *self.kept.get(self.ended.wrapping_add(place) % KEPT_MAX)?,
            Some(place) => *self.under_way.get(place)?,
        }
    }

    /// How many places there are for [`at`](Self::at).
    pub const PLACES: usize = KEPT_MAX + UNDER_WAY_MAX;

    fn count(&mut self, kind: Kind) -> &mut Count {
        let [moves, forks, programs] = &mut self.counts;
        match kind {
            Kind::Move => moves,
            Kind::Fork => forks,
            Kind::Program => programs,
        }
    }

    fn each_under_way(&mut self) -> impl Iterator<Item = &mut Record> {
        self.under_way.iter_mut().flatten()
    }

    fn end(&mut self, id: u64, stage: Stage, reason: Option<Reason>, now: u64) -> Option<Record> {
        let is_it = |place: &&mut Option<Record>| place.is_some_and(|record| record.id == id);
        let mut record = self.under_way.iter_mut().find(is_it)?.take()?;
        record.reach(stage, now);
        record.reason = reason;
        if let Some(place) = self.kept.get_mut(self.ended % KEPT_MAX) {
            *place = Some(record);
        }
        self.ended = self.ended.wrapping_add(1);
        if let Some(reason) = reason {
            self.count_reason(reason);
        }
        Some(record)
    }

    /// Those for which there is no place are in the other counters alone.
    fn count_reason(&mut self, reason: Reason) {
        let is_its =
            |place: &&mut Option<(Reason, u64)>| place.is_none_or(|(known, _)| known == reason);
        if let Some(place) = self.reasons.iter_mut().find(is_its) {
            let (_, count) = place.get_or_insert((reason, 0));
            add(count, 1);
        }
    }
}

/// As much as it can count.
fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

struct Counters<'a>(&'a Journal);

impl fmt::Display for Counters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let journal = self.0;
        for (kind, count) in Kind::ALL.into_iter().zip(&journal.counts) {
            writeln!(
                f,
                "{}s: started={} done={} refused={} failed={}",
                kind.name(),
                count.started,
                count.done,
                count.refused,
                count.failed,
            )?;
        }
        let [left, went_on, went_home] = journal.ways;
        writeln!(
            f,
            "departures: left={left} went_on={went_on} went_home={went_home} bytes={} pages={} \
             unrecorded={}",
            journal.bytes, journal.pages, journal.unrecorded,
        )?;
        let [asked, held, came_home, failed] = journal.arrivals;
        writeln!(
            f,
            "arrivals: asked={asked} arrived={held} came_home={came_home} failed={failed}"
        )?;
        for (reason, count) in journal.reasons.iter().flatten() {
            writeln!(
                f,
                "stayed: count={count} errno={} reason={reason}",
                reason.errno
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::record::tests::wish,
        *, //
    };

    const THREADS: Reason = Reason {
        errno: 16,
        subject: "it",
        words: "has several threads",
    };

    fn shown(journal: &Journal) -> Vec<u64> {
        let places = 0..Journal::PLACES;
        places
            .filter_map(|place| journal.at(place))
            .map(|record| record.id)
            .collect()
    }

    #[test]
    fn each_way_is_counted() {
        let mut journal = Journal::EMPTY;
        for way in [Way::Left, Way::WentOn, Way::WentOn, Way::WentHome] {
            let id = journal.begin(wish(65_600), 1);
            assert!(journal.done(id, way, 2).is_some());
        }
        for arrival in [
            Arrival::Asked,
            Arrival::Asked,
            Arrival::Held,
            Arrival::Failed,
        ] {
            journal.arrived(arrival);
        }
        let said = journal.counters().to_string();
        for line in [
            "moves: started=4 done=4 refused=0 failed=0\n",
            "forks: started=0 done=0 refused=0 failed=0\n",
            "departures: left=1 went_on=2 went_home=1 bytes=0 pages=0 unrecorded=0\n",
            "arrivals: asked=2 arrived=1 came_home=0 failed=1\n",
        ] {
            assert!(said.contains(line), "{said}");
        }
    }

    #[test]
    fn reasons_are_counted_apart() {
        let mut journal = Journal::EMPTY;
        for _ in 0..2 {
            let id = journal.begin(wish(65_600), 1);
            journal.refused(id, THREADS, 2);
        }
        let id = journal.begin(wish(65_600), 1);
        journal.failed(id, Reason::of_errno(112), 2);
        let said = journal.counters().to_string();
        assert!(said.contains("moves: started=3 done=0 refused=2 failed=1\n"));
        assert!(said.contains("stayed: count=2 errno=16 reason=it has several threads\n"));
        assert!(said.contains("stayed: count=1 errno=112 reason=the node"));
    }

    #[test]
    fn the_last_ones_are_kept_in_their_order() {
        let mut journal = Journal::EMPTY;
        for _ in 0..KEPT_MAX as u64 + 5 {
            let id = journal.begin(wish(65_600), 1);
            journal.done(id, Way::Left, 2);
        }
        let open = journal.begin(wish(65_600), 1);
        let expected: Vec<u64> = (6..=KEPT_MAX as u64 + 5).chain([open]).collect();
        assert_eq!(shown(&journal), expected);
    }

    #[test]
    fn a_move_ends_once() {
        let mut journal = Journal::EMPTY;
        let id = journal.begin(wish(65_600), 1);
        assert!(journal.refused(id, THREADS, 2).is_some());
        assert!(journal.failed(id, Reason::of_errno(16), 3).is_none());
        assert!(journal.done(id, Way::Left, 3).is_none());
        let said = journal.counters().to_string();
        assert!(
            said.contains("started=1 done=0 refused=1 failed=0"),
            "{said}"
        );
    }

    #[test]
    fn what_is_sent_belongs_to_who_stands_still() {
        let mut journal = Journal::EMPTY;
        let waits = journal.begin(wish(65_600), 1);
        let goes = journal.begin(wish(65_600), 1);
        journal.get(goes).unwrap().reach(Stage::Capture, 2);
        journal.sent(65_600, 8192, 2);
        journal.sent(65_601, 4096, 1);
        assert_eq!(journal.get(waits).unwrap().bytes, 0);
        let record = journal.done(goes, Way::Left, 3).unwrap();
        assert_eq!((record.bytes, record.pages), (8192, 2));
        assert!(journal
            .counters()
            .to_string()
            .contains("bytes=12288 pages=3"));
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let mut journal = Journal::EMPTY;
        for _ in 0..UNDER_WAY_MAX {
            journal.begin(wish(65_600), 1);
        }
        let id = journal.begin(wish(65_600), 1);
        assert!(journal.get(id).is_none());
        assert!(journal.counters().to_string().contains("unrecorded=1"));
        for errno in 1..=REASONS_MAX as u16 + 1 {
            journal.count_reason(Reason { errno, ..THREADS });
        }
        assert_eq!(
            journal.counters().to_string().matches("stayed:").count(),
            REASONS_MAX
        );
    }
}
