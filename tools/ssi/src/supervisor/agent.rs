// SPDX-License-Identifier: GPL-2.0

//! The line to an agent.
//!
//! One connection per node, made when the node starts: the hello tells that the
//! node is up. The agent speaks only when asked, one line per question, so an
//! idle node costs nothing. Everything that arrives is checked; an agent that
//! talks nonsense is disconnected and called again.

use std::{
    io::{
        self,
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

use ssi_exec::control::{
    Hello,
    Request,
    Status, //
};

use super::console::is_passing;
use crate::{
    limits::LINE_BYTES_MAX,
    plain, //
};

/// What an agent said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    /// The node is up.
    Hello(Box<Hello>),
    /// The answer to a status question.
    Status(Box<Status>),
    /// The connection is over, or never came about: why.
    Lost(String),
}

/// What the next line must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// The wire's own word whether there is a connection.
    Verdict,
    /// The agent's first line.
    Hello,
    /// Nothing was asked.
    Nothing,
    /// The answer to a status question.
    Status,
    /// The last answer: the node switches itself off.
    Accepted,
}

/// The supervisor's line to a node's agent.
#[derive(Debug)]
pub(crate) struct Agent {
    stream: UnixStream,
    read: Vec<u8>,
    expect: Expect,
}

impl Agent {
    /// A line over `stream`, whose other end was given to the wire.
    pub(crate) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            read: Vec::new(),
            expect: Expect::Verdict,
        })
    }

    /// Asks for a status, unless the last question is still open.
    ///
    /// # Errors
    ///
    /// The agent cannot be asked now.
    pub(crate) fn ask_status(&mut self) -> io::Result<()> {
        match self.expect {
            Expect::Status => Ok(()),
            Expect::Nothing => self.ask(Request::Status, Expect::Status),
            Expect::Verdict | Expect::Hello | Expect::Accepted => {
                Err(io::ErrorKind::NotConnected.into())
            }
        }
    }

    /// Asks the node to switch itself off.
    ///
    /// # Errors
    ///
    /// The agent cannot be asked now.
    pub(crate) fn ask_power_off(&mut self) -> io::Result<()> {
        match self.expect {
            Expect::Nothing | Expect::Status => self.ask(Request::Poweroff, Expect::Accepted),
            Expect::Accepted => Ok(()),
            Expect::Verdict | Expect::Hello => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Takes what the agent said.
    pub(crate) fn listen(&mut self) -> Vec<News> {
        let mut news = Vec::new();
        let over = self.fill();
        while let Some(line) = self.take_line() {
            match self.understand(&line) {
                Ok(said) => news.extend(said),
                Err(why) => {
                    news.push(News::Lost(plain::line(&why)));
                    return news;
                }
            }
        }
        news.extend(over.map(News::Lost));
        news
    }

    fn ask(&mut self, request: Request, expect: Expect) -> io::Result<()> {
        // A word on an idle connection: there is always room for it.
        (&self.stream).write_all(format!("{}\n", request.word()).as_bytes())?;
        self.expect = expect;
        Ok(())
    }

    /// Reads what is there; returns why nothing more will come, if so.
    fn fill(&mut self) -> Option<String> {
        let mut buffer = [0; 4096];
        loop {
            if self.read.len() > LINE_BYTES_MAX {
                return Some("the agent's line does not end".to_owned());
            }
            match (&self.stream).read(&mut buffer) {
                Ok(0) => return Some("the agent closed the connection".to_owned()),
                Ok(count) => self.read.extend_from_slice(&buffer[..count]),
                Err(e) if is_passing(&e) => return None,
                Err(e) => return Some(e.to_string()),
            }
        }
    }

    fn take_line(&mut self) -> Option<String> {
        let end = self.read.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.read.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    fn understand(&mut self, line: &str) -> Result<Option<News>, String> {
        let (next, said) = match self.expect {
            Expect::Verdict if line == "ok" => (Expect::Hello, None),
            Expect::Verdict => return Err(line.to_owned()),
            Expect::Hello => (
                Expect::Nothing,
                Some(News::Hello(plain_hello(parse(line)?))),
            ),
            Expect::Status => (
                Expect::Nothing,
                Some(News::Status(plain_status(parse(line)?))),
            ),
            // Either the acceptance or the answer to an earlier status question.
            Expect::Accepted => (Expect::Accepted, None),
            Expect::Nothing => return Err("the agent spoke unasked".to_owned()),
        };
        self.expect = next;
        Ok(said)
    }
}

impl AsFd for Agent {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn plain_hello(hello: Hello) -> Box<Hello> {
    Box::new(Hello {
        cluster: plain::line(&hello.cluster),
        boot_id: plain::line(&hello.boot_id),
        release: plain::line(&hello.release),
        problem: hello.problem.as_deref().map(plain::line),
        node: hello.node,
        root: hello.root,
    })
}

fn plain_status(status: Status) -> Box<Status> {
    Box::new(Status {
        top: status.top.as_deref().map(plain::line),
        ..status
    })
}

fn parse<'a, T: serde::Deserialize<'a>>(line: &'a str) -> Result<T, String> {
    let parsed = serde_json::from_str(line);
    parsed.map_err(|e| format!("the agent's line is not understood: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = concat!(
        r#"{"node":1,"cluster":"lab","boot_id":"b","release":"7.3.4","#,
        r#""root":"initramfs","problem":null}"#
    );
    const STATUS: &str = concat!(
        r#"{"uptime_s":1.5,"load1":0.0,"running":1,"processes":3,"mem_total_kib":1,"#,
        r#""mem_free_kib":1,"top":null,"execs":0}"#
    );

    fn agent() -> (Agent, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Agent::new(ours).unwrap(), theirs)
    }

    fn up() -> (Agent, UnixStream) {
        let (mut agent, mut node) = agent();
        writeln!(node, "ok\n{HELLO}").unwrap();
        assert!(matches!(agent.listen()[..], [News::Hello(_)]));
        (agent, node)
    }

    #[test]
    fn a_hello_may_come_in_pieces() {
        let (mut agent, mut node) = agent();
        let (first, second) = HELLO.split_at(20);
        write!(node, "ok\n{first}").unwrap();
        assert_eq!(agent.listen(), []);
        writeln!(node, "{second}").unwrap();
        let news = agent.listen();
        let [News::Hello(hello)] = &news[..] else {
            panic!("{news:?}");
        };
        assert_eq!(hello.cluster, "lab");
    }

    #[test]
    fn a_refusal_is_the_wires_word() {
        let (mut agent, mut node) = agent();
        writeln!(node, "node 1 does not answer").unwrap();
        drop(node);
        assert_eq!(
            agent.listen(),
            [News::Lost("node 1 does not answer".into())]
        );
    }

    #[test]
    fn one_question_is_open_at_a_time() {
        let (mut agent, mut node) = up();
        agent.ask_status().unwrap();
        agent.ask_status().unwrap();
        let mut asked = [0; 100];
        let count = node.read(&mut asked).unwrap();
        assert_eq!(&asked[..count], b"status\n");
        writeln!(node, "{STATUS}").unwrap();
        assert!(matches!(agent.listen()[..], [News::Status(_)]));
    }

    #[test]
    fn nonsense_ends_the_connection() {
        for nonsense in ["{}", "ok", "\u{0}", "[1,2"] {
            let (mut agent, mut node) = up();
            agent.ask_status().unwrap();
            writeln!(node, "{nonsense}").unwrap();
            assert!(matches!(agent.listen()[..], [News::Lost(_)]), "{nonsense}");
        }
        let (mut agent, mut node) = up();
        writeln!(node, "{STATUS}").unwrap();
        assert!(matches!(agent.listen()[..], [News::Lost(_)]), "unasked");
    }

    #[test]
    fn words_of_a_node_are_short_and_control_nothing() {
        let (mut agent, mut node) = agent();
        let long = "x".repeat(50_000);
        let hello = HELLO
            .replace("null", r#""\u001b[2Jbad""#)
            .replace("7.3.4", &long);
        writeln!(node, "ok\n{hello}").unwrap();
        let news = agent.listen();
        let [News::Hello(hello)] = &news[..] else {
            panic!("{news:?}");
        };
        assert_eq!(hello.problem.as_deref(), Some("[2Jbad"));
        assert!(hello.release.len() <= 200);

        agent.ask_status().unwrap();
        let status = STATUS.replace("null", r#""\u001b]0;title\u0007""#);
        writeln!(node, "{status}").unwrap();
        let news = agent.listen();
        let [News::Status(status)] = &news[..] else {
            panic!("{news:?}");
        };
        assert_eq!(status.top.as_deref(), Some("]0;title"));

        agent.ask_status().unwrap();
        writeln!(node, "{{\"uptime_s\":\"\\u001b{long}\"}}").unwrap();
        let news = agent.listen();
        let [News::Lost(why)] = &news[..] else {
            panic!("{news:?}");
        };
        assert!(why.len() <= 200 && !why.contains('\x1b'), "{why}");
    }

    #[test]
    fn an_endless_line_ends_the_connection() {
        let (mut agent, mut node) = up();
        node.set_nonblocking(true).unwrap();
        let mut news = Vec::new();
        for _ in 0..1000 {
            let _ = node.write(&[b'x'; 4096]);
            news = agent.listen();
            if !news.is_empty() {
                break;
            }
        }
        assert_eq!(news, [News::Lost("the agent's line does not end".into())]);
    }

    #[test]
    fn a_node_that_is_not_up_is_not_asked() {
        let (mut agent, _node) = agent();
        assert!(agent.ask_status().is_err());
        assert!(agent.ask_power_off().is_err());
    }
}
