// SPDX-License-Identifier: GPL-2.0

//! Load of the nodes.
//!
//! For now that is how many tasks want a processor at the moment: the fourth word of
//! `/proc/loadavg`, which the kernel shows for each node.

use std::{
    collections::BTreeMap,
    fs,
    thread,
    time::Duration, //
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

/// How often a node is looked at.
const LOOKS: u32 = 3;

/// How long between two looks: enough for what wants a processor for a moment.
const BETWEEN_LOOKS: Duration = Duration::from_millis(3);

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

    /// What the nodes have to do that are up and not drained, in the order of their numbers.
    /// Waits for each of them, and looks several times: what
    /// wants a processor only for a moment does not count.
    ///
    /// # Errors
    ///
    /// As [`run_queue`](Self::run_queue), but a node that has just died is left out.
    pub fn loads(&self) -> Result<Vec<Load>, Error> {
        let snapshot = self.snapshot()?;
        let is_open = |info: &&NodeInfo| info.state == NodeState::Up && !self.is_drained(info.node);
        let open = snapshot.nodes.iter().filter(is_open).map(|info| info.node);
        let fewest = fewest(open, |node| self.run_queue(node))?;
        let load = |(node, tasks)| Load {
            node,
            tasks,
            cpus: u64::from(snapshot.info(node).cpus).max(1),
        };
        Ok(fewest.into_iter().map(load).collect())
    }

    /// The node that has least to do for a processor, of those that are up and not drained; of
    /// several alike this one, or the first; this one if there is no other. Waits as
    /// [`loads`](Self::loads).
    ///
    /// # Errors
    ///
    /// [`Error::NoView`] when no node is up; otherwise as [`loads`](Self::loads).
    pub fn fastest(&self) -> Result<ClusterNode, Error> {
        let here = self.num()?;
        let mut best: Option<Load> = None;
        for load in self.loads()? {
            let is_less =
                |best: &Load| load.is_less(best) || (load.is_alike(best) && load.node == here);
            if best.as_ref().is_none_or(is_less) {
                best = Some(load);
            }
        }
        match best {
            Some(best) => Ok(best.node),
            // What is begun where it is needs no leave.
            None if self.avail(here)? => Ok(here),
            None => Err(Error::NoView),
        }
    }
}

/// The fewest tasks each node had in several looks. One that is not up any more is left out.
fn fewest(
    nodes: impl Iterator<Item = ClusterNode>,
    mut look: impl FnMut(ClusterNode) -> Result<u64, Error>,
) -> Result<BTreeMap<ClusterNode, u64>, Error> {
    let mut fewest: BTreeMap<_, _> = nodes.map(|node| (node, u64::MAX)).collect();
    for number in 0..LOOKS {
        if number > 0 {
            thread::sleep(BETWEEN_LOOKS);
        }
        let mut failed = Ok(());
        fewest.retain(|node, tasks| match look(*node) {
            Ok(now) => {
                *tasks = now.min(*tasks);
                true
            }
            Err(Error::NotUp(_)) => false,
            Err(why) => {
                failed = Err(why);
                true
            }
        });
        failed?;
    }
    Ok(fewest)
}

/// What a node has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// The node.
    pub node: ClusterNode,
    /// Its tasks that run or wait for a processor.
    pub tasks: u64,
    /// Its processors, one at least.
    pub cpus: u64,
}

impl Load {
    /// Whether one of its processors has less to do than one of `other`.
    pub fn is_less(&self, other: &Self) -> bool {
        self.tasks.saturating_mul(other.cpus) < other.tasks.saturating_mul(self.cpus)
    }

    fn is_alike(&self, other: &Self) -> bool {
        !self.is_less(other) && !other.is_less(self)
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
    #[test]
    fn what_runs_for_a_moment_does_not_count() {
        let node = |number| ClusterNode::new(number).unwrap();
        let said = [(1, [2, 1, 4]), (2, [3, 3, 3]), (3, [1, 9, 0])];
        let mut asked = BTreeMap::new();
        let found = fewest(said.iter().map(|(number, _)| node(*number)), |at| {
            let look = asked.entry(at).or_insert(0);
            *look += 1;
            let (_, tasks) = said[at.index() - 1];
            match tasks[*look - 1] {
                9 => Err(Error::NotUp(at)),
                tasks => Ok(tasks),
            }
        });
        assert_eq!(found.unwrap(), [(node(1), 1), (node(2), 3)].into());
        assert_eq!(asked, [(node(1), 3), (node(2), 3), (node(3), 2)].into());
    }

    #[test]
    fn a_load_that_is_not_known_is_a_failure() {
        let two = [1, 2].map(|number| ClusterNode::new(number).unwrap());
        let found = fewest(two.into_iter(), |_| Err(Error::NoView));
        assert!(matches!(found, Err(Error::NoView)));
    }
}
