// SPDX-License-Identifier: GPL-2.0

//! The library, called by C.
//!
//! Compiles `c/calls.c` with the header, links it with the archive, and lets it ask
//! a cluster of plain files.

use std::{
    env,
    fs,
    path::{
        Path,
        PathBuf, //
    },
    process::Command, //
};

const VIEW: &str = "transid 6 epoch 10 master 1 self 2\n\
    1 UP 1 1 134217728 2 1764214800.000001\n\
    2 UP 2 1 134217728 4 1764214801.000001\n\
    3 GOINGDOWN 7 2 268435456 6 1764214802.500000\n\
    4 NEVERUP 0 0 0 0 0.000000\n";

/// The first transition is forgotten.
const EVENTS: &str = "2 1 1 COMINGUP UP active 1764214800.000001 1\n\
    3 9 2 NEVERUP COMINGUP joined 1764214800.900000 2\n\
    4 9 2 COMINGUP UP active 1764214801.000001 2\n\
    5 9 3 COMINGUP UP active 1764214801.000001 7\n\
    6 10 3 UP GOINGDOWN died 1764214802.500000 7\n";

fn make_cluster(root: &Path) {
    for (file, content) in [
        ("name", "lab-2\n"),
        ("self", "2\n"),
        ("view", VIEW),
        ("events", EVENTS),
    ] {
        fs::write(root.join(file), content).unwrap();
    }
    fs::create_dir(root.join("node1")).unwrap();
    fs::write(root.join("node1/shutdown"), "").unwrap();
    let proc = root.parent().unwrap();
    for (pid, place) in [("1", "2\n"), ("65600", "1\n"), ("7", "0\n")] {
        fs::create_dir(proc.join(pid)).unwrap();
        fs::write(proc.join(pid).join("where"), place).unwrap();
    }
    fs::create_dir(proc.join("8")).unwrap();
}

/// The archive. What cargo makes for tests has another name each time, so it is
/// asked for the one that programs use.
fn archive() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "--message-format=json",
            "-p",
            "libcluster-c",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    String::from_utf8(built.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["filenames"].as_array().cloned())
        .flatten()
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .find(|file| file.ends_with("libcluster.a"))
        .unwrap()
}

/// Compiles a program of `c/` with what else it is made of.
fn compile(place: &Path, name: &str, with: &Path) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = place.join(name);
    let compiler = env::var_os("CC").unwrap_or_else(|| "gcc".into());
    let done = Command::new(compiler)
        .args([
            "-std=gnu11",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Wstrict-prototypes",
            "-Werror",
            "-I",
        ])
        .arg(here.join("include"))
        .arg(here.join(format!("tests/c/{name}.c")))
        .arg(with)
        .args(["-static", "-o"])
        .arg(&program)
        .status()
        .unwrap();
    assert!(done.success(), "{name}.c does not compile");
    program
}

#[test]
fn every_call_answers_a_program_in_c() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("cluster");
    let program = compile(place.path(), "calls", &archive());

    // There is no cluster yet.
    let done = Command::new(&program).arg(&root).status().unwrap();
    assert!(done.success());

    fs::create_dir(&root).unwrap();
    make_cluster(&root);
    let done = Command::new(&program).arg(&root).status().unwrap();
    assert!(done.success());

    let asked = fs::read_to_string(root.join("node1/shutdown")).unwrap();
    assert_eq!(asked, "halt\n");
    let ordered = fs::read_to_string(root.join("events")).unwrap();
    assert!(ordered.starts_with("signal 12"), "{ordered}");
}

#[test]
fn a_list_of_words_becomes_an_array() {
    let place = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/list.c");
    let program = compile(place.path(), "list", &source);
    assert!(Command::new(program).status().unwrap().success());
}
