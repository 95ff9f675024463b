// SPDX-License-Identifier: GPL-2.0

//! What the launcher told this node.
//!
//! The words of `/proc/cmdline` that begin with `ssi.`. The kernel reads
//! `ssi.node=` and `ssi.cluster=` itself; `ssi.root=` is for pid 1 alone.

use std::fs;

/// The root this node was told to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// The initramfs itself.
    Initramfs,
    /// A directory of the host, which `hostfs=` on the command line confines.
    Hostfs,
}

/// The command line of this kernel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cmdline(String);

impl Cmdline {
    /// Reads `/proc/cmdline`; an unreadable one has no words.
    pub(crate) fn read() -> Self {
        Self(fs::read_to_string("/proc/cmdline").unwrap_or_default())
    }

    /// The number of this node, 0 when none was given.
    pub(crate) fn node(&self) -> u8 {
        self.word("ssi.node=")
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    }

    /// The name of the cluster, `default` when none was given.
    pub(crate) fn cluster(&self) -> &str {
        self.word("ssi.cluster=").unwrap_or("default")
    }

    /// The root to use.
    ///
    /// # Errors
    ///
    /// The word, when it names no kind of root.
    pub(crate) fn root(&self) -> Result<Root, String> {
        match self.word("ssi.root=") {
            None | Some("initramfs") => Ok(Root::Initramfs),
            Some("hostfs") => Ok(Root::Hostfs),
            Some(other) => Err(other.to_owned()),
        }
    }

    /// What follows `key`; as for the kernel, the last one counts.
    fn word(&self, key: &str) -> Option<&str> {
        self.0
            .split_whitespace()
            .filter_map(|word| word.strip_prefix(key))
            .next_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Cmdline {
        Cmdline(text.to_owned())
    }

    #[test]
    fn the_last_word_counts() {
        let line = line("ssi.node=1 quiet ssi.node=7\n");
        assert_eq!(line.node(), 7);
    }

    #[test]
    fn absent_words_have_defaults() {
        let line = line("mem=64M");
        assert_eq!((line.node(), line.cluster()), (0, "default"));
        assert_eq!(line.root(), Ok(Root::Initramfs));
    }

    #[test]
    fn an_unknown_root_is_named() {
        assert_eq!(line("ssi.root=nfs").root(), Err("nfs".to_owned()));
        assert_eq!(line("ssi.root=hostfs").root(), Ok(Root::Hostfs));
    }
}
