// SPDX-License-Identifier: GPL-2.0

//! Process that moves among nodes.
//!
//! It may be away from home when it moves. Three nodes then have a part in it: its *home*,
//! where it was born, its *source*, where it runs, and its *target*. Each has a machine.
//!
//! ```text
//!  home (keeper)             source (departure)              target (arrival)
//!
//!  Away{source} <- may it? --- Asking
//!         '------- yes ------> Copying ------- make it --------> Starting
//!                              Handing <------ held ------------ Held
//!                                 |    ------- signals --------> |
//!               <- it moved -- Deciding                          |
//!  Away{target} -- agreed ---> Left ---------- commit ---------> Running
//!         '------- commit --------------------------------------->
//! ```
//!
//! What dies in between:
//!
//! | dead | when | what becomes of the process |
//! | --- | --- | --- |
//! | source | before home agreed | home reports its death; the target asks it, and drops the copy |
//! | source | later | it runs on the target, by the commit of home |
//! | target | before home agreed | it goes on at the source |
//! | target | later | home reports its death |
//! | home | before the source told it of the copy | the source decides for the copy |
//! | home | later | the same: commit is what it would have agreed to, or has |
//! | home, target | after the source told home | it ends: the copy may have run |
//! | home, source | before the target got a commit | it ends |
//! | home, source | later | it runs on the target |
//!
//! A process that goes home is made of what stands for it there: the source decides, for
//! its target is home. So does the source of one that has no home any more. A process that
//! leaves home is a matter of two nodes, and of [`handover`](super::handover) there; on its
//! target it is an [`arrival`], too.
//!
//! Requests and replies of two nodes come in the order in which they were sent, each once,
//! while both live; nothing is assumed about those of three.

pub mod arrival;
pub mod departure;
pub mod keeper;

#[cfg(test)]
mod tests;
