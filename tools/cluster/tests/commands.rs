// SPDX-License-Identifier: GPL-2.0

//! The commands, on plain files.

#[path = "../../libcluster/tests/plain_files/mod.rs"]
mod plain_files;

#[path = "commands/elsewhere.rs"]
mod elsewhere;

use std::{
    cell::RefCell,
    ffi::OsString,
    fs,
    io::{
        self,
        Write, //
    },
    os::unix::ffi::OsStringExt as _,
    path::{
        Path,
        PathBuf, //
    },
    process::Command,
    thread,
    time::Duration, //
};

use libcluster::NotBegun;
use plain_files::{
    EVENTS,
    VIEW, //
};
use ssi_cluster::{
    End,
    Node,
    Then, //
};

/// A cluster of plain files.
struct Files(plain_files::Place);

/// What a command said.
#[derive(Debug, PartialEq)]
struct Said {
    status: u8,
    out: String,
    err: String,
}

impl Files {
    fn new() -> Self {
        Self(plain_files::make())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn write(&self, file: &str, content: &str) {
        fs::write(self.path(file), content).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    fn run(&self, line: &str) -> Said {
        run(self.path("").to_str().unwrap(), line.split_whitespace())
    }

    /// The answer of a command that succeeds.
    fn answer(&self, line: &str) -> String {
        let said = self.run(line);
        assert_eq!(
            (said.status, said.err.as_str()),
            (0, ""),
            "{line}: {said:?}"
        );
        said.out
    }
}

/// A place nothing can be written to, because of this.
struct Unwritable(io::ErrorKind);

impl Write for Unwritable {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A node that does not end.
fn node(root: &str) -> Node<'_> {
    Node {
        proc_cluster: root,
        end: &|_| anyhow::bail!("it does not end"),
        become_on: &|node, _| NotBegun::NotUp(node),
        program: Path::new("/nonexistent"),
    }
}

fn run<A: Into<OsString>>(root: &str, args: impl IntoIterator<Item = A>) -> Said {
    run_on(node(root), args)
}

fn run_on<A: Into<OsString>>(node: Node<'_>, args: impl IntoIterator<Item = A>) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = args.into_iter().map(Into::into);
    let status = ssi_cluster::run(node, args, &mut out, &mut err);
    Said {
        status,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

#[test]
fn a_list_has_a_line_for_each_node() {
    let files = Files::new();
    assert_eq!(
        files.answer("cluster"),
        "1: UP\n2: UP\n3: GOINGDOWN\n4: NEVERUP\n"
    );
    assert_eq!(files.answer("/bin/cluster"), files.answer("cluster"));
}

#[test]
fn a_long_list_begins_like_a_short_one() {
    let long = Files::new().answer("cluster -v");
    assert_eq!(
        long,
        "1: UP        1 cpu, 128 MiB, 10.83.0.1, incarnation 1, \
         since 2025-11-27T03:40:00Z, coordinator\n\
         2: UP        1 cpu, 128 MiB, 10.83.0.2, incarnation 2, since 2025-11-27T03:40:01Z\n\
         3: GOINGDOWN 2 cpus, 256 MiB, 10.83.0.3, incarnation 3, since 2025-11-27T03:40:02Z\n\
         4: NEVERUP\n"
    );
}

#[test]
fn details_are_keys_and_values() {
    let files = Files::new();
    let expected = "Node 3:\n\
        \x20 State: GOINGDOWN\n\
        \x20 Previous state: UP\n\
        \x20 Reason for last transition: died\n\
        \x20 Last transition ID: 6\n\
        \x20 Last transition time: 2025-11-27T03:40:02.500000Z\n\
        \x20 Number of CPUs: 2\n\
        \x20 Memory in bytes: 268435456\n\
        \x20 Address: 10.83.0.3\n\
        \x20 Incarnation: 3\n\
        \x20 Coordinator: no\n";
    assert_eq!(files.answer("cluster -V 3"), expected);
    assert_eq!(files.answer("cluster -V3"), expected);
    assert_eq!(files.answer("clusternode_info 3"), expected);
    assert_eq!(
        files.answer("clusternode_info 63"),
        "Node 63:\n  State: NEVERUP\n"
    );
    assert!(files.answer("cluster -V 1").ends_with("Coordinator: yes\n"));
}

#[test]
fn details_do_not_need_a_transition_that_is_forgotten() {
    let files = Files::new();
    let first = EVENTS.lines().next_back().unwrap();
    files.write("events", &format!("{first}\n"));
    let details = files.answer("cluster -V 1");
    assert!(!details.contains("Previous state"), "{details}");
    assert!(details.contains("Last transition ID: 2\n"), "{details}");
}

#[test]
fn short_questions_have_short_answers() {
    let files = Files::new();
    assert_eq!(files.answer("clustername"), "lab-2\n");
    assert_eq!(files.answer("clusternode_num"), "2\n");
    assert_eq!(files.answer("clusternode_getstate 3"), "GOINGDOWN\n");
    assert_eq!(files.answer("clusternode_getstate 33"), "NEVERUP\n");
    assert_eq!(files.answer("clusternode_avail 1"), "1\n");
    let down = files.run("clusternode_avail 3");
    assert_eq!(
        (down.status, down.out.as_str(), down.err.as_str()),
        (1, "0\n", "")
    );
}

#[test]
fn every_command_has_help() {
    let files = Files::new();
    for command in [
        "cluster",
        "cluster drain",
        "cluster undrain",
        "clustername",
        "clusternode_num",
        "clusternode_getstate",
        "clusternode_info",
        "clusternode_avail",
        "clusternode_shutdown",
        "fast",
        "fastnode",
        "halt",
        "localview",
        "migrate",
        "onall",
        "onnode",
        "poweroff",
        "reboot",
        "where_pid",
    ] {
        let help = files.answer(&format!("{command} --help"));
        assert!(help.contains(&format!("Usage: {command}")), "{help}");
        assert!(help.contains("Exit status:"), "{help}");
    }
}

#[test]
fn wrong_words_are_one_line_and_status_2() {
    let files = Files::new();
    for (line, words) in [
        ("cluster -x", "unexpected argument '-x'"),
        ("cluster 3", "unrecognized subcommand '3'"),
        ("cluster drain", "were not provided: <NODE>"),
        ("cluster drain 64", "not a node number, 1 to 63"),
        ("cluster drain 2 3", "unexpected argument '3'"),
        ("cluster undrain", "were not provided: <NODE>"),
        ("cluster -v drain 2", "cannot be used with"),
        ("cluster -V", "a value is required for '-V <NODE>'"),
        ("cluster -V 0", "not a node number, 1 to 63"),
        ("cluster -v -V 3", "cannot be used with"),
        ("clustername x", "unexpected argument 'x'"),
        (
            "clusternode_getstate",
            "required arguments were not provided: <NODE>",
        ),
        ("clusternode_getstate 64", "not a node number, 1 to 63"),
        ("clusternode_getstate -1", "unexpected argument '-1'"),
        ("clusternode_getstate 3x", "invalid value '3x'"),
        ("clusternode_getstate 1 2", "unexpected argument '2'"),
        ("clusternode_info node3", "invalid value 'node3'"),
        ("clusternode_avail 300", "not a node number, 1 to 63"),
        (
            "clusternode_shutdown",
            "required arguments were not provided",
        ),
        (
            "clusternode_shutdown -N3",
            "required arguments were not provided: <TIME>",
        ),
        (
            "clusternode_shutdown now",
            "required arguments were not provided: -N <NODE>",
        ),
        ("clusternode_shutdown -N3 +5", "invalid value '+5'"),
        (
            "clusternode_shutdown -N64 now",
            "not a node number, 1 to 63",
        ),
        ("clusternode_shutdown -h -r -N3 now", "cannot be used with"),
        ("where_pid", "required arguments were not provided: <PID>"),
        ("where_pid x", "invalid value 'x' for '<PID>...'"),
        ("where_pid 0", "not the number of a process, 1 or more"),
        ("where_pid -1", "unexpected argument '-1'"),
        ("where_pid +1", "not the number of a process"),
        ("where_pid 65600 4294967297", "not the number of a process"),
        ("where_pid ../1", "not the number of a process"),
        ("migrate", "were not provided: <NODE> <PID|-PGRP>..."),
        ("migrate 2", "were not provided: <PID|-PGRP>..."),
        ("migrate 64 65600", "not a node number, 1 to 63"),
        ("migrate 2 0", "not the number of a process, nor"),
        ("migrate 2 -1", "not the number of a process, nor"),
        ("migrate 2 65600 -0", "not the number of a process, nor"),
        ("migrate 2 -1.5", "not the number of a process, nor"),
        ("migrate 2 -x", "unexpected argument '-x'"),
        ("migrate 2 self", "not the number of a process, nor"),
        ("unheard_of 3 ls", "no such command"),
        ("reboot now", "unexpected argument 'now'"),
        ("poweroff -x", "unexpected argument '-x'"),
        ("halt -w", "unexpected argument '-w'"),
        ("halt -d", "a value is required for '-d <SECONDS>'"),
        ("reboot -d 1.5", "invalid value '1.5'"),
        (
            "reboot -d 4294967296",
            "4294967296 is not in 0..=4294967295",
        ),
        ("poweroff -d -1", "unexpected argument '-1'"),
    ] {
        let said = files.run(line);
        assert_eq!(
            (said.status, said.out.as_str()),
            (2, ""),
            "{line}: {said:?}"
        );
        assert!(said.err.contains(words), "{line}: {said:?}");
        assert_eq!(said.err.lines().count(), 1, "{line}: {said:?}");
        let name = line.split(' ').next().unwrap();
        assert!(said.err.starts_with(&format!("{name}: ")), "{said:?}");
    }
    let bytes = [b"clusternode_getstate".to_vec(), vec![0xff]];
    let said = run(
        files.path("").to_str().unwrap(),
        bytes.map(OsString::from_vec),
    );
    assert_eq!((said.status, said.err.lines().count()), (2, 1), "{said:?}");
}

#[test]
fn a_kernel_that_is_no_node_is_one_line_and_no_answer() {
    for line in [
        "cluster",
        "cluster -v",
        "cluster -V 1",
        "clustername",
        "clusternode_num",
        "clusternode_getstate 1",
        "clusternode_info 1",
        "clusternode_avail 1",
        "clusternode_shutdown -N1 now",
        "migrate 1 1",
        "where_pid 1",
    ] {
        let said = run("/nonexistent", line.split(' '));
        let expected = if line.contains("avail") { 2 } else { 1 };
        assert_eq!(
            (said.status, said.out.as_str()),
            (expected, ""),
            "{line}: {said:?}"
        );
        assert!(
            said.err.contains("not a node of a cluster"),
            "{line}: {said:?}"
        );
        assert_eq!(said.err.lines().count(), 1, "{line}: {said:?}");
    }
}

#[test]
fn words_of_another_kernel_are_one_line() {
    let files = Files::new();
    files.write("view", "something else\n");
    let said = files.run("cluster");
    assert_eq!((said.status, said.out.as_str()), (1, ""));
    assert!(
        said.err.contains("is not understood: 'something else'"),
        "{said:?}"
    );
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let files = Files::new();
    files.0.add_process(1, "2\n");
    for line in [
        "cluster",
        "clusternode_num",
        "cluster --help",
        "where_pid 1",
    ] {
        let mut err = Vec::new();
        let args = line.split(' ').map(OsString::from);
        let status = ssi_cluster::run(
            node(files.path("").to_str().unwrap()),
            args,
            &mut Unwritable(io::ErrorKind::StorageFull),
            &mut err,
        );
        assert_eq!((status, err.is_empty()), (1, false), "{line}");
    }
}

#[test]
fn a_shutdown_returns_when_the_node_has_begun() {
    for (line, word) in [
        ("clusternode_shutdown -h -N2 now", "halt\n"),
        ("clusternode_shutdown -r -N2 now", "reboot\n"),
        ("clusternode_shutdown -N 2 now", "halt\n"),
    ] {
        let files = Files::new();
        let view = files.path("view");
        let later = files.path("later");
        fs::write(&later, VIEW.replace("2 UP 2", "2 SHUTDOWN 2")).unwrap();
        let node = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            fs::rename(later, view).unwrap();
        });
        files.answer(line);
        assert!(node.is_finished(), "{line}");
        assert_eq!(files.read("node2/shutdown"), word, "{line}");
    }
}

#[test]
fn the_node_ends_as_it_is_told() {
    let end = |then, at_once, sync, seconds| End {
        then,
        at_once,
        sync,
        delay: Duration::from_secs(seconds),
    };
    for (line, asked) in [
        ("reboot", end(Then::Restart, false, true, 0)),
        ("/sbin/poweroff", end(Then::Off, false, true, 0)),
        ("halt", end(Then::Halt, false, true, 0)),
        ("reboot -f", end(Then::Restart, true, true, 0)),
        ("poweroff -nf", end(Then::Off, true, false, 0)),
        ("halt -d5 -n", end(Then::Halt, false, false, 5)),
        ("reboot -f -d 60", end(Then::Restart, true, true, 60)),
    ] {
        let all_asked = RefCell::new(Vec::new());
        let node = Node {
            end: &|end| {
                all_asked.borrow_mut().push(end);
                Ok(())
            },
            ..node("/nonexistent")
        };
        let said = run_on(node, line.split(' '));
        assert_eq!(
            (said.status, said.out, said.err),
            (0, String::new(), String::new())
        );
        assert_eq!(all_asked.into_inner(), [asked], "{line}");
    }
}

#[test]
fn a_node_that_does_not_end_says_why() {
    let said = run("/nonexistent", ["reboot"]);
    let expected = (1, "", "reboot: it does not end\n");
    assert_eq!(
        (said.status, said.out.as_str(), said.err.as_str()),
        expected
    );
}

#[test]
fn only_a_node_that_is_up_can_be_shut_down() {
    let files = Files::new();
    for (node, state) in [(3, "GOINGDOWN"), (4, "NEVERUP"), (9, "NEVERUP")] {
        let said = files.run(&format!("clusternode_shutdown -N{node} now"));
        assert_eq!((said.status, said.out.as_str()), (1, ""));
        assert!(
            said.err.contains(&format!("is {state}, not UP")),
            "{said:?}"
        );
    }
    assert_eq!(files.read("node3/shutdown"), "");
}

#[test]
fn each_process_has_a_line_in_the_order_of_the_words() {
    let files = Files::new();
    files.0.add_process(1, "2\n");
    files.0.add_process(65_600, "1\n");
    files.0.add_process(196_608, "3\n");
    assert_eq!(files.answer("where_pid 65600"), "1\n");
    assert_eq!(files.answer("where_pid 196608 1 65600 1"), "3\n2\n1\n2\n");
}

#[test]
fn processes_that_are_not_there_are_one_failure() {
    let files = Files::new();
    files.0.add_process(1, "2\n");
    for (line, out, err) in [
        ("where_pid 7", "", "where_pid: there is no process 7\n"),
        (
            "where_pid 7 1 2147483647",
            "2\n",
            "where_pid: there is no process 7; there is no process 2147483647\n",
        ),
    ] {
        let said = files.run(line);
        assert_eq!(
            (said.status, said.out.as_str(), said.err.as_str()),
            (1, out, err)
        );
    }
    files.0.add_process(8, "0\n");
    let said = files.run("where_pid 8");
    assert_eq!((said.status, said.out.as_str()), (1, ""));
    assert!(said.err.contains("is not understood: '0'"), "{said:?}");
}

#[test]
fn processes_are_told_where_to_go() {
    let files = Files::new();
    for (pid, group) in [(65_600, 65_600), (196_608, 65_600), (65_601, 65_601)] {
        files.0.add_process(pid, "1\n");
        files.0.let_move(pid, group, "");
    }
    assert_eq!(files.answer("migrate 2 65601"), "");
    assert_eq!(files.0.told(65_601), "2\n");
    assert_eq!(files.answer("migrate 3 -65600 65601"), "");
    for pid in [65_600, 65_601, 196_608] {
        assert_eq!(files.0.told(pid), "3\n");
    }
}

#[test]
fn processes_that_stay_are_one_failure() {
    let files = Files::new();
    for pid in [65_600, 65_601, 65_602] {
        files.0.add_process(pid, "1\n");
        files.0.let_move(pid, 65_600, "it has several threads\n");
    }
    files.0.add_process(8, "1\n");
    // What a kernel refuses, a folder does, too.
    for pid in [65_600, 65_602] {
        let file = files.path(&format!("../{pid}/goto"));
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
    }
    let bound = |pid| format!("process {pid} cannot go to node 2: it has several threads");
    for (line, err) in [
        ("migrate 2 7", "there is no process 7".to_owned()),
        ("migrate 2 -7", "there is no process group 7".to_owned()),
        ("migrate 2 65600", bound(65_600)),
        (
            "migrate 2 -65600 9",
            format!(
                "{}; {}; there is no process 9",
                bound(65_600),
                bound(65_602)
            ),
        ),
    ] {
        let said = files.run(line);
        assert_eq!((said.status, said.out.as_str()), (1, ""), "{said:?}");
        assert_eq!(said.err, format!("migrate: {err}\n"));
    }
    assert_eq!(files.0.told(65_601), "2\n");
    let said = files.run("migrate 2 8");
    assert!(said.err.contains("moves no processes"), "{said:?}");
}

/// Two nodes that are up, node 2 of which is not drained.
fn drainable() -> Files {
    let files = Files::new();
    for node in [1, 2] {
        files.write(&format!("node{node}/drained"), "0\n");
    }
    files
}

#[test]
fn a_node_is_drained_of_what_runs_there() {
    let files = drainable();
    for (pid, place) in [
        (65_600, "2\n"),
        (65_601, "1\n"),
        (131_080, "2\n"),
        (7, "2\n"),
    ] {
        files.0.add_process(pid, place);
        files.0.let_move(pid, pid, "");
    }
    assert_eq!(
        files.answer("cluster drain 2"),
        "node 2 is drained: 2 went, 0 stay\n"
    );
    assert_eq!(files.read("node2/drained"), "1\n");
    for (pid, told) in [(65_600, "1\n"), (131_080, "1\n"), (65_601, ""), (7, "")] {
        assert_eq!(files.0.told(pid), told, "{pid}");
    }
    let list = files.answer("cluster -v");
    assert_eq!(list.matches(", drained").count(), 1, "{list}");
    assert!(files.answer("cluster -V 2").contains("  Drained: yes\n"));
    assert_eq!(files.answer("fastnode"), "1\n");
    assert_eq!(files.answer("cluster undrain 2"), "");
    assert_eq!(files.read("node2/drained"), "0\n");
    assert!(files.answer("cluster -V 2").contains("  Drained: no\n"));
}

#[test]
fn who_stays_on_a_drained_node_is_named() {
    let files = drainable();
    files.0.add_process(131_080, "2\n");
    files
        .0
        .let_move(131_080, 131_080, "it has several threads\n");
    fs::write(files.path("../131080/comm"), "a\x1b b\n").unwrap();
    let file = files.path("../131080/goto");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let said = files.run("cluster drain 2");
    assert_eq!((said.status, said.err.as_str()), (1, ""), "{said:?}");
    assert_eq!(
        said.out,
        "process 131080 (a\\u{1b} b) stays on node 2: it has several threads\n\
         node 2 is drained: 0 went, 1 stay\n"
    );
}

#[test]
fn no_node_is_drained_that_has_no_other() {
    let files = drainable();
    files.write("node1/drained", "1\n");
    let said = files.run("cluster drain 2");
    assert_eq!((said.status, said.out.as_str()), (1, ""), "{said:?}");
    assert!(said.err.contains("no other node"), "{said:?}");
    assert_eq!(files.read("node2/drained"), "0\n");
}

#[test]
fn a_move_is_told_of() {
    let files = Files::new();
    files.0.add_process(65_600, "1\n");
    files.0.let_move(65_600, 65_600, "");
    assert_eq!(
        files.answer("migrate -v 2 65600"),
        "process 65600 is on node 2\n"
    );
    files.write(
        "node1/migrations",
        "moves: started=1 done=1 refused=0 failed=0\n\
         move: id=1 state=done kind=move pid=65600 comm=sh from=1 to=2 by=65601 uid=0 \
         began=1.000000 wait_us=100 capture_us=500 transfer_us=1000 commit_us=500 pause_us=2000 \
         total_us=2100 pages=256 bytes=1572864 resident=1048576 errno=0 reason=\n",
    );
    assert_eq!(
        files.answer("migrate -v 2 65600"),
        "process 65600 is on node 2: 1.5 MiB sent, stood still for 2.0 ms of 2.1\n"
    );
}

#[test]
fn a_program_is_a_command_by_its_name() {
    let is_called = |name: &str| ssi_cluster::is_called(&[name.into()]);
    for name in [
        "cluster",
        "/bin/clusternode_num",
        "where_pid",
        "./localview",
    ] {
        assert!(is_called(name), "{name}");
    }
    for name in ["/init", "", "ssi-init", "clusters", "help", "localview/.."] {
        assert!(!is_called(name), "{name}");
    }
    assert!(!ssi_cluster::is_called(&[]));
}

#[test]
fn a_command_that_cannot_be_begun_has_the_status_of_env() {
    let files = Files::new();
    files.write("text", "not a program\n");
    let text = files.path("text");
    let text = text.to_str().unwrap();
    for (line, status, words) in [
        ("localview".to_owned(), 125, "not provided: <CMD>"),
        (
            "localview -x ps".to_owned(),
            125,
            "unexpected argument '-x'",
        ),
        (
            "localview /nonexistent/ps -e".to_owned(),
            127,
            "'/nonexistent/ps' is not found",
        ),
        ("localview no-such-program".to_owned(), 127, "is not found"),
        (
            format!("localview {text}"),
            126,
            "cannot be run: Permission denied",
        ),
        ("localview /".to_owned(), 126, "'/' cannot be run"),
    ] {
        let said = files.run(&line);
        assert_eq!(
            (said.status, said.out.as_str()),
            (status, ""),
            "{line}: {said:?}"
        );
        assert!(said.err.contains(words), "{line}: {said:?}");
        assert!(said.err.starts_with("localview: "), "{said:?}");
        assert_eq!(said.err.lines().count(), 1, "{line}: {said:?}");
    }
}

/// A command replaces the process, so a second one of this test becomes it.
#[test]
fn a_command_has_the_view_of_its_node() {
    const BECOME: &str = "SSI_TEST_BECOME";
    if let Ok(line) = std::env::var(BECOME) {
        let said = Files::new().run(&line);
        panic!("{said:?}");
    }
    let become_it = |line: &str| {
        Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_command_has_the_view_of_its_node",
                "--nocapture",
            ])
            .env(BECOME, line)
            .output()
            .unwrap()
    };
    for line in [
        "localview cat /proc/self/personality",
        "/bin/localview -- cat /proc/self/personality",
        "localview env -- cat /proc/self/personality",
    ] {
        let done = become_it(line);
        let out = String::from_utf8(done.stdout).unwrap();
        let flags = u32::from_str_radix(out.lines().next_back().unwrap(), 16).unwrap();
        assert_eq!(flags & 0x1000_0000, 0x1000_0000, "{line}: {out}");
    }
    assert_eq!(
        become_it("localview grep --no-such-option").status.code(),
        Some(2)
    );
    assert_eq!(become_it("localview false").status.code(), Some(1));
}

#[test]
fn every_command_has_a_page_and_a_place() {
    let top = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let list = "source scripts/roots.sh && cluster_commands";
    let listed = Command::new("bash")
        .args(["-c", list])
        .current_dir(&top)
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for (command, section, place) in [
        ("cluster", 1, "bin"),
        ("clusternode_num", 1, "bin"),
        ("fast", 1, "bin"),
        ("fastnode", 1, "bin"),
        ("localview", 1, "bin"),
        ("migrate", 1, "bin"),
        ("onall", 1, "bin"),
        ("onnode", 1, "bin"),
        ("where_pid", 1, "bin"),
        ("clustername", 8, "sbin"),
        ("clusternode_getstate", 8, "sbin"),
        ("clusternode_info", 8, "sbin"),
        ("clusternode_avail", 8, "sbin"),
        ("clusternode_shutdown", 8, "sbin"),
        ("halt", 8, "sbin"),
        ("poweroff", 8, "sbin"),
        ("reboot", 8, "sbin"),
    ] {
        let page = top.join(format!("Documentation/man/{command}.{section}"));
        assert!(page.exists(), "{}", page.display());
        let listed = listed
            .lines()
            .filter(|line| *line == format!("{place}/{command}"));
        assert_eq!(listed.count(), 1, "{command}");
    }
}
