// SPDX-License-Identifier: GPL-2.0

//! The transitions the kernel remembers.
//!
//! Up to 1024; older ones are forgotten, and a question for one of those is
//! answered so. Nothing here reads: the answers are functions of the list.

use crate::{
    cluster::Which,
    Error,
    TransId,
    Transition, //
};

/// The transitions the kernel remembers, oldest first.
pub(crate) struct History(Vec<Transition>);

impl History {
    /// The transitions of `/proc/cluster/events`, in their order.
    pub(crate) fn new(transitions: Vec<Transition>) -> Self {
        Self(transitions)
    }

    /// The one asked for.
    ///
    /// # Errors
    ///
    /// [`Error::NotYet`], [`Error::Forgotten`] or [`Error::NoSuchTransition`].
    pub(crate) fn find(&self, which: Which) -> Result<&Transition, Error> {
        match which {
            Which::First => self.0.first().ok_or(Error::NotYet(TransId(0))),
            Which::Last => self.0.last().ok_or(Error::NotYet(TransId(0))),
            Which::This(id) => self.with_id(id),
            Which::Previous(id) => {
                self.check_given(id)?;
                let before = id.0.checked_sub(1).map(TransId);
                self.with_id(before.ok_or(Error::NoSuchTransition(id))?)
            }
            Which::Next(id) => self.next(id),
        }
    }

    /// The next simple one behind `id`, if there is one yet.
    ///
    /// # Errors
    ///
    /// [`Error::Forgotten`] or [`Error::NoSuchTransition`].
    pub(crate) fn next_simple(&self, mut id: TransId) -> Result<Option<&Transition>, Error> {
        loop {
            match self.next(id) {
                Ok(next) if next.is_simple() => return Ok(Some(next)),
                Ok(next) => id = next.id,
                Err(Error::NotYet(_)) => return Ok(None),
                Err(why) => return Err(why),
            }
        }
    }

    fn next(&self, id: TransId) -> Result<&Transition, Error> {
        self.check_given(id)?;
        if id == self.last_id() {
            return Err(Error::NotYet(id));
        }
        self.with_id(TransId(id.0.saturating_add(1)))
    }

    fn with_id(&self, id: TransId) -> Result<&Transition, Error> {
        let place = self.0.partition_point(|known| known.id < id);
        match self.0.get(place) {
            Some(known) if known.id == id => Ok(known),
            Some(later) if id.0 > 0 => Err(Error::Forgotten {
                wanted: id,
                oldest: later.id,
            }),
            _ => Err(Error::NoSuchTransition(id)),
        }
    }

    /// Whether `id` was ever given to a transition, or is 0.
    fn check_given(&self, id: TransId) -> Result<(), Error> {
        if id > self.last_id() {
            return Err(Error::NoSuchTransition(id));
        }
        Ok(())
    }

    fn last_id(&self) -> TransId {
        self.0.last().map_or(TransId(0), |last| last.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(ids: std::ops::RangeInclusive<u64>) -> History {
        let of = |id: u64| {
            // Every third is simple.
            let to = if id % 3 == 0 { "UP" } else { "KCLEANUP" };
            Transition::parse(&format!("{id} 1 1 COMINGUP {to} x 1.000000 1")).unwrap()
        };
        History::new(ids.map(of).collect())
    }

    fn id_of(found: Result<&Transition, Error>) -> Result<u64, String> {
        found.map(|found| found.id.0).map_err(|why| why.to_string())
    }

    #[test]
    fn every_relation_finds_its_transition() {
        let known = history(5..=9);
        for (which, id) in [
            (Which::First, 5),
            (Which::Last, 9),
            (Which::This(TransId(7)), 7),
            (Which::Next(TransId(7)), 8),
            (Which::Next(TransId(4)), 5),
            (Which::Previous(TransId(7)), 6),
        ] {
            assert_eq!(id_of(known.find(which)), Ok(id), "{which:?}");
        }
    }

    #[test]
    fn what_is_forgotten_is_not_passed_over() {
        let known = history(5..=9);
        for which in [
            Which::This(TransId(4)),
            Which::Next(TransId(0)),
            Which::Next(TransId(3)),
            Which::Previous(TransId(5)),
        ] {
            let found = known.find(which);
            assert!(
                matches!(
                    found,
                    Err(Error::Forgotten {
                        oldest: TransId(5),
                        ..
                    })
                ),
                "{which:?}"
            );
        }
        assert!(matches!(
            known.next_simple(TransId(2)),
            Err(Error::Forgotten { .. })
        ));
    }

    #[test]
    fn what_is_not_yet_is_told_from_what_never_will_be() {
        let known = history(5..=9);
        assert!(matches!(
            known.find(Which::Next(TransId(9))),
            Err(Error::NotYet(TransId(9)))
        ));
        for which in [
            Which::Next(TransId(10)),
            Which::This(TransId(10)),
            Which::This(TransId(0)),
            Which::Previous(TransId(10)),
            Which::Previous(TransId(0)),
            Which::Next(TransId(u64::MAX)),
        ] {
            let found = known.find(which);
            assert!(
                matches!(found, Err(Error::NoSuchTransition(_))),
                "{which:?}"
            );
        }
        let young = history(1..=3);
        assert!(matches!(
            young.find(Which::Previous(TransId(1))),
            Err(Error::NoSuchTransition(_))
        ));
    }

    #[test]
    fn an_empty_history_has_nothing_yet() {
        let empty = History::new(Vec::new());
        for which in [Which::First, Which::Last, Which::Next(TransId(0))] {
            assert!(
                matches!(empty.find(which), Err(Error::NotYet(_))),
                "{which:?}"
            );
        }
        assert!(empty.next_simple(TransId(0)).unwrap().is_none());
    }

    #[test]
    fn simple_ones_are_found_among_the_others() {
        let known = history(1..=8);
        let mut at = TransId(0);
        let mut seen = Vec::new();
        while let Some(next) = known.next_simple(at).unwrap() {
            at = next.id;
            seen.push(at.0);
        }
        assert_eq!(seen, [3, 6]);
    }
}
