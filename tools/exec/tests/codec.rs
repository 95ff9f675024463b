// SPDX-License-Identifier: GPL-2.0

//! Frames, whatever they hold.

use proptest::collection::vec;
use proptest::prelude::*;
use ssi_exec::frame::{
    self,
    Decode,
    FrameError,
    Output,
    ToHost,
    ToNode,
    DATA_BYTES_MAX,
    HEADER_BYTES, //
};
use ssi_exec::window::{
    Credit,
    Window,
    WINDOW_BYTES, //
};
use ssi_exec::{
    Outcome,
    Request,
    RequestError,
    Size,
    Tty, //
};

fn text() -> impl Strategy<Value = Vec<u8>> {
    vec(1u8.., 0..40)
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    vec((1u8..).prop_filter("no =", |&byte| byte != b'='), 1..20)
}

fn size() -> impl Strategy<Value = Size> {
    (any::<u16>(), any::<u16>()).prop_map(|(rows, cols)| Size { rows, cols })
}

fn request() -> impl Strategy<Value = Request> {
    let tty = (size(), text()).prop_map(|(size, term)| Tty { size, term });
    (
        (vec(1u8.., 1..40), vec(text(), 0..8)),
        vec((name(), text()), 0..8),
        proptest::option::of(text()),
        proptest::option::of(tty),
    )
        .prop_map(|((program, args), env, cwd, tty)| Request {
            argv: std::iter::once(program).chain(args).collect(),
            env,
            cwd,
            tty,
        })
}

fn output() -> impl Strategy<Value = Output> {
    prop_oneof![Just(Output::Stdout), Just(Output::Stderr)]
}

proptest! {
    #[test]
    fn requests_come_back(request in request()) {
        let mut bytes = Vec::new();
        ToNode::Start(request.clone()).encode(&mut bytes).unwrap();
        let (frame, size) = frame::decode::<ToNode<'_>>(&bytes).unwrap().unwrap();
        prop_assert_eq!(frame, ToNode::Start(request));
        prop_assert_eq!(size, bytes.len());
    }

    #[test]
    fn frames_to_the_node_come_back(
        data in vec(any::<u8>(), 0..200), size in size(), signal in 1u8..=64,
        which in output(), credit in any::<u32>(),
    ) {
        for frame in [
            ToNode::Stdin(&data), ToNode::StdinEof, ToNode::Resize(size),
            ToNode::Signal(signal), ToNode::Credit(which, credit), ToNode::Closed(which),
        ] {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes).unwrap();
            prop_assert_eq!(frame::decode(&bytes), Ok(Some((frame, bytes.len()))));
        }
    }

    #[test]
    fn frames_to_the_host_come_back(
        data in vec(any::<u8>(), 0..200), which in output(), credit in any::<u32>(),
        code in any::<u8>(), signal in 1u8..=64, errno in any::<i32>(), text in ".{0,80}",
    ) {
        for frame in [
            ToHost::Output(which, &data), ToHost::Eof(which), ToHost::Credit(credit),
            ToHost::StdinClosed, ToHost::Ended(Outcome::Exited(code)),
            ToHost::Ended(Outcome::Killed(signal)),
            ToHost::Ended(Outcome::Failed { errno, text: text.clone() }),
        ] {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            prop_assert_eq!(frame::decode(&bytes), Ok(Some((frame, bytes.len()))));
        }
    }

    #[test]
    fn a_frame_cut_short_is_awaited_or_refused(request in request(), cut in 0usize..400) {
        let mut bytes = Vec::new();
        ToNode::Start(request).encode(&mut bytes).unwrap();
        let cut = cut.min(bytes.len() - 1);
        prop_assert_eq!(frame::decode::<ToNode<'_>>(&bytes[..cut]), Ok(None));
    }

    #[test]
    fn no_bytes_are_trusted(bytes in vec(any::<u8>(), 0..300)) {
        // Neither direction panics, or takes more than there is.
        if let Ok(Some((_, size))) = frame::decode::<ToNode<'_>>(&bytes) {
            prop_assert!(size <= bytes.len());
        }
        if let Ok(Some((_, size))) = frame::decode::<ToHost<'_>>(&bytes) {
            prop_assert!(size <= bytes.len());
        }
    }

    #[test]
    fn a_damaged_request_is_never_another_kind_of_success(
        request in request(), at in any::<prop::sample::Index>(), with in any::<u8>(),
    ) {
        let mut bytes = Vec::new();
        ToNode::Start(request).encode(&mut bytes).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = with;
        if let Ok(Some((ToNode::Start(request), _))) = frame::decode(&bytes) {
            prop_assert!(request.check().is_ok());
        }
    }

    /// Whatever is sent, granted and consumed in whatever order, the window holds
    /// and the sender never starves.
    #[test]
    fn the_window_holds(steps in vec((any::<bool>(), 1usize..100_000), 1..200)) {
        let (mut credit, mut window, mut held) = (Credit::new(), Window::default(), 0);
        for (is_send, bytes) in steps {
            if is_send {
                let sent = credit.allows(bytes);
                credit.spend(sent);
                window.arrived(sent).unwrap();
                held += sent;
            } else {
                let consumed = bytes.min(held);
                held -= consumed;
                if let Some(granted) = window.consumed(consumed) {
                    credit.grant(granted).unwrap();
                }
            }
            prop_assert!(held <= WINDOW_BYTES as usize);
            prop_assert!(held > 0 || credit.allows(1) == 1, "starved");
        }
    }
}

#[test]
fn a_length_over_the_limit_is_refused_before_the_payload_comes() {
    let header = |kind, length: u32| {
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes
    };
    let over = u32::try_from(DATA_BYTES_MAX + 1).unwrap();
    assert_eq!(
        frame::decode::<ToNode<'_>>(&header(2, over)),
        Err(FrameError::Length(2, over))
    );
    assert_eq!(frame::decode::<ToNode<'_>>(&header(2, over - 1)), Ok(None));
    assert_eq!(
        frame::decode::<ToHost<'_>>(&header(2, 0)),
        Err(FrameError::Kind(2)),
        "a frame of the other direction"
    );
}

#[test]
fn a_request_that_cannot_be_run_is_refused() {
    let with = |argv: &[&[u8]]| Request::new(argv.iter().copied());
    assert_eq!(with(&[]).check(), Err(RequestError::NoCommand));
    assert_eq!(with(&[b""]).check(), Err(RequestError::NoCommand));
    assert_eq!(with(&[b"a\0b"]).check(), Err(RequestError::Nul));
    let mut bad = with(&[b"a"]);
    bad.env.push((b"A=B".to_vec(), Vec::new()));
    assert_eq!(bad.check(), Err(RequestError::Variable));
    let long = Request::new([vec![b'x'; 3 << 20]]);
    let mut bytes = b"before".to_vec();
    assert_eq!(
        ToNode::Start(long).encode(&mut bytes),
        Err(RequestError::TooLong)
    );
    assert_eq!(bytes, b"before");
}

#[test]
fn the_peer_refuses_such_a_request_too() {
    let mut bytes = Vec::new();
    ToNode::Start(Request::new([b"a\0b".to_vec()]))
        .encode(&mut bytes)
        .unwrap();
    assert_eq!(
        frame::decode::<ToNode<'_>>(&bytes),
        Err(FrameError::Request(RequestError::Nul))
    );
}

#[test]
fn another_version_is_named() {
    let mut bytes = Vec::new();
    ToNode::Start(Request::new(["a"]))
        .encode(&mut bytes)
        .unwrap();
    bytes[HEADER_BYTES] = 9;
    assert_eq!(
        frame::decode::<ToNode<'_>>(&bytes),
        Err(FrameError::Version(9))
    );
}

#[test]
fn limits_are_those_of_the_direction() {
    assert_eq!(<ToNode<'_> as Decode>::length_max(64), None);
    assert_eq!(<ToHost<'_> as Decode>::length_max(1), None);
}

#[test]
fn more_than_the_window_is_noticed() {
    let mut window = Window::default();
    window.arrived(WINDOW_BYTES as usize).unwrap();
    assert_eq!(window.arrived(1), Err(FrameError::Window));
    assert_eq!(Credit::new().grant(1), Err(FrameError::Window));
}
