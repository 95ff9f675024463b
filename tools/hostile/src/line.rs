// SPDX-License-Identifier: GPL-2.0

//! Connection to a victim.
//!
//! Says bytes as they are, and reads the victim's frames, with an end to every
//! wait.

use std::io::{
    self,
    ErrorKind,
    Read,
    Write, //
};
use std::net::{
    Ipv4Addr,
    Shutdown,
    SocketAddrV4,
    TcpStream, //
};
use std::time::{
    Duration,
    Instant, //
};

use socket2::{
    Domain,
    Socket,
    Type, //
};
use ssi_core::ics::{
    frame::{
        Header,
        HEADER_BYTES, //
    },
    hello::{
        Hello,
        Message,
        Reason,
        Received,
        PROOF_BYTES, //
    },
};

use crate::answer::Answer;
use crate::report::Report;

/// Longest wait for a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);

/// Longest wait for one answer: longer than a victim may keep a connection that
/// has proved nothing.
pub(crate) const ANSWER_TIME_MAX: Duration = Duration::from_millis(3500);

/// A connection.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    heard: Vec<u8>,
}

/// What a victim said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Hello(Hello),
    Other(Answer),
}

impl Line {
    /// Connects to `to`, from the address `from` if it is one of ours.
    pub(crate) fn open(to: SocketAddrV4, from: Option<Ipv4Addr>) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if let Some(from) = from {
            socket.bind(&SocketAddrV4::new(from, 0).into())?;
        }
        socket.connect_timeout(&to.into(), CONNECT_TIME_MAX)?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            heard: Vec::new(),
        })
    }

    /// Says `bytes` and counts them; a victim that does not want them is heard later.
    pub(crate) fn say(&mut self, report: &mut Report, bytes: &[u8]) {
        if self.stream.write_all(bytes).is_ok() {
            report.bytes += bytes.len() as u64;
        }
    }

    /// Says that nothing more comes.
    pub(crate) fn end(&self) {
        // It may be closed already.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Closes it with a reset instead of a farewell.
    pub(crate) fn tear(self) {
        let socket = Socket::from(self.stream);
        let _ = socket.set_linger(Some(Duration::ZERO));
    }

    /// The victim's Hello, or what it said instead.
    pub(crate) fn hello(&mut self) -> Result<Hello, Answer> {
        match self.word(Instant::now() + ANSWER_TIME_MAX) {
            Word::Hello(hello) => Ok(hello),
            Word::Other(answer) => Err(answer),
        }
    }

    /// How the victim ends it, until `deadline`; its Hello counts as nothing.
    fn answer(&mut self, deadline: Instant) -> Answer {
        loop {
            if let Word::Other(answer) = self.word(deadline) {
                return answer;
            }
        }
    }

    /// How the victim ends it, if it does so in time.
    pub(crate) fn last_answer(&mut self) -> Answer {
        self.answer(Instant::now() + ANSWER_TIME_MAX)
    }

    /// Says `proof` and counts how the victim ends it.
    pub(crate) fn prove(&mut self, report: &mut Report, proof: &[u8; PROOF_BYTES]) {
        self.say(report, Message::proof(proof).as_bytes());
        report.tally.add(self.last_answer());
    }

    fn word(&mut self, deadline: Instant) -> Word {
        loop {
            if let Some(word) = self.take_frame() {
                return word;
            }
            match self.read(deadline) {
                Ok(0) => return Word::Other(Answer::Closed),
                Ok(_) => {}
                Err(error) => {
                    return Word::Other(match error.kind() {
                        ErrorKind::WouldBlock | ErrorKind::TimedOut => Answer::Silent,
                        _ => Answer::Reset,
                    })
                }
            }
        }
    }

    fn read(&mut self, deadline: Instant) -> io::Result<usize> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        // The system counts in milliseconds, and none is "for ever".
        let left = left.max(Duration::from_millis(1));
        self.stream.set_read_timeout(Some(left))?;
        let mut bytes = [0; 4096];
        let count = self.stream.read(&mut bytes)?;
        self.heard.extend(&bytes[..count]);
        Ok(count)
    }

    fn take_frame(&mut self) -> Option<Word> {
        let head = self.heard.first_chunk::<HEADER_BYTES>()?;
        let Ok(header) = Header::parse(head) else {
            return Some(Word::Other(Answer::Nonsense));
        };
        let end = HEADER_BYTES + usize::try_from(header.length).unwrap_or(usize::MAX);
        let payload = self.heard.get(HEADER_BYTES..end)?;
        let word = match Received::parse(&header, payload) {
            Ok(Received::Hello(hello)) => Word::Hello(hello),
            Ok(Received::Refuse(reason)) => Word::Other(Answer::Refused(reason)),
            Ok(Received::Proof(_)) => Word::Other(Answer::Taken(header.kind)),
            Err(Reason::Malformed) => Word::Other(Answer::Taken(header.kind)),
            Err(_) => Word::Other(Answer::Nonsense),
        };
        self.heard.drain(..end);
        Some(word)
    }
}

/// Counts how the victim ends each of `lines`: together they take no longer than
/// `patience`.
pub(crate) fn hear_all(lines: Vec<Line>, patience: Duration, report: &mut Report) {
    let deadline = Instant::now() + patience;
    for mut line in lines {
        report.tally.add(line.answer(deadline));
    }
}
