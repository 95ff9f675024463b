// SPDX-License-Identifier: GPL-2.0

//! What is held for a port.
//!
//! Both places that hold frames, the delays and the queue in front of a port,
//! count them in a [`Load`] and stop at a [`Limit`].

/// The most a place may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// Bytes of all frames together.
    pub(crate) bytes_max: usize,
    /// Frames, however short.
    pub(crate) frames_max: usize,
}

/// What a place holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Bytes of all frames together.
    pub(crate) bytes: usize,
    /// Frames.
    pub(crate) frames: usize,
}

impl Load {
    /// Whether a frame of `len` bytes more keeps within `limit`.
    pub(crate) fn fits(&self, len: usize, limit: Limit) -> bool {
        self.frames < limit.frames_max && self.bytes + len <= limit.bytes_max
    }

    /// Counts a frame of `len` bytes that came.
    pub(crate) fn add(&mut self, len: usize) {
        self.bytes += len;
        self.frames += 1;
    }

    /// Counts a frame of `len` bytes that left.
    pub(crate) fn sub(&mut self, len: usize) {
        self.bytes -= len;
        self.frames -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_limit_is_enough() {
        let limit = Limit {
            bytes_max: 100,
            frames_max: 2,
        };
        let mut load = Load::default();
        assert!(load.fits(100, limit));
        assert!(!load.fits(101, limit));
        load.add(40);
        assert!(load.fits(60, limit));
        assert!(!load.fits(61, limit));
        load.add(0);
        assert!(!load.fits(0, limit));
        load.sub(40);
        assert!(load.fits(100, limit));
    }
}
