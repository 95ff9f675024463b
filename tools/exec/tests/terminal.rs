// SPDX-License-Identifier: GPL-2.0

//! Commands with a terminal.
//!
//! ```text
//!   this test -- pty -- exec_at -t -- unix socket -- exec_at --serve -- pty -- command
//! ```

mod lab;

use lab::{
    wait,
    wait_until,
    Lab, //
};
use rustix::process::{
    test_kill_process,
    Pid,
    Signal, //
};
use rustix::pty::{
    grantpt,
    ioctl_tiocgptpeer,
    openpt,
    unlockpt,
    OpenptFlags, //
};
use rustix::termios::{
    tcgetattr,
    tcsetwinsize,
    LocalModes,
    Winsize, //
};
use std::fs::File;
use std::io::{
    Read,
    Write, //
};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{
    Child,
    Stdio, //
};
use std::sync::{
    Arc,
    Mutex, //
};
use std::thread;
use std::time::{
    Duration,
    Instant, //
};

/// A user at a terminal, with a client.
struct User {
    keyboard: File,
    slave: OwnedFd,
    screen: Arc<Mutex<String>>,
    client: Child,
}

impl User {
    fn run(lab: &Lab, words: &[&str]) -> User {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ioctl_tiocgptpeer(&master, flags).unwrap();
        resize(&master, 33, 99);
        let client = lab
            .client(words)
            .env("TERM", "vt52")
            .stdin(slave.try_clone().unwrap())
            .stdout(slave.try_clone().unwrap())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let keyboard = File::from(master);
        let screen = watch(keyboard.try_clone().unwrap());
        User {
            keyboard,
            slave,
            screen,
            client,
        }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen shows `text`.
    fn sees(&self, text: &str) {
        let began = Instant::now();
        while !self.screen.lock().unwrap().contains(text) {
            let screen = self.screen.lock().unwrap().clone();
            assert!(began.elapsed().as_secs() < 10, "no {text:?} in {screen:?}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn is_raw(&self) -> bool {
        let modes = tcgetattr(&self.slave).unwrap().local_modes;
        !modes.contains(LocalModes::ICANON) && !modes.contains(LocalModes::ECHO)
    }

    fn signal(&self, signal: Signal) {
        lab::send(&self.client, signal);
    }
}

fn resize(terminal: impl std::os::fd::AsFd, ws_row: u16, ws_col: u16) {
    let size = Winsize {
        ws_row,
        ws_col,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).unwrap();
}

fn watch(mut master: File) -> Arc<Mutex<String>> {
    let screen = Arc::new(Mutex::new(String::new()));
    let shown = screen.clone();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = master.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..read]);
            shown.lock().unwrap().push_str(&text);
        }
    });
    screen
}

#[test]
fn the_terminal_has_the_users_size_and_kind() {
    let lab = Lab::new();
    let mut user = User::run(
        &lab,
        &["-t", "--", "sh", "-c", "stty size; echo $TERM; tty; exit 5"],
    );
    assert_eq!(wait(&mut user.client).code(), Some(5));
    user.sees("33 99\r\nvt52\r\n/dev/pts/");
}

#[test]
fn keys_get_their_meaning_on_the_node() {
    let lab = Lab::new();
    let script = "trap 'echo interrupted' INT; sh -c 'echo ready; exec sleep 20'
        read x; echo got $x; exit 6";
    let mut user = User::run(&lab, &["-t", "--", "sh", "-c", script]);
    user.sees("ready");
    assert!(user.is_raw());
    user.types("\x03");
    user.sees("^C");
    user.sees("interrupted");
    user.types("word\r");
    user.sees("got word");
    assert_eq!(wait(&mut user.client).code(), Some(6));
    assert!(!user.is_raw(), "the terminal was not restored");
}

#[test]
fn a_new_size_is_passed_on() {
    let lab = Lab::new();
    let script = "trap 'stty size; exit 7' WINCH; echo ready; while :; do sleep 0.05; done";
    let mut user = User::run(&lab, &["-t", "--", "sh", "-c", script]);
    user.sees("ready");
    resize(&user.keyboard, 11, 44);
    user.signal(Signal::WINCH);
    user.sees("11 44");
    assert_eq!(wait(&mut user.client).code(), Some(7));
}

#[test]
fn the_terminal_controls_the_commands_session() {
    let lab = Lab::new();
    let mut user = User::run(
        &lab,
        &["-t", "--", "sh", "-c", "echo from the tty > /dev/tty"],
    );
    assert_eq!(wait(&mut user.client).code(), Some(0));
    user.sees("from the tty");
}

#[test]
fn a_signal_goes_to_the_foreground() {
    let lab = Lab::new();
    let job = "echo ready; exec sleep 20";
    let script = format!("set -m; sh -c '{job}'; echo status $?; exit 8");
    let mut user = User::run(&lab, &["-t", "--", "bash", "-c", &script]);
    user.sees("ready");
    user.signal(Signal::USR1);
    user.sees("status 138");
    assert_eq!(wait(&mut user.client).code(), Some(8));
}

#[test]
fn the_terminal_is_restored_when_the_client_is_told_to_stop_or_gives_up() {
    let lab = Lab::new();
    let mut user = User::run(&lab, &["-t", "--", "sh", "-c", "echo ready; sleep 20"]);
    user.sees("ready");
    user.signal(Signal::TSTP);
    wait_until(|| !user.is_raw() && lab::state(user.client.id()) == "T");
    user.signal(Signal::CONT);
    wait_until(|| user.is_raw());
    user.signal(Signal::TERM);
    assert_eq!(wait(&mut user.client).code(), Some(128 + 15));
    assert!(!user.is_raw());
}

#[test]
fn a_user_at_a_frozen_node_can_leave() {
    let lab = Lab::new();
    let mut user = User::run(&lab, &["-t", "--", "sh", "-c", "echo ready; sleep 20"]);
    user.sees("ready");
    wait_until(|| user.is_raw());
    let node = Pid::from_raw(lab.node_pid()).unwrap();
    rustix::process::kill_process(node, Signal::STOP).unwrap();
    for _ in 0..3 {
        user.types("\x03");
        thread::sleep(Duration::from_millis(600));
    }
    assert_eq!(wait(&mut user.client).signal(), Some(2));
    assert!(!user.is_raw());
}

#[test]
fn a_user_who_leaves_hangs_up() {
    let lab = Lab::new();
    let mut user = User::run(&lab, &["-t", "--", "sh", "-c", "echo pid $$ end; sleep 20"]);
    user.sees("end");
    let screen = user.screen.lock().unwrap().clone();
    let pid = screen.split(' ').nth(1).unwrap().parse().unwrap();
    user.client.kill().unwrap();
    wait(&mut user.client);
    wait_until(|| test_kill_process(Pid::from_raw(pid).unwrap()).is_err());
}

#[test]
fn the_end_of_input_is_a_key() {
    let lab = Lab::new();
    let output = lab::feed(
        &mut lab.client(&["-t", "--", "cat"]),
        b"half a line".to_vec(),
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("half a line"), "{text:?}");
    assert!(output.status.success());
}

#[test]
fn a_missing_command_is_told_without_a_terminal() {
    let lab = Lab::new();
    let mut user = User::run(&lab, &["-t", "--", "no-such-command"]);
    assert_eq!(wait(&mut user.client).code(), Some(127));
    assert!(!user.is_raw());
}
