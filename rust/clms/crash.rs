// SPDX-License-Identifier: GPL-2.0

//! End of this kernel on purpose.
//!
//! For tests: what a node says to others and to its host is counted, and before the
//! word `ssi.clms.crash_before` names it ends at once, as if it had been killed
//! there. So a test can kill a coordinator between any two messages of a view
//! change. Nothing of it is in kernels without `CONFIG_SSI_CLMS_TEST`.

use ssi_core::ids::NodeId;

/// Whom a word is for.
#[cfg_attr(
    not(CONFIG_SSI_CLMS_TEST),
    expect(dead_code, reason = "only a test kernel says whom")
)]
#[derive(Clone, Copy)]
pub(crate) enum To {
    /// The machine of another node.
    Node(NodeId),
    /// The supervisor.
    Host,
}

#[cfg(not(CONFIG_SSI_CLMS_TEST))]
pub(crate) fn before(_to: To, _word: &[u8]) {}

#[cfg(CONFIG_SSI_CLMS_TEST)]
pub(crate) use on_purpose::{
    before,
    entry, //
};

#[cfg(CONFIG_SSI_CLMS_TEST)]
mod on_purpose {
    use kernel::{
        prelude::*,
        sync::atomic::{
            Atomic,
            Relaxed, //
        }, //
    };
    use ssi_kapi::{
        print::Plain,
        reboot,
        sysctl::{
            Entry,
            Number, //
        },
        thread, //
    };

    use super::To;

    /// Most words that can be waited for.
    const WORDS_MAX: u32 = 100_000;

    /// Time for what was said before to leave.
    const FLUSH_MICROS: u64 = 20_000;

    /// The word to end before, counted from when this was written; 0 is none.
    static CRASH_BEFORE: Number = Number::new(0, 0..=WORDS_MAX).telling(begin);

    /// Words since then.
    static WORDS: Atomic<u32> = Atomic::new(0);

    /// The file.
    pub(crate) fn entry() -> Entry {
        Entry::number(c"crash_before", &CRASH_BEFORE)
    }

    fn begin() {
        WORDS.store(0, Relaxed);
    }

    /// Ends this kernel if `word` is the one. May sleep.
    pub(crate) fn before(to: To, word: &[u8]) {
        let place = CRASH_BEFORE.get();
        if place == 0 {
            return;
        }
        if WORDS.fetch_add(1, Relaxed) + 1 != place {
            return;
        }
        // The second byte of both protocols is the kind.
        let kind = word.get(1).copied().unwrap_or(0);
        match to {
            To::Node(node) => pr_emerg!(
                "ends on purpose before message {} of kind {} to node {}\n",
                place,
                kind,
                Plain(node)
            ),
            To::Host => pr_emerg!(
                "ends on purpose before message {} of kind {} to the supervisor\n",
                place,
                kind
            ),
        }
        thread::sleep(FLUSH_MICROS);
        reboot::stop_now();
    }
}
