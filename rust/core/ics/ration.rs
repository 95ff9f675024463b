// SPDX-License-Identifier: GPL-2.0

//! Bound on what strangers bring.
//!
//! Whoever reaches the port of a node can make work for it before proving anything.
//! Only so much of that is done in a millisecond; the rest waits in a socket, where
//! it is bounded, and the processor is there for others.

use crate::time::{
    Instant,
    Span, //
};

/// Time a ration is for.
const SPAN: Span = Span::ms(1);

/// A ration of pieces of work, anew each millisecond.
#[derive(Clone, Copy, Debug)]
pub struct Ration {
    most: u32,
    taken: u32,
    since: Instant,
}

impl Ration {
    /// At most `most` pieces a millisecond.
    pub const fn new(most: u32) -> Self {
        Self {
            most,
            taken: 0,
            since: Instant(0),
        }
    }

    /// Takes one.
    ///
    /// # Errors
    ///
    /// When all of it is taken: when there is the next.
    pub fn take(&mut self, now: Instant) -> Result<(), Instant> {
        if now.since(self.since) >= SPAN {
            (self.since, self.taken) = (now, 0);
        }
        if self.taken >= self.most {
            return Err(self.since.after(SPAN));
        }
        self.taken = self.taken.saturating_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant(1_000_000);

    #[test]
    fn what_is_beyond_waits_for_the_next_millisecond() {
        let mut ration = Ration::new(2);
        let next = NOW.after(SPAN);
        assert_eq!((ration.take(NOW), ration.take(NOW)), (Ok(()), Ok(())));
        assert_eq!(ration.take(NOW.after(Span(999))), Err(next));
        assert_eq!((ration.take(next), ration.take(next)), (Ok(()), Ok(())));
        assert_eq!(ration.take(next), Err(next.after(SPAN)));
    }

    #[test]
    fn what_was_not_taken_is_not_saved() {
        let mut ration = Ration::new(2);
        let later = NOW.after(Span::ms(100));
        assert_eq!(ration.take(NOW), Ok(()));
        assert!((0..2).all(|_| ration.take(later).is_ok()));
        assert!(ration.take(later).is_err());
    }
}
