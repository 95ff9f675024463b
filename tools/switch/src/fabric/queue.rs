// SPDX-License-Identifier: GPL-2.0

//! The queue before a port.
//!
//! Frames wait here while the node behind the port does not read as fast as
//! others send. A full queue takes no more; nobody else waits for it.

use std::collections::VecDeque;

use super::{
    load::{
        Limit,
        Load, //
    },
    parcel::Parcel,
};

/// Most bytes that wait at one port.
pub(crate) const QUEUE_BYTES_MAX: usize = 4 << 20;

/// Most frames that wait at one port.
pub(crate) const QUEUE_FRAMES_MAX: usize = 4096;

const LIMIT: Limit = Limit {
    bytes_max: QUEUE_BYTES_MAX,
    frames_max: QUEUE_FRAMES_MAX,
};

/// Frames in the order in which they will leave.
///
/// # Invariants
///
/// `load` is the sum over `parcels` and within `LIMIT`.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    parcels: VecDeque<Parcel>,
    load: Load,
}

impl Queue {
    /// Whether a frame of `len` bytes would be taken.
    pub(crate) fn has_room(&self, len: usize) -> bool {
        self.load.fits(len, LIMIT)
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.parcels.is_empty()
    }

    /// What waits.
    pub(crate) fn load(&self) -> Load {
        self.load
    }

    /// Puts `parcel` at the end, or gives it back if the queue is full.
    pub(crate) fn push(&mut self, parcel: Parcel) -> Result<(), Parcel> {
        if !self.has_room(parcel.bytes.len()) {
            return Err(parcel);
        }
        self.load.add(parcel.bytes.len());
        self.parcels.push_back(parcel);
        Ok(())
    }

    /// The frame that leaves next.
    pub(crate) fn front(&self) -> Option<&Parcel> {
        self.parcels.front()
    }

    /// Takes out the frame that leaves next.
    pub(crate) fn pop(&mut self) -> Option<Parcel> {
        let parcel = self.parcels.pop_front()?;
        self.load.sub(parcel.bytes.len());
        Some(parcel)
    }

    /// Throws away the frames that `unwanted` picks and tells how many.
    pub(crate) fn discard(&mut self, unwanted: impl Fn(&Parcel) -> bool) -> usize {
        let before = self.load.frames;
        let load = &mut self.load;
        self.parcels.retain(|parcel| {
            let unwanted = unwanted(parcel);
            if unwanted {
                load.sub(parcel.bytes.len());
            }
            !unwanted
        });
        before - self.load.frames
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::port::PortId;

    fn parcel(from: u8, len: usize) -> Parcel {
        Parcel {
            from: PortId::new(from).unwrap(),
            to: PortId::new(63).unwrap(),
            bytes: vec![from; len],
        }
    }

    #[test]
    fn first_in_is_first_out() {
        let mut queue = Queue::default();
        (1..=5).for_each(|n| queue.push(parcel(n, 100)).unwrap());
        for n in 1..=5 {
            assert_eq!(queue.front(), Some(&parcel(n, 100)));
            assert_eq!(queue.pop(), Some(parcel(n, 100)));
        }
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn a_full_queue_gives_the_frame_back() {
        let mut queue = Queue::default();
        (0..QUEUE_FRAMES_MAX).for_each(|_| queue.push(parcel(1, 14)).unwrap());
        assert_eq!(queue.push(parcel(2, 14)), Err(parcel(2, 14)));

        let mut queue = Queue::default();
        (0..QUEUE_BYTES_MAX / 65_536).for_each(|_| queue.push(parcel(1, 65_536)).unwrap());
        assert_eq!(queue.push(parcel(2, 14)), Err(parcel(2, 14)));
    }

    proptest! {
        /// The load is the sum of what waits, and never above the limits.
        #[test]
        fn the_load_is_true(
            steps in prop::collection::vec((0..8u8, 1..5u8, 0..65_536usize), 0..300),
        ) {
            let mut queue = Queue::default();
            for (what, from, len) in steps {
                match what {
                    0 => drop(queue.pop()),
                    1 => drop(queue.discard(|parcel| parcel.from.get() == from)),
                    _ => drop(queue.push(parcel(from, len))),
                }
                let bytes: usize = queue.parcels.iter().map(|parcel| parcel.bytes.len()).sum();
                let frames = queue.parcels.len();
                prop_assert_eq!(queue.load(), Load { bytes, frames });
                prop_assert!(bytes <= QUEUE_BYTES_MAX && frames <= QUEUE_FRAMES_MAX);
            }
        }

        /// What is thrown away is what was picked; the rest keeps its order.
        #[test]
        fn discard_keeps_the_rest_in_order(
            froms in prop::collection::vec(1..5u8, 0..100),
            gone in 1..5u8,
        ) {
            let mut queue = Queue::default();
            froms.iter().for_each(|&from| queue.push(parcel(from, 20)).unwrap());
            let count = queue.discard(|parcel| parcel.from.get() == gone);
            let mut left = Vec::new();
            while let Some(parcel) = queue.pop() {
                left.push(parcel.from.get());
            }
            prop_assert_eq!(count + left.len(), froms.len());
            let expected: Vec<u8> = froms.into_iter().filter(|&from| from != gone).collect();
            prop_assert_eq!(left, expected);
        }
    }
}
