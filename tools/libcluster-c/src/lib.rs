// SPDX-License-Identifier: GPL-2.0

//! The cluster, for programs in C.
//!
//! OpenSSI's `libcluster`, call by call; `include/sys/cluster.h` is the header.
//! A call checks what C hands over, asks the crate `libcluster`, and hands the
//! answer back. Only what deals with C's pointers is `unsafe`: the functions at the end
//! of [`pointer`], and the calls, whose callers promise what the man pages say.

use std::{
    ffi::{
        c_char,
        c_int,
        CString, //
    },
    os::fd::IntoRawFd as _,
    ptr,
    sync::OnceLock, //
};

use libcluster::{
    Cluster,
    ClusterNode,
    NodeState,
    Pid,
    PowerAction,
    TransId,
    Which,
    PROC_CLUSTER, //
};
use rustix::io::Errno;

mod abi;
mod failure;
mod migrate;
mod pointer;
mod rexec;
mod rfork;

pub use crate::migrate::migrate;
pub use crate::rexec::{
    rexecv,
    rexecve,
    rexecvp, //
};
pub use crate::rfork::rfork;
use crate::{
    abi::{
        Info,
        TransInfo, //
    },
    failure::{
        note,
        returned,
        Failure, //
    },
};

/// Where the cluster is shown, when it is another place than `/proc/cluster`.
static ROOT: OnceLock<String> = OnceLock::new();

/// The name, once somebody asked for it: C keeps the pointer.
static NAME: OnceLock<CString> = OnceLock::new();

fn cluster() -> Result<Cluster, Failure> {
    Ok(Cluster::at(
        ROOT.get().map_or(PROC_CLUSTER, String::as_str),
    )?)
}

fn node(number: c_int) -> Result<ClusterNode, Failure> {
    let number = u8::try_from(number).ok().and_then(ClusterNode::new);
    number.ok_or(Failure::from(Errno::INVAL))
}

/// Lists the nodes that are up, and tells the last transition before that.
/// Returns their number, which may be larger than the array.
///
/// # Safety
///
/// `transid` is null or points to one; `array` points to `length` numbers, or
/// `length` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_membership(
    transid: *mut u64,
    length: c_int,
    array: *mut c_int,
) -> c_int {
    let ask = || {
        // SAFETY: The caller promises an array of this length.
        let array = unsafe { pointer::array(array, length) }?;
        let membership = cluster()?.membership()?;
        array.fill(0);
        for (place, node) in array.iter_mut().zip(&membership.up) {
            *place = node.get().into();
        }
        // SAFETY: The caller promises that it is null or points to one.
        if let Some(transid) = unsafe { transid.as_mut() } {
            *transid = membership.transid.0;
        }
        c_int::try_from(membership.up.len()).map_err(|_| Errno::OVERFLOW.into())
    };
    returned(ask())
}

/// Tells the next simple transition behind `transid`, and moves that on to it.
///
/// # Safety
///
/// `transid` points to one, `info` to `size` bytes; either may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_transition(
    transid: *mut u64,
    size: c_int,
    info: *mut TransInfo,
) -> c_int {
    let ask = || {
        // SAFETY: The caller promises that it is null or points to one.
        let transid = unsafe { transid.as_mut() }.ok_or(Errno::INVAL)?;
        // SAFETY: The caller promises so many bytes.
        let room = unsafe { pointer::room(info, size) }?;
        let next = cluster()?.transition_after(TransId(*transid))?;
        let found = TransInfo::from(&next.ok_or(Errno::AGAIN)?);
        *transid = found.id;
        room.fill(&found);
        Ok(0)
    };
    returned(ask())
}

/// Tells a transition by its relation to `transid`, and moves that to it.
///
/// # Safety
///
/// `transid` points to one, `info` to `size` bytes; either may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_detailedtransition(
    which: c_int,
    transid: *mut u64,
    size: c_int,
    info: *mut TransInfo,
) -> c_int {
    let ask = || {
        // SAFETY: The caller promises that it is null or points to one.
        let transid = unsafe { transid.as_mut() };
        let given = transid.as_ref().map(|transid| TransId(**transid));
        let which = match (which, given) {
            (abi::WHICH_THIS, Some(id)) => Which::This(id),
            (abi::WHICH_NEXT, Some(id)) => Which::Next(id),
            (abi::WHICH_PREVIOUS, Some(id)) => Which::Previous(id),
            (abi::WHICH_FIRST, _) => Which::First,
            (abi::WHICH_LAST, _) => Which::Last,
            _ => return Err(Errno::INVAL.into()),
        };
        // SAFETY: The caller promises so many bytes.
        let room = unsafe { pointer::room(info, size) }?;
        let found = TransInfo::from(&cluster()?.detailed_transition(which)?);
        if let Some(transid) = transid {
            *transid = found.id;
        }
        room.fill(&found);
        Ok(0)
    };
    returned(ask())
}

/// Has `signal` sent to this process at each simple transition, until the
/// descriptor that is returned is closed: `desired`, or any for -1.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_events_register_signal(desired: c_int, signal: c_int) -> c_int {
    let ask = || {
        if desired < -1 {
            return Err(Errno::BADF.into());
        }
        let fd = cluster()?.register_signal(signal)?;
        Ok(match desired {
            -1 => fd.into_raw_fd(),
            // C owns that number and asks for it to be replaced.
            _ => pointer::move_to(fd, desired)?,
        })
    };
    returned(ask())
}

/// 1 when the node is up, 0 when it is not.
#[unsafe(no_mangle)]
pub extern "C" fn clusternode_avail(number: c_int) -> c_int {
    let ask = || Ok(cluster()?.avail(node(number)?)?.into());
    returned(ask())
}

/// Tells what is known of a node.
///
/// # Safety
///
/// `info` points to `size` bytes, or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clusternode_info(number: c_int, size: c_int, info: *mut Info) -> c_int {
    let ask = || {
        // SAFETY: The caller promises so many bytes.
        let room = unsafe { pointer::room(info, size) }?;
        let found = cluster()?.info(node(number)?)?;
        room.fill(&Info::from(&found));
        Ok(0)
    };
    returned(ask())
}

/// Asks a node to shut down, when that is the state wanted. Every other state
/// comes about by itself.
///
/// # Safety
///
/// `info` points to `size` bytes, or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clusternode_setinfo(
    number: c_int,
    action: c_int,
    size: c_int,
    info: *mut Info,
) -> c_int {
    let ask = || {
        // SAFETY: The caller promises so many bytes, which it has filled in.
        let wanted = unsafe { pointer::read(info, size) }?;
        if action != abi::SETSTATE {
            return Err(Errno::INVAL.into());
        }
        match abi::state(wanted.state) {
            Some(NodeState::Shutdown) => {
                cluster()?.shut_down(node(number)?, PowerAction::Halt)?;
                Ok(0)
            }
            Some(_) => Err(Errno::OPNOTSUPP.into()),
            None => Err(Errno::INVAL.into()),
        }
    };
    returned(ask())
}

/// The node this runs on.
#[unsafe(no_mangle)]
pub extern "C" fn clusternode_num() -> c_int {
    let ask = || Ok(cluster()?.num()?.get().into());
    returned(ask())
}

/// The node that runs a process.
#[unsafe(no_mangle)]
pub extern "C" fn node_pid(pid: c_int) -> c_int {
    let ask = || {
        let pid = Pid::new(pid).ok_or(Errno::INVAL)?;
        Ok(cluster()?.node_pid(pid)?.get().into())
    };
    returned(ask())
}

/// The name of the cluster, or null. The text stays for as long as the program.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_name() -> *mut c_char {
    let ask = || {
        let name = cluster()?.name()?;
        CString::new(name.as_str()).map_err(|_| Failure::from(Errno::PROTO))
    };
    let known = match NAME.get() {
        Some(known) => known,
        None => match ask() {
            Ok(name) => NAME.get_or_init(|| name),
            Err(why) => {
                note(why);
                return ptr::null_mut();
            }
        },
    };
    known.as_ptr().cast_mut()
}

/// The node with a name: node 3 is `node3`.
///
/// # Safety
///
/// `name` is a text of C, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cluster_getnodebyname(name: *const c_char) -> c_int {
    let ask = || {
        // SAFETY: The caller promises a text, or null.
        let name = unsafe { pointer::text(name) }?;
        let number = name.to_bytes().strip_prefix(b"node").ok_or(Errno::INVAL)?;
        let node = ClusterNode::parse(number).map_err(|_| Errno::INVAL)?;
        let is_known = cluster()?.snapshot()?.node(node).is_some();
        is_known
            .then_some(node.get().into())
            .ok_or(Errno::INVAL.into())
    };
    returned(ask())
}

/// The highest number a node can have.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_maxnodes() -> c_int {
    let ask = || {
        cluster()?;
        c_int::try_from(Cluster::maxnodes()).map_err(|_| Errno::OVERFLOW.into())
    };
    returned(ask())
}

/// 1 when this kernel is a node of a cluster, 0 when it is not.
#[unsafe(no_mangle)]
pub extern "C" fn cluster_ssiconfig() -> c_int {
    cluster().is_ok().into()
}

/// Lets the tests of this library show it a cluster in another place. Not in the
/// header. Only the first call counts.
///
/// # Safety
///
/// `root` is a text of C, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __libcluster_root(root: *const c_char) -> c_int {
    let set = || {
        // SAFETY: The caller promises a text, or null.
        let root = unsafe { pointer::text(root) }?;
        let root = root.to_string_lossy().into_owned();
        ROOT.set(root).map_err(|_| Errno::BUSY)?;
        Ok(0)
    };
    returned(set())
}
