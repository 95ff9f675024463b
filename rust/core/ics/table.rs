// SPDX-License-Identifier: GPL-2.0

//! Tables of calls.
//!
//! A call is named by the place it has in its client's table and by the number
//! of calls that place has had. The server finds it under the same place of a
//! table of its own, so that neither side searches, and a name never comes
//! twice. The driver provides the slots and may add some at any time.

use core::{
    mem,
    ops::DerefMut, //
};

use super::call::CALLS_MAX;

/// Bits of a name that are the place.
const PLACE_BITS: u32 = 16;
/// The place of a name.
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;

const _: () = assert!(CALLS_MAX <= 1 << PLACE_BITS);

/// Name of a call between two lives, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u64);

impl CallId {
    /// The name with this number; 0 is "no call".
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
        let turn = turn.checked_mul(1 << PLACE_BITS)?;
        Self::from_wire(turn | place)
    }

    /// Its place in the tables of both sides.
    pub fn place(self) -> usize {
        usize::try_from(self.0 & PLACE_MASK).unwrap_or(usize::MAX)
    }

    /// How many calls that place had, this one included.
    const fn turn(self) -> u64 {
        self.0 >> PLACE_BITS
    }
}

/// A place of the client's table.
#[derive(Clone, Debug)]
pub struct Slot<T> {
    turn: u64,
    content: Content<T>,
}

#[derive(Clone, Debug)]
enum Content<T> {
    /// A call.
    Call(T),
    /// None; the next free place, if there is one that was used before.
    Free(Option<usize>),
}

impl<T> Slot<T> {
    /// A place that had no call yet.
    pub const fn new() -> Self {
        Self {
            turn: 0,
            content: Content::Free(None),
        }
    }

    const fn call(&self) -> Option<&T> {
        match &self.content {
            Content::Call(call) => Some(call),
            Content::Free(_) => None,
        }
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Calls of this node to one peer, in slots the driver provides.
#[derive(Debug)]
pub struct Table<T, S: DerefMut<Target = [Slot<T>]>> {
    slots: S,
    /// The place that became free last.
    free: Option<usize>,
    /// Places from this on had no call yet.
    fresh: usize,
    len: usize,
}

/// There is no place: the driver may add slots, up to [`CALLS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPlace<T>(pub T);

impl<T, S: DerefMut<Target = [Slot<T>]>> Table<T, S> {
    /// A table without a call. All of `slots` are [`Slot::new`].
    pub const fn new(slots: S) -> Self {
        Self {
            slots,
            free: None,
            fresh: 0,
            len: 0,
        }
    }

    /// The slots, to add some at their end; each a [`Slot::new`].
    pub fn slots_mut(&mut self) -> &mut S {
        &mut self.slots
    }

    /// Number of calls.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no call.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of slots.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Adds a call and names it.
    ///
    /// # Errors
    ///
    /// [`NoPlace`] gives it back when all slots are in use.
    pub fn insert(&mut self, call: T) -> Result<CallId, NoPlace<T>> {
        let Some((id, slot)) = self.vacant() else {
            return Err(NoPlace(call));
        };
        let before = mem::replace(&mut slot.content, Content::Call(call));
        slot.turn = id.turn();
        match before {
            Content::Free(next) if self.free == Some(id.place()) => self.free = next,
            Content::Free(_) | Content::Call(_) => self.fresh = self.fresh.saturating_add(1),
        }
        self.len = self.len.saturating_add(1);
        Ok(id)
    }

    fn vacant(&mut self) -> Option<(CallId, &mut Slot<T>)> {
        let place = self.free.unwrap_or(self.fresh);
        let slot = self.slots.get_mut(place)?;
        let id = CallId::new(place, slot.turn.checked_add(1)?)?;
        Some((id, slot))
    }

    /// The call with this name, `None` when it ended or never was.
    pub fn get(&self, id: CallId) -> Option<&T> {
        let slot = self.slots.get(id.place())?;
        slot.call().filter(|_| slot.turn == id.turn())
    }

    /// The call with this name, to change it.
    pub fn get_mut(&mut self, id: CallId) -> Option<&mut T> {
        let slot = self.slots.get_mut(id.place())?;
        match &mut slot.content {
            Content::Call(call) if slot.turn == id.turn() => Some(call),
            Content::Call(_) | Content::Free(_) => None,
        }
    }

    /// Gives a call a new name, at its old place: the old one is that of a call
    /// that ended.
    pub fn rename(&mut self, id: CallId) -> Option<CallId> {
        self.get(id)?;
        let slot = self.slots.get_mut(id.place())?;
        let renamed = CallId::new(id.place(), slot.turn.checked_add(1)?)?;
        slot.turn = renamed.turn();
        Some(renamed)
    }

    /// Takes a call that ended out.
    pub fn remove(&mut self, id: CallId) -> Option<T> {
        self.get(id)?;
        let slot = self.slots.get_mut(id.place())?;
        let content = mem::replace(&mut slot.content, Content::Free(self.free));
        self.free = Some(id.place());
        self.len = self.len.saturating_sub(1);
        match content {
            Content::Call(call) => Some(call),
            Content::Free(_) => None,
        }
    }

    /// Name of the first call at `place` or behind it: a walk that survives that
    /// calls come and go meanwhile.
    pub fn next_from(&self, place: usize) -> Option<CallId> {
        let slots = self.slots.get(place..)?;
        let (offset, slot) = slots
            .iter()
            .enumerate()
            .find(|(_, slot)| slot.call().is_some())?;
        CallId::new(place.checked_add(offset)?, slot.turn)
    }
}

/// A place of the server's table.
#[derive(Clone, Debug)]
pub struct PeerSlot<T> {
    /// Of the last call at this place.
    turn: u64,
    /// Of the last call a piece of whose transfer came before its request.
    early: u64,
    content: Option<T>,
}

impl<T> PeerSlot<T> {
    /// A place that had no call yet.
    pub const fn new() -> Self {
        Self {
            turn: 0,
            early: 0,
            content: None,
        }
    }
}

impl<T> Default for PeerSlot<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Calls of one peer to this node, under the names the peer gave them.
#[derive(Debug)]
pub struct PeerTable<T, S: DerefMut<Target = [PeerSlot<T>]>> {
    slots: S,
    len: usize,
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Its name is that of a call there was, or its place is in use.
    Repeated,
    /// Its place is at or beyond [`CALLS_MAX`].
    Beyond,
    /// Its place has no slot yet: the driver adds some and tries again.
    NoSlot,
}

/// Whether a call is known, for a piece of its transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is served.
    Open,
    /// It ended.
    Over,
    /// Its request has not come: drop the piece and tell the sender to wait. Each
    /// time: a sender that resumes begins anew and has forgotten what it was told.
    NotYet,
}

/// Whether something happens for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// It does.
    Yes,
    /// It does not.
    No,
}

impl<T, S: DerefMut<Target = [PeerSlot<T>]>> PeerTable<T, S> {
    /// A table without a call. All of `slots` are [`PeerSlot::new`].
    pub const fn new(slots: S) -> Self {
        Self { slots, len: 0 }
    }

    /// The slots, to add some at their end; each a [`PeerSlot::new`].
    pub fn slots_mut(&mut self) -> &mut S {
        &mut self.slots
    }

    /// Number of calls.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no call.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds the call of a request. Says whether a piece of its transfer came
    /// before it, whose sender now waits.
    ///
    /// # Errors
    ///
    /// [`NotTaken`] with the call. A peer that keeps to the protocol causes none
    /// but [`NotTaken::NoSlot`].
    pub fn open(&mut self, id: CallId, call: T) -> Result<First, (NotTaken, T)> {
        let slot = match self.slot(id) {
            Ok(slot) => slot,
            Err(why) => return Err((why, call)),
        };
        if slot.content.is_some() || id.turn() <= slot.turn {
            return Err((NotTaken::Repeated, call));
        }
        slot.turn = id.turn();
        slot.content = Some(call);
        let first = if slot.early == id.turn() {
            First::No
        } else {
            First::Yes
        };
        self.len = self.len.saturating_add(1);
        Ok(first)
    }

    /// What is known of a call a piece of whose transfer came.
    ///
    /// # Errors
    ///
    /// [`NotTaken::Beyond`] and [`NotTaken::NoSlot`], as in [`open`](Self::open).
    pub fn known(&mut self, id: CallId) -> Result<Known, NotTaken> {
        let slot = self.slot(id)?;
        if id.turn() > slot.turn {
            slot.early = id.turn();
            return Ok(Known::NotYet);
        }
        let is_open = slot.content.is_some() && slot.turn == id.turn();
        Ok(if is_open { Known::Open } else { Known::Over })
    }

    fn slot(&mut self, id: CallId) -> Result<&mut PeerSlot<T>, NotTaken> {
        let place = id.place();
        if u32::try_from(place).map_or(true, |place| place >= CALLS_MAX) {
            return Err(NotTaken::Beyond);
        }
        self.slots.get_mut(place).ok_or(NotTaken::NoSlot)
    }

    /// The call with this name, `None` when it ended or never was.
    pub fn get_mut(&mut self, id: CallId) -> Option<&mut T> {
        let slot = self.slots.get_mut(id.place())?;
        slot.content.as_mut().filter(|_| slot.turn == id.turn())
    }

    /// Takes a call that was answered out.
    pub fn close(&mut self, id: CallId) -> Option<T> {
        let slot = self.slots.get_mut(id.place())?;
        let call = slot.content.take_if(|_| slot.turn == id.turn())?;
        self.len = self.len.saturating_sub(1);
        Some(call)
    }

    /// Name of the first call at `place` or behind it, as in
    /// [`Table::next_from`].
    pub fn next_from(&self, place: usize) -> Option<CallId> {
        let slots = self.slots.get(place..)?;
        let (offset, slot) = slots
            .iter()
            .enumerate()
            .find(|(_, slot)| slot.content.is_some())?;
        CallId::new(place.checked_add(offset)?, slot.turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Strings = Table<&'static str, Vec<Slot<&'static str>>>;

    fn table(len: usize) -> Strings {
        Table::new((0..len).map(|_| Slot::new()).collect())
    }

    fn peer_table(len: usize) -> PeerTable<u8, Vec<PeerSlot<u8>>> {
        PeerTable::new((0..len).map(|_| PeerSlot::new()).collect())
    }

    #[test]
    fn a_name_never_comes_twice() {
        let mut table = table(2);
        let mut names = Vec::new();
        for _ in 0..10 {
            let id = table.insert("x").unwrap();
            assert!(!names.contains(&id) && id.place() < 2);
            names.push(id);
            assert_eq!(table.remove(id), Some("x"));
            assert_eq!(table.remove(id), None);
        }
    }

    #[test]
    fn places_are_used_again_and_the_table_grows() {
        let mut table = table(2);
        let a = table.insert("a").unwrap();
        let b = table.insert("b").unwrap();
        assert_eq!(table.insert("c"), Err(NoPlace("c")));
        table.slots_mut().push(Slot::new());
        let c = table.insert("c").unwrap();
        table.remove(b);
        table.remove(a);
        let d = table.insert("d").unwrap();
        let e = table.insert("e").unwrap();
        assert_eq!(table.insert("f"), Err(NoPlace("f")));
        assert_eq!((d.place(), e.place(), table.len()), (0, 1, 3));
        assert_eq!((table.get(a), table.get(c)), (None, Some(&"c")));
    }

    #[test]
    fn a_renamed_call_is_found_under_its_new_name_only() {
        let mut table = table(1);
        let old = table.insert("a").unwrap();
        let new = table.rename(old).unwrap();
        assert_eq!(old.place(), new.place());
        assert_eq!((table.get(old), table.get(new)), (None, Some(&"a")));
        assert_eq!(table.rename(old), None);
    }

    #[test]
    fn a_walk_meets_every_call() {
        let mut table = table(4);
        let ids: Vec<_> = ["a", "b", "c"]
            .into_iter()
            .map(|call| table.insert(call).unwrap())
            .collect();
        table.remove(ids[1]);
        let mut met = Vec::new();
        let mut place = 0;
        while let Some(id) = table.next_from(place) {
            met.push(id);
            place = id.place() + 1;
        }
        assert_eq!(met, [ids[0], ids[2]]);
    }

    fn id(place: u64, turn: u64) -> CallId {
        CallId::from_wire(turn << PLACE_BITS | place).unwrap()
    }

    #[test]
    fn a_server_takes_a_name_once() {
        let mut table = peer_table(2);
        assert_eq!(table.open(id(1, 1), 7), Ok(First::Yes));
        assert_eq!(table.open(id(1, 1), 8), Err((NotTaken::Repeated, 8)));
        assert_eq!(table.open(id(1, 2), 8), Err((NotTaken::Repeated, 8)));
        assert_eq!(table.get_mut(id(1, 1)), Some(&mut 7));
        assert_eq!(table.close(id(1, 1)), Some(7));
        assert_eq!(table.close(id(1, 1)), None);
        assert_eq!(table.open(id(1, 1), 7), Err((NotTaken::Repeated, 7)));
        assert_eq!(table.open(id(1, 2), 7), Ok(First::Yes));
        assert_eq!((table.len(), table.next_from(0)), (1, Some(id(1, 2))));
    }

    #[test]
    fn a_server_bounds_the_places() {
        let mut table = peer_table(1);
        assert_eq!(table.open(id(1, 1), 7), Err((NotTaken::NoSlot, 7)));
        let beyond = id(u64::from(CALLS_MAX), 1);
        assert_eq!(table.open(beyond, 7), Err((NotTaken::Beyond, 7)));
        assert_eq!(table.known(beyond), Err(NotTaken::Beyond));
    }

    #[test]
    fn a_transfer_may_be_early_or_late() {
        let mut table = peer_table(1);
        assert_eq!(table.known(id(0, 3)), Ok(Known::NotYet));
        assert_eq!(table.known(id(0, 3)), Ok(Known::NotYet));
        assert_eq!(table.open(id(0, 3), 7), Ok(First::No));
        assert_eq!(table.known(id(0, 3)), Ok(Known::Open));
        table.close(id(0, 3));
        assert_eq!(table.known(id(0, 3)), Ok(Known::Over));
        assert_eq!(table.known(id(0, 2)), Ok(Known::Over));
    }
}
