// SPDX-License-Identifier: GPL-2.0

//! Open files of other nodes.
//!
//! The decisions of SSI_FILES: who may use which file, what is asked for it, and which
//! requests to devices travel. Nothing here waits or touches a file.
//!
//! | file | its noun |
//! | --- | --- |
//! | [`handles`] | names of files that never come twice |
//! | [`lease`] | the right of a node to a file |
//! | [`ticket`] | what one node tells another of a file |
//! | [`owner`] | who is sent signals for a file |
//! | [`operation`] | what is asked of the home of a file |
//! | [`record_lock`] | locks of parts of a file |
//! | [`status`] | what changes of a file |
//! | [`control`] | control data of a message |
//! | [`device`] | ioctl(2) that can be made for another node |
//! | [`terminal`] | who may use a terminal, and how |
//! | [`socket`] | what is asked of the home of a socket |
//! | [`socket_option`] | options of sockets that travel |

pub mod control;
pub mod device;
pub mod handles;
pub mod lease;
pub mod operation;
pub mod owner;
pub mod record_lock;
pub mod socket;
pub mod socket_option;
pub mod status;
pub mod terminal;
pub mod ticket;
