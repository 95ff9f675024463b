// SPDX-License-Identifier: GPL-2.0

//! Commands on all nodes.
//!
//! For each node an `onnode` is started, which is this program by another name, so that
//! one that fails says so in its own words.

use std::{
    io::{
        self,
        BufRead as _,
        BufReader,
        Read,
        Write, //
    },
    os::unix::process::{
        CommandExt as _,
        ExitStatusExt as _, //
    },
    process::{
        Child,
        Command,
        ExitStatus,
        Stdio, //
    },
    sync::mpsc::{
        sync_channel,
        SyncSender, //
    },
    thread,
};

use libcluster::{
    Cluster,
    ClusterNode,
    Error, //
};

use crate::{
    cli::OnAll,
    failed::{
        Failed,
        STATUS_NOT_BEGUN, //
    },
    Node, //
};

/// The longest line with a number in front. One that is longer becomes several.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// How many lines wait to be written before the commands do.
const LINES_WAITING_MAX: usize = 64;

/// What a shell adds to the signal that ended a command.
const STATUS_SIGNAL: u8 = 128;

/// Runs the command on each node that is up. Returns the highest exit status.
pub(crate) fn run(
    node: Node<'_>,
    asked: &OnAll,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, Failed> {
    let up = Cluster::at(node.proc_cluster)
        .and_then(|cluster| open_nodes(&cluster))
        .map_err(Failed::before)?;
    if up.is_empty() {
        return Err(Failed::before(Error::NoView));
    }
    let at_once = if asked.is_serial { 1 } else { up.len() };
    let mut highest = 0;
    for nodes in up.chunks(at_once) {
        let mut commands = Vec::new();
        for &target in nodes {
            match start(node, asked, target) {
                Ok(child) => commands.push((target, child)),
                Err(why) => {
                    // Nobody reads it: there is nobody to tell that.
                    let _ = writeln!(err, "onall: node {target}: nothing is started: {why}");
                    highest = highest.max(STATUS_NOT_BEGUN);
                }
            }
        }
        let relayed = relay(&mut commands, out, err);
        for (_, child) in &mut commands {
            highest = highest.max(child.wait().map_or(STATUS_NOT_BEGUN, status_of));
        }
        relayed.map_err(|why| Failed::before(format!("the answer cannot be written: {why}")))?;
    }
    Ok(highest)
}

/// The nodes that are up, without those that are drained, but with this one.
fn open_nodes(cluster: &Cluster) -> Result<Vec<ClusterNode>, Error> {
    let here = cluster.num()?;
    let mut open = cluster.membership()?.up;
    open.retain(|&node| node == here || !cluster.is_drained(node));
    Ok(open)
}

/// One that runs beside others has no input: they would take it from each other.
fn start(node: Node<'_>, asked: &OnAll, target: ClusterNode) -> io::Result<Child> {
    let mut command = Command::new(node.program);
    command.arg0("onnode");
    if asked.has_local_view {
        command.arg("-l");
    }
    if !asked.is_serial {
        command.stdin(Stdio::null());
    }
    if asked.is_verbose {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    command.arg(target.to_string()).arg("--");
    command.args(&asked.command).spawn()
}

fn status_of(ended: ExitStatus) -> u8 {
    let number = match (ended.code(), ended.signal()) {
        (Some(code), _) => u8::try_from(code).ok(),
        (None, signal) => {
            signal.and_then(|signal| STATUS_SIGNAL.checked_add(signal.try_into().ok()?))
        }
    };
    number.unwrap_or(STATUS_NOT_BEGUN)
}

/// Which of the two streams.
#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// Part of what a command has written.
struct Line {
    node: ClusterNode,
    stream: Stream,
    bytes: Vec<u8>,
}

/// Writes what the commands write into pipes, if they do, until they have closed them; in front of
/// each line the node it is from.
fn relay(
    commands: &mut [(ClusterNode, Child)],
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<()> {
    let (sender, lines) = sync_channel(LINES_WAITING_MAX);
    for (node, child) in commands {
        if let Some(pipe) = child.stdout.take() {
            read_from(pipe, *node, Stream::Out, sender.clone());
        }
        if let Some(pipe) = child.stderr.take() {
            read_from(pipe, *node, Stream::Err, sender.clone());
        }
    }
    drop(sender);
    for line in lines {
        let to: &mut dyn Write = match line.stream {
            Stream::Out => out,
            Stream::Err => err,
        };
        write!(to, "{}: ", line.node)?;
        to.write_all(&line.bytes)?;
        if !line.bytes.ends_with(b"\n") {
            to.write_all(b"\n")?;
        }
        to.flush()?;
    }
    Ok(())
}

/// Passes the lines on, in a thread of its own, until there are no more or nobody wants them.
fn read_from(
    pipe: impl Read + Send + 'static,
    node: ClusterNode,
    stream: Stream,
    to: SyncSender<Line>,
) {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        loop {
            let mut bytes = Vec::new();
            let read = pipe
                .by_ref()
                .take(LINE_BYTES_MAX)
                .read_until(b'\n', &mut bytes);
            // What cannot be read is at its end.
            if bytes.is_empty()
                || to
                    .send(Line {
                        node,
                        stream,
                        bytes,
                    })
                    .is_err()
                || read.is_err()
            {
                return;
            }
        }
    });
}
