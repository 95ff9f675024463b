// SPDX-License-Identifier: GPL-2.0

//! Waits for clocks of processes elsewhere.
//!
//! Such a clock can be read (it is among the [`calls`]), but nothing here runs when it has
//! come to some time.

use kernel::prelude::*;
use ssi_core::vproc::{
    call::Call,
    cpu_clock,
    route::Route, //
};
use ssi_kapi::syscall::{
    number,
    SystemCall, //
};

use crate::{
    calls,
    map, //
};

/// The calls that wait for a clock, which is their first argument.
pub(crate) const NUMBERS: [u32; 2] = [number::TIMER_CREATE, number::CLOCK_NANOSLEEP];

/// Refuses `call` if its clock is that of a process elsewhere, as POSIX has it for clocks of
/// other processes; `None` leaves it to the kernel, which knows no such clock if there is
/// no such process.
pub(crate) fn dispatch(call: &SystemCall) -> Option<Result<isize>> {
    let [clock, ..] = call.arguments;
    if map::route(cpu_clock::process(clock as i32)?) == Route::Here {
        return None;
    }
    let look = SystemCall {
        number: calls::number(Call::ClockGetRes),
        arguments: [clock, 0, 0, 0, 0, 0],
    };
    match calls::dispatch(Call::ClockGetRes, &look)? {
        Ok(0) => Some(Err(EOPNOTSUPP)),
        _ => None,
    }
}
