// SPDX-License-Identifier: GPL-2.0

//! Received bytes, cut into frames.

use crate::frame::{
    self,
    Decode,
    FrameError,
    DATA_BYTES_MAX,
    HEADER_BYTES, //
};

/// Room for a frame of data and the beginning of the next. Longer frames, and
/// only requests are, get more room while they arrive.
const ROOM_BYTES: usize = 2 * (HEADER_BYTES + DATA_BYTES_MAX);

/// A buffer between a connection and its frames.
#[derive(Debug)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    /// `bytes[start..end]` was received and not yet taken.
    start: usize,
    end: usize,
}

impl Inbox {
    pub(crate) fn new() -> Inbox {
        Inbox {
            bytes: vec![0; ROOM_BYTES],
            start: 0,
            end: 0,
        }
    }

    /// Room to receive into, never empty once [`next`](Self::next) found nothing.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.end..]
    }

    /// Counts bytes that were received into [`room`](Self::room).
    pub(crate) fn received(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.bytes.len());
    }

    /// The next whole frame, if there is one.
    pub(crate) fn next<'a, F: Decode<'a>>(&'a mut self) -> Result<Option<F>, FrameError> {
        let waiting = self.end - self.start;
        match frame::frame_bytes::<F>(&self.bytes[self.start..self.end])? {
            Some(size) if size <= waiting => {
                let at = self.start;
                self.start += size;
                let frame = frame::decode(&self.bytes[at..self.start])?;
                Ok(frame.map(|(frame, _)| frame))
            }
            needed => {
                self.make_room(needed.unwrap_or(HEADER_BYTES));
                Ok(None)
            }
        }
    }

    /// Moves what waits to the front and makes the buffer hold `needed` bytes.
    fn make_room(&mut self, needed: usize) {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let size = needed.max(ROOM_BYTES);
        if self.bytes.len() != size && self.end <= size {
            self.bytes.resize(size, 0);
            self.bytes.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::ToNode;
    use crate::Request;

    /// Feeds `stream` in pieces of `piece` bytes and collects the frames.
    fn frames(stream: &[u8], piece: usize) -> Vec<String> {
        let mut inbox = Inbox::new();
        let mut found = Vec::new();
        let mut rest = stream;
        while !rest.is_empty() {
            let room = inbox.room();
            let bytes = piece.min(rest.len()).min(room.len());
            assert_ne!(bytes, 0, "no room");
            room[..bytes].copy_from_slice(&rest[..bytes]);
            rest = &rest[bytes..];
            inbox.received(bytes);
            while let Some(frame) = inbox.next::<ToNode<'_>>().unwrap() {
                found.push(format!("{frame:?}"));
            }
        }
        found
    }

    #[test]
    fn frames_do_not_depend_on_how_bytes_arrive() {
        let mut stream = Vec::new();
        let long = Request::new([vec![b'x'; 500_000]]);
        let data = vec![7; DATA_BYTES_MAX];
        for _ in 0..3 {
            ToNode::Start(long.clone()).encode(&mut stream).unwrap();
            ToNode::Stdin(&data).encode(&mut stream).unwrap();
            ToNode::StdinEof.encode(&mut stream).unwrap();
            ToNode::Stdin(&data[..10]).encode(&mut stream).unwrap();
        }
        let expected = frames(&stream, stream.len());
        assert_eq!(expected.len(), 12);
        for piece in [1, 3, 4096, DATA_BYTES_MAX] {
            assert!(frames(&stream, piece) == expected, "pieces of {piece}");
        }
    }
}
