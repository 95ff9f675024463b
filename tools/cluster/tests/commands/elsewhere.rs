// SPDX-License-Identifier: GPL-2.0

//! Commands that run commands elsewhere.
//!
//! On plain files, and with a kernel that only writes down what it is asked for.

use std::{
    cell::RefCell,
    ffi::OsString,
    fs,
    io,
    path::Path, //
};

use libcluster::{
    ClusterNode,
    NotBegun, //
};
use ssi_cluster::Node;

use crate::{
    plain_files,
    Unwritable, //
};

/// What `onall` starts.
const ONNODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/onnode.sh");

/// Node and words of a command that was to be begun.
type Begun = (u8, Vec<String>);

/// What a command said, and what it wanted begun.
#[derive(Debug, Default, PartialEq)]
struct Said {
    status: u8,
    out: String,
    err: String,
    begun: Vec<Begun>,
}

/// Runs a command on a node that begins nothing, because of `why`.
fn run_words<A: Into<OsString>>(
    root: &Path,
    words: impl IntoIterator<Item = A>,
    why: impl Fn(ClusterNode) -> NotBegun,
) -> Said {
    let begun = RefCell::new(Vec::new());
    let node = Node {
        become_on: &|node, words| {
            let words = words.iter().map(|word| word.to_str().unwrap().to_owned());
            begun.borrow_mut().push((node.get(), words.collect()));
            why(node)
        },
        program: Path::new(ONNODE),
        ..crate::node(root.to_str().unwrap())
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = words.into_iter().map(Into::into);
    let status = ssi_cluster::run(node, words, &mut out, &mut err);
    Said {
        status,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
        begun: begun.into_inner(),
    }
}

fn run(root: &Path, line: &str) -> Said {
    run_words(root, line.split_whitespace(), NotBegun::NotUp)
}

/// Runs a script of the shell on all nodes, with these options.
fn on_all(root: &Path, options: &[&str], script: &str) -> Said {
    let words = [&["onall"], options, &["sh", "-c", script]].concat();
    run_words(root, words, NotBegun::NotUp)
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn a_command_is_begun_as_it_was_typed() {
    let place = plain_files::make();
    for (line, node, command) in [
        ("onnode 3 ls", 3, "ls"),
        ("/bin/onnode 63 ls -l -p --help", 63, "ls -l -p --help"),
        ("onnode 1 -- ls", 1, "ls"),
        ("onnode -- 1 ls -- x", 1, "ls -- x"),
        ("onnode 1 -- -x y", 1, "-x y"),
        ("onnode 2 env -- ls", 2, "env -- ls"),
        ("onnode -l 2 ls -l", 2, "ls -l"),
        ("onnode -p 2 ls -p", 2, "ls -p"),
        ("onnode -lp 2 ls", 2, "ls"),
        ("onnode -pl 2 ls", 2, "ls"),
    ] {
        let said = run(&place.path(), line);
        assert_eq!(said.begun, [(node, words(command))], "{line}");
        assert_eq!(said.status, 125, "{line}");
        assert_eq!(said.err, format!("onnode: node {node} is not up\n"));
    }
}

#[test]
fn what_is_not_begun_has_the_status_of_env() {
    let place = plain_files::make();
    let program = || "ls".to_owned();
    type Why = fn(ClusterNode, String) -> NotBegun;
    let reasons: [(Why, u8, &str); 5] = [
        (
            |node, program| NotBegun::NotFound { program, node },
            127,
            "'ls' is not found on node 2",
        ),
        (
            |node, program| NotBegun::CannotRun {
                program,
                node,
                source: io::ErrorKind::PermissionDenied.into(),
            },
            126,
            "'ls' cannot be run on node 2: permission denied",
        ),
        (|node, _| NotBegun::NotUp(node), 125, "node 2 is not up"),
        (
            |node, _| NotBegun::Bound(node),
            125,
            "this process cannot leave its node for node 2",
        ),
        (|_, _| NotBegun::NoCall, 125, "this kernel begins no"),
    ];
    for (why, status, said_of_it) in reasons {
        let said = run_words(&place.path(), ["onnode", "2", "ls"], |node| {
            why(node, program())
        });
        assert_eq!((said.status, said.out.as_str()), (status, ""), "{said:?}");
        assert!(said.err.starts_with(&format!("onnode: {said_of_it}")));
        assert_eq!(said.err.lines().count(), 1, "{said:?}");
    }
}

#[test]
fn nothing_is_begun_for_wrong_words() {
    let place = plain_files::make();
    for (line, expected) in [
        ("onnode", "not provided: <NODE> <CMD>..."),
        ("onnode 2", "not provided: <CMD>..."),
        ("onnode ls -l", "invalid value 'ls' for '<NODE>'"),
        ("onnode 0 ls", "not a node number, 1 to 63"),
        ("onnode 64 ls", "not a node number, 1 to 63"),
        ("onnode -2 ls", "unexpected argument '-2'"),
        ("onnode 2 -x ls", "unexpected argument '-x'"),
        ("onall", "not provided: <CMD>..."),
        ("onall -x ls", "unexpected argument '-x'"),
        ("fast", "not provided: <CMD>..."),
        ("fast -x ls", "unexpected argument '-x'"),
    ] {
        let said = run(&place.path(), line);
        assert_eq!(said.status, 125, "{line}: {said:?}");
        assert_eq!((said.out.as_str(), said.begun.len()), ("", 0), "{said:?}");
        assert!(said.err.contains(expected), "{line}: {said:?}");
        assert_eq!(said.err.lines().count(), 1, "{line}: {said:?}");
    }
}

#[test]
fn what_has_least_to_do_is_fast() {
    let place = plain_files::make();
    for (tasks, fastest) in [([1, 1], 2), ([2, 3], 1), ([4, 3], 2)] {
        place.keep_busy(1, tasks[0]);
        place.keep_busy(2, tasks[1]);
        let said = run(&place.path(), "fastnode");
        assert_eq!((said.status, said.out), (0, format!("{fastest}\n")));
        let said = run(&place.path(), "fast make -j 4");
        assert_eq!(said.begun, [(fastest, words("make -j 4"))]);
        let expected = format!("fast: node {fastest} is not up\n");
        assert_eq!((said.status, said.err), (125, expected));
    }
    let said = run(&place.path(), "fastnode 2");
    assert_eq!(said.status, 2, "{said:?}");
}

/// Nodes 1 and 2 are up.
#[test]
fn a_command_runs_on_each_node_that_is_up() {
    let place = plain_files::make();
    let found = place.path().join("found");
    for (options, view) in [
        (&[][..], "cluster"),
        (&["-s"], "cluster"),
        (&["-l"], "local"),
    ] {
        let script = format!("echo $NODE $VIEW >>{}", found.display());
        let said = on_all(&place.path(), options, &script);
        assert_eq!(said, Said::default(), "{options:?}");
        let text = fs::read_to_string(&found).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        if options != ["-s"] {
            lines.sort_unstable();
        }
        assert_eq!(lines, [format!("1 {view}"), format!("2 {view}")]);
        fs::remove_file(&found).unwrap();
    }
}

/// With -s the second would wait for the first, which waits for the second.
#[test]
fn all_run_at_the_same_time() {
    let place = plain_files::make();
    let path = place.path();
    let script = format!(
        "cd {} && >came.$NODE; while [ ! -e came.1 ] || [ ! -e came.2 ]; do sleep 0.01; done",
        path.display()
    );
    assert_eq!(on_all(&path, &[], &script), Said::default());
}

#[test]
fn one_after_the_other_is_in_the_order_of_the_numbers() {
    let place = plain_files::make();
    let path = place.path();
    let script = format!(
        "cd {} && [ $NODE = 2 ] && [ ! -e done.1 ] && exit 9; sleep 0.05; >done.$NODE",
        path.display()
    );
    assert_eq!(on_all(&path, &["-s"], &script), Said::default());
    assert!(path.join("done.2").exists());
}

#[test]
fn the_highest_status_is_that_of_all() {
    let place = plain_files::make();
    for (script, status) in [
        ("exit $NODE", 2),
        ("[ $NODE = 2 ] || exit 7", 7),
        ("kill -TERM $$", 143),
        ("[ $NODE = 1 ] || kill -KILL $$", 137),
        ("exit 255", 255),
        ("exec /nonexistent/program 2>/dev/null", 127),
    ] {
        for options in [&[][..], &["-s"], &["-v"]] {
            let said = on_all(&place.path(), options, script);
            assert_eq!(said.status, status, "{script}: {said:?}");
        }
    }
}

#[test]
fn beside_others_a_command_has_no_input() {
    let place = plain_files::make();
    let said = on_all(&place.path(), &["-v"], "readlink /proc/self/fd/0");
    let mut lines: Vec<&str> = said.out.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["1: /dev/null", "2: /dev/null"]);
}

#[test]
fn each_line_has_its_node_in_front() {
    let place = plain_files::make();
    let script = "echo on $NODE; echo; echo wrong >&2; printf open";
    let said = on_all(&place.path(), &["-sv"], script);
    assert_eq!(said.out, "1: on 1\n1: \n1: open\n2: on 2\n2: \n2: open\n");
    assert_eq!(said.err, "1: wrong\n2: wrong\n");

    let said = on_all(&place.path(), &["-v"], "seq 1 2000; exit $NODE");
    assert_eq!(said.status, 2);
    for node in 1..=2 {
        let prefix = format!("{node}: ");
        let lines = said
            .out
            .lines()
            .filter_map(|line| line.strip_prefix(&prefix));
        let expected: Vec<String> = (1..=2000).map(|number| number.to_string()).collect();
        assert_eq!(lines.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_line_without_end_comes_in_pieces() {
    let place = plain_files::make();
    let script = "[ $NODE = 2 ] || head -c 150000 /dev/zero | tr '\\0' x";
    let said = on_all(&place.path(), &["-v"], script);
    let lengths: Vec<usize> = said.out.lines().map(str::len).collect();
    let rest = 150_000 - 2 * 65_536;
    assert_eq!(lengths, [65_536 + 3, 65_536 + 3, rest + 3]);
}

/// The commands write for ever, and end only because nobody reads.
#[test]
fn what_nobody_reads_ends() {
    let place = plain_files::make();
    let path = place.path();
    let node = Node {
        program: Path::new(ONNODE),
        ..crate::node(path.to_str().unwrap())
    };
    let mut out = Unwritable(io::ErrorKind::BrokenPipe);
    let mut err = Vec::new();
    let words = ["onall", "-v", "yes"].map(OsString::from);
    let status = ssi_cluster::run(node, words, &mut out, &mut err);
    let err = String::from_utf8(err).unwrap();
    assert_eq!(status, 125);
    assert_eq!(err, "onall: the answer cannot be written: broken pipe\n");
}

#[test]
fn there_may_be_nothing_to_run_it_on() {
    let place = plain_files::make();
    let view = plain_files::VIEW.replace(" UP ", " DOWN ");
    fs::write(place.path().join("view"), view).unwrap();
    for (line, expected) in [("onall true", 125), ("fast true", 125), ("fastnode", 1)] {
        let said = run(&place.path(), line);
        assert_eq!(said.status, expected, "{line}: {said:?}");
        assert!(said.err.contains("not in the cluster now"), "{said:?}");
        let said = run(Path::new("/nonexistent"), line);
        assert_eq!(said.status, expected, "{line}: {said:?}");
        assert!(said.err.contains("not a node of a cluster"), "{said:?}");
    }
}
