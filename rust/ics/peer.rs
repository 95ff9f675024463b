// SPDX-License-Identifier: GPL-2.0

//! Another node.
//!
//! What this node knows of it, behind one lock, which is never held together with
//! that of another peer, nor while a service or the membership is called.

use core::mem;

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex, //
    }, //
};
use ssi_core::{
    ics::{
        beat::{
            BeatError,
            BeatHead,
            Beats, //
        },
        hello::{
            self,
            Channel,
            Reason, //
        },
        lives::{
            Lives,
            Standing, //
        },
        table::CallId, //
    },
    ids::{
        Epoch,
        Incarnation,
        Instance,
        NodeId, //
    }, //
};

use crate::{
    bulk_link::BulkLink,
    client::Patient,
    counters::PeerCounters,
    engine,
    fault::CallError,
    life::Life,
    link::Link,
    pending::Pending,
    request::{
        Answer,
        Request, //
    },
    server::Todo, //
};

/// Later than any time there is.
const NEVER: u64 = u64::MAX;

/// Another node.
#[pin_data]
pub(crate) struct Peer {
    /// Which one.
    pub(crate) node: NodeId,
    pub(crate) counters: Arc<PeerCounters>,
    /// When a bare Ack is due, in microseconds.
    ack_due: Atomic<u64>,
    /// Whether a bulk connection is wanted and missing.
    wants_bulk: Atomic<bool>,
    #[pin]
    inner: Mutex<Inner>,
}

/// What is known of a peer.
pub(crate) struct Inner {
    lives: Lives,
    beats: Beats,
    /// The life in which the installed view has it as a member.
    member: Option<Instance>,
    epoch: Epoch,
    generation: u64,
    pub(crate) life: Option<KBox<Life>>,
}

/// What a new control connection means for the session before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Began {
    /// Names the session.
    pub(crate) generation: u64,
    /// The earlier life, if it was linked until now.
    pub(crate) unlinked: Option<Instance>,
}

impl Peer {
    /// May sleep.
    pub(crate) fn new(node: NodeId) -> Result<Arc<Self>> {
        let counters = Arc::new(PeerCounters::new(), GFP_KERNEL)?;
        let inner = Inner {
            lives: Lives::default(),
            beats: Beats::default(),
            member: None,
            epoch: Epoch::NONE,
            generation: 0,
            life: None,
        };
        Arc::pin_init(
            pin_init!(Self {
                node,
                counters,
                ack_due: Atomic::new(NEVER),
                wants_bulk: Atomic::new(false),
                inner <- new_mutex!(inner, "ssi_peer"),
            }),
            GFP_KERNEL,
        )
    }

    /// When a bare Ack is due, in microseconds; the end of time if none is.
    pub(crate) fn ack_due(&self) -> u64 {
        self.ack_due.load(Relaxed)
    }

    /// Whether a bulk connection is wanted and missing.
    pub(crate) fn wants_bulk(&self) -> bool {
        self.wants_bulk.load(Relaxed)
    }

    /// Does something under the lock.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        let mut inner = self.inner.lock();
        let result = f(&mut inner);
        let (due, wants_bulk) = inner.wishes();
        // Under the lock: an older wish must not replace a newer one.
        self.ack_due.store(due, Relaxed);
        let wanted_bulk = self.wants_bulk.xchg(wants_bulk, Relaxed);
        drop(inner);
        if wants_bulk && !wanted_bulk {
            engine::wake();
        }
        result
    }

    /// Does something with the session of `generation`, if that still lasts.
    pub(crate) fn with_life<R>(
        &self,
        generation: u64,
        f: impl FnOnce(&mut Life) -> R,
    ) -> Option<R> {
        self.with(|inner| {
            let life = inner.life.as_mut()?;
            (life.generation == generation).then(|| f(life))
        })
    }

    /// Makes a call. Gives the generation of its session.
    ///
    /// # Errors
    ///
    /// [`CallError::NotMember`], and what [`Life::begin`] says.
    pub(crate) fn begin(
        &self,
        pending: &Arc<Pending>,
        patient: Patient,
    ) -> core::result::Result<u64, CallError> {
        self.with(|inner| {
            let member = inner.member.ok_or(CallError::NotMember)?;
            let life = inner
                .life
                .as_mut()
                .filter(|life| life.instance == member)
                .ok_or(CallError::NotMember)?;
            life.begin(pending, patient)?;
            Ok(life.generation)
        })
    }

    /// Sends what a service answered, if anybody waits for it.
    pub(crate) fn answer(&self, request: &Request, answer: &Answer<'_>) {
        self.with_life(request.generation, |life| life.answer(request.call, answer));
    }

    /// Hands a queued request to its service.
    pub(crate) fn start(&'static self, generation: u64, call: CallId) -> Option<Request> {
        self.with_life(generation, |life| life.start(self, call))
            .flatten()
    }

    /// Whether `peer` may have a connection.
    pub(crate) fn judge(
        &self,
        peer: hello::Peer,
        channel: Channel,
    ) -> core::result::Result<(), Reason> {
        self.with(|inner| {
            let standing = inner.lives.judge(peer)?;
            let is_linked = inner
                .life
                .as_ref()
                .is_some_and(|life| life.session().is_connected());
            match (channel, standing) {
                (Channel::Control, _) => Ok(()),
                (Channel::Bulk, Standing::Same) if is_linked => Ok(()),
                (Channel::Bulk, _) => Err(Reason::NotLinked),
            }
        })
    }

    /// Takes a control connection of `peer`, which proved itself, into use.
    ///
    /// # Errors
    ///
    /// The reason why it is refused after all; `None` when there is no memory.
    pub(crate) fn connect(
        &self,
        peer: hello::Peer,
        link: Link,
        mut todo: impl FnMut(Todo),
    ) -> core::result::Result<Began, Option<Reason>> {
        self.with(|inner| {
            let standing = inner.lives.judge(peer)?;
            let mut unlinked = None;
            if standing != Standing::Same {
                inner.generation += 1;
                let counters = self.counters.clone();
                let life = Life::new(peer.instance, inner.generation, inner.epoch, counters);
                let life = KBox::new(life, GFP_KERNEL).map_err(|_| None)?;
                inner.lives.begin(peer)?;
                if let Some(old) = inner.life.replace(life) {
                    unlinked = old.session().is_connected().then_some(old.instance);
                    bury(old, &mut todo);
                }
            }
            let life = inner.life.as_mut().ok_or(None)?;
            let old = life.connect(link);
            old.into_iter().for_each(|old| old.socket.shut_down());
            Ok(Began {
                generation: life.generation,
                unlinked,
            })
        })
    }

    /// Takes in that the control connection in `slot` is gone. Gives the peer, if
    /// it was the one in use.
    pub(crate) fn disconnect(&self, generation: u64, slot: u32) -> Option<Instance> {
        self.with_life(generation, |life| {
            let is_used = life.link.as_ref().is_some_and(|link| link.slot == slot);
            if !is_used {
                return None;
            }
            life.disconnect();
            Some(life.instance)
        })
        .flatten()
    }

    /// Takes a bulk connection into use. Gives the generation of its session.
    pub(crate) fn connect_pages(&self, peer: hello::Peer, link: BulkLink) -> Option<u64> {
        self.with(|inner| {
            if inner.lives.judge(peer) != Ok(Standing::Same) {
                return None;
            }
            let life = inner.life.as_mut()?;
            let old = life.connect_pages(link);
            old.into_iter().for_each(|old| old.socket.shut_down());
            Some(life.generation)
        })
    }

    /// Takes in that the bulk connection in `slot` is gone.
    pub(crate) fn disconnect_pages(&self, generation: u64, slot: u32) {
        self.with_life(generation, |life| {
            let link = life.transfers.link.as_ref();
            if link.is_some_and(|link| link.slot == slot) {
                life.disconnect_pages();
            }
        });
    }

    /// Takes in a heartbeat.
    pub(crate) fn beat(&self, beat: &BeatHead) -> core::result::Result<(), BeatError> {
        self.with(|inner| {
            let known = inner.lives.current().map(|peer| peer.instance);
            if known != Some(beat.from) {
                return Err(BeatError::Misdirected);
            }
            inner.beats.take(beat)
        })
    }

    /// Whom a heartbeat would be for.
    pub(crate) fn current(&self) -> Option<Instance> {
        self.with(|inner| inner.lives.current().map(|peer| peer.instance))
    }

    /// Takes in what a new view says of it.
    pub(crate) fn install(
        &'static self,
        member: Option<Instance>,
        epoch: Epoch,
        mut todo: impl FnMut(u64, Todo),
    ) {
        self.with(|inner| {
            let before = mem::replace(&mut inner.member, member);
            inner.epoch = epoch;
            if let Some(gone) = before.filter(|_| before != member) {
                inner.end(gone.incarnation, |next| todo(0, next));
            }
            if let Some(life) = &mut inner.life {
                let generation = life.generation;
                life.epoch = epoch;
                life.client_view();
                life.server_view(self, |next| todo(generation, next));
            }
        });
    }

    /// Takes in that a life and all before it are over.
    pub(crate) fn end(&self, life: Incarnation, todo: impl FnMut(Todo)) {
        self.with(|inner| inner.end(life, todo));
    }
}

impl Inner {
    fn wishes(&self) -> (u64, bool) {
        let Some(life) = &self.life else {
            return (NEVER, false);
        };
        let due = life.session().ack_due().map_or(NEVER, |due| due.0);
        let transfers = &life.transfers;
        let wants_bulk =
            transfers.is_wanted && transfers.link.is_none() && life.session().is_connected();
        (due, wants_bulk)
    }

    /// The life in which it is a member.
    pub(crate) fn member(&self) -> Option<Instance> {
        self.member
    }

    fn end(&mut self, life: Incarnation, todo: impl FnMut(Todo)) {
        if self.lives.end(life).is_some() {
            if let Some(life) = self.life.take() {
                bury(life, todo);
            }
        }
    }
}

/// Ends a session: all calls end, services are told, connections are closed.
fn bury(mut life: KBox<Life>, todo: impl FnMut(Todo)) {
    life.client_down();
    life.server_down(todo);
    if let Some(link) = life.disconnect() {
        link.socket.shut_down();
    }
    if let Some(link) = life.disconnect_pages() {
        link.socket.shut_down();
    }
}
