// SPDX-License-Identifier: GPL-2.0

//! Settings in `/proc/sys/ssi/ics`.

use kernel::{
    prelude::*,
    sync::SetOnce, //
};
use ssi_core::ics::seal::Mode;
use ssi_kapi::sysctl::{
    register,
    Choice,
    Entry,
    Number,
    Registration, //
};

use crate::engine;

/// How frames are protected. A change makes all connections anew.
static SECURITY: Choice =
    Choice::new(1, &["none", "mac", "aead"]).telling(engine::renew_connections);

/// Lines about refused connections and faults in ten seconds.
static LOG_LINES: Number = Number::new(10, 0..=1000);

static FILES: SetOnce<Registration> = SetOnce::new();

/// Makes `mode` the one frames are protected with, until somebody says otherwise.
pub(crate) fn start(mode: Mode) {
    SECURITY.preset(mode.code().into());
    let files = register(
        c"ssi/ics",
        &[
            Entry::choice(c"security", &SECURITY),
            Entry::number(c"log_lines", &LOG_LINES),
        ],
    );
    match files {
        Ok(files) => {
            FILES.populate(files);
        }
        Err(why) => pr_warn!("no settings in /proc/sys/ssi/ics: {:?}\n", why),
    }
}

/// The mode this node asks its peers for.
pub(crate) fn mode() -> Mode {
    engine::mode(SECURITY.get())
}

/// Lines about refused connections and faults in ten seconds.
pub(crate) fn log_lines() -> u32 {
    LOG_LINES.get()
}
