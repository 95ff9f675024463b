// SPDX-License-Identifier: GPL-2.0

//! Load of the nodes.
//!
//! For now that is how many tasks want a processor at the moment: the fourth word of
//! `/proc/loadavg`, which the kernel shows for each node.

use std::{
    cmp::Ordering,
    fs, //
};

use rustix::io::Errno;

use crate::{
    text::{
        self,
        Words, //
    },
    Cluster,
    ClusterNode,
    Error,
    NodeInfo,
    NodeState, //
};

impl Cluster {
    /// How many tasks of `node` run or wait for a processor. The kernel asks that node,
    /// so this waits for it. Who reads the number there is one of them.
    ///
    /// # Errors
    ///
    /// [`Error::NotUp`]; [`Error::NotNode`] on a kernel that does not know the loads
    /// (`CONFIG_SSI_VPROC` is off); [`Error::Malformed`], [`Error::Io`].
    pub fn run_queue(&self, node: ClusterNode) -> Result<u64, Error> {
        let path = self.path(&format!("node{node}/loadavg"));
        let line = fs::read_to_string(&path).map_err(|why| match Errno::from_io_error(&why) {
            Some(Errno::HOSTDOWN | Errno::NODEV) => Error::NotUp(node),
            _ => self.explain(&path, why),
        })?;
        parse(&line).ok_or_else(|| Error::Malformed {
            file: path,
            line: text::shown(line.trim_end()),
        })
    }

    /// The node that has least to do for a processor, of those that are up; of several
    /// alike this one, or the first. Waits for each of them.
    ///
    /// # Errors
    ///
    /// [`Error::NoView`] when no node is up; otherwise as
    /// [`run_queue`](Self::run_queue), but a node that has just died is left out.
    pub fn fastest(&self) -> Result<ClusterNode, Error> {
        let snapshot = self.snapshot()?;
        let mut best: Option<Share> = None;
        for info in &snapshot.nodes {
            if info.state != NodeState::Up {
                continue;
            }
            let share = match self.run_queue(info.node) {
                Ok(tasks) => Share::of(info, tasks, snapshot.this),
                Err(Error::NotUp(_)) => continue,
                Err(why) => return Err(why),
            };
            if best.as_ref().is_none_or(|best| share.is_less(best)) {
                best = Some(share);
            }
        }
        best.map(|best| best.node).ok_or(Error::NoView)
    }
}

/// What a processor of a node has to do.
struct Share {
    node: ClusterNode,
    tasks: u64,
    cpus: u64,
    is_here: bool,
}

impl Share {
    fn of(info: &NodeInfo, tasks: u64, here: ClusterNode) -> Self {
        Self {
            node: info.node,
            tasks,
            cpus: u64::from(info.cpus).max(1),
            is_here: info.node == here,
        }
    }

    /// Whether it is less than that of a node before it in the order.
    fn is_less(&self, other: &Self) -> bool {
        let own = self.tasks.saturating_mul(other.cpus);
        match own.cmp(&other.tasks.saturating_mul(self.cpus)) {
            Ordering::Less => true,
            Ordering::Equal => self.is_here,
            Ordering::Greater => false,
        }
    }
}

/// The tasks that run, of `0.20 0.18 0.12 1/80 131100`.
fn parse(text: &str) -> Option<u64> {
    let mut words = Words::of(text.strip_suffix('\n')?);
    for _ in 0..3 {
        words.word()?;
    }
    let (running, tasks) = words.word()?.split_once('/')?;
    text::number(tasks)?;
    text::number(running)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tasks_that_run_are_the_fourth_word() {
        assert_eq!(parse("0.20 0.18 0.12 1/80 131100\n"), Some(1));
        assert_eq!(parse("10.20 0.18 0.12 77/80 131100 more\n"), Some(77));
        for text in [
            "",
            "\n",
            "0.20 0.18 0.12\n",
            "0.20 0.18 0.12 1 80\n",
            "0.20 0.18 0.12 -1/80 9\n",
            "0.20 0.18 0.12 1/ 9\n",
            "0.20 0.18 0.12 1/80 9",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
