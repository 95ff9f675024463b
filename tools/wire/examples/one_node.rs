// SPDX-License-Identifier: GPL-2.0

//! One node on a wire.
//!
//! ```text
//! one_node boot DIR KERNEL INITRD [WORD...]        boots a node, again whenever it ends
//! one_node exec DIR [-t] [-n] [-C DIR] -- CMD...   runs a command on it
//! one_node ask DIR [WORD]                          hello, and one control request
//! ```
//!
//! The smallest launcher there can be: no switch, no supervisor, one kernel. DIR
//! holds its sockets. For measuring the wire and the agent, and as an example of
//! how this crate is used.

use anyhow::{
    bail,
    Context, //
};
use ssi_exec::client::{
    self,
    Input, //
};
use ssi_exec::{
    Outcome,
    Request,
    Tty,
    CONTROL_PORT,
    EXEC_PORT, //
};
use ssi_wire::{
    ConnectFor,
    Wire, //
};
use std::env;
use std::ffi::OsString;
use std::io::{
    BufRead,
    BufReader,
    Write, //
};
use std::os::fd::{
    AsRawFd,
    OwnedFd, //
};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::{
    UnixListener,
    UnixStream, //
};
use std::path::{
    Path,
    PathBuf, //
};
use std::process::{
    Command,
    ExitCode,
    Stdio, //
};
use std::sync::Arc;
use std::thread;
use std::time::{
    Duration,
    Instant, //
};

/// The only node.
const NODE: u8 = 1;

/// How long a connection may take to come about.
const CONNECT: ConnectFor = ConnectFor {
    timeout: Duration::from_secs(10),
};

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let verb = args.next().unwrap_or_default();
    let directory = PathBuf::from(args.next().unwrap_or_default());
    let result = match verb.to_str() {
        Some("boot") => boot(&directory, &args.collect::<Vec<_>>()),
        Some("exec") => exec(&directory, args),
        Some("ask") => ask(&directory, args),
        _ => Err(anyhow::anyhow!("use boot, exec or ask; see the source")),
    };
    result.unwrap_or_else(|error| {
        eprintln!("one_node: {error:#}");
        ExitCode::from(255)
    })
}

fn boot(directory: &Path, words: &[OsString]) -> anyhow::Result<ExitCode> {
    let [kernel, initrd, words @ ..] = words else {
        bail!("which kernel and initramfs?");
    };
    let wire = Arc::new(Wire::start()?);
    let (ours, nodes) = ssi_wire::pair()?;
    wire.attach(NODE, ours);
    offer(&wire, &directory.join("exec"), EXEC_PORT)?;
    offer(&wire, &directory.join("control"), CONTROL_PORT)?;
    loop {
        let began = Instant::now();
        // A duplicate that the child inherits, under its own number.
        let inherited = rustix::io::dup(&nodes)?;
        let mut node = node(directory, kernel, initrd, words, &inherited)?
            .spawn()
            .context("cannot start the kernel")?;
        drop(inherited);
        say_hello(&wire, began)?;
        let status = node.wait()?;
        println!("node ended: {status}");
        wire.reset(NODE);
        ssi_wire::drain(&nodes)?;
    }
}

/// The command line of a node whose wire is `inherited`.
fn node(
    directory: &Path,
    kernel: &OsString,
    initrd: &OsString,
    words: &[OsString],
    inherited: &OwnedFd,
) -> anyhow::Result<Command> {
    let log = std::fs::File::create(directory.join("log"))?;
    let mut initrd_word = OsString::from("initrd=");
    initrd_word.push(initrd);
    let mut command = Command::new(kernel);
    command
        .arg("mem=128M")
        .arg(initrd_word)
        .arg(format!("uml_dir={}", directory.join("uml").display()))
        .args(["umid=node", "noreboot", "con=null", "ssl=null", "con0=null"])
        .args(["console=ttyS0", "ssl0=null,fd:1", "lpj=50000000"])
        .arg(format!(
            "vec1:transport=fd,fd={},mac=02:53:53:49:01:{NODE:02x},mtu=15800",
            inherited.as_raw_fd()
        ))
        .args(["ssi.node=1", "ssi.cluster=one"])
        .args(words)
        .env("SSI_NODE", "1")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    Ok(command)
}

/// Prints the node's first line and how long it took.
fn say_hello(wire: &Wire, began: Instant) -> anyhow::Result<()> {
    let (mut stream, bridged) = UnixStream::pair()?;
    wire.connect(NODE, CONTROL_PORT, bridged, CONNECT);
    ssi_wire::read_verdict(&mut stream)?;
    let mut hello = String::new();
    BufReader::new(stream).read_line(&mut hello)?;
    print!("{} ms: {hello}", began.elapsed().as_millis());
    Ok(())
}

/// Connects whoever connects to `path` to `port` of the node.
fn offer(wire: &Arc<Wire>, path: &Path, port: u16) -> anyhow::Result<()> {
    let listener = UnixListener::bind(path).with_context(|| path.display().to_string())?;
    let wire = wire.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            wire.connect(NODE, port, stream, CONNECT);
        }
    });
    Ok(())
}

fn exec(directory: &Path, args: impl Iterator<Item = OsString>) -> anyhow::Result<ExitCode> {
    let mut request = Request::default();
    let mut input = Input::Ours;
    let mut args = args.peekable();
    while let Some(option) = args.next_if(|word| word != "--") {
        match option.to_str() {
            Some("-t") => request.tty = Some(Tty::like_ours()),
            Some("-n") => input = Input::Nothing,
            Some("-C") => request.cwd = args.next().map(OsString::into_vec),
            _ => bail!("unknown option {}", option.to_string_lossy()),
        }
    }
    request.argv = args.skip(1).map(OsString::into_vec).collect();
    let mut stream = UnixStream::connect(directory.join("exec"))?;
    ssi_wire::read_verdict(&mut stream)?;
    let outcome = client::run(stream, &request, input)?;
    if let Outcome::Failed { text, .. } = &outcome {
        eprintln!("one_node: {text}");
    }
    Ok(ExitCode::from(outcome.status()))
}

fn ask(directory: &Path, mut args: impl Iterator<Item = OsString>) -> anyhow::Result<ExitCode> {
    let mut stream = UnixStream::connect(directory.join("control"))?;
    ssi_wire::read_verdict(&mut stream)?;
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    print!("{line}");
    if let Some(word) = args.next() {
        writeln!(stream, "{}", word.to_string_lossy())?;
        line.clear();
        lines.read_line(&mut line)?;
        print!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}
