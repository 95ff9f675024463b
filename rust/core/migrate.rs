// SPDX-License-Identifier: GPL-2.0

//! Programs on other nodes.
//!
//! The decisions of SSI_MIGRATE: what travels of a process that executes a program on
//! another node, or of a child that is forked there, and who has the process at every
//! moment of it. Nothing here waits or touches a process.
//!
//! | file | its noun |
//! | --- | --- |
//! | [`image`] | a program to execute, with all its process keeps |
//! | [`strings`] | its arguments and environment |
//! | [`search`] | the folders it may be in |
//! | [`open_file`] | a file it has open |
//! | [`process`] | a process with its memory |
//! | [`area`] | what is mapped in it, and where |
//! | [`threads`] | its threads, but for the first |
//! | [`fetch`] | a question for its pages |
//! | [`runs`] | which of them there are |
//! | [`batch`] | some that are sent before they are asked for |
//! | [`rounds`] | how often that is done |
//! | [`handover`] | the two nodes between which it goes over |
//! | [`relocation`] | the three when it moves on from where it is a guest |
//! | [`news`] | what became of it |
//! | [`place`] | its place among the processes of its home |
//! | [`children`] | its children that stayed at home |
//! | [`child_wait`] | its wait for children here and there |
//! | [`relation`] | a group or session it enters |
//! | [`record`] | what is known of one move |
//! | [`journal`] | what is known of all |
//! | [`drained`] | nodes nothing goes to |

pub mod area;
pub mod batch;
pub mod child_wait;
pub mod children;
pub mod drained;
pub mod fetch;
pub mod handover;
pub mod image;
pub mod journal;
pub mod news;
pub mod open_file;
pub mod place;
pub mod process;
pub mod record;
pub mod relation;
pub mod relocation;
pub mod rounds;
pub mod runs;
pub mod search;
pub mod strings;
pub mod threads;
