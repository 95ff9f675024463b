// SPDX-License-Identifier: GPL-2.0

//! Scene of an attack.

use std::net::{
    Ipv4Addr,
    SocketAddrV4, //
};
use std::time::{
    Duration,
    Instant, //
};

use anyhow::{
    Context,
    Result, //
};
use ssi_core::address::NodeAddress;
use ssi_core::ics::{
    frame::{
        Header,
        HEADER_BYTES,
        PORT, //
    },
    hello::{
        Channel,
        Hello,
        Message,
        Received, //
    },
};
use ssi_core::ids::NodeId;

use crate::answer::Answer;
use crate::line::{
    self,
    Line,
    ANSWER_TIME_MAX, //
};
use crate::random::Random;
use crate::raw::Sender;
use crate::report::Report;
use crate::segment::Packet;
use crate::wiretap::{
    self,
    Recording, //
};

/// How long a link is listened to after it was broken: two heartbeats and more.
const RECORDING_TIME: Duration = Duration::from_millis(1500);

/// How long the victim may take to greet an honest newcomer.
const GREETING_TIME_MAX: Duration = Duration::from_secs(2);

/// All an attack has to hand.
#[derive(Debug)]
pub(crate) struct Scene {
    /// Whom to attack.
    pub(crate) victim: SocketAddrV4,
    /// Chance.
    pub(crate) random: Random,
    /// The Hello of this node's kernel on its connection to the victim.
    pub(crate) hello: Hello,
    /// The victim's.
    pub(crate) victims_hello: Hello,
    /// What they said on it.
    pub(crate) recording: Recording,
    /// The way around the system's own TCP; not in a unit test.
    pub(crate) sender: Option<Sender>,
}

/// Whether the attacker closes its side once it has said everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It waits.
    Wait,
    /// It says that nothing more comes.
    End,
}

impl Scene {
    /// Looks around: breaks this node's link to `victim` and records the next.
    ///
    /// # Errors
    ///
    /// There is no link, it does not come back, or this is not root.
    pub(crate) fn survey(victim: NodeId, seed: u64) -> Result<Self> {
        let address = Ipv4Addr::from(NodeAddress::of(victim).octets());
        let victim = SocketAddrV4::new(address, PORT);
        let sender = Sender::open()?;
        let recording = wiretap::record(&sender, victim, RECORDING_TIME)?;
        Ok(Self {
            victim,
            random: Random::new(seed),
            hello: first_hello(&recording.ours).context("this node said no hello")?,
            victims_hello: first_hello(&recording.theirs).context("the victim said no hello")?,
            recording,
            sender: Some(sender),
        })
    }

    /// A Hello as this node's kernel would say it now.
    pub(crate) fn fresh_hello(&mut self) -> Hello {
        Hello {
            nonce: self.random.array(),
            channel: Channel::Control,
            ..self.hello
        }
    }

    /// The same as a frame.
    pub(crate) fn fresh_message(&mut self) -> Vec<u8> {
        Message::hello(&self.fresh_hello()).as_bytes().to_vec()
    }

    /// A connection to the victim, which counts in `report`, also when there is none.
    pub(crate) fn open(&self, report: &mut Report) -> Option<Line> {
        report.connections += 1;
        let line = Line::open(self.victim, None);
        if line.is_err() {
            report.tally.add(Answer::Unreachable);
        }
        line.ok()
    }

    /// The way around the system's own TCP.
    ///
    /// # Errors
    ///
    /// There is none here.
    pub(crate) fn sender(&self) -> Result<&Sender> {
        self.sender
            .as_ref()
            .context("there are no raw packets here")
    }

    /// Sends a packet around the system's own TCP.
    ///
    /// # Errors
    ///
    /// There is no way around it, or it ends here.
    pub(crate) fn send(&self, report: &mut Report, packet: &Packet) -> Result<()> {
        self.sender()?.send(packet)?;
        report.packets += 1;
        Ok(())
    }

    /// Opens a connection for each message, says it, and then hears all answers:
    /// together they take no longer than one.
    pub(crate) fn volley(
        &mut self,
        report: &mut Report,
        messages: impl IntoIterator<Item = Vec<u8>>,
        manner: Manner,
    ) {
        let mut lines = Vec::new();
        for message in messages {
            let Some(mut line) = self.open(report) else {
                continue;
            };
            line.say(report, &message);
            if manner == Manner::End {
                line.end();
            }
            lines.push(line);
        }
        line::hear_all(lines, ANSWER_TIME_MAX, report);
    }

    /// Says a Hello on a connection of its own and gets the victim's.
    pub(crate) fn greet(&self, report: &mut Report, hello: &Hello) -> Option<(Line, Hello)> {
        let mut line = self.open(report)?;
        line.say(report, Message::hello(hello).as_bytes());
        match line.hello() {
            Ok(theirs) => Some((line, theirs)),
            Err(answer) => {
                report.tally.add(answer);
                None
            }
        }
    }

    /// Says a good Hello and then a proof that is none.
    pub(crate) fn prove_falsely(&mut self, report: &mut Report, hello: &Hello) {
        if let Some((mut line, _)) = self.greet(report, hello) {
            line.prove(report, &self.random.array());
        }
    }

    /// Claims that the victim still greets an honest newcomer.
    pub(crate) fn claim_open(&mut self, report: &mut Report) {
        let hello = self.fresh_hello();
        let began = Instant::now();
        let mut aside = Report::new();
        if self.greet(&mut aside, &hello).is_none() {
            report.fault(format!("then it did not greet a newcomer: {}", aside.tally));
        } else if began.elapsed() > GREETING_TIME_MAX {
            let millis = began.elapsed().as_millis();
            report.fault(format!("then it took {millis} ms to greet a newcomer"));
        }
    }
}

/// The Hello a stream of bytes begins with.
pub(crate) fn first_hello(bytes: &[u8]) -> Option<Hello> {
    let header = Header::parse(bytes.first_chunk()?).ok()?;
    let end = HEADER_BYTES + usize::try_from(header.length).ok()?;
    let payload = bytes.get(HEADER_BYTES..end)?;
    match Received::parse(&header, payload).ok()? {
        Received::Hello(hello) => Some(hello),
        Received::Proof(_) | Received::Refuse(_) => None,
    }
}
