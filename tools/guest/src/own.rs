// SPDX-License-Identifier: GPL-2.0

//! This node's own processes.
//!
//! `/proc` shows those of the whole cluster: more than were meant, pid 1 of another
//! node, and a wait for every node that does not answer. The local view is inherited by
//! children, and commands must not have it, so a thread that has no children looks.

use std::thread;

use anyhow::{anyhow, Context as _};

/// What `look` finds in `/proc` when it shows the processes of this node alone.
///
/// # Errors
///
/// When there is no `/proc`, or no thread can be made.
pub(crate) fn look<T: Send>(look: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
    thread::scope(|scope| {
        let looker = thread::Builder::new()
            .name("look".to_owned())
            .spawn_scoped(scope, || -> anyhow::Result<T> {
                libcluster::local_view()?;
                Ok(look())
            })
            .context("the thread that looks at processes")?;
        looker
            .join()
            .unwrap_or_else(|_| Err(anyhow!("the thread that looks at processes died")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_look_has_the_local_view() {
        let flags = || std::fs::read_to_string("/proc/thread-self/personality").unwrap();
        let before = flags();
        let inside = look(flags).unwrap();
        let number = |flags: &str| u32::from_str_radix(flags.trim_end(), 16).unwrap();
        assert_eq!(number(&inside), number(&before) | 0x1000_0000);
        assert_eq!(flags(), before);
    }
}
