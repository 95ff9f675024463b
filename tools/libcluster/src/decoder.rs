// SPDX-License-Identifier: GPL-2.0

//! Events out of bytes.
//!
//! The kernel gives whole lines; whatever comes, nothing is skipped in silence: a
//! line that is not understood is an error, and so is a number that does not
//! follow the last one.

use crate::{
    text::{
        self,
        Words, //
    },
    Error,
    Event,
    TransId,
    Transition, //
};

/// Longest line that is waited for; one that is longer is garbage.
const LINE_BYTES_MAX: usize = 512;

/// Makes events out of what is read of `/proc/cluster/events`.
pub(crate) struct Decoder {
    file: String,
    /// The end of what was fed and is no whole line yet.
    rest: Vec<u8>,
    /// Number of the last transition, known or lost; `None` while any may come.
    last: Option<TransId>,
    /// The line that was not understood.
    bad: Option<String>,
}

impl Decoder {
    /// For what comes behind transition `last`; behind any with `None`.
    pub(crate) fn new(file: &str, last: Option<TransId>) -> Self {
        Self {
            file: file.to_owned(),
            rest: Vec::new(),
            last,
            bad: None,
        }
    }

    /// The last transition that came, or was lost.
    pub(crate) fn last(&self) -> TransId {
        self.last.unwrap_or_default()
    }

    /// Takes what was read, and gives each event to `take`.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] at a line that cannot be, and ever after; what came
    /// before it was taken.
    pub(crate) fn feed(&mut self, read: &[u8], take: impl FnMut(Event)) -> Result<(), Error> {
        if self.bad.is_none() {
            self.bad = self.take_lines(read, take);
        }
        match &self.bad {
            None => Ok(()),
            Some(line) => Err(Error::Malformed {
                file: self.file.clone(),
                line: text::shown(line),
            }),
        }
    }

    /// Takes the lines that are whole; returns one that is not understood.
    fn take_lines(&mut self, read: &[u8], mut take: impl FnMut(Event)) -> Option<String> {
        self.rest.extend_from_slice(read);
        let mut bytes = std::mem::take(&mut self.rest);
        let mut begin = 0;
        while let Some(end) = bytes.iter().skip(begin).position(|&byte| byte == b'\n') {
            let line = bytes.get(begin..begin + end).unwrap_or_default();
            begin += end + 1;
            let line = String::from_utf8_lossy(line);
            match self.line(&line) {
                Some(event) => take(event),
                None => return Some(line.into_owned()),
            }
        }
        bytes.drain(..begin);
        if bytes.len() > LINE_BYTES_MAX {
            return Some(String::from_utf8_lossy(&bytes).into_owned());
        }
        self.rest = bytes;
        None
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        let mut words = Words::of(line);
        if words.is("lost").is_some() {
            let lost = words.number()?;
            if let Some(last) = &mut self.last {
                last.0 = last.0.checked_add(lost)?;
            }
            return Some(Event::Lost(lost));
        }
        let transition = Transition::parse(line)?;
        let follows = |last: TransId| last.0.checked_add(1) == Some(transition.id.0);
        if !self.last.is_none_or(follows) {
            return None;
        }
        self.last = Some(transition.id);
        Some(Event::Transition(transition))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(id: u64) -> String {
        format!("{id} 1 1 COMINGUP UP joined 7.000001 1\n")
    }

    /// Feeds pieces; the numbers of the transitions, 0 for each that is lost.
    fn ids(decoder: &mut Decoder, pieces: &[&[u8]]) -> Result<Vec<u64>, Error> {
        let mut ids = Vec::new();
        for piece in pieces {
            decoder.feed(piece, |event| match event {
                Event::Transition(transition) => ids.push(transition.id.0),
                Event::Lost(count) => ids.extend(vec![0; count.try_into().unwrap()]),
            })?;
        }
        Ok(ids)
    }

    #[test]
    fn what_was_lost_is_told_and_counted() {
        let mut decoder = Decoder::new("events", Some(TransId(3)));
        let text = format!("lost 2\n{}{}", line(6), line(7));
        assert_eq!(ids(&mut decoder, &[text.as_bytes()]).unwrap(), [0, 0, 6, 7]);
        assert_eq!(decoder.last(), TransId(7));
    }

    #[test]
    fn a_hole_that_is_not_told_is_an_error() {
        for id in [3, 5, 1] {
            let mut decoder = Decoder::new("events", Some(TransId(3)));
            assert!(ids(&mut decoder, &[line(id).as_bytes()]).is_err(), "{id}");
        }
    }

    #[test]
    fn with_no_place_any_transition_is_the_first() {
        let mut decoder = Decoder::new("events", None);
        let text = format!("{}{}", line(40), line(41));
        assert_eq!(ids(&mut decoder, &[text.as_bytes()]).unwrap(), [40, 41]);
    }

    #[test]
    fn bytes_without_an_end_are_not_hoarded() {
        let mut decoder = Decoder::new("events", None);
        assert!(ids(&mut decoder, &[&[b'1'; 2 * LINE_BYTES_MAX]]).is_err());
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(cuts in prop::collection::vec(0usize..400, 0..6)) {
            let text: String = (1..=9).map(line).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts
                .windows(2)
                .map(|pair| &text.as_bytes()[pair[0]..pair[1]])
                .collect();
            let mut decoder = Decoder::new("events", Some(TransId(0)));
            prop_assert_eq!(ids(&mut decoder, &pieces).unwrap(), (1..=9).collect::<Vec<u64>>());
        }

        #[test]
        fn garbage_is_never_a_panic(pieces in prop::collection::vec(any::<Vec<u8>>(), 0..4)) {
            let mut decoder = Decoder::new("events", None);
            for piece in pieces {
                let _ = decoder.feed(&piece, |_| {});
            }
        }
    }
}
