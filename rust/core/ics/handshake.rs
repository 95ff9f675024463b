// SPDX-License-Identifier: GPL-2.0

//! Handshake of two nodes.
//!
//! Before any other frame both sides prove that they have the cluster's key.
//! The listener proves second, so whoever only connects gets no proof at all.
//!
//! ```text
//!     dialler                                listener
//!        |  Hello ------------------------------> |  checks what it claims
//!        |  <------------------------------ Hello |
//!        |  checks what it claims                 |
//!        |  Proof ------------------------------> |  checks; has proved itself
//!        |  <------------------------------ Proof |  Established
//!        |  checks; Established                   |
//! ```
//!
//! At each point either side may send Refuse and close. As long as the peer has
//! not proved itself, its Refuse is a hint for the log and no more.
//!
//! The proofs are HMAC-SHA256 under the cluster's key over a label of the role
//! and both Hello frames, dialler's first. The labels differ, so that a proof
//! sent back to its maker does not verify; both nonces are in, so that it is of
//! no use on another connection. The keys of the two directions are made the
//! same way under labels of their own.

use core::{
    fmt,
    mem, //
};

use crate::ids::{
    ClusterName,
    Instance,
    NodeId, //
};

use super::{
    frame::{
        Header,
        HeaderError,
        HEADER_BYTES, //
    },
    seal::{
        is_equal,
        Key,
        Mode, //
    },
};

pub use super::hello::{
    Channel,
    Hello,
    Host,
    Message,
    Peer,
    Reason,
    Received,
    BUILD_BYTES,
    HELLO_BYTES,
    MESSAGE_BYTES_MAX,
    NONCE_BYTES,
    PROOF_BYTES, //
};

/// HMAC-SHA256, from whoever has it.
pub trait Hmac {
    /// The code of `parts`, one behind the other, under `key`.
    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32];
}

/// Who may come in, as far as it depends on more than this connection.
pub trait Admission {
    /// Whether `peer` may have a connection for `channel` now. Asked when it says
    /// who it is and once more when it has proved it.
    ///
    /// # Errors
    ///
    /// The reason why not.
    fn admit(&self, peer: Peer, channel: Channel) -> Result<(), Reason>;
}

/// What this node says of itself in each Hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// This node.
    pub peer: Peer,
    /// Its cluster.
    pub cluster: ClusterName,
    /// What its kernel was built from.
    pub build: [u8; BUILD_BYTES],
    /// Its host.
    pub host: Host,
    /// The mode it asks for.
    pub mode: Mode,
    /// The cluster's key.
    pub key: Key,
}

impl Local {
    fn hello(&self, channel: Channel, nonce: [u8; NONCE_BYTES]) -> Hello {
        Hello {
            channel,
            mode: self.mode,
            peer: self.peer,
            host: self.host,
            cluster: self.cluster,
            nonce,
            build: self.build,
        }
    }

    /// Whether `hello` can come from a node of this cluster.
    fn check(&self, hello: &Hello, expected: NodeId) -> Result<(), Reason> {
        let claimed = hello.peer.instance.node;
        let faults = [
            (hello.cluster != self.cluster, Reason::ForeignCluster),
            (claimed == self.peer.instance.node, Reason::DuplicateNode),
            (claimed != expected, Reason::Address),
            (hello.build != self.build, Reason::OtherBuild),
            (hello.host != self.host, Reason::OtherHost),
        ];
        let fault = faults.into_iter().find(|(is_fault, _)| *is_fault);
        fault.map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// A connection whose peer has proved itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Established {
    /// The peer.
    pub peer: Peer,
    /// What the connection is for.
    pub channel: Channel,
    /// The stricter of the modes both asked for.
    pub mode: Mode,
    /// Key of the frames to the peer.
    pub tx_key: Key,
    /// Key of the frames from the peer.
    pub rx_key: Key,
}

/// A connection that does not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Who refuses.
    pub by: Party,
    /// Who the peer claims to be, if it said so. Not proved.
    pub claimed: Option<Instance>,
}

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// This node.
    Us,
    /// The peer, as it says: not proved.
    Peer,
}

/// For the log: `refused: ...` or `the peer refuses us: ...`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.claimed {
            Some(instance) => write!(f, "node {instance} ")?,
            None => f.write_str("a stranger ")?,
        }
        match self.by {
            Party::Us => write!(f, "is refused: {}", self.reason),
            Party::Peer => write!(
                f,
                "refuses this node: {} ({})",
                self.reason.name(),
                self.reason
            ),
        }
    }
}

/// What to do after a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this and wait for the next frame.
    Send(Message),
    /// Send this, if there is something, and the connection is good.
    Established(Option<Message>, Established),
    /// Send this, if there is something, and close the connection.
    Refused(Option<Message>, Refusal),
}

/// The handshake of one connection, on either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    expected: NodeId,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// We dialled and said hello.
    DiallerAwaitsHello(Hello),
    /// We proved ourselves.
    DiallerAwaitsProof(Both),
    /// A peer connected.
    ListenerAwaitsHello([u8; NONCE_BYTES]),
    /// It said hello, and so did we.
    ListenerAwaitsProof(Both),
    /// It came to an end, either way.
    Ended,
}

/// Both sides' Hello: dialler's first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Both {
    dialler: Hello,
    listener: Hello,
}

impl Handshake {
    /// Of a connection we made to `expected`. Send the message first.
    ///
    /// `nonce` is drawn by chance and used for nothing else.
    pub fn dial(
        local: &Local,
        channel: Channel,
        expected: NodeId,
        nonce: [u8; NONCE_BYTES],
    ) -> (Self, Message) {
        let hello = local.hello(channel, nonce);
        let state = State::DiallerAwaitsHello(hello);
        (Self { expected, state }, Message::hello(&hello))
    }

    /// Of a connection that came from the address of `expected`.
    pub const fn listen(expected: NodeId, nonce: [u8; NONCE_BYTES]) -> Self {
        let state = State::ListenerAwaitsHello(nonce);
        Self { expected, state }
    }

    /// Takes a header and the payload it announces, at most
    /// [`HANDSHAKE_PAYLOAD_BYTES_MAX`](super::frame::HANDSHAKE_PAYLOAD_BYTES_MAX)
    /// bytes; to be read no further when the header is longer.
    pub fn step(
        &mut self,
        local: &Local,
        frame: &[u8],
        hmac: &impl Hmac,
        admission: &impl Admission,
    ) -> Step {
        let claimed = self.claimed();
        match read(frame) {
            Ok(received) => self.take(local, received, hmac, admission),
            Err(reason) => self.refuse(reason, claimed),
        }
    }

    /// Who the peer claims to be, if it said so.
    pub fn claimed(&self) -> Option<Instance> {
        match &self.state {
            State::DiallerAwaitsProof(both) => Some(both.listener.peer.instance),
            State::ListenerAwaitsProof(both) => Some(both.dialler.peer.instance),
            State::DiallerAwaitsHello(_) | State::ListenerAwaitsHello(_) | State::Ended => None,
        }
    }

    /// Gives the connection up before it is established.
    pub fn refuse(&mut self, reason: Reason, claimed: Option<Instance>) -> Step {
        self.state = State::Ended;
        let refusal = Refusal {
            reason,
            by: Party::Us,
            claimed,
        };
        Step::Refused(Some(Message::refuse(reason)), refusal)
    }

    fn take(
        &mut self,
        local: &Local,
        received: Received,
        hmac: &impl Hmac,
        admission: &impl Admission,
    ) -> Step {
        let claimed = self.claimed();
        let state = mem::replace(&mut self.state, State::Ended);
        match (state, received) {
            (State::Ended, _) => self.refuse(Reason::Malformed, claimed),
            (_, Received::Refuse(reason)) => Step::Refused(
                None,
                Refusal {
                    reason,
                    by: Party::Peer,
                    claimed,
                },
            ),
            (State::DiallerAwaitsHello(ours), Received::Hello(theirs)) => {
                self.answer_hello(local, &ours, &theirs, hmac, admission)
            }
            (State::ListenerAwaitsHello(nonce), Received::Hello(theirs)) => {
                self.greet(local, nonce, &theirs, admission)
            }
            (State::DiallerAwaitsProof(both), Received::Proof(proof)) => {
                match both.verify(local, &both.listener, LISTENER, &proof, hmac, admission) {
                    Ok(()) => Step::Established(None, both.as_dialler(local, hmac)),
                    Err(reason) => self.refuse(reason, claimed),
                }
            }
            (State::ListenerAwaitsProof(both), Received::Proof(proof)) => {
                match both.verify(local, &both.dialler, DIALLER, &proof, hmac, admission) {
                    Ok(()) => {
                        let ours = Message::proof(&both.mac(local, LISTENER, hmac));
                        Step::Established(Some(ours), both.as_listener(local, hmac))
                    }
                    Err(reason) => self.refuse(reason, claimed),
                }
            }
            (State::DiallerAwaitsHello(_) | State::ListenerAwaitsHello(_), Received::Proof(_))
            | (State::DiallerAwaitsProof(_), Received::Hello(_))
            | (State::ListenerAwaitsProof(_), Received::Hello(_)) => {
                self.refuse(Reason::Malformed, claimed)
            }
        }
    }

    /// The dialler's second message.
    fn answer_hello(
        &mut self,
        local: &Local,
        ours: &Hello,
        theirs: &Hello,
        hmac: &impl Hmac,
        admission: &impl Admission,
    ) -> Step {
        let mut fits = self.check(local, ours.nonce, theirs, admission);
        if theirs.channel != ours.channel {
            fits = fits.and(Err(Reason::Malformed));
        }
        if let Err(reason) = fits {
            return self.refuse(reason, Some(theirs.peer.instance));
        }
        let both = Both {
            dialler: *ours,
            listener: *theirs,
        };
        let proof = Message::proof(&both.mac(local, DIALLER, hmac));
        self.state = State::DiallerAwaitsProof(both);
        Step::Send(proof)
    }

    /// The listener's first message.
    fn greet(
        &mut self,
        local: &Local,
        nonce: [u8; NONCE_BYTES],
        theirs: &Hello,
        admission: &impl Admission,
    ) -> Step {
        if let Err(reason) = self.check(local, nonce, theirs, admission) {
            return self.refuse(reason, Some(theirs.peer.instance));
        }
        let ours = local.hello(theirs.channel, nonce);
        self.state = State::ListenerAwaitsProof(Both {
            dialler: *theirs,
            listener: ours,
        });
        Step::Send(Message::hello(&ours))
    }

    fn check(
        &self,
        local: &Local,
        nonce: [u8; NONCE_BYTES],
        theirs: &Hello,
        admission: &impl Admission,
    ) -> Result<(), Reason> {
        local.check(theirs, self.expected)?;
        // Our own nonce comes back from a mirror only.
        if theirs.nonce == nonce {
            return Err(Reason::Malformed);
        }
        admission.admit(theirs.peer, theirs.channel)
    }
}

/// Labels. All have one length, so that none is the beginning of another.
const DIALLER: &[u8; 24] = b"ssi ics 1 proof dialler ";
const LISTENER: &[u8; 24] = b"ssi ics 1 proof listener";
const TO_LISTENER: &[u8; 24] = b"ssi ics 1 key forward   ";
const TO_DIALLER: &[u8; 24] = b"ssi ics 1 key backward  ";

impl Both {
    fn mac(&self, local: &Local, label: &[u8; 24], hmac: &impl Hmac) -> [u8; 32] {
        let (dialler, listener) = (
            Message::hello(&self.dialler),
            Message::hello(&self.listener),
        );
        let parts = [&label[..], dialler.as_bytes(), listener.as_bytes()];
        hmac.hmac_sha256(&local.key.0, &parts)
    }

    fn verify(
        &self,
        local: &Local,
        theirs: &Hello,
        label: &[u8; 24],
        proof: &[u8; PROOF_BYTES],
        hmac: &impl Hmac,
        admission: &impl Admission,
    ) -> Result<(), Reason> {
        if !is_equal(&self.mac(local, label, hmac), proof) {
            return Err(Reason::WrongKey);
        }
        // Much may have happened since its Hello.
        admission.admit(theirs.peer, theirs.channel)
    }

    fn as_dialler(&self, local: &Local, hmac: &impl Hmac) -> Established {
        self.established(
            self.listener.peer,
            Key(self.mac(local, TO_LISTENER, hmac)),
            Key(self.mac(local, TO_DIALLER, hmac)),
        )
    }

    fn as_listener(&self, local: &Local, hmac: &impl Hmac) -> Established {
        self.established(
            self.dialler.peer,
            Key(self.mac(local, TO_DIALLER, hmac)),
            Key(self.mac(local, TO_LISTENER, hmac)),
        )
    }

    fn established(&self, peer: Peer, tx_key: Key, rx_key: Key) -> Established {
        Established {
            peer,
            channel: self.dialler.channel,
            mode: self.dialler.mode.max(self.listener.mode),
            tx_key,
            rx_key,
        }
    }
}

/// Takes a frame apart, as far as anybody may send it.
fn read(frame: &[u8]) -> Result<Received, Reason> {
    let (header, payload) = frame
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or(Reason::Malformed)?;
    let header = Header::parse(header).map_err(|error| match error {
        HeaderError::Version(_) => Reason::Protocol,
        HeaderError::Magic
        | HeaderError::Kind(_)
        | HeaderError::Length(..)
        | HeaderError::Field => Reason::Malformed,
    })?;
    let bare = Header {
        length: header.length,
        ..Header::of(header.kind)
    };
    // The transcript is made of the fields of the payload: nothing else counts.
    if header != bare || usize::try_from(header.length) != Ok(payload.len()) {
        return Err(Reason::Malformed);
    }
    Received::parse(&header, payload)
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::toy::Toy,
        *, //
    };
    use crate::ids::Incarnation;

    struct Open;

    impl Admission for Open {
        fn admit(&self, _: Peer, _: Channel) -> Result<(), Reason> {
            Ok(())
        }
    }

    struct Closed(Reason);

    impl Admission for Closed {
        fn admit(&self, _: Peer, _: Channel) -> Result<(), Reason> {
            Err(self.0)
        }
    }

    fn node(number: u8) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn local(number: u8) -> Local {
        let instance = Instance::new(node(number), Incarnation(u64::from(number) + 100));
        Local {
            peer: Peer {
                instance,
                boot: u64::from(number),
            },
            cluster: ClusterName::parse(b"lab").unwrap(),
            build: [3; 32],
            host: Host {
                fp_bytes: 2696,
                features: 1,
            },
            mode: Mode::Mac,
            key: Key([9; 32]),
        }
    }

    /// Node 2 dials node 1.
    struct Pair {
        dialler: (Local, Handshake),
        listener: (Local, Handshake),
        hello: Message,
    }

    impl Pair {
        fn new(dialler: Local, listener: Local) -> Self {
            let (dial, hello) = Handshake::dial(&dialler, Channel::Control, node(1), [1; 32]);
            let listen = Handshake::listen(node(2), [2; 32]);
            Self {
                dialler: (dialler, dial),
                listener: (listener, listen),
                hello,
            }
        }

        fn dialler(&mut self, message: &Message) -> Step {
            let (local, handshake) = &mut self.dialler;
            handshake.step(local, message.as_bytes(), &Toy, &Open)
        }

        fn listener(&mut self, message: &Message) -> Step {
            let (local, handshake) = &mut self.listener;
            handshake.step(local, message.as_bytes(), &Toy, &Open)
        }
    }

    fn message(step: Step) -> Message {
        match step {
            Step::Send(message) => message,
            other => panic!("{other:?}"),
        }
    }

    fn reason(step: Step) -> (Reason, Party) {
        match step {
            Step::Refused(_, refusal) => (refusal.reason, refusal.by),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn two_nodes_of_a_cluster_find_the_same_keys() {
        let mut pair = Pair::new(local(2), local(1));
        let hello = pair.hello;
        let hello = message(pair.listener(&hello));
        let proof = message(pair.dialler(&hello));
        let Step::Established(Some(proof), listener) = pair.listener(&proof) else {
            panic!("the listener did not establish");
        };
        let Step::Established(None, dialler) = pair.dialler(&proof) else {
            panic!("the dialler did not establish");
        };
        assert_eq!(dialler.peer, local(1).peer);
        assert_eq!(listener.peer, local(2).peer);
        assert_eq!(dialler.tx_key, listener.rx_key);
        assert_eq!(dialler.rx_key, listener.tx_key);
        assert_ne!(dialler.tx_key, dialler.rx_key);
        assert_eq!((dialler.mode, listener.mode), (Mode::Mac, Mode::Mac));
        // A frame more is none of a handshake.
        assert_eq!(reason(pair.dialler(&proof)).0, Reason::Malformed);
    }

    #[test]
    fn the_stricter_mode_holds() {
        let strict = Local {
            mode: Mode::Aead,
            ..local(1)
        };
        let mut pair = Pair::new(local(2), strict);
        let hello = pair.hello;
        let hello = message(pair.listener(&hello));
        let proof = message(pair.dialler(&hello));
        let Step::Established(_, listener) = pair.listener(&proof) else {
            panic!("not established");
        };
        assert_eq!(listener.mode, Mode::Aead);
    }

    #[test]
    fn a_wrong_key_is_found_by_the_listener_first() {
        let wrong = Local {
            key: Key([8; 32]),
            ..local(2)
        };
        let mut pair = Pair::new(wrong, local(1));
        let hello = pair.hello;
        let hello = message(pair.listener(&hello));
        let proof = message(pair.dialler(&hello));
        assert_eq!(reason(pair.listener(&proof)), (Reason::WrongKey, Party::Us));
        let told = Message::refuse(Reason::WrongKey);
        assert_eq!(reason(pair.dialler(&told)), (Reason::WrongKey, Party::Peer));
    }

    #[test]
    fn what_does_not_fit_is_refused_at_the_hello() {
        let strangers = [
            (
                Local {
                    cluster: ClusterName::parse(b"other").unwrap(),
                    ..local(2)
                },
                Reason::ForeignCluster,
            ),
            (
                Local {
                    build: [4; 32],
                    ..local(2)
                },
                Reason::OtherBuild,
            ),
            (
                Local {
                    host: Host {
                        fp_bytes: 2696,
                        features: 2,
                    },
                    ..local(2)
                },
                Reason::OtherHost,
            ),
            (local(1), Reason::DuplicateNode),
            (local(3), Reason::Address),
        ];
        for (stranger, expected) in strangers {
            let mut pair = Pair::new(stranger, local(1));
            let hello = pair.hello;
            assert_eq!(reason(pair.listener(&hello)), (expected, Party::Us));
        }
    }

    #[test]
    fn who_is_not_admitted_is_refused_before_and_after_the_proof() {
        let mut pair = Pair::new(local(2), local(1));
        let hello = pair.hello;
        let step = { pair.listener.1.clone() }.step(
            &local(1),
            hello.as_bytes(),
            &Toy,
            &Closed(Reason::NotInRoster),
        );
        assert_eq!(reason(step).0, Reason::NotInRoster);
        let hello = message(pair.listener(&hello));
        let proof = message(pair.dialler(&hello));
        let died = Closed(Reason::OldIncarnation);
        let step = pair
            .listener
            .1
            .step(&local(1), proof.as_bytes(), &Toy, &died);
        assert_eq!(reason(step).0, Reason::OldIncarnation);
    }

    #[test]
    fn a_mirror_proves_nothing() {
        // It sends back what it gets, as node 1.
        let mut pair = Pair::new(local(2), local(1));
        let hello = pair.hello;
        assert_eq!(reason(pair.dialler(&hello)).0, Reason::DuplicateNode);
        // It claims to be node 1 and returns the proof.
        let mut pair = Pair::new(local(2), local(1));
        let hello = pair.hello;
        let hello = message(pair.listener(&hello));
        let proof = message(pair.dialler(&hello));
        assert_eq!(reason(pair.dialler(&proof)).0, Reason::WrongKey);
        // The listener's own nonce comes back.
        let mut pair = Pair::new(local(2), local(1));
        pair.listener.1 = Handshake::listen(node(2), [1; 32]);
        let hello = pair.hello;
        assert_eq!(reason(pair.listener(&hello)).0, Reason::Malformed);
    }

    #[test]
    fn a_proof_of_another_connection_does_not_verify() {
        let mut first = Pair::new(local(2), local(1));
        let hello = first.hello;
        let hello = message(first.listener(&hello));
        let proof = message(first.dialler(&hello));
        let mut second = Pair::new(local(2), local(1));
        second.listener.1 = Handshake::listen(node(2), [5; 32]);
        let hello = second.hello;
        message(second.listener(&hello));
        assert_eq!(reason(second.listener(&proof)).0, Reason::WrongKey);
    }

    #[test]
    fn every_bit_of_a_hello_is_proved() {
        // A hand on the wire changes one bit of the dialler's Hello.
        for bit in 0..HELLO_BYTES * 8 {
            let mut pair = Pair::new(local(2), local(1));
            let mut frame = pair.hello.as_bytes().to_vec();
            frame[HEADER_BYTES + bit / 8] ^= 1 << (bit % 8);
            let (listener, handshake) = &mut pair.listener;
            let Step::Send(hello) = handshake.step(listener, &frame, &Toy, &Open) else {
                continue;
            };
            match pair.dialler(&hello) {
                Step::Send(proof) => {
                    assert_eq!(reason(pair.listener(&proof)).0, Reason::WrongKey, "{bit}");
                }
                other => assert_eq!(reason(other).0, Reason::Malformed, "{bit}"),
            }
        }
    }

    #[test]
    fn frames_out_of_turn_are_refused() {
        let mut pair = Pair::new(local(2), local(1));
        let proof = Message::proof(&[0; 32]);
        assert_eq!(reason(pair.listener(&proof)).0, Reason::Malformed);
        let mut pair = Pair::new(local(2), local(1));
        assert_eq!(reason(pair.dialler(&proof)).0, Reason::Malformed);
        let mut pair = Pair::new(local(2), local(1));
        let hello = pair.hello;
        message(pair.listener(&hello));
        assert_eq!(reason(pair.listener(&hello)).0, Reason::Malformed);
    }

    #[test]
    fn another_protocol_is_named() {
        let mut pair = Pair::new(local(2), local(1));
        let mut frame = pair.hello.as_bytes().to_vec();
        frame[4] = 9;
        let (listener, handshake) = &mut pair.listener;
        let step = handshake.step(listener, &frame, &Toy, &Open);
        assert_eq!(reason(step).0, Reason::Protocol);
    }

    #[test]
    fn a_refusal_has_words() {
        let refusal = Refusal {
            reason: Reason::WrongKey,
            by: Party::Us,
            claimed: Some(local(2).peer.instance),
        };
        let text = "node 2.102 is refused: it does not have the key of this cluster";
        assert_eq!(refusal.to_string(), text);
    }
}
