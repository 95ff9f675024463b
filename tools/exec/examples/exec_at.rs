// SPDX-License-Identifier: GPL-2.0

//! `ssi exec` without a cluster.
//!
//! ```text
//! exec_at SOCKET [-n] [-t] [-C DIR] [NAME=VALUE]... -- CMD...   runs a command
//! exec_at SOCKET --serve                                        runs those of others
//! ```
//!
//! Both ends of the protocol on one host, joined by a unix socket. The tests of
//! this crate start it as their client.

use ssi_exec::client::{
    self,
    Input, //
};
use ssi_exec::node::{
    self,
    Defaults, //
};
use ssi_exec::{
    Request,
    Tty, //
};
use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::{
    UnixListener,
    UnixStream, //
};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    match args.next() {
        Some(word) if word == node::SESSION_WORD => {
            eprintln!("{}", node::lead_session(args));
            ExitCode::from(126)
        }
        Some(socket) => run(&socket, args),
        None => usage("which socket?"),
    }
}

fn run(socket: &OsString, args: impl Iterator<Item = OsString>) -> ExitCode {
    let mut request = Request::default();
    let mut input = Input::Ours;
    let mut args = args.peekable();
    loop {
        match args.next() {
            None => return usage("which command?"),
            Some(word) if word == "--" => break,
            Some(word) if word == "--serve" => return serve(socket),
            Some(word) if word == "-n" => input = Input::Nothing,
            Some(word) if word == "-t" => request.tty = Some(Tty::like_ours()),
            Some(word) if word == "-C" => request.cwd = args.next().map(OsString::into_vec),
            Some(word) => match variable(&word.into_vec()) {
                Some(pair) => request.env.push(pair),
                None => return usage("a word before -- is no NAME=VALUE"),
            },
        }
    }
    request.argv = args.map(OsString::into_vec).collect();
    exec(socket, &request, input)
}

fn exec(socket: &OsString, request: &Request, input: Input) -> ExitCode {
    let stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(e) => return usage(&format!("{}: {e}", socket.to_string_lossy())),
    };
    match client::run(stream, request, input) {
        Ok(outcome) => {
            if let ssi_exec::Outcome::Failed { text, .. } = &outcome {
                eprintln!("exec_at: {text}");
            }
            ExitCode::from(outcome.status())
        }
        Err(e) => usage(&e.to_string()),
    }
}

fn serve(socket: &OsString) -> ExitCode {
    // The socket appears when it can be connected to, not before.
    let mut unready = socket.clone();
    unready.push(".unready");
    let listener = UnixListener::bind(&unready)
        .and_then(|listener| std::fs::rename(&unready, socket).map(|()| listener));
    let listener = match listener {
        Ok(listener) => listener,
        Err(e) => return usage(&format!("{}: {e}", socket.to_string_lossy())),
    };
    let defaults = Defaults {
        env: env::vars_os()
            .map(|(name, value)| (name.into_vec(), value.into_vec()))
            .collect(),
        cwd: "/".into(),
    };
    for stream in listener.incoming().flatten() {
        let defaults = defaults.clone();
        std::thread::spawn(move || {
            if let Err(e) = node::serve(stream, &defaults) {
                eprintln!("exec_at: {e}");
            }
        });
    }
    ExitCode::SUCCESS
}

fn variable(word: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let equals = word.iter().position(|&byte| byte == b'=')?;
    Some((word[..equals].to_vec(), word[equals + 1..].to_vec()))
}

fn usage(problem: &str) -> ExitCode {
    eprintln!("exec_at: {problem}");
    ExitCode::from(255)
}
