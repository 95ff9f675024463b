// SPDX-License-Identifier: GPL-2.0

//! `ssi console`.
//!
//! Joins our terminal to a node's. Every key goes to the node, except the one
//! that leaves.

use std::{
    io::{
        self,
        IsTerminal,
        Read,
        Write, //
    },
    os::{
        fd::{
            AsFd,
            BorrowedFd, //
        },
        unix::net::UnixStream,
    },
};

use anyhow::{
    Context,
    Result, //
};
use rustix::{
    event::{
        poll,
        PollFd,
        PollFlags, //
    },
    io::Errno,
    net::{
        send,
        SendFlags, //
    },
};
use signal_hook::{
    consts::SIGWINCH,
    low_level::pipe, //
};
use ssi_core::ids::{
    ClusterName,
    NodeId, //
};

use crate::{
    call::Call,
    limits::KEYS_BYTES_MAX,
    protocol::Request,
    terminal::{
        self,
        RawInput, //
    },
};

/// Ctrl-], as in telnet: the key that leaves.
const LEAVE: u8 = 0x1d;

/// Where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// There is more to come.
    GoOn,
    /// The user leaves, or the node is gone.
    Leave,
}

/// Who types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typist {
    /// Somebody at a terminal, whose keys are always read: one of them leaves.
    User,
    /// A file or a program, which waits for a console that does not read.
    Program,
    /// Nobody any more.
    Nobody,
}

/// A terminal joined to a console.
struct Session<'a> {
    cluster: ClusterName,
    node: NodeId,
    stream: &'a UnixStream,
    input: BorrowedFd<'a>,
    typist: Typist,
    /// Keys on their way to the console.
    keys: Vec<u8>,
}

/// What has news.
#[derive(Clone, Copy, Debug)]
struct News {
    typed: bool,
    printed: bool,
    changed: bool,
}

/// Joins our terminal to the console of `node` until one of them leaves.
///
/// # Errors
///
/// The node has no console now.
pub(crate) fn run(cluster: ClusterName, node: NodeId) -> Result<()> {
    let stream = Call::to(cluster)?.into_stream(&Request::Console {
        node: node.get(),
        size: terminal::window_size(),
    })?;
    let stdin = io::stdin();
    let typist = match stdin.is_terminal() {
        true => Typist::User,
        false => Typist::Program,
    };
    if typist == Typist::User {
        say!("[console of node {node}; Ctrl-] leaves it]");
    }
    let raw = RawInput::new().context("cannot make the terminal raw")?;
    let mut session = Session {
        cluster,
        node,
        stream: &stream,
        input: stdin.as_fd(),
        typist,
        keys: Vec::new(),
    };
    let joined = session.join();
    drop(raw);
    say!("");
    joined.context("the console was lost")
}

impl Session<'_> {
    fn join(&mut self) -> io::Result<()> {
        let (resized, notify) = UnixStream::pair()?;
        pipe::register(SIGWINCH, notify)?;
        while self.typist != Typist::Nobody || !self.keys.is_empty() {
            let news = self.wait(&resized)?;
            if news.changed {
                // A byte per signal; what counts is the size now.
                let _: usize = (&resized).read(&mut [0; 64])?;
                resize(self.cluster, self.node);
            }
            if news.printed && print(self.stream)? == Flow::Leave {
                return Ok(());
            }
            if news.typed && self.take_keys()? == Flow::Leave {
                return Ok(());
            }
            self.give_keys()?;
        }
        Ok(())
    }

    fn wait(&self, resized: &UnixStream) -> io::Result<News> {
        let mut wanted = PollFlags::IN;
        wanted.set(PollFlags::OUT, !self.keys.is_empty());
        let mut fds = vec![
            PollFd::new(self.stream, wanted),
            PollFd::new(resized, PollFlags::IN),
        ];
        if self.reads() {
            fds.push(PollFd::from_borrowed_fd(self.input, PollFlags::IN));
        }
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let has = |at: usize| fds.get(at).map_or(PollFlags::empty(), PollFd::revents);
        Ok(News {
            typed: !has(2).is_empty(),
            printed: has(0).intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR),
            changed: !has(1).is_empty(),
        })
    }

    fn reads(&self) -> bool {
        match self.typist {
            Typist::User => true,
            Typist::Program => self.keys.is_empty(),
            Typist::Nobody => false,
        }
    }

    /// Unbuffered: a key is a key at once. Keys of a user for which there is no room
    /// are lost, as at every terminal.
    fn take_keys(&mut self) -> io::Result<Flow> {
        let mut buffer = [0; KEYS_BYTES_MAX];
        let count = rustix::io::read(self.input, &mut buffer)?;
        match (count, self.typist) {
            (0, Typist::User) => return Ok(Flow::Leave),
            (0, Typist::Program | Typist::Nobody) => self.typist = Typist::Nobody,
            _ => {}
        }
        let (keys, flow) = split(&buffer[..count]);
        let room = KEYS_BYTES_MAX - self.keys.len();
        self.keys.extend(&keys[..keys.len().min(room)]);
        if flow == Flow::Leave {
            self.give_keys()?;
        }
        Ok(flow)
    }

    fn give_keys(&mut self) -> io::Result<()> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        while !self.keys.is_empty() {
            match send(self.stream, &self.keys, flags) {
                Ok(count) => drop(self.keys.drain(..count)),
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }
}

fn print(mut stream: &UnixStream) -> io::Result<Flow> {
    let mut buffer = [0; 16 * 1024];
    let count = stream.read(&mut buffer)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(&buffer[..count])?;
    stdout.flush()?;
    Ok(if count == 0 { Flow::Leave } else { Flow::GoOn })
}

/// The keys for the node, and whether the user stays.
fn split(typed: &[u8]) -> (&[u8], Flow) {
    match typed.iter().position(|key| *key == LEAVE) {
        Some(at) => (&typed[..at], Flow::Leave),
        None => (typed, Flow::GoOn),
    }
}

/// A window that cannot be told about is a window of the wrong size, no more.
fn resize(cluster: ClusterName, node: NodeId) {
    if let Some(size) = terminal::window_size() {
        let request = Request::Resize {
            node: node.get(),
            size,
        };
        let _ = Call::to(cluster).and_then(|mut call| call.order(&request));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn one_key_leaves_and_the_others_pass() {
        assert_eq!(split(b"ls\r\x03"), (&b"ls\r\x03"[..], Flow::GoOn));
        assert_eq!(split(b"ls\x1drm"), (&b"ls"[..], Flow::Leave));
    }

    fn join(stream: &UnixStream, input: &UnixStream, typist: Typist) {
        let mut session = Session {
            cluster: ClusterName::DEFAULT,
            node: NodeId::new(1).unwrap(),
            stream,
            input: input.as_fd(),
            typist,
            keys: Vec::new(),
        };
        session.join().unwrap();
    }

    #[test]
    fn the_key_that_leaves_works_at_a_console_that_does_not_read() {
        let (ours, _console) = UnixStream::pair().unwrap();
        let (input, mut keyboard) = UnixStream::pair().unwrap();
        let user = thread::spawn(move || {
            keyboard.write_all(&[b'x'; 1 << 20]).unwrap();
            keyboard.write_all(&[LEAVE]).unwrap();
            keyboard
        });
        join(&ours, &input, Typist::User);
        drop(user.join().unwrap());
    }

    #[test]
    fn what_a_program_types_arrives_whole() {
        let (ours, mut console) = UnixStream::pair().unwrap();
        let (input, mut program) = UnixStream::pair().unwrap();
        let writer = thread::spawn(move || program.write_all(&[b'x'; 1 << 20]).unwrap());
        let reader = thread::spawn(move || {
            thread::sleep(std::time::Duration::from_millis(100));
            let mut typed = Vec::new();
            console.read_to_end(&mut typed).unwrap();
            typed.len()
        });
        join(&ours, &input, Typist::Program);
        drop(ours);
        writer.join().unwrap();
        assert_eq!(reader.join().unwrap(), 1 << 20);
    }
}
