// SPDX-License-Identifier: GPL-2.0

//! Another node.
//!
//! What this node knows of it, behind one lock, which is never held together with
//! that of another peer, nor while a service or the membership is called. Who holds
//! it waits for memory at most, and for no input or output. Heartbeats do not even
//! wait for that: they have a lock of their own.

use core::mem;

use kernel::{
    new_mutex,
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex,
        SpinLock, //
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
use ssi_kapi::thread::NoIo;

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
    server::Todo,
    transport::Streaming, //
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
    /// Whether the reactor is to [`settle`](Self::settle) something.
    is_unsettled: Atomic<bool>,
    #[pin]
    inner: Mutex<Inner>,
    /// May be taken under the other lock.
    #[pin]
    pulse: SpinLock<Pulse>,
}

/// What heartbeats need to know of a peer.
struct Pulse {
    /// The life the session is with.
    current: Option<Instance>,
    beats: Beats,
}

/// What is known of a peer.
pub(crate) struct Inner {
    lives: Lives,
    /// The life in which the installed view has it as a member.
    member: Option<Instance>,
    epoch: Epoch,
    generation: u64,
    pub(crate) life: Option<KBox<Life>>,
    /// Sessions that ended and were not settled, the last one first.
    ended: Option<KBox<Life>>,
}

/// What the reactor is to do for a peer.
struct Wishes {
    /// When to send a bare Ack, in microseconds.
    ack_due: u64,
    /// Make a bulk connection.
    wants_bulk: bool,
    /// [`Peer::settle`] something.
    is_unsettled: bool,
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
            member: None,
            epoch: Epoch::NONE,
            generation: 0,
            life: None,
            ended: None,
        };
        let pulse = Pulse {
            current: None,
            beats: Beats::default(),
        };
        Arc::pin_init(
            pin_init!(Self {
                node,
                counters,
                ack_due: Atomic::new(NEVER),
                wants_bulk: Atomic::new(false),
                is_unsettled: Atomic::new(false),
                inner <- new_mutex!(inner, "ssi_peer"),
                pulse <- new_spinlock!(pulse, "ssi_pulse"),
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
        // The reactor, which others' memory may depend on, needs the lock, too.
        let _no_io = NoIo::begin();
        let mut inner = self.inner.lock();
        let result = f(&mut inner);
        // Under the lock: an older wish must not replace a newer one.
        let is_news = self.publish(&inner.wishes());
        drop(inner);
        if is_news {
            engine::wake();
        }
        result
    }

    /// Shows the reactor what to do. Whether it must be woken for it.
    fn publish(&self, wishes: &Wishes) -> bool {
        self.ack_due.store(wishes.ack_due, Relaxed);
        let wanted_bulk = self.wants_bulk.load(Relaxed);
        self.wants_bulk.store(wishes.wants_bulk, Relaxed);
        let was_unsettled = self.is_unsettled.load(Relaxed);
        self.is_unsettled.store(wishes.is_unsettled, Relaxed);
        (wishes.wants_bulk && !wanted_bulk) || (wishes.is_unsettled && !was_unsettled)
    }

    /// Whether [`settle`](Self::settle) would do something.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.is_unsettled.load(Relaxed)
    }

    /// Does what a view or the end of a session left to do, without the lock and a
    /// request at a time: ends calls, and gives `run` what is to be done for
    /// requests, with the generation of their session. For the reactor.
    pub(crate) fn settle(&'static self, mut run: impl FnMut(u64, Todo)) {
        while let Some(mut life) = self.with(Inner::take_ended) {
            life.client_down();
            let mut place = 0;
            while let Some(todo) = life.server_down(&mut place) {
                run(life.generation, todo);
            }
        }
        while let Some((generation, todo)) = self.with(|inner| inner.next_todo(self)) {
            run(generation, todo);
        }
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

    /// Whether the one who made a request waits for the answer.
    pub(crate) fn is_wanted(&self, generation: u64, call: CallId) -> bool {
        self.with_life(generation, |life| life.is_wanted(call))
            .unwrap_or(false)
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
                self.pulse.lock().current = Some(peer.instance);
                if let Some(old) = inner.life.replace(life) {
                    unlinked = old.session().is_connected().then_some(old.instance);
                    inner.retire(old);
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
        let mut pulse = self.pulse.lock();
        if pulse.current != Some(beat.from) {
            return Err(BeatError::Misdirected);
        }
        pulse.beats.take(beat)
    }

    /// Whom a heartbeat would be for.
    pub(crate) fn current(&self) -> Option<Instance> {
        self.pulse.lock().current
    }

    /// Takes in what a new view says of it. The reactor settles the rest.
    pub(crate) fn install(&self, member: Option<Instance>, epoch: Epoch) {
        self.with(|inner| {
            let before = mem::replace(&mut inner.member, member);
            inner.epoch = epoch;
            if let Some(gone) = before.filter(|_| before != member) {
                self.end_life(inner, gone.incarnation);
            }
            if let Some(life) = &mut inner.life {
                life.epoch = epoch;
                life.client_view();
                life.told = Some(0);
            }
        });
    }

    /// Takes in that a life and all before it are over. The reactor settles the rest.
    pub(crate) fn end(&self, life: Incarnation) {
        self.with(|inner| self.end_life(inner, life));
    }

    fn end_life(&self, inner: &mut Inner, life: Incarnation) {
        if inner.lives.end(life).is_some() {
            self.pulse.lock().current = None;
            if let Some(life) = inner.life.take() {
                inner.retire(life);
            }
        }
    }
}

impl Inner {
    fn wishes(&self) -> Wishes {
        let has_ended = self.ended.is_some();
        let Some(life) = &self.life else {
            return Wishes {
                ack_due: NEVER,
                wants_bulk: false,
                is_unsettled: has_ended,
            };
        };
        let transfers = &life.transfers;
        Wishes {
            ack_due: life.session().ack_due().map_or(NEVER, |due| due.0),
            wants_bulk: transfers.is_wanted
                && transfers.link.is_none()
                && life.session().is_connected(),
            is_unsettled: has_ended || life.told.is_some(),
        }
    }

    /// The life in which it is a member.
    pub(crate) fn member(&self) -> Option<Instance> {
        self.member
    }

    /// Ends a session. Nobody finds it any more; its calls end when it is settled.
    fn retire(&mut self, mut life: KBox<Life>) {
        life.hang_up();
        life.earlier = self.ended.take();
        self.ended = Some(life);
    }

    fn take_ended(&mut self) -> Option<KBox<Life>> {
        let mut life = self.ended.take()?;
        self.ended = life.earlier.take();
        Some(life)
    }

    /// What is to be done next because of a view, and in which session.
    fn next_todo(&mut self, peer: &'static Peer) -> Option<(u64, Todo)> {
        let life = self.life.as_mut()?;
        let mut place = life.told?;
        let todo = life.server_view(peer, &mut place);
        life.told = todo.is_some().then_some(place);
        todo.map(|todo| (life.generation, todo))
    }
}
