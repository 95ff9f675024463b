// SPDX-License-Identifier: GPL-2.0

//! Host links without kernels.
//!
//! A shell script in the place of UML says the packets that a test has prepared, and
//! keeps what it hears.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::Duration, //
};

use ssi_core::{
    hostlink::{
        FromNode,
        Standing,
        ToNode,
        BUILD_BYTES,
        PACKET_BYTES_MAX, //
    },
    ids::{
        Epoch,
        Incarnation,
        NodeId, //
    },
    node_set::NodeSet,
    view::{
        Entry,
        NodeState,
        View, //
    },
};

use crate::host::{
    self,
    wait_until,
    Host, //
};

/// Says its hello, then what is put into `say-N`, and hears into `heard-N`.
const TALKER: &str = r#"exec bash -c '
	dir=$(dirname "$0")
	for word; do
		case $word in umid=*) node=${word#*=} ;; ssi.host=*) fd=${word#*=} ;; esac
	done
	cat "$dir/hello-$node" >&$fd
	while sleep 0.01; do cat <&$fd >>"$dir/heard-$node" 2>/dev/null; done &
	while sleep 0.05; do
		[ ! -e "$dir/say-$node" ] || { cat "$dir/say-$node" >&$fd; rm "$dir/say-$node"; }
	done' "$0" "$@""#;

/// Says garbage as fast as it can.
const BABBLER: &str = r#"exec bash -c '
	for word; do case $word in ssi.host=*) fd=${word#*=} ;; esac; done
	while :; do printf "nonsense of some length" >&$fd; done' "$0" "$@""#;

/// Says hello, then a plea again and again, and never reads an answer.
const DEAF: &str = r#"exec bash -c '
	dir=$(dirname "$0")
	for word; do
		case $word in umid=*) node=${word#*=} ;; ssi.host=*) fd=${word#*=} ;; esac
	done
	cat "$dir/hello-$node" >&$fd
	while :; do cat "$dir/plea" >&$fd; done' "$0" "$@""#;

/// Says hello again and again.
const RESTLESS: &str = r#"exec bash -c '
	dir=$(dirname "$0")
	for word; do
		case $word in umid=*) node=${word#*=} ;; ssi.host=*) fd=${word#*=} ;; esac
	done
	while :; do cat "$dir/hello-$node" >&$fd; sleep 0.01; done' "$0" "$@""#;

fn node(number: u8) -> NodeId {
    NodeId::new(number).unwrap()
}

fn bytes(message: &FromNode<'_>) -> Vec<u8> {
    let mut room = [0; PACKET_BYTES_MAX];
    let len = message.encode(&mut room).unwrap();
    room[..len].to_vec()
}

fn host(script: &str) -> Host {
    let host = Host::new(script);
    for number in 1..=3 {
        let hello = FromNode::Hello {
            node: node(number),
            build: [9; BUILD_BYTES],
            nonce: 5,
        };
        let path = host.dir().join(format!("hello-{number}"));
        fs::write(path, bytes(&hello)).unwrap();
    }
    host
}

/// The node says `message`.
fn say(host: &Host, number: u8, message: &FromNode<'_>) {
    let (new, path) = (
        host.dir().join("new"),
        host.dir().join(format!("say-{number}")),
    );
    fs::write(&new, bytes(message)).unwrap();
    fs::rename(new, &path).unwrap();
    wait_until("it is said", || !path.exists());
}

/// The node says that it has installed the view with this number.
fn say_member(host: &Host, number: u8, epoch: u32) {
    let standing = Standing::Member(Epoch(epoch));
    let serial = 0;
    say(host, number, &FromNode::Report { serial, standing });
}

/// A figure of a node in `ssi status --json`.
fn figure(host: &Host, number: u8, name: &str) -> Option<String> {
    let status = host.succeeds(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let nodes = status["nodes"].as_array().unwrap();
    let found = nodes.iter().find(|found| found["node"] == number)?;
    let figure = &found[name];
    (!figure.is_null()).then(|| figure.to_string().trim_matches('"').to_owned())
}

fn life(host: &Host, number: u8) -> Option<Incarnation> {
    figure(host, number, "incarnation").map(|text| Incarnation(text.parse().unwrap()))
}

/// A view with nodes 1 to 3 up in the lives they live.
fn view(host: &Host) -> View {
    let mut view = View::EMPTY;
    view.epoch = Epoch(4);
    view.coordinator = Some(node(1));
    for number in 1..=3 {
        let (state, incarnation) = (NodeState::Up, life(host, number).unwrap());
        view.set(node(number), Entry { state, incarnation });
    }
    view
}

fn heard_path(host: &Host, number: u8) -> PathBuf {
    host.dir().join(format!("heard-{number}"))
}

/// Whether a node heard `message`: packets lie one behind the other in its file.
fn has_heard(host: &Host, number: u8, message: &ToNode) -> bool {
    let mut room = [0; PACKET_BYTES_MAX];
    let len = message.encode(&mut room).unwrap();
    let heard = fs::read(heard_path(host, number)).unwrap_or_default();
    heard.windows(len).any(|part| part == &room[..len])
}

#[test]
fn a_second_hello_is_the_death_of_the_first_life() {
    let host = host(TALKER);
    let mut start = host.start(&["start", "3"]);
    host.kernels(3);
    wait_until("all live", || {
        (1..=3).all(|number| life(&host, number).is_some())
    });
    let first = view(&host).member(node(3)).unwrap();
    let hello = FromNode::Hello {
        node: node(3),
        build: [9; BUILD_BYTES],
        nonce: 5,
    };
    say(&host, 3, &hello);
    let death = ToNode::Death {
        instance: first,
        serial: 1,
    };
    for number in [1, 2] {
        wait_until("the others hear of it", || has_heard(&host, number, &death));
    }
    assert!(life(&host, 3) > Some(first.incarnation));
    assert_eq!(figure(&host, 3, "boots").as_deref(), Some("1"));
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn a_fenced_node_is_killed_and_booted_again() {
    let host = host(TALKER);
    let mut start = host.start(&["start", "3"]);
    let kernels = host.kernels(3);
    wait_until("all live", || {
        (1..=3).all(|number| life(&host, number).is_some())
    });
    let view = view(&host);
    let plea = |side: &[u8], target| FromNode::Fence {
        request: 7,
        view: &view,
        side: side.iter().copied().map(node).collect(),
        targets: NodeSet::only(node(target)),
    };
    say_member(&host, 1, 4);
    say_member(&host, 3, 4);
    say(&host, 3, &plea(&[3], 1));
    let refused = ToNode::FenceAnswer {
        request: 7,
        verdict: ssi_core::hostlink::Verdict::Refused,
    };
    wait_until("one of three is refused", || has_heard(&host, 3, &refused));
    say(&host, 1, &plea(&[1, 2], 3));
    host::is_gone(&kernels[2]);
    let granted = ToNode::FenceAnswer {
        request: 7,
        verdict: ssi_core::hostlink::Verdict::Done,
    };
    wait_until("two of three are answered", || {
        has_heard(&host, 1, &granted)
    });
    let death = ToNode::Death {
        instance: view.member(node(3)).unwrap(),
        serial: 1,
    };
    wait_until("the others hear of it", || has_heard(&host, 2, &death));
    wait_until("it lives again", || {
        life(&host, 3) > view.member(node(3)).map(|instance| instance.incarnation)
    });
    assert_eq!(figure(&host, 3, "boots").as_deref(), Some("2"));
    assert_eq!(figure(&host, 1, "boots").as_deref(), Some("1"));
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn members_that_differ_are_told_apart() {
    let host = host(TALKER);
    let mut start = host.start(&["start", "3"]);
    host.kernels(3);
    wait_until("all live", || {
        (1..=3).all(|number| life(&host, number).is_some())
    });
    let view = view(&host);
    say(&host, 1, &FromNode::ViewIs(&view));
    for (number, epoch) in [(1, 4), (2, 4), (3, 3)] {
        say_member(&host, number, epoch);
    }
    let text = host.succeeds(&["status"]);
    for line in [
        "the members have different views:\n",
        "view 4: members 1-3, coordinator 1; installed by 1-2\n",
        "view 3: members 3\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(figure(&host, 2, "member").as_deref(), Some("UP"));
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn a_life_is_no_member_because_an_earlier_one_is() {
    let host = host(TALKER);
    let mut start = host.start(&["start", "3"]);
    host.kernels(3);
    wait_until("all live", || {
        (1..=3).all(|number| life(&host, number).is_some())
    });
    let view = view(&host);
    say(&host, 1, &FromNode::ViewIs(&view));
    say_member(&host, 1, 4);
    wait_until("it is a member", || {
        figure(&host, 3, "member").as_deref() == Some("UP")
    });
    let hello = FromNode::Hello {
        node: node(3),
        build: [9; BUILD_BYTES],
        nonce: 5,
    };
    say(&host, 3, &hello);
    wait_until("its next life is none", || {
        figure(&host, 3, "member").is_none()
    });
    let former = format!("UP {}", view.entry(node(3)).incarnation.0);
    assert_eq!(figure(&host, 3, "other_life"), Some(former.clone()));
    let text = host.succeeds(&["status"]);
    assert!(text.contains(&format!("no ({former})")), "{text}");
    assert_eq!(figure(&host, 2, "member").as_deref(), Some("UP"));
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn members_that_cannot_go_on_are_told() {
    let host = host(TALKER);
    let mut start = host.start(&["start", "3"]);
    host.kernels(3);
    wait_until("all live", || {
        (1..=3).all(|number| life(&host, number).is_some())
    });
    say(&host, 1, &FromNode::ViewIs(&view(&host)));
    say_member(&host, 1, 4);
    let is_told = || {
        host.succeeds(&["status"])
            .contains("the view cannot change")
    };
    host.succeeds(&["net", "cut", "1", "2"]);
    host.succeeds(&["net", "cut", "1", "3"]);
    assert!(!is_told(), "two of three go on");
    host.succeeds(&["net", "cut", "2", "3"]);
    let text = host.succeeds(&["status"]);
    let line = "the view cannot change: no part of its members (1 | 2 | 3) may go on without \
                the others; 'ssi net heal'\n";
    assert!(text.contains(line), "{text}");
    host.succeeds(&["net", "heal"]);
    assert!(!is_told(), "all is well");
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn a_kernel_that_babbles_is_ignored() {
    let host = host(BABBLER);
    let mut start = host.start(&["start", "2"]);
    host.kernels(2);
    thread::sleep(Duration::from_millis(1500));
    let before = host.supervisor_ticks();
    thread::sleep(Duration::from_secs(1));
    let ticks = host.supervisor_ticks() - before;
    assert!(ticks < 30, "{ticks} ticks in a second");
    let log = fs::read_to_string(host.cluster_dir().join("supervisor.log")).unwrap();
    assert!(log.contains("what cannot be read"), "{log}");
    assert!(log.lines().count() < 40, "{log}");
    assert_eq!(figure(&host, 1, "state").as_deref(), Some("booting"));
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

/// Waits for node 1 to be fenced with these words, and to boot again.
fn is_fenced_and_boots_again(host: &Host, words: &str) {
    wait_until("it is fenced", || {
        figure(host, 1, "state").as_deref() == Some("fenced")
    });
    let text = host.succeeds(&["status"]);
    assert!(text.contains(words), "{text}");
    wait_until("it is booted again", || {
        figure(host, 1, "boots").as_deref() == Some("2")
    });
}

#[test]
fn a_kernel_that_does_not_read_is_fenced() {
    let host = host(DEAF);
    let mut view = View::EMPTY;
    view.epoch = Epoch(1);
    for (number, incarnation) in [(1, 1), (2, 99)] {
        let (state, incarnation) = (NodeState::Up, Incarnation(incarnation));
        view.set(node(number), Entry { state, incarnation });
    }
    let plea = FromNode::Fence {
        request: 7,
        view: &view,
        side: NodeSet::only(node(1)),
        targets: NodeSet::only(node(2)),
    };
    fs::write(host.dir().join("plea"), bytes(&plea)).unwrap();
    let mut start = host.start(&["start", "1"]);
    host.kernels(1);
    is_fenced_and_boots_again(&host, "does not read its host link");
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

#[test]
fn a_kernel_that_reboots_without_end_is_fenced() {
    let host = host(RESTLESS);
    let mut start = host.start(&["start", "1"]);
    host.kernels(1);
    is_fenced_and_boots_again(&host, "rebooted again and again");
    host.succeeds(&["stop"]);
    start.wait().unwrap();
    host.is_clean();
}

/// Every file below `dir`.
fn files(dir: &std::path::Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().flatten();
    let below = |entry: fs::DirEntry| match entry.file_type().unwrap() {
        kind if kind.is_dir() => files(&entry.path()),
        kind if kind.is_file() => vec![entry.path()],
        _ => Vec::new(),
    };
    entries.flat_map(below).collect()
}

/// The key node 1 was given.
fn key(host: &Host) -> Vec<u8> {
    wait_until("it is welcome", || {
        fs::metadata(heard_path(host, 1)).is_ok_and(|found| found.len() > 64)
    });
    let heard = fs::read(heard_path(host, 1)).unwrap();
    let heads = (1..=heard.len()).filter_map(|len| ToNode::decode(&heard[..len]).ok());
    let welcome = heads.into_iter().find_map(|message| match message {
        ToNode::Welcome(welcome) => Some(welcome.key.to_vec()),
        _ => None,
    });
    welcome.unwrap()
}

#[test]
fn a_key_is_one_clusters_and_in_no_file() {
    let hosts = [host(TALKER), host(TALKER)];
    let mut starts = hosts.each_ref().map(|host| host.start(&["start", "2"]));
    let [first, second] = hosts.each_ref().map(key);
    assert!(first != second && first.iter().any(|byte| *byte != 0));
    let hex: String = first.iter().map(|byte| format!("{byte:02x}")).collect();
    let host = &hosts[0];
    let mut places = files(&host.cluster_dir());
    let mut pids = vec![host.supervisor()];
    pids.extend(host.kernels(2).iter().map(|pid| pid.as_raw_nonzero().get()));
    for name in ["cmdline", "environ"] {
        places.extend(pids.iter().map(|pid| format!("/proc/{pid}/{name}").into()));
    }
    for place in places {
        let bytes = fs::read(&place).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let is_there = bytes.windows(first.len()).any(|part| part == first);
        assert!(!is_there && !text.contains(&hex), "{}", place.display());
    }
    for (host, start) in hosts.iter().zip(&mut starts) {
        host.succeeds(&["stop"]);
        start.wait().unwrap();
        host.is_clean();
    }
}
