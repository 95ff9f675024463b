// SPDX-License-Identifier: GPL-2.0

//! Choices out of bytes.

/// Makes choices of an input, from its beginning on. At its end all are 0.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn u8(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes([self.u8(), self.u8(), self.u8(), self.u8()])
    }

    pub fn u64(&mut self) -> u64 {
        u64::from(self.u32()) | u64::from(self.u32()) << 32
    }

    /// A number that is small, near another, or any.
    pub fn near(&mut self, other: u64) -> u64 {
        match self.u8() % 4 {
            0 => u64::from(self.u8() % 8),
            1 => other.wrapping_add(u64::from(self.u8() % 5)).wrapping_sub(2),
            2 => other,
            _ => self.u64(),
        }
    }

    /// Up to `len` bytes.
    pub fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }
}
