// SPDX-License-Identifier: GPL-2.0

//! One process space.
//!
//! The decisions of SSI_VPROC: which node a pid means, what is asked of it, and what
//! several answers are together. Nothing here waits or touches a process.
//!
//! | file | its noun |
//! | --- | --- |
//! | [`pid`] | a number: whose is it |
//! | [`route`] | the nodes there are: where does a pid lead |
//! | [`trail`] | a question that follows a process |
//! | [`caller`] | who asks |
//! | [`signal`] | a signal for another node |
//! | [`group`] | a signal of another node's kernel to a group |
//! | [`owner`] | who is sent signals for a file |
//! | [`span`] | numbers of a node on others |
//! | [`pidfd`], [`anchor`] | a pidfd of another node's process, who tells of its end |
//! | [`call`] | a system call that is made on another node |
//! | [`cpu_clock`] | the time a process has used, as a clock |
//! | [`attributes`], [`listing`] | what another node says of a file, of a folder |
//! | [`batch`], [`scan`] | a file of many processes, read ahead |
//! | [`path`] | a file below `/proc` that another node has |
//! | [`answers`] | one result of several nodes |
//! | [`stat_line`] | `/proc/<pid>/stat`, read by another clock |
//! | [`totals`] | `/proc/stat` and its like, summed |

pub mod anchor;
pub mod answers;
pub mod attributes;
pub mod batch;
pub mod call;
pub mod caller;
pub mod cpu_clock;
pub mod group;
pub mod listing;
pub mod owner;
pub mod path;
pub mod pid;
pub mod pidfd;
pub mod route;
pub mod scan;
pub mod signal;
pub mod span;
pub mod stat_line;
pub mod totals;
pub mod trail;
