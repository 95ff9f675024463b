// SPDX-License-Identifier: GPL-2.0

//! Bytes that travel.
//!
//! [`Reader`] takes numbers off a message and [`Writer`] puts them there, both
//! little endian and without padding. What does not fit is an error: a message
//! of a peer is never asserted.

/// A message that is not what it claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// The room for a message is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

/// Takes a message apart, from its beginning on.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// At the beginning of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when there are fewer, here as in the other methods.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.bytes(N)?.try_into().map_err(|_| Malformed)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_le_bytes)
    }

    /// The next two bytes as a number.
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    /// The next four bytes as a number.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next eight bytes as a number.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    /// The next four bytes as a signed number.
    pub fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_le_bytes)
    }

    /// The next byte, which says yes or no: it is 1 or 0.
    pub fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    /// `len` bytes that must be zero: room for what comes later.
    pub fn zeros(&mut self, len: usize) -> Result<(), Malformed> {
        let are_zero = self.bytes(len)?.iter().all(|&byte| byte == 0);
        are_zero.then_some(()).ok_or(Malformed)
    }

    /// Everything that is left.
    pub const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// The message must end here.
    pub fn end(self) -> Result<(), Malformed> {
        self.0.is_empty().then_some(()).ok_or(Malformed)
    }
}

/// Puts a message together, from its beginning on.
///
/// What does not fit is left out and [`finish`](Self::finish) says so: one
/// check at the end instead of one a number.
#[derive(Debug)]
pub struct Writer<'a> {
    room: &'a mut [u8],
    written: usize,
    fits: bool,
}

impl<'a> Writer<'a> {
    /// At the beginning of `room`.
    pub fn new(room: &'a mut [u8]) -> Self {
        Self {
            room,
            written: 0,
            fits: true,
        }
    }

    /// Puts bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let end = self.written.saturating_add(bytes.len());
        match self.room.get_mut(self.written..end) {
            Some(place) if self.fits => {
                place.copy_from_slice(bytes);
                self.written = end;
            }
            _ => self.fits = false,
        }
        self
    }

    /// Puts a byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Puts a number as two bytes.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Puts a number as four bytes.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Puts a number as eight bytes.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Puts a signed number as four bytes.
    pub fn i32(&mut self, value: i32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Puts `len` zero bytes.
    pub fn zeros(&mut self, len: usize) -> &mut Self {
        for _ in 0..len {
            self.u8(0);
        }
        self
    }

    /// Number of bytes written.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] when something did not fit.
    pub fn finish(&self) -> Result<usize, NoRoom> {
        self.fits.then_some(self.written).ok_or(NoRoom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_one_or_zero() {
        for (bytes, read) in [
            (&[0][..], Ok(false)),
            (&[1], Ok(true)),
            (&[2], Err(Malformed)),
            (&[], Err(Malformed)),
        ] {
            assert_eq!(Reader::new(bytes).flag(), read);
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut room = [0xff; 24];
        let mut writer = Writer::new(&mut room);
        writer.u8(1).u16(2).u32(3).u64(4).i32(-5).zeros(2);
        assert_eq!(writer.bytes(b"end").finish(), Ok(24));
        let mut reader = Reader::new(&room);
        assert_eq!((reader.u8(), reader.u16()), (Ok(1), Ok(2)));
        assert_eq!((reader.u32(), reader.u64()), (Ok(3), Ok(4)));
        assert_eq!((reader.i32(), reader.zeros(2)), (Ok(-5), Ok(())));
        assert_eq!(
            (reader.rest(), reader.bytes(3)),
            (&b"end"[..], Ok(&b"end"[..]))
        );
        assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn numbers_are_little_endian() {
        let mut room = [0; 4];
        Writer::new(&mut room).u32(0x0102_0304);
        assert_eq!(room, [4, 3, 2, 1]);
    }

    #[test]
    fn a_short_message_is_malformed() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u32(), Err(Malformed));
        assert_eq!(reader.u16(), Ok(0x0201));
        assert_eq!(reader.end(), Err(Malformed));
        assert_eq!(reader.zeros(1), Err(Malformed));
    }

    #[test]
    fn what_does_not_fit_is_said_at_the_end() {
        let mut room = [0; 3];
        let mut writer = Writer::new(&mut room);
        // The last one would fit; the message is broken all the same.
        assert_eq!(writer.u16(1).u32(2).u8(3).finish(), Err(NoRoom));
    }
}
