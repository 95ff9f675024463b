// SPDX-License-Identifier: GPL-2.0

//! The life of clusters without kernels.
//!
//! A shell script in the place of UML is started, watched, killed and cleaned up
//! like a kernel; it only never becomes ready. What needs a kernel is tested in
//! `tests/boot`.

mod host;
mod links;

use std::{
    fs,
    io::{
        Read,
        Write, //
    },
    os::unix::{
        fs::PermissionsExt,
        net::UnixStream,
        process::ExitStatusExt, //
    },
};

use host::{
    wait_until,
    Host, //
};

use rustix::{
    process::{
        kill_process,
        Pid,
        Signal, //
    },
    pty,
    termios::{
        tcgetattr,
        LocalModes, //
    },
};

/// A kernel that runs for long, with a program in its group.
const SLEEPER: &str = "sleep 1000 & sleep 1000";

#[test]
fn a_kernel_that_ends_is_reported_with_its_last_words() {
    let host = Host::new("echo some words; echo no such luck >&2; exit 3");
    let said = host.fails(&["start", "2"]);
    assert!(
        said.contains("exited with status 3: no such luck"),
        "{said}"
    );
    assert!(said.contains("| some words"), "the log is shown: {said}");
    host.is_clean();
}

#[test]
fn a_panic_is_reported_in_the_kernels_words() {
    let host = Host::new("echo 'Kernel panic - not syncing: out of tea'; kill -ABRT $$");
    let said = host.fails(&["start", "1"]);
    assert!(
        said.contains("did not come up: panic: out of tea"),
        "{said}"
    );
    host.is_clean();
}

#[test]
fn a_kernel_that_cannot_run_is_reported() {
    let host = Host::new("");
    fs::write(host.kernel(), "#!/no/such/interpreter\n").unwrap();
    let said = host.fails(&["start", "1"]);
    assert!(said.contains("cannot run the kernel"), "{said}");
    host.is_clean();
}

#[test]
fn a_kernel_that_is_built_anew_is_not_the_running_clusters() {
    let host = Host::new("echo the old one; sleep 1000");
    let mut start = host.start(&["start", "1"]);
    host.kernels(1);
    let new = Host::new("echo the new one; sleep 1000");
    // As a linker does it: another file under the same name.
    fs::remove_file(host.kernel()).unwrap();
    fs::copy(new.kernel(), host.kernel()).unwrap();
    let mut add = host.start(&["add", "2"]);
    let log = host.cluster_dir().join("node2/log");
    wait_until("node 2 says something", || {
        fs::read_to_string(&log).is_ok_and(|log| log.contains("one"))
    });
    assert!(fs::read_to_string(&log).unwrap().contains("the old one"));
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    add.wait().unwrap();
    host.is_clean();
}

#[test]
fn an_interrupted_start_leaves_nothing() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "3"]);
    let nodes = host.kernels(3);
    kill_process(Pid::from_child(&start), Signal::INT).unwrap();
    assert_eq!(start.wait().unwrap().code(), Some(130));
    nodes.iter().for_each(host::is_gone);
    host.is_clean();
}

#[test]
fn a_killed_start_leaves_nothing() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "2"]);
    let nodes = host.kernels(2);
    start.kill().unwrap();
    assert_eq!(start.wait().unwrap().signal(), Some(9));
    nodes.iter().for_each(host::is_gone);
    host.is_clean();
}

#[test]
fn a_killed_supervisor_leaves_nothing() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "2"]);
    let nodes = host.kernels(2);
    host.kill_supervisor();
    assert_eq!(start.wait().unwrap().code(), Some(1));
    nodes.iter().for_each(host::is_gone);
    host.is_clean();
}

#[test]
fn without_a_janitor_the_next_command_cleans_up() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "2"]);
    let nodes = host.kernels(2);
    host.kill_janitor();
    host.kill_supervisor();
    start.wait().unwrap();
    nodes.iter().for_each(host::is_gone);
    assert!(host.cluster_dir().exists(), "nobody was there to clean up");
    assert!(host.fails(&["status"]).contains("no cluster"));
    host.is_clean();
}

#[test]
fn a_stop_ends_a_start_and_every_process() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "2"]);
    let nodes = host.kernels(2);
    host.succeeds(&["stop"]);
    nodes.iter().for_each(host::is_gone);
    assert!(
        !host.cluster_dir().exists(),
        "stop returns when all is gone"
    );
    assert_eq!(start.wait().unwrap().code(), Some(1));
    host.is_clean();
}

#[test]
fn a_strangers_directory_is_left_alone() {
    let host = Host::new(SLEEPER);
    let theirs = host.cluster_dir();
    fs::create_dir_all(theirs.join("node1")).unwrap();
    fs::write(theirs.join("thesis"), "words").unwrap();
    let run = theirs.parent().unwrap();
    fs::set_permissions(run, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(host.succeeds(&["list"]).contains("no cluster"));
    for words in ["status", "stop"] {
        assert!(host.fails(&[words]).contains("no cluster"), "{words}");
    }
    let said = host.fails(&["start", "1"]);
    assert!(said.contains("files that ssi did not make"), "{said}");
    assert_eq!(fs::read_to_string(theirs.join("thesis")).unwrap(), "words");
    assert_eq!(fs::read_dir(&theirs).unwrap().count(), 2, "nothing is new");
}

#[test]
fn a_node_that_waits_for_its_turn_boots_and_can_be_removed() {
    let host = Host::new(SLEEPER);
    // More than boot at once on most hosts.
    let mut start = host.start(&["start", "63"]);
    host.kernels(1);
    let said = host.fails(&["pause", "63"]);
    assert!(said.contains("still booting"), "{said}");
    host.succeeds(&["rm", "63"]);
    assert_eq!(start.wait().unwrap().code(), Some(1));
    let mut said = String::new();
    start.stderr.unwrap().read_to_string(&mut said).unwrap();
    assert!(
        said.contains("node 63 was removed while it came up"),
        "{said}"
    );
    host.is_clean();
}

#[test]
fn the_supervisors_log_does_not_fill_the_disk() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "1"]);
    host.kernels(1);
    let path = host.cluster_dir().join("supervisor.log");
    let mut log = fs::OpenOptions::new().append(true).open(&path).unwrap();
    log.write_all(&b"node 1: nonsense\n".repeat(1_000_000))
        .unwrap();
    host.succeeds(&["status"]);
    wait_until("the log is trimmed", || {
        fs::metadata(&path).unwrap().len() < 4 << 20
    });
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn a_client_that_closes_its_half_is_answered() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "1"]);
    host.kernels(1);
    let mut stream = UnixStream::connect(host.cluster_dir().join("control")).unwrap();
    stream.write_all(b"{\"v\":2,\"op\":\"status\"}\n").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"reply\":\"status\""), "{answer}");
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn a_client_that_leaves_with_much_said_costs_nothing() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "1"]);
    host.kernels(1);
    let mut stream = UnixStream::connect(host.cluster_dir().join("control")).unwrap();
    // This waits for the boot, and what follows fills the buffer meanwhile.
    let much = "x".repeat(60_000);
    write!(stream, "{{\"v\":2,\"op\":\"add\",\"node\":2}}\n{much}").unwrap();
    wait_until("the node boots", || {
        host.cluster_dir().join("node2").exists()
    });
    stream.write_all(&[b'x'; 20_000]).unwrap();
    drop(stream);
    let before = host.supervisor_ticks();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let ticks = host.supervisor_ticks() - before;
    assert!(ticks < 30, "{ticks} ticks in a second");
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn kept_logs_are_one_clusters() {
    let host = Host::new("echo words; sleep 1000");
    let kept = host.dir().join("kept");
    let words = ["start", "1", "--logs", kept.to_str().unwrap()];
    let mut start = host.start(&words);
    host.kernels(1);
    wait_until("it has said something", || {
        fs::read_to_string(kept.join("node1.log")).is_ok_and(|log| log.contains("words"))
    });
    let said = host.fails(&[&["--name", "other"], &words[..]].concat());
    assert!(said.contains("another cluster keeps its logs"), "{said}");
    assert!(kept.join("node1.log").exists());
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn an_open_run_directory_is_not_read() {
    let host = Host::new(SLEEPER);
    let node = host.cluster_dir().join("node1");
    fs::create_dir_all(&node).unwrap();
    fs::write(node.join("log"), "lies").unwrap();
    let run = host.cluster_dir().parent().unwrap().to_owned();
    fs::set_permissions(&run, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(host.fails(&["log", "1"]).contains("chmod 700"));
}

#[test]
fn a_console_that_is_told_to_end_restores_the_terminal() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "1"]);
    host.kernels(1);
    let flags = pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY | pty::OpenptFlags::CLOEXEC;
    let screen = pty::openpt(flags).unwrap();
    pty::grantpt(&screen).unwrap();
    pty::unlockpt(&screen).unwrap();
    let terminal = pty::ioctl_tiocgptpeer(&screen, flags).unwrap();
    let is_raw = || {
        let modes = tcgetattr(&terminal).unwrap().local_modes;
        !modes.contains(LocalModes::ICANON)
    };
    for signal in [Signal::TERM, Signal::HUP] {
        let mut console = host.start_at(&["console", "1"], terminal.try_clone().unwrap());
        wait_until("the terminal is raw", is_raw);
        kill_process(Pid::from_child(&console), signal).unwrap();
        assert_eq!(console.wait().unwrap().signal(), Some(signal.as_raw()));
        assert!(!is_raw(), "{signal:?}");
    }
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn clusters_have_names_and_one_start_each() {
    let host = Host::new(SLEEPER);
    let mut first = host.start(&["start", "1"]);
    host.kernels(1);
    assert!(host.fails(&["start", "1"]).contains("already running"));
    let mut second = host.start(&["--name", "other", "start", "1"]);
    wait_until("both are listed", || {
        host.succeeds(&["list"]).lines().count() == 3
    });
    host.succeeds(&["--name", "other", "stop"]);
    second.wait().unwrap();
    assert!(
        host.succeeds(&["list"]).contains("default"),
        "the first goes on"
    );
    host.succeeds(&["stop"]);
    first.wait().unwrap();
    host.is_clean();
}

#[test]
fn a_kernel_gets_its_descriptors_and_no_others() {
    let host = Host::new("ls -l /proc/$$/fd; exit 1");
    let kept = host.dir().join("kept");
    host.fails(&["start", "1", "--logs", kept.to_str().unwrap()]);
    let log = fs::read_to_string(kept.join("node1.log")).unwrap();
    let targets: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split(" -> ").nth(1))
        .collect();
    let count = |what: &str| {
        targets
            .iter()
            .filter(|target| target.contains(what))
            .count()
    };
    assert_eq!(count("socket:"), 3, "two networks and the host link: {log}");
    assert_eq!(count("/dev/pts/"), 1, "the console: {log}");
    assert_eq!(count("node1.log"), 2, "the log: {log}");
    // The shell has its script open besides.
    assert_eq!(
        targets.len() - count(host.kernel().to_str().unwrap()),
        6,
        "{log}"
    );
    host.is_clean();
}

#[test]
fn what_the_caller_has_open_is_not_kept() {
    let host = Host::new(SLEEPER);
    // Without close-on-exec, as a shell passes its descriptors on.
    let (read, write) = rustix::pipe::pipe().unwrap();
    let mut start = host.start(&["start", "1"]);
    drop(write);
    let nodes = host.kernels(1);
    host.succeeds(&["status"]);
    let mut poll = [rustix::event::PollFd::new(
        &read,
        rustix::event::PollFlags::IN,
    )];
    rustix::event::poll(&mut poll, Some(&rustix::event::Timespec::default())).unwrap();
    assert!(poll[0].revents().is_empty(), "ssi start itself has it");
    start.kill().unwrap();
    start.wait().unwrap();
    assert_eq!(rustix::io::read(&read, &mut [0; 1]), Ok(0), "nobody has");
    nodes.iter().for_each(host::is_gone);
    host.is_clean();
}

#[test]
fn a_node_that_is_not_ready_is_not_reached() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "1"]);
    host.kernels(1);
    let exec = host.run(&["exec", "1", "true"]);
    assert_eq!(exec.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&exec.stderr).contains("still booting"));
    assert!(host.fails(&["pause", "1"]).contains("still booting"));
    assert!(host.fails(&["rm", "2"]).contains("not running"));
    assert!(host.fails(&["add", "1"]).contains("already up"));
    assert!(host.succeeds(&["status"]).contains("booting"));
    host.succeeds(&["stop"]);
    start.wait().unwrap();
}

#[test]
fn a_fault_of_a_node_that_is_not_there_is_no_secret() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "2"]);
    host.kernels(2);
    let warned = |words: &[&str]| {
        let output = host.run(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let warning = "ssi: warning: there is no node 17: this holds once there is\n";
    for words in [
        "cut 1 17",
        "cut --one-way 17 all",
        "isolate 17",
        "loss 17 2 5",
    ] {
        let words: Vec<&str> = ["net"].into_iter().chain(words.split(' ')).collect();
        assert_eq!(warned(&words), warning, "{words:?}");
    }
    for words in [
        "cut 1 2",
        "isolate 1",
        "delay all all 5",
        "heal 1 17",
        "heal",
    ] {
        let words: Vec<&str> = ["net"].into_iter().chain(words.split(' ')).collect();
        assert_eq!(warned(&words), "", "{words:?}");
    }
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn strangers_words_are_refused_and_the_supervisor_serves_on() {
    let host = Host::new(SLEEPER);
    let mut start = host.start(&["start", "1"]);
    host.kernels(1);
    let long = "x".repeat(100_000);
    for words in [
        "",
        "{",
        "{\"v\":9,\"op\":\"status\"}",
        "{\"v\":2,\"op\":\"fly\"}",
        &long,
    ] {
        let mut stream = UnixStream::connect(host.cluster_dir().join("control")).unwrap();
        // The supervisor may hang up before it has read all.
        let _ = writeln!(stream, "{words}");
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        assert!(
            String::from_utf8_lossy(&said).contains("refused"),
            "{words:.20}"
        );
    }
    assert!(host.succeeds(&["status"]).contains("booting"));
    host.succeeds(&["stop"]);
    start.wait().unwrap();
}
