// SPDX-License-Identifier: GPL-2.0

//! Every limit of the launcher.
//!
//! Each has its unit last. Reaching one is an error the user can read, or, where
//! data keeps coming (logs, consoles), the loss of the middle of that data.

use std::time::Duration;

/// Memory of a node, at least: a smaller kernel does not reach its first process.
pub(crate) const NODE_MEMORY_MIB_MIN: u64 = 32;

/// Memory of a node, at most: more than any host these nodes are made for.
pub(crate) const NODE_MEMORY_MIB_MAX: u64 = 1 << 20;

/// Memory a node takes from the host beside its own, to warn before it is short.
pub(crate) const NODE_OVERHEAD_MIB: u64 = 4;

/// Files of a node, at least: the log of one boot, and what UML writes.
pub(crate) const NODE_DISK_KIB_MIN: u64 = 32;

/// Words of `--append`, in bytes: UML's command line holds 4096 with all of ours.
pub(crate) const APPEND_BYTES_MAX: usize = 2048;

/// A path of a unix socket, its final zero not counted.
pub(crate) const SOCKET_PATH_BYTES_MAX: usize = 107;

/// From the start of a node's process to its agent's hello.
pub(crate) const BOOT_MAX: Duration = Duration::from_secs(120);

/// From the last news of a cluster that comes up, or from the hello of a node that is
/// added, until all are in one view.
pub(crate) const JOIN_MAX: Duration = Duration::from_secs(20);

/// From asking a node to switch itself off to killing it.
pub(crate) const POWER_OFF_MAX: Duration = Duration::from_secs(2);

/// From a status request to the answer of a node; a later one is left out.
pub(crate) const STATUS_ANSWER_MAX: Duration = Duration::from_millis(500);

/// A connection to a node that is ready.
pub(crate) const CONNECT_MAX: Duration = Duration::from_secs(5);

/// From a lost agent connection to the next attempt; doubled with each that
/// fails, up to `AGENT_RETRY_MAX`.
pub(crate) const AGENT_RETRY: Duration = Duration::from_millis(200);

/// Between two attempts to reach an agent that does not answer, at most.
pub(crate) const AGENT_RETRY_MAX: Duration = Duration::from_secs(10);

/// For descriptors to come free before the next client is accepted.
pub(crate) const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Between two looks at a process group that has not ended yet.
pub(crate) const REAP_RETRY: Duration = Duration::from_millis(5);

/// For somebody else who is cleaning up a cluster's directory.
pub(crate) const DIRECTORY_WAIT_MAX: Duration = Duration::from_secs(5);

/// From the fence of a node for no reason of the user's to its next boot; doubled
/// with each fence that follows.
pub(crate) const FENCED_RETRY: Duration = Duration::from_secs(1);

/// Boots after such fences; then the node stays down.
pub(crate) const FENCED_TRIES_MAX: u32 = 5;

/// A node that was ready for so long is fenced for the first time again.
pub(crate) const FENCED_CALM: Duration = Duration::from_secs(60);

/// Nodes that boot at the same time, per processor of the host. Fewer leave it
/// idle while they wait; more gain nothing and make the first ones ready later.
pub(crate) const BOOTING_PER_CPU_MAX: usize = 8;

/// Descriptors a supervisor asks the system for.
pub(crate) const OPEN_FILES_MAX: u64 = 16_384;

/// Descriptors one node takes in the supervisor, with some to spare.
pub(crate) const NODE_OPEN_FILES: u64 = 18;

/// Descriptors a supervisor takes beside its nodes, clients included.
pub(crate) const BASE_OPEN_FILES: u64 = 320;

/// Clients of one supervisor at the same time; more are turned away.
pub(crate) const CLIENTS_MAX: usize = 256;

/// A line of the control socket, newline included.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024;

/// Answers that wait for a client that does not read; one above is dropped.
pub(crate) const CLIENT_QUEUE_BYTES_MAX: usize = 1024 * 1024;

/// Messages that wait for a kernel that does not read its host link; a node that
/// would need one more is fenced.
pub(crate) const HOST_QUEUE_PACKETS_MAX: usize = 256;

/// Messages of one kernel taken at once, before others are served.
pub(crate) const HOST_PACKETS_PER_TURN_MAX: usize = 32;

/// Messages of one kernel taken in a second; the rest of it, it is not heard.
pub(crate) const HOST_PACKETS_PER_S_MAX: usize = 2048;

/// Lives a kernel may begin in one process, that is, how often it may reboot by itself;
/// a node that begins one more is fenced.
pub(crate) const HELLOS_PER_PROCESS_MAX: usize = 16;

/// Lines of the log about messages of one kernel that are not understood, in a life.
pub(crate) const GRUMBLES_PER_LIFE_MAX: usize = 8;

/// Watchers of one console at the same time.
pub(crate) const WATCHERS_MAX: usize = 32;

/// Console output that waits for a watcher; one above is dropped.
pub(crate) const WATCHER_QUEUE_BYTES_MAX: usize = 256 * 1024;

/// Keys that wait for a console that does not read.
pub(crate) const KEYS_BYTES_MAX: usize = 4096;

/// Console output shown to a new watcher.
pub(crate) const CONSOLE_RECALL_BYTES_MAX: usize = 4096;

/// A node's log, and a node's console; above it the middle is thrown away.
pub(crate) const LOG_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What is kept of the beginning of a log that grew too long.
pub(crate) const LOG_HEAD_BYTES: u64 = 512 * 1024;

/// What is kept of the end of a log that grew too long.
pub(crate) const LOG_TAIL_BYTES: u64 = 1536 * 1024;

/// Between two looks at the size of a log that is being written.
pub(crate) const LOG_LOOK: Duration = Duration::from_millis(50);

/// End of a dead node's log in which the reason is looked for.
pub(crate) const REASON_BYTES_MAX: u64 = 64 * 1024;

/// Reason of a death, longest text.
pub(crate) const REASON_CHARS_MAX: usize = 200;

/// Last lines of the log shown when a node does not come up.
pub(crate) const FAILURE_LINES: usize = 12;

/// Between two looks of `ssi log --follow`.
pub(crate) const FOLLOW_LOOK: Duration = Duration::from_millis(100);
