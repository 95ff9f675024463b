// SPDX-License-Identifier: GPL-2.0

//! Started links.

use kernel::{
    current,
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    ics::{
        beat::{
            beat_key,
            BeatHead,
            BEAT_BODY_BYTES_MAX, //
        },
        frame::{
            Flags,
            Kind,
            MEMBERSHIP_BYTES_MAX, //
        },
        handshake::{
            Hmac,
            Local, //
        },
        hello,
        priority::{
            Priority,
            LEVELS, //
        },
        seal::{
            Key,
            Mode, //
        },
        session::Class, //
    },
    ids::{
        Epoch,
        Instance,
        NodeId, //
    },
    node_set::NodeSet,
    view::View, //
};
use ssi_kapi::{
    bytes,
    crypto,
    host,
    notifier::Notifier,
    queue::WorkQueue,
    random,
    thread::Thread, //
};

use crate::{
    counters::{
        Counter,
        Refusals, //
    },
    levels,
    life::{
        Outline,
        Payload, //
    },
    membership::{
        Membership,
        Start, //
    },
    peer::Peer,
    reactor,
    server::Todo,
    settings,
    transport::{
        Chosen,
        Datagrams,
        Transport, //
    },
};

static ENGINE: SetOnce<Pin<KBox<Engine>>> = SetOnce::new();

/// What lasts from the start on.
#[pin_data]
pub(crate) struct Engine {
    local: Local,
    beat_key: Key,
    beats: Atomic<u64>,
    pub(crate) membership: &'static dyn Membership,
    pub(crate) notifier: Arc<Notifier>,
    /// A place for every node, and one for 0 that nobody uses.
    peers: KVec<Arc<Peer>>,
    workers: [WorkQueue; LEVELS],
    epoch: Atomic<u32>,
    /// All connections are to be made anew.
    renews: Atomic<bool>,
    /// Thread that runs the reactor.
    pub(crate) reactor: Atomic<usize>,
    /// Thread that tells of views and deaths.
    member_thread: Atomic<usize>,
    thread: SetOnce<Thread<()>>,
    /// The socket of the heartbeats; there is none without an interface.
    pub(crate) datagrams: SetOnce<<Chosen as Transport>::Datagrams>,
    pub(crate) counters: EngineCounters,
    #[pin]
    roster: SpinLock<NodeSet>,
}

/// What was counted for no peer.
pub(crate) struct EngineCounters {
    /// Connections this node refused.
    pub(crate) refused: Refusals,
    /// Connections peers refused, as they say.
    pub(crate) refused_by_peer: Refusals,
    /// Connections that were accepted.
    pub(crate) accepted: Counter,
    /// Connections that proved nothing in time.
    pub(crate) expired: Counter,
    /// Datagrams that were no heartbeat for this node.
    pub(crate) beats_refused: Counter,
    pub(crate) beats_sent: Counter,
    pub(crate) beats_received: Counter,
}

/// HMAC-SHA256 of the kernel, for core.
pub(crate) struct KernelHmac;

impl Hmac for KernelHmac {
    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        crypto::Hmac::of(key, parts)
    }
}

/// The engine, `None` before the start.
pub(crate) fn get() -> Option<&'static Engine> {
    ENGINE.as_ref().map(|engine| engine.as_ref().get_ref())
}

/// Lets the reactor look after what changed.
pub(crate) fn wake() {
    if let Some(engine) = get() {
        engine.notifier.raise(reactor::WAKE);
    }
}

/// Lets all connections be made anew, under the settings there are now.
pub(crate) fn renew_connections() {
    if let Some(engine) = get() {
        engine.renews.store(true, Relaxed);
        wake();
    }
}

/// Starts the links. See [`crate::start`].
pub(crate) fn start(start: Start) -> Result {
    let member = crate::this_node().ok_or(ENODEV)?;
    if get().is_some() {
        return Err(EBUSY);
    }
    let features = host::features();
    let local = Local {
        peer: hello::Peer {
            instance: start.me,
            boot: random::number(),
        },
        cluster: member.cluster,
        build: crypto::sha256(host::build()),
        host: hello::Host {
            fp_bytes: u32::try_from(features >> 32).unwrap_or(0),
            features: features & u64::from(u32::MAX),
        },
        mode: start.mode,
        key: start.key,
    };
    settings::start(start.mode);
    let engine = KBox::pin_init(Engine::new(local, start.membership)?, GFP_KERNEL)?;
    if !ENGINE.populate(engine) {
        return Err(EBUSY);
    }
    get().ok_or(EBUSY)?.run()?;
    #[cfg(CONFIG_SSI_ICS_TEST)]
    crate::test::start()?;
    Ok(())
}

impl Engine {
    fn new(local: Local, membership: &'static dyn Membership) -> Result<impl PinInit<Self>> {
        let mut peers = KVec::new();
        for node in NodeId::all() {
            peers.push(Peer::new(node)?, GFP_KERNEL)?;
        }
        let workers = [
            WorkQueue::new(c"ssi_ics_0", WORKERS)?,
            WorkQueue::new(c"ssi_ics_1", WORKERS)?,
            WorkQueue::new(c"ssi_ics_2", WORKERS)?,
            WorkQueue::new(c"ssi_ics_3", WORKERS)?,
        ];
        let beat_key = beat_key(&local.key, &KernelHmac);
        let notifier = Arc::new(Notifier::new()?, GFP_KERNEL)?;
        Ok(pin_init!(Self {
            local,
            beat_key,
            beats: Atomic::new(0),
            membership,
            notifier,
            peers,
            workers,
            epoch: Atomic::new(0),
            renews: Atomic::new(false),
            reactor: Atomic::new(0),
            member_thread: Atomic::new(0),
            thread: SetOnce::new(),
            datagrams: SetOnce::new(),
            counters: EngineCounters {
                refused: Refusals::new(),
                refused_by_peer: Refusals::new(),
                accepted: Counter::new(),
                expired: Counter::new(),
                beats_refused: Counter::new(),
                beats_sent: Counter::new(),
                beats_received: Counter::new(),
            },
            roster <- new_spinlock!(NodeSet::EMPTY, "ssi_roster"),
        }))
    }

    fn run(&'static self) -> Result {
        match Chosen::datagrams(self.me().node, &self.notifier, reactor::DATAGRAMS) {
            Ok(socket) => {
                self.datagrams.populate(socket);
            }
            Err(why) => pr_warn!("no heartbeats without the network: {:?}\n", why),
        }
        let thread = Thread::spawn(c"ssi_ics", Arc::new((), GFP_KERNEL)?, |()| reactor::run())?;
        self.thread.populate(thread);
        Ok(())
    }

    /// Whether all connections are to be made anew; says so once.
    pub(crate) fn take_renewal(&self) -> bool {
        self.renews.load(Relaxed) && self.renews.xchg(false, Relaxed)
    }

    /// This node.
    pub(crate) fn me(&self) -> Instance {
        self.local.peer.instance
    }

    /// What this node says of itself now.
    pub(crate) fn local(&self) -> Local {
        Local {
            mode: settings::mode(),
            ..self.local.clone()
        }
    }

    /// All other nodes there may be.
    pub(crate) fn peers(&self) -> impl Iterator<Item = &Arc<Peer>> {
        let me = self.me().node;
        self.peers.iter().filter(move |peer| peer.node != me)
    }

    /// Another node, `None` for this one.
    pub(crate) fn peer(&self, node: NodeId) -> Option<&Peer> {
        let peer = self.peers.get(node.index().checked_sub(1)?)?;
        (node != self.me().node).then_some(&**peer)
    }

    pub(crate) fn roster(&self) -> NodeSet {
        *self.roster.lock()
    }

    pub(crate) fn set_roster(&self, roster: NodeSet) {
        *self.roster.lock() = roster;
        self.notifier.raise(reactor::WAKE);
    }

    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Relaxed))
    }

    pub(crate) fn send_membership(&self, to: NodeId, body: &[u8]) -> Result {
        if body.len() > MEMBERSHIP_BYTES_MAX {
            return Err(EMSGSIZE);
        }
        let mut payload = KVec::new();
        bytes::extend(&mut payload, body)?;
        let peer = self.peer(to).ok_or(EINVAL)?;
        peer.with(|inner| {
            let life = inner.life.as_mut().ok_or(ENOTCONN)?;
            let outline = Outline {
                kind: Kind::Membership,
                flags: Flags::NONE,
                priority: Priority::LOWEST,
                epoch: life.epoch,
                call: None,
            };
            life.queue(Class::Membership, outline, Payload::Own(payload))
                .map_err(|_| ENOBUFS)?;
            life.flush();
            Ok(())
        })
    }

    pub(crate) fn send_beat(&self, to: NodeId, body: &[u8]) {
        let target = self.peer(to).and_then(Peer::current);
        let (Some(to), Some(socket)) = (target, self.datagrams.as_ref()) else {
            return;
        };
        if body.len() > BEAT_BODY_BYTES_MAX {
            return;
        }
        let head = BeatHead {
            from: self.me(),
            to,
            counter: self.beats.fetch_add(1u64, Relaxed).saturating_add(1),
        };
        let tag = head.seal(body, &self.beat_key, &KernelHmac);
        // One that is lost is like one that was late.
        let _ = socket.send(to.node, &[&head.encode(), body, &tag]);
        self.counters.beats_sent.count();
    }

    pub(crate) fn beat_key(&self) -> &Key {
        &self.beat_key
    }

    pub(crate) fn install(&self, view: &View) {
        self.note_membership();
        self.epoch.store(view.epoch.0, Relaxed);
        for peer in self.peers() {
            peer.install(view.member(peer.node), view.epoch);
        }
    }

    pub(crate) fn end(&self, instance: Instance) {
        self.note_membership();
        if let Some(peer) = self.peer(instance.node) {
            peer.end(instance.incarnation);
        }
    }

    /// The calling thread is the membership's.
    fn note_membership(&self) {
        self.member_thread
            .store(current!().as_ptr().addr(), Relaxed);
    }

    /// Whether the calling thread must not call: what a call waits for is brought
    /// by the reactor, and by the membership when a node dies.
    pub(crate) fn is_caller_needed(&self) -> bool {
        let me = current!().as_ptr().addr();
        self.reactor.load(Relaxed) == me || self.member_thread.load(Relaxed) == me
    }

    /// Does what is to be done without a lock.
    pub(crate) fn run_todo(&self, peer: &'static Peer, generation: u64, todo: Todo) {
        match todo {
            Todo::Serve(request) => request.entry.service.handler.serve(request),
            Todo::Tell(entry, from, call) => entry.service.handler.cancelled(from, call),
            Todo::Queue(call, priority) => {
                let work = move || {
                    if let Some(request) = peer.start(generation, call) {
                        let _served = levels::serve(priority);
                        request.entry.service.handler.serve(request);
                    }
                };
                let workers = self.workers.get(priority.index());
                if workers
                    .map_or(Err(EINVAL), |workers| workers.run(work))
                    .is_err()
                {
                    // Dropped without a worker, it is answered as abandoned.
                    drop(peer.start(generation, call));
                }
            }
        }
    }
}

/// Workers of a level.
const WORKERS: u16 = 16;

const _: () = assert!(levels::WORKERS_MAX == 16);

/// The mode of a setting's index.
pub(crate) fn mode(index: usize) -> Mode {
    Mode::ALL.get(index).copied().unwrap_or(Mode::Aead)
}
