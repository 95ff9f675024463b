// SPDX-License-Identifier: GPL-2.0

//! Names that never come twice.
//!
//! A name is a place of a table and the number of files that place has had, so that a
//! late message about a file that was closed means no other one.

use core::ops::DerefMut;

/// Most files of a node that others use.
pub const FILES_MAX: usize = 4096;

/// Bits of a name that are the place.
const PLACE_BITS: u32 = 16;

const _: () = assert!(FILES_MAX <= 1 << PLACE_BITS);

/// Name of an open file in the life of its home, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(u64);

impl Handle {
    /// The name with this number; 0 is none.
    pub const fn from_wire(number: u64) -> Option<Self> {
        match number {
            0 => None,
            _ => Some(Self(number)),
        }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    fn new(place: usize, turn: u64) -> Option<Self> {
        let place = u64::try_from(place).ok()?;
        Self::from_wire(turn.checked_mul(1 << PLACE_BITS)? | place)
    }

    fn place(self) -> usize {
        usize::try_from(self.0 % (1 << PLACE_BITS)).unwrap_or(usize::MAX)
    }
}

/// A place.
#[derive(Clone, Debug)]
pub struct Slot<T> {
    turn: u64,
    content: Option<T>,
}

impl<T> Slot<T> {
    /// A place that had nothing yet.
    pub const fn new() -> Self {
        Self {
            turn: 0,
            content: None,
        }
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Named things, in slots the driver provides.
#[derive(Debug)]
pub struct Table<T, S: DerefMut<Target = [Slot<T>]>> {
    slots: S,
    len: usize,
    _content: core::marker::PhantomData<T>,
}

/// There is no place: the driver may add slots, up to [`FILES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPlace<T>(pub T);

impl<T, S: DerefMut<Target = [Slot<T>]>> Table<T, S> {
    /// A table without a thing. All of `slots` are [`Slot::new`].
    pub const fn new(slots: S) -> Self {
        Self {
            slots,
            len: 0,
            _content: core::marker::PhantomData,
        }
    }

    /// The slots, to add some at their end; each a [`Slot::new`].
    pub fn slots_mut(&mut self) -> &mut S {
        &mut self.slots
    }

    /// How many things there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a thing, and gives it a name.
    ///
    /// # Errors
    ///
    /// [`NoPlace`] with the thing.
    pub fn insert(&mut self, content: T) -> Result<Handle, NoPlace<T>> {
        let mut places = self.slots.iter_mut().enumerate();
        let free = places.find(|(_, slot)| slot.content.is_none());
        let Some((place, slot)) = free else {
            return Err(NoPlace(content));
        };
        let turn = slot.turn.saturating_add(1);
        let Some(handle) = Handle::new(place, turn) else {
            return Err(NoPlace(content));
        };
        (slot.turn, slot.content) = (turn, Some(content));
        self.len = self.len.saturating_add(1);
        Ok(handle)
    }

    /// The thing of that name.
    pub fn get(&self, handle: Handle) -> Option<&T> {
        let slot = self.slots.get(handle.place())?;
        let is_it = Handle::new(handle.place(), slot.turn) == Some(handle);
        slot.content.as_ref().filter(|_| is_it)
    }

    /// As [`get`](Self::get), to change it.
    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        let slot = self.slots.get_mut(handle.place())?;
        let is_it = Handle::new(handle.place(), slot.turn) == Some(handle);
        slot.content.as_mut().filter(|_| is_it)
    }

    /// Takes the thing of that name out.
    pub fn remove(&mut self, handle: Handle) -> Option<T> {
        self.get(handle)?;
        let taken = self.slots.get_mut(handle.place())?.content.take();
        self.len = self.len.saturating_sub(1);
        taken
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (Handle, &T)> {
        self.slots.iter().enumerate().filter_map(|(place, slot)| {
            let content = slot.content.as_ref()?;
            Some((Handle::new(place, slot.turn)?, content))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(slots: usize) -> Table<u32, Vec<Slot<u32>>> {
        Table::new(vec![Slot::new(); slots])
    }

    #[test]
    fn a_name_finds_what_it_was_given_to() {
        let mut table = table(3);
        let handles: Vec<_> = (0..3).map(|value| table.insert(value).unwrap()).collect();
        for (value, handle) in (0..).zip(&handles) {
            assert_eq!(table.get(*handle), Some(&value));
        }
        assert_eq!((table.len(), table.insert(9)), (3, Err(NoPlace(9))));
        assert!(table.iter().map(|(handle, _)| handle).eq(handles));
    }

    #[test]
    fn a_name_never_comes_again() {
        let mut table = table(2);
        let mut all = std::collections::BTreeSet::new();
        for value in 0..1000 {
            let handle = table.insert(value).unwrap();
            assert!(all.insert(handle));
            assert_eq!(table.remove(handle), Some(value));
            assert_eq!((table.remove(handle), table.get(handle)), (None, None));
            assert_eq!(table.get_mut(handle), None);
        }
        assert!(table.is_empty());
    }

    #[test]
    fn names_of_nothing_are_found_nowhere() {
        let mut table = table(2);
        let handle = table.insert(1).unwrap();
        for number in [1, 2, 0x1_0001, 0x2_0000, u64::MAX, handle.get() | 1] {
            assert_eq!(table.get(Handle::from_wire(number).unwrap()), None);
        }
        assert_eq!(Handle::from_wire(0), None);
    }
}
