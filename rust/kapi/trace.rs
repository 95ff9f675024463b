// SPDX-License-Identifier: GPL-2.0

//! Tracepoints.
//!
//! What passes between nodes, for `/sys/kernel/tracing/events/ssi`. A tracepoint
//! nobody listens to costs one load and one branch.
//!
//! C header: `rust/kapi/trace.h`

use kernel::prelude::*;

mod raw {
    kernel::declare_trace! {
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_frame_sent(peer: u8, kind: u8, seq: u64, call: u64, bytes: u32);
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_frame_received(
            peer: u8, kind: u8, seq: u64, call: u64, bytes: u32,
        );
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_frame_resent(peer: u8, kind: u8, seq: u64, call: u64, bytes: u32);
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_call_start(
            peer: u8, service: u64, op: u16, call: u64, priority: u8,
        );
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_call_end(
            peer: u8, service: u64, op: u16, result: i32, microseconds: u64,
        );
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_link(peer: u8, channel: u8, is_up: bool);
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_refusal(peer: u8, reason: u8, is_ours: bool);
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_migrate_request(pid: u32, node: u8, by: u32);
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_migrate_captured(pid: u32, node: u8, microseconds: u64);
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_migrate_sent(pid: u32, bytes: u64, pages: u64);
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_migrate_held(pid: u32, node: u8, microseconds: u64);
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_migrate_committed(pid: u32, node: u8, microseconds: u64);
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_migrate_arrived(pid: u32, from: u8, home: u8);
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn ssi_migrate_failed(pid: u32, node: u8, error: i32);
    }
}

/// A frame, for a tracepoint.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Number of the node at the other end; 0 when it is not known yet.
    pub peer: u8,
    /// Code of its kind.
    pub kind: u8,
    /// Its number, 0 for none.
    pub seq: u64,
    /// Its call, 0 for none.
    pub call: u64,
    /// Bytes of its payload.
    pub bytes: u32,
}

/// A frame was handed to the socket.
#[inline]
pub fn frame_sent(f: Frame) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_frame_sent(f.peer, f.kind, f.seq, f.call, f.bytes) }
}

/// A frame came in whole and was opened.
#[inline]
pub fn frame_received(f: Frame) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_frame_received(f.peer, f.kind, f.seq, f.call, f.bytes) }
}

/// A frame was handed to the socket again, on a new connection.
#[inline]
pub fn frame_resent(f: Frame) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_frame_resent(f.peer, f.kind, f.seq, f.call, f.bytes) }
}

/// A call of `op` at `peer` begins.
#[inline]
pub fn call_start(peer: u8, service: u64, op: u16, call: u64, priority: u8) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_call_start(peer, service, op, call, priority) }
}

/// A call ended: `result` is 0 or a negative error number.
#[inline]
pub fn call_end(peer: u8, service: u64, op: u16, result: c_int, microseconds: u64) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_call_end(peer, service, op, result, microseconds) }
}

/// A connection to `peer` came up or went down: channel 0 is the control
/// connection, 1 the bulk connection.
#[inline]
pub fn link(peer: u8, channel: u8, is_up: bool) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_link(peer, channel, is_up) }
}

/// A connection was refused, by this node or by its peer.
#[inline]
pub fn refusal(peer: u8, reason: u8, is_ours: bool) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_refusal(peer, reason, is_ours) }
}

/// Process `by` asks for process `pid` to go to `node`.
#[inline]
pub fn migrate_request(pid: u32, node: u8, by: u32) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_migrate_request(pid, node, by) }
}

/// Process `pid`, which goes to `node`, is packed but for its memory; that took so long.
#[inline]
pub fn migrate_captured(pid: u32, node: u8, microseconds: u64) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_migrate_captured(pid, node, microseconds) }
}

/// So much of process `pid` was sent at once, so many pages of memory in it.
#[inline]
pub fn migrate_sent(pid: u32, bytes: u64, pages: u64) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_migrate_sent(pid, bytes, pages) }
}

/// Process `pid` is held on `node`, so long after it was packed.
#[inline]
pub fn migrate_held(pid: u32, node: u8, microseconds: u64) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_migrate_held(pid, node, microseconds) }
}

/// Process `pid` runs on `node`, and stood still so long.
#[inline]
pub fn migrate_committed(pid: u32, node: u8, microseconds: u64) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_migrate_committed(pid, node, microseconds) }
}

/// Process `pid` of `home` is held here, and comes from `from`.
#[inline]
pub fn migrate_arrived(pid: u32, from: u8, home: u8) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_migrate_arrived(pid, from, home) }
}

/// Process `pid` does not go to `node`: a negative error number.
#[inline]
pub fn migrate_failed(pid: u32, node: u8, error: c_int) {
    // SAFETY: Always safe to call.
    unsafe { raw::ssi_migrate_failed(pid, node, error) }
}
