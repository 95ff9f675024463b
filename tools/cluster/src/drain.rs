// SPDX-License-Identifier: GPL-2.0

//! Nodes that are drained.
//!
//! First the node is marked, so that nothing comes any more; then what runs there is looked
//! for and moved until there is nothing new. What a process that stays forks meanwhile is
//! found by the next look.

use std::{
    collections::{
        BTreeMap,
        BTreeSet, //
    },
    fmt::Write as _,
    io::Write,
    sync::Mutex,
    thread,
    time::Duration, //
};

use anyhow::bail;
use libcluster::{
    Cluster,
    ClusterNode,
    Error,
    Load,
    NotMoved,
    Pid, //
};

/// How many go at the same time.
const STREAMS: usize = 8;

/// How often is looked for more, at most.
const LOOKS_MAX: u32 = 50;

/// How many looks in turn must find nothing new: who was about to come is there by then, and
/// what keeps a process for a moment is over.
const QUIET_LOOKS: u32 = 2;

/// Between two that find nothing.
const LOOK: Duration = Duration::from_millis(100);

/// Who did not go.
#[derive(Debug, Default)]
pub(crate) struct Stay {
    node: String,
    /// Each with its name and what keeps it.
    reasons: BTreeMap<Pid, (String, String)>,
    /// How many went.
    went: usize,
    /// New ones were made as fast as they went.
    is_endless: bool,
}

impl Stay {
    /// A line for each; `does` is what it does on the node.
    pub(crate) fn lines(&self, does: &str) -> String {
        let mut text = String::new();
        for (pid, (name, reason)) in &self.reasons {
            // Writing to a text does not fail.
            let _ = writeln!(
                text,
                "process {pid} ({name}) {does} on node {}: {reason}",
                self.node
            );
        }
        text
    }
}

/// Marks `node` and moves away what runs there. Prints who stays; says 1 if there is anybody.
pub(crate) fn run(cluster: &Cluster, node: ClusterNode, out: &mut dyn Write) -> anyhow::Result<u8> {
    if !is_possible(cluster, node)? {
        bail!("there is no other node that is up and not drained");
    }
    let stay = empty(cluster, node).map_err(explain)?;
    let mut answer = stay.lines("stays");
    let count = stay.reasons.len();
    let _ = writeln!(
        answer,
        "node {node} is drained: {} went, {count} stay",
        stay.went
    );
    crate::write(out, &answer)?;
    if stay.is_endless {
        bail!("node {node} makes new processes as fast as they go");
    }
    Ok(u8::from(count > 0))
}

/// Takes the mark from `node`.
pub(crate) fn undo(cluster: &Cluster, node: ClusterNode) -> anyhow::Result<()> {
    cluster.set_drained(node, false).map_err(explain)
}

/// Whether there is a node its processes can go to, and a kernel that moves them.
///
/// # Errors
///
/// What the cluster does not tell.
pub(crate) fn is_possible(cluster: &Cluster, node: ClusterNode) -> Result<bool, Error> {
    let up = cluster.membership()?.up;
    let is_open = |&other: &ClusterNode| other != node && !cluster.is_drained(other);
    Ok(cluster.can_drain(node) && up.iter().any(is_open))
}

/// Marks `node` and moves away what runs there. The mark stays, whatever comes of it.
///
/// # Errors
///
/// When it cannot be marked, or it is not known what runs there.
pub(crate) fn empty(cluster: &Cluster, node: ClusterNode) -> Result<Stay, Error> {
    cluster.set_drained(node, true)?;
    let mut drain = Drain {
        cluster,
        node,
        went: BTreeSet::new(),
        reasons: BTreeMap::new(),
    };
    let mut quiet = 0;
    for _ in 0..LOOKS_MAX {
        let found = drain.look()?;
        let is_new = |pid: &&Pid| !drain.reasons.contains_key(pid);
        match found.iter().any(|pid| is_new(&pid)) {
            true => quiet = 0,
            false => quiet += 1,
        }
        if quiet == QUIET_LOOKS {
            return Ok(drain.stay(false));
        }
        drain.reasons.clear();
        drain.move_all(found)?;
        if quiet > 0 {
            thread::sleep(LOOK);
        }
    }
    Ok(drain.stay(true))
}

fn explain(why: Error) -> anyhow::Error {
    match why {
        Error::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!("only root may drain a node")
        }
        why => why.into(),
    }
}

struct Drain<'a> {
    cluster: &'a Cluster,
    node: ClusterNode,
    went: BTreeSet<Pid>,
    /// Of those that stayed at the last try.
    reasons: BTreeMap<Pid, (String, String)>,
}

/// What came of one.
enum Came {
    Went,
    Gone,
    Stays(String),
}

impl Drain<'_> {
    /// Who runs on the node, but for this command, and those that belong to it: the first
    /// process, what has a number each node has, the agent, the shell of the console.
    fn look(&self) -> Result<Vec<Pid>, Error> {
        let own = i32::try_from(std::process::id()).ok().and_then(Pid::new);
        let mut all = self.cluster.processes()?;
        all.retain(|&pid| {
            pid.birth_node().is_some()
                && Some(pid) != own
                && !self.went.contains(&pid)
                && self.cluster.node_pid(pid).is_ok_and(|at| at == self.node)
                && !self.cluster.is_of_node(pid)
        });
        Ok(all)
    }

    fn move_all(&mut self, pids: Vec<Pid>) -> Result<(), Error> {
        let spread = Mutex::new(Spread::over(self.cluster, self.node)?);
        let queue = Mutex::new(pids.into_iter());
        let came = Mutex::new(Vec::new());
        let (cluster, node) = (self.cluster, self.node);
        thread::scope(|scope| {
            for _ in 0..STREAMS {
                scope.spawn(|| {
                    while let Some(pid) = next(&queue) {
                        let outcome = move_one(cluster, node, pid, &spread);
                        lock(&came).push((pid, outcome));
                    }
                });
            }
        });
        for (pid, outcome) in came.into_inner().unwrap_or_default() {
            match outcome {
                Came::Went => {
                    self.went.insert(pid);
                }
                Came::Gone => (),
                Came::Stays(reason) => {
                    let name = self.cluster.process_name(pid).unwrap_or_default();
                    self.reasons.insert(pid, (name, reason));
                }
            }
        }
        Ok(())
    }

    fn stay(self, is_endless: bool) -> Stay {
        Stay {
            node: self.node.to_string(),
            reasons: self.reasons,
            went: self.went.len(),
            is_endless,
        }
    }
}

fn next(queue: &Mutex<std::vec::IntoIter<Pid>>) -> Option<Pid> {
    lock(queue).next()
}

/// A thread that panicked leaves nothing half done.
fn lock<T>(what: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    what.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Moves `pid` to whichever node takes it.
fn move_one(cluster: &Cluster, node: ClusterNode, pid: Pid, spread: &Mutex<Spread>) -> Came {
    loop {
        let Some(to) = lock(spread).choose() else {
            return Came::Stays("no node that is up takes it".to_owned());
        };
        match cluster.migrate_pid(pid, to) {
            Ok(()) => return Came::Went,
            Err(NotMoved::NoProcess(_)) => return Came::Gone,
            Err(NotMoved::NotUp(gone) | NotMoved::Drained(gone)) => lock(spread).leave_out(gone),
            // It ended, or went elsewhere, as the kernel says in words.
            Err(_) if !is_there(cluster, node, pid) => return Came::Gone,
            Err(NotMoved::Bound { reason, .. }) => return Came::Stays(reason),
            Err(why) => return Came::Stays(why.to_string()),
        }
    }
}

/// Whether it is on the node and more than what is left until its parent asks for its end.
fn is_there(cluster: &Cluster, node: ClusterNode, pid: Pid) -> bool {
    cluster.node_pid(pid).is_ok_and(|at| at == node) && cluster.is_alive(pid)
}

/// The nodes they go to, and what each has to do with those that went there.
struct Spread(Vec<Load>);

impl Spread {
    fn over(cluster: &Cluster, without: ClusterNode) -> Result<Self, Error> {
        let mut loads = cluster.loads()?;
        loads.retain(|load| load.node != without);
        Ok(Self(loads))
    }

    /// The one with least to do, the first of several alike. It has one more to do now.
    fn choose(&mut self) -> Option<ClusterNode> {
        let mut best: Option<usize> = None;
        for (place, load) in self.0.iter().enumerate() {
            let is_less = |best: usize| self.0.get(best).is_none_or(|best| load.is_less(best));
            if best.is_none_or(is_less) {
                best = Some(place);
            }
        }
        let load = self.0.get_mut(best?)?;
        load.tasks = load.tasks.saturating_add(1);
        Some(load.node)
    }

    fn leave_out(&mut self, gone: ClusterNode) {
        self.0.retain(|load| load.node != gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(node: u8, tasks: u64, cpus: u64) -> Load {
        Load {
            node: ClusterNode::new(node).unwrap(),
            tasks,
            cpus,
        }
    }

    fn chosen(spread: &mut Spread, count: usize) -> Vec<u8> {
        let chosen = (0..count).filter_map(|_| spread.choose());
        chosen.map(ClusterNode::get).collect()
    }

    #[test]
    fn those_alike_take_turns() {
        let mut spread = Spread(vec![load(1, 0, 1), load(3, 0, 1)]);
        assert_eq!(chosen(&mut spread, 4), [1, 3, 1, 3]);
    }

    #[test]
    fn who_has_more_to_do_gets_fewer() {
        let mut spread = Spread(vec![load(1, 2, 1), load(3, 0, 1)]);
        assert_eq!(chosen(&mut spread, 4), [3, 3, 1, 3]);
    }

    #[test]
    fn more_processors_take_more() {
        let mut spread = Spread(vec![load(1, 0, 1), load(3, 0, 3)]);
        assert_eq!(chosen(&mut spread, 8), [1, 3, 3, 3, 1, 3, 3, 3]);
    }

    #[test]
    fn who_is_gone_is_not_chosen() {
        let mut spread = Spread(vec![load(1, 0, 1), load(3, 0, 1)]);
        spread.leave_out(ClusterNode::new(1).unwrap());
        assert_eq!(chosen(&mut spread, 2), [3, 3]);
        spread.leave_out(ClusterNode::new(3).unwrap());
        assert_eq!(spread.choose(), None);
    }
}
