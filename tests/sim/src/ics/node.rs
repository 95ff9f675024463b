// SPDX-License-Identifier: GPL-2.0

//! A node's driver.
//!
//! Does with the machines of `ssi_core` what `rust/ics` does in a kernel:
//! connections, handshakes, time. What goes on within a session is in `pair`,
//! `client`, `server` and `transfer`; the services are in `app`.

use std::collections::BTreeMap;

use ssi_core::{
    ics::{
        dial::{is_dialler, Backoff, HalfOpen, HANDSHAKE_TIME_MAX},
        frame::{Header, HANDSHAKE_PAYLOAD_BYTES_MAX, HEADER_BYTES},
        handshake::{
            Admission, Channel, Established, Handshake, Host, Local, Peer, Reason, Refusal, Step,
        },
        lives::{Lives, Standing},
        priority::LEVELS,
        seal::{Counter, Key, Mode},
    },
    ids::{ClusterName, Instance, NodeId},
    time::Instant,
    view::View,
};

use crate::rng::Rng;

use super::{
    app::{Level, Task, TaskId},
    client::Token,
    hash::Toy,
    history::{Event, Gauge, History},
    net::{ConnId, Net, Side},
    pair::Pair,
    queue::Queue,
    scenario::Scenario,
    transfer::BulkLink,
    world::Happening,
};

/// What a node may touch.
pub struct Ctx<'a> {
    pub rng: &'a mut Rng,
    pub net: &'a mut Net,
    pub queue: &'a mut Queue,
    pub history: &'a mut History,
    pub scenario: &'a Scenario,
    pub tokens: &'a mut Token,
}

impl Ctx<'_> {
    pub fn now(&self) -> Instant {
        self.queue.now()
    }

    pub fn tell(&mut self, event: Event) {
        self.history.tell(self.queue.now(), event);
    }

    pub fn gauge(&mut self, me: Instance, what: &'static str, value: u64, max: u64) {
        self.tell(Event::Gauge(me, Gauge { what, value, max }));
    }

    fn close(&mut self, id: ConnId) {
        self.net.close(id, self.rng, self.queue);
    }
}

/// A node.
pub struct Node {
    pub me: Instance,
    local: Local,
    roster: u16,
    pub view: View,
    pub remotes: BTreeMap<NodeId, Remote>,
    pub conns: BTreeMap<ConnId, Conn>,
    half_open: HalfOpen<ConnId>,
    pub levels: [Level; LEVELS],
    pub tasks: BTreeMap<TaskId, Task>,
    pub next_task: TaskId,
    /// When it asked to be woken.
    wake: Option<Instant>,
}

/// Another node, seen from this one.
#[derive(Default)]
pub struct Remote {
    pub lives: Lives,
    pub pair: Option<Pair>,
    control: Line,
    bulk: Line,
}

/// One of the two connections to a node.
#[derive(Default)]
struct Line {
    /// The one that is established.
    up: Option<ConnId>,
    /// The one that is being made from here, and until when.
    dialling: Option<(ConnId, Instant)>,
    backoff: Backoff,
    next: Instant,
}

/// One end of a connection.
pub struct Conn {
    side: Side,
    input: Vec<u8>,
    /// What the socket did not take.
    output: Vec<u8>,
    stage: Stage,
}

enum Stage {
    Dialling(Channel, NodeId),
    Shaking(Box<Handshake>),
    Up(Box<Link>),
}

/// A connection whose peer proved itself.
pub struct Link {
    pub peer: NodeId,
    mode: Mode,
    tx_key: Key,
    rx_key: Key,
    tx: Counter,
    rx: Counter,
    pub carries: Carries,
}

pub enum Carries {
    /// Whether the first acknowledgement has left.
    Control {
        has_begun: bool,
    },
    Bulk(BulkLink),
}

/// Who may come in.
struct Gatekeeper<'a> {
    remotes: &'a BTreeMap<NodeId, Remote>,
}

impl Admission for Gatekeeper<'_> {
    fn admit(&self, peer: Peer, channel: Channel) -> Result<(), Reason> {
        let remote = self.remotes.get(&peer.instance.node);
        let remote = remote.ok_or(Reason::NotInRoster)?;
        match (remote.lives.judge(peer)?, channel) {
            (Standing::Same, _) | (_, Channel::Control) => Ok(()),
            (_, Channel::Bulk) => Err(Reason::NotLinked),
        }
    }
}

impl Node {
    pub fn new(me: Instance, ctx: &mut Ctx<'_>) -> Self {
        let peer = Peer {
            instance: me,
            boot: ctx.rng.any(),
        };
        let all = NodeId::all().take(ctx.scenario.nodes.into());
        let mut node = Self {
            me,
            local: Local {
                peer,
                cluster: ClusterName::DEFAULT,
                build: [1; 32],
                host: Host {
                    fp_bytes: 2696,
                    features: 3,
                },
                mode: *ctx.rng.pick(&ctx.scenario.modes).unwrap_or(&Mode::Mac),
                key: Key([2; 32]),
            },
            roster: ctx.scenario.nodes,
            view: View::EMPTY,
            remotes: all
                .filter(|&node| node != me.node)
                .map(|node| (node, Remote::default()))
                .collect(),
            conns: BTreeMap::new(),
            half_open: HalfOpen::new(),
            levels: Default::default(),
            tasks: BTreeMap::new(),
            next_task: 1,
            wake: None,
        };
        node.tick(ctx);
        node
    }

    pub fn pair(&mut self, node: NodeId) -> Option<&mut Pair> {
        self.remotes.get_mut(&node)?.pair.as_mut()
    }

    /// Whether there is a session with `instance` and it is connected.
    pub fn is_linked(&self, instance: Instance) -> bool {
        self.remotes.get(&instance.node).is_some_and(|remote| {
            let pair = remote.pair.as_ref();
            pair.is_some_and(|pair| pair.peer.instance == instance && pair.session.is_connected())
        })
    }

    // --- time ---

    /// Does what is due and asks to be woken for the next thing.
    pub fn tick(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        while let Some(id) = self.half_open.expire(now) {
            self.drop_conn(id, ctx);
        }
        for peer in self.remotes.keys().copied().collect::<Vec<_>>() {
            self.dial_if_due(peer, Channel::Control, ctx);
            self.dial_if_due(peer, Channel::Bulk, ctx);
            let due = self.pair(peer).and_then(|pair| pair.session.ack_due());
            if due.is_some_and(|due| due <= now) {
                self.flush(peer, Channel::Control, ctx);
            }
        }
        self.ask_to_be_woken(ctx);
    }

    fn ask_to_be_woken(&mut self, ctx: &mut Ctx<'_>) {
        let lines = self.remotes.iter().flat_map(|(peer, remote)| {
            let is_dialler = is_dialler(self.me.node, *peer);
            let acks = remote.pair.as_ref().and_then(|pair| pair.session.ack_due());
            let lines = [(&remote.control, true), (&remote.bulk, remote.wants_bulk())];
            let dials = lines.into_iter().filter_map(move |(line, is_wanted)| {
                let is_idle = line.up.is_none() && is_wanted && is_dialler;
                let deadline = line.dialling.map(|(_, deadline)| deadline);
                deadline.or(is_idle.then_some(line.next))
            });
            dials.chain(acks)
        });
        let Some(next) = lines.chain(self.half_open.next_deadline()).min() else {
            return;
        };
        // What is due and cannot be done now, for a full socket, is not retried
        // at once.
        let now = ctx.now();
        let next = next.max(Instant(now.0 + 500));
        if self.wake.is_none_or(|wake| wake <= now || wake > next) {
            self.wake = Some(next);
            ctx.queue.at(next, Happening::Wake(self.me));
        }
    }

    fn dial_if_due(&mut self, peer: NodeId, channel: Channel, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some(remote) = self.remotes.get_mut(&peer) else {
            return;
        };
        let is_wanted = channel == Channel::Control || remote.wants_bulk();
        let line = remote.line(channel);
        if let Some((id, deadline)) = line.dialling {
            if deadline <= now {
                self.drop_conn(id, ctx);
            }
            return;
        }
        if !is_wanted || line.up.is_some() || line.next > now || !is_dialler(self.me.node, peer) {
            return;
        }
        let wait = line.backoff.wait(ctx.rng.any());
        line.next = now.after(wait);
        ctx.queue.at(now, Happening::Dial(self.me, peer, channel));
    }

    /// The world found whom to dial.
    pub fn dialling(&mut self, peer: NodeId, channel: Channel, id: ConnId, now: Instant) {
        if let Some(remote) = self.remotes.get_mut(&peer) {
            remote.line(channel).dialling = Some((id, now.after(HANDSHAKE_TIME_MAX)));
            self.conns
                .insert(id, Conn::new(Side::Dialler, Stage::Dialling(channel, peer)));
        }
    }

    // --- connections ---

    pub fn accepted(&mut self, id: ConnId, from: NodeId, ctx: &mut Ctx<'_>) {
        let handshake = Handshake::listen(from, nonce(ctx.rng));
        self.conns.insert(
            id,
            Conn::new(Side::Listener, Stage::Shaking(Box::new(handshake))),
        );
        if let Some(oldest) = self.half_open.insert(id, from, ctx.now()) {
            self.drop_conn(oldest, ctx);
        }
        let len = self.half_open.len() as u64;
        ctx.gauge(
            self.me,
            "half-open connections",
            len,
            2 * u64::from(self.roster),
        );
    }

    pub fn connected(&mut self, id: ConnId, ctx: &mut Ctx<'_>) {
        let Some(conn) = self.conns.get_mut(&id) else {
            return;
        };
        if let Stage::Dialling(channel, peer) = conn.stage {
            let nonce = nonce(ctx.rng);
            let (handshake, hello) = Handshake::dial(&self.local, channel, peer, nonce);
            conn.stage = Stage::Shaking(Box::new(handshake));
            conn.output.extend_from_slice(hello.as_bytes());
            conn.write(id, ctx);
        }
    }

    /// The other end closed it, or it broke.
    pub fn closed(&mut self, id: ConnId, ctx: &mut Ctx<'_>) {
        self.forget_conn(id, ctx);
    }

    pub fn drop_conn(&mut self, id: ConnId, ctx: &mut Ctx<'_>) {
        ctx.close(id);
        self.forget_conn(id, ctx);
    }

    fn forget_conn(&mut self, id: ConnId, _ctx: &mut Ctx<'_>) {
        self.half_open.remove(id);
        self.conns.remove(&id);
        for remote in self.remotes.values_mut() {
            for channel in [Channel::Control, Channel::Bulk] {
                let line = remote.line(channel);
                line.dialling.take_if(|(dialling, _)| *dialling == id);
                if line.up.take_if(|up| *up == id).is_none() {
                    continue;
                }
                let Some(pair) = &mut remote.pair else {
                    continue;
                };
                match channel {
                    Channel::Control => pair.session.disconnected(),
                    Channel::Bulk => pair.bulk_broken(),
                }
            }
        }
    }

    pub fn writable(&mut self, id: ConnId, ctx: &mut Ctx<'_>) {
        self.flush_conn(id, ctx);
    }

    /// Sends what there is on the connection of `channel` to `peer`.
    pub fn flush(&mut self, peer: NodeId, channel: Channel, ctx: &mut Ctx<'_>) {
        let remote = self.remotes.get_mut(&peer);
        if let Some(id) = remote.and_then(|remote| remote.line(channel).up) {
            self.flush_conn(id, ctx);
        }
    }

    fn flush_conn(&mut self, id: ConnId, ctx: &mut Ctx<'_>) {
        loop {
            let Some(conn) = self.conns.get_mut(&id) else {
                return;
            };
            conn.write(id, ctx);
            if !conn.output.is_empty() {
                return;
            }
            let Stage::Up(link) = &mut conn.stage else {
                return;
            };
            let Some(pair) = self
                .remotes
                .get_mut(&link.peer)
                .and_then(|r| r.pair.as_mut())
            else {
                return;
            };
            let Some((header, payload)) = link.next_frame(pair, ctx.now()) else {
                return;
            };
            conn.output = link.seal(&header, &payload);
        }
    }

    // --- bytes ---

    pub fn received(&mut self, id: ConnId, bytes: &[u8], ctx: &mut Ctx<'_>) {
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.input.extend_from_slice(bytes);
        }
        while let Some(conn) = self.conns.get_mut(&id) {
            let goes_on = match &mut conn.stage {
                Stage::Dialling(..) => return,
                Stage::Shaking(_) => self.shake(id, ctx),
                Stage::Up(_) => self.take_frame(id, ctx),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// One frame of a handshake; whether there may be more.
    fn shake(&mut self, id: ConnId, ctx: &mut Ctx<'_>) -> bool {
        let Some(conn) = self.conns.get_mut(&id) else {
            return false;
        };
        let Stage::Shaking(handshake) = &mut conn.stage else {
            return false;
        };
        let Some(head) = conn.input.first_chunk::<HEADER_BYTES>() else {
            return false;
        };
        // What is no header is judged, and refused, as it is.
        let length = match Header::parse(head) {
            Ok(header) if header.length <= HANDSHAKE_PAYLOAD_BYTES_MAX => header.length as usize,
            Ok(_) | Err(_) => 0,
        };
        if conn.input.len() < HEADER_BYTES + length {
            return false;
        }
        let frame: Vec<u8> = conn.input.drain(..HEADER_BYTES + length).collect();
        let gatekeeper = Gatekeeper {
            remotes: &self.remotes,
        };
        match handshake.step(&self.local, &frame, &Toy, &gatekeeper) {
            Step::Send(message) => {
                conn.output.extend_from_slice(message.as_bytes());
                conn.write(id, ctx);
            }
            Step::Established(message, established) => {
                if let Some(message) = message {
                    conn.output.extend_from_slice(message.as_bytes());
                }
                self.established(id, established, ctx);
            }
            Step::Refused(message, refusal) => self.refused(id, message, refusal, ctx),
        }
        true
    }

    fn refused(
        &mut self,
        id: ConnId,
        message: Option<ssi_core::ics::handshake::Message>,
        refusal: Refusal,
        ctx: &mut Ctx<'_>,
    ) {
        if let (Some(message), Some(conn)) = (message, self.conns.get_mut(&id)) {
            conn.output.extend_from_slice(message.as_bytes());
            conn.write(id, ctx);
        }
        ctx.tell(Event::Refused(self.me, refusal.reason));
        self.drop_conn(id, ctx);
    }

    fn established(&mut self, id: ConnId, established: Established, ctx: &mut Ctx<'_>) {
        self.half_open.remove(id);
        let (peer, channel) = (established.peer, established.channel);
        let node = peer.instance.node;
        let Some(remote) = self.remotes.get_mut(&node) else {
            return self.drop_conn(id, ctx);
        };
        match remote.lives.begin(peer) {
            Ok(Standing::Later(earlier)) => {
                self.end_pair(earlier.instance, ctx);
                self.remotes.entry(node).or_default().pair = Some(Pair::new(peer));
            }
            Ok(Standing::First) => remote.pair = Some(Pair::new(peer)),
            Ok(Standing::Same) => {}
            Err(reason) => {
                ctx.tell(Event::Refused(self.me, reason));
                return self.drop_conn(id, ctx);
            }
        }
        ctx.tell(Event::Linked(self.me, peer.instance));
        self.replace_line(node, channel, id, ctx);
        let Some(conn) = self.conns.get_mut(&id) else {
            return;
        };
        let carries = match channel {
            Channel::Control => Carries::Control { has_begun: false },
            Channel::Bulk => Carries::Bulk(BulkLink::default()),
        };
        conn.stage = Stage::Up(Box::new(Link {
            peer: node,
            mode: established.mode,
            tx_key: established.tx_key,
            rx_key: established.rx_key,
            tx: Counter::default(),
            rx: Counter::default(),
            carries,
        }));
        match channel {
            Channel::Control => {
                if let Some(pair) = self.pair(node) {
                    pair.session.connected();
                }
            }
            Channel::Bulk => self.begin_bulk(node, id),
        }
        self.flush_conn(id, ctx);
    }

    /// The newest connection that proved itself is the one that counts.
    fn replace_line(&mut self, node: NodeId, channel: Channel, id: ConnId, ctx: &mut Ctx<'_>) {
        let Some(remote) = self.remotes.get_mut(&node) else {
            return;
        };
        let line = remote.line(channel);
        line.dialling.take_if(|(dialling, _)| *dialling == id);
        line.backoff.reset();
        if let Some(before) = line.up {
            self.drop_conn(before, ctx);
        }
        if let Some(remote) = self.remotes.get_mut(&node) {
            remote.line(channel).up = Some(id);
        }
    }

    /// One frame of an established connection; whether there may be more.
    fn take_frame(&mut self, id: ConnId, ctx: &mut Ctx<'_>) -> bool {
        let Some(conn) = self.conns.get_mut(&id) else {
            return false;
        };
        let Stage::Up(link) = &mut conn.stage else {
            return false;
        };
        let peer = link.peer;
        match link.open(&mut conn.input) {
            Ok(None) => false,
            Ok(Some((header, payload))) => {
                let is_bulk = matches!(link.carries, Carries::Bulk(_));
                let taken = if is_bulk {
                    self.take_bulk(peer, id, &header, &payload, ctx)
                } else {
                    self.take_control(peer, &header, &payload, ctx)
                };
                if let Err(why) = taken {
                    self.fault(id, peer, why, ctx);
                }
                true
            }
            Err(why) => {
                self.fault(id, peer, why, ctx);
                false
            }
        }
    }

    fn fault(&mut self, id: ConnId, peer: NodeId, why: String, ctx: &mut Ctx<'_>) {
        if let Some(pair) = self.pair(peer) {
            let other = pair.peer.instance;
            ctx.tell(Event::Fault(self.me, other, why));
        }
        self.drop_conn(id, ctx);
    }

    pub fn bulk_link(&mut self, id: ConnId) -> Option<&mut BulkLink> {
        match &mut self.conns.get_mut(&id)?.stage {
            Stage::Up(link) => match &mut link.carries {
                Carries::Bulk(bulk) => Some(bulk),
                Carries::Control { .. } => None,
            },
            Stage::Dialling(..) | Stage::Shaking(_) => None,
        }
    }

    pub fn is_established(&self, id: ConnId) -> bool {
        let conn = self.conns.get(&id);
        conn.is_some_and(|conn| matches!(conn.stage, Stage::Up(_)))
    }

    /// A line for each thing that waits.
    pub fn rest(&self, waiting: &mut Vec<String>) {
        let me = self.me;
        for (peer, remote) in &self.remotes {
            let Some(pair) = &remote.pair else {
                waiting.push(format!("{me} has no session with {peer}"));
                continue;
            };
            let numbers = [
                (!pair.session.is_connected(), "connection"),
                (!pair.calls.is_empty(), "calls"),
                (!pair.served.is_empty(), "requests"),
                (!pair.outgoing.is_empty(), "transfers"),
                (pair.arriving > 0, "bytes arriving"),
                (pair.session.next_to_send().is_some(), "frames to send"),
                (pair.has_kept(), "frames that nobody acknowledged"),
            ];
            for (is_waiting, what) in numbers {
                if is_waiting {
                    waiting.push(format!("{me} and {peer}: {what}"));
                }
            }
        }
        if !self.tasks.is_empty() {
            waiting.push(format!("{me} has running handlers"));
        }
        for (level, workers) in self.levels.iter().enumerate() {
            if workers.busy > 0 || !workers.queue.is_empty() {
                waiting.push(format!("{me}: level {level} is busy"));
            }
        }
    }

    pub fn bulk_conn(&mut self, peer: NodeId) -> Option<ConnId> {
        self.remotes.get(&peer)?.bulk.up
    }

    // --- lives ---

    /// `instance` is proven dead, or a view is without it.
    pub fn end(&mut self, instance: Instance, ctx: &mut Ctx<'_>) {
        let remote = self.remotes.entry(instance.node).or_default();
        if remote.lives.end(instance.incarnation).is_some() {
            self.end_pair(instance, ctx);
        }
        ctx.tell(Event::Down(self.me, instance));
    }

    fn end_pair(&mut self, instance: Instance, ctx: &mut Ctx<'_>) {
        let Some(remote) = self.remotes.get_mut(&instance.node) else {
            return;
        };
        let lines = [remote.control.up, remote.bulk.up];
        let pair = remote.pair.take();
        for id in lines.into_iter().flatten() {
            self.drop_conn(id, ctx);
        }
        if let Some(pair) = pair {
            self.end_calls(pair, ctx);
        }
    }

    /// Installs the next view.
    pub fn install(&mut self, view: View, ctx: &mut Ctx<'_>) {
        let before = std::mem::replace(&mut self.view, view);
        ctx.tell(Event::Installed(self.me, self.view.epoch));
        for node in before.members() {
            if let Some(instance) = before.member(node).filter(|member| !self.view.has(*member)) {
                self.end(instance, ctx);
            }
        }
        for peer in self.remotes.keys().copied().collect::<Vec<_>>() {
            self.view_at_server(peer, ctx);
            self.view_at_client(peer, ctx);
        }
    }
}

impl Remote {
    fn line(&mut self, channel: Channel) -> &mut Line {
        match channel {
            Channel::Control => &mut self.control,
            Channel::Bulk => &mut self.bulk,
        }
    }

    fn wants_bulk(&self) -> bool {
        let pair = self.pair.as_ref();
        pair.is_some_and(Pair::wants_bulk)
    }
}

impl Conn {
    fn new(side: Side, stage: Stage) -> Self {
        Self {
            side,
            input: Vec::new(),
            output: Vec::new(),
            stage,
        }
    }

    fn write(&mut self, id: ConnId, ctx: &mut Ctx<'_>) {
        let taken = ctx
            .net
            .write(id, self.side, &self.output, ctx.rng, ctx.queue);
        self.output.drain(..taken);
    }
}

impl Link {
    /// The next frame to put on the connection.
    fn next_frame(&mut self, pair: &mut Pair, now: Instant) -> Option<(Header, Vec<u8>)> {
        match &mut self.carries {
            Carries::Control { has_begun } => pair.next_control_frame(has_begun, now),
            Carries::Bulk(bulk) => pair.next_bulk_frame(bulk),
        }
    }

    fn seal(&mut self, header: &Header, payload: &[u8]) -> Vec<u8> {
        let nonce = self.tx.next_nonce().unwrap_or_default();
        let mut frame = header.encode().to_vec();
        frame.extend_from_slice(payload);
        let tag = super::hash::tag(&self.tx_key, nonce, &frame);
        frame.extend_from_slice(&tag[..self.mode.tag_bytes()]);
        frame
    }

    /// Takes a whole frame off `input`, if there is one.
    fn open(&mut self, input: &mut Vec<u8>) -> Result<Option<(Header, Vec<u8>)>, String> {
        let Some(head) = input.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let header = Header::parse(head).map_err(|why| why.to_string())?;
        let sealed = HEADER_BYTES + header.length as usize;
        let whole = sealed + self.mode.tag_bytes();
        if input.len() < whole {
            return Ok(None);
        }
        let frame: Vec<u8> = input.drain(..whole).collect();
        let nonce = self.rx.next_nonce().unwrap_or_default();
        let tag = super::hash::tag(&self.rx_key, nonce, &frame[..sealed]);
        if frame[sealed..] != tag[..self.mode.tag_bytes()] {
            return Err("a frame that does not verify".into());
        }
        Ok(Some((header, frame[HEADER_BYTES..sealed].to_vec())))
    }
}

fn nonce(rng: &mut Rng) -> [u8; 32] {
    let mut nonce = [0; 32];
    for part in nonce.chunks_exact_mut(8) {
        part.copy_from_slice(&rng.any().to_le_bytes());
    }
    nonce
}
