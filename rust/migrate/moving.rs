// SPDX-License-Identifier: GPL-2.0

//! Process that moves.
//!
//! It [hands itself over](crate::hand_over) as it is, whatever it was about to do: on its way
//! to user mode, where it is brought by an [errand]. If it cannot go, it goes on.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use ssi_core::{
    ids::NodeId,
    migrate::record::Kind, //
};
use ssi_kapi::{
    address_space::Memory,
    device::Migrate,
    errand::{
        self,
        After, //
    },
    fork,
    itimer::Paused,
    leave,
    moves::Asker,
    parking::{
        self,
        Parking, //
    },
    posix_timer::Stopped,
    restart,
    task_state,
    whereabouts, //
};

use crate::{
    ahead::Ahead,
    ask::Operation,
    drained,
    hand_over::{
        forward_signals,
        HandOver,
        Outcome, //
    },
    journal::{
        self,
        Entry, //
    },
    lent,
    parcel::Parcel,
    threads::Others,
    word::Word, //
};

/// How long a process has to come to the way to user mode, in microseconds. One that waits
/// for another to move, which waits for it, never does.
const PATIENCE: u64 = 10_000_000;

/// Has process `pid`, which runs on this node, move to `node`. Waits until that is decided,
/// or the caller is killed, when it is decided all the same. May sleep.
///
/// # Errors
///
/// `ESRCH` if there is no such process here, or none any more; `EAGAIN` for one that is in a
/// call that does not let it go for long, and stays; `EINTR`; those of [`go`].
pub(crate) fn request(pid: u32, node: NodeId, entry: Entry) -> Result {
    let ahead = Ahead::send(pid, node);
    let word = Word::new()?;
    ask(pid, node, entry, Parking::new()?, ahead, &word)?;
    word.hear_within(PATIENCE).unwrap_or(Err(EINTR))
}

/// Has the first thread of process `pid` say a `word` what came of going to `node`; the others
/// wait for that in `parking`.
fn ask(
    pid: u32,
    node: NodeId,
    entry: Entry,
    parking: Arc<Parking>,
    ahead: Option<Ahead>,
    word: &Arc<Word>,
) -> Result {
    let own = word.clone();
    errand::give(pid, move || {
        if own.begin() {
            own.say(go(node, entry, &parking, ahead));
        }
    })
}

/// Has the running process move as it is `wanted` when it returns from the call it is in,
/// which gives 0 there, or here an error. May sleep.
///
/// # Errors
///
/// `EINVAL` for flags, `ENODEV` for what is no node's number, `ENOMEM`.
pub(crate) fn request_own(wanted: &Migrate) -> Result<isize> {
    if wanted.flags != 0 {
        return Err(EINVAL);
    }
    let node = u8::try_from(wanted.node).ok().and_then(NodeId::new);
    let node = node.ok_or(ENODEV)?;
    let entry = journal::begin(Kind::Move, task_state::pid(), node, Asker::current()?);
    give_own(node, entry)?;
    Ok(0)
}

/// As [`request_own`], to `node`.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn give_own(node: NodeId, entry: Entry) -> Result {
    let parking = Parking::new()?;
    errand::give_at_last(move || {
        let (gone, after) = match parking::is_first() {
            true => (go(node, entry, &parking, None), After::GoesOn),
            false => go_behind(node, entry, &parking),
        };
        if let Err(error) = gone {
            errand::set_result(error);
        }
        after
    })
}

/// As [`go`], for a thread that is not the first: that is asked, and this one waits with the
/// others. What becomes of this one, too.
fn go_behind(node: NodeId, entry: Entry, parking: &Arc<Parking>) -> (Result, After) {
    let asked = parking.enter().and_then(|()| {
        let word = Word::new()?;
        ask(task_state::pid(), node, entry, parking.clone(), None, &word)?;
        word.hear_within(PATIENCE).unwrap_or(Err(EINTR))
    });
    entry.end(&asked, None);
    // If it stays, or was there already.
    parking.go_on();
    (asked, parking.wait())
}

/// Moves the running process, whose first thread is on its way to user mode; the others wait in
/// `parking` meanwhile. Part of its memory may be sent `ahead`. May sleep.
///
/// # Errors
///
/// `EAGAIN` if one of those does not come; `ESRCH` for one that ends, `EBUSY` for one that has
/// just left, `EHOSTDOWN` for a node that is not in the cluster, `ECONNREFUSED` for one that is
/// drained; why it cannot go ([`leave::Cannot`]); those of [`hand_over`]. Then it goes on.
fn go(node: NodeId, entry: Entry, parking: &Arc<Parking>, ahead: Option<Ahead>) -> Result {
    let home = journal::home_of(task_state::pid());
    let went = try_to_go(node, entry, parking, ahead);
    entry.end(&went, home);
    went
}

fn try_to_go(node: NodeId, entry: Entry, parking: &Arc<Parking>, ahead: Option<Ahead>) -> Result {
    let me = ssi_ics::this_node().ok_or(ENODEV)?;
    if fork::is_killed() {
        return Err(ESRCH);
    }
    // Another one was faster, and what is left here is not the process.
    if whereabouts::away(task_state::pid()).is_some() {
        return Err(EBUSY);
    }
    restart::quietly();
    if node == me.node {
        return Ok(());
    }
    drained::may_go_to(node)?;
    // Who cannot is not disturbed; and when all wait, nothing of that changes any more.
    leave::may_move().map_err(|why| entry.refuse(why))?;
    entry.stands_still();
    let others = Others::gather(parking.clone())?;
    leave::may_move().map_err(|why| entry.refuse(why))?;
    match hand_over(node, entry, Some(others.parking()), ahead)? {
        Outcome::Left => {
            forward_signals(task_state::pid(), node, others.parking());
            others.leave();
            Ok(())
        }
        Outcome::Killed => Err(ESRCH),
        Outcome::Stayed(error) => Err(error),
    }
}

/// Hands the running process over to `node` as it is, with its `others`: the threads that wait.
/// Without them it has but one. Part of its memory may be sent `ahead`. May sleep.
///
/// # Errors
///
/// Why one without them cannot leave ([`leave::Cannot`]); those of [`Parcel::pack_process`];
/// `EAGAIN` for too many at once.
pub(crate) fn hand_over(
    node: NodeId,
    entry: Entry,
    others: Option<&Parking>,
    ahead: Option<Ahead>,
) -> Result<Outcome> {
    entry.stands_still();
    if others.is_none() {
        leave::may_leave().map_err(|why| entry.refuse(why))?;
    }
    let pid = task_state::pid();
    let memory = Memory::of_current()?;
    let alarm = Paused::new();
    let timers = Stopped::new()?;
    let parcel = Parcel::pack_process(node, &memory, &alarm, &timers, others)?;
    entry.is_packed(parcel.pages.bytes(), memory.resident());
    let kept = ahead.as_ref().map(|ahead| ahead.kept(&memory));
    // Without memory to say what was, all is fetched.
    let kept = kept.and_then(Result::ok).unwrap_or_default();
    let loan = match lent::lend(pid, node, memory, kept) {
        Ok(loan) => loan,
        Err(error) => {
            parcel.withdraw();
            return Err(error);
        }
    };
    let hand_over = HandOver {
        pid,
        node,
        operation: Operation::Fork,
        others,
    };
    let outcome = hand_over.run(parcel);
    drop(loan);
    if let Outcome::Left = outcome {
        alarm.leave();
        timers.leave();
    }
    Ok(outcome)
}
