// SPDX-License-Identifier: GPL-2.0

//! What is said of a move.
//!
//! While the command waits for the kernel, a thread looks how far it is.

use std::{
    fmt::Write as _,
    io::Write,
    sync::mpsc::{
        self,
        RecvTimeoutError, //
    },
    thread,
    time::Duration, //
};

use libcluster::{
    Cluster,
    ClusterNode,
    Move,
    NotMoved,
    Pid, //
};

/// How often is looked how far it is. A move that is faster has no line before its last one.
const LOOK: Duration = Duration::from_millis(500);

const MIB: f64 = 1_048_576.0;

/// Has process `pid` go to `node`, and says on `out` how that goes. What cannot be written is
/// not: the process moves all the same.
///
/// # Errors
///
/// As [`Cluster::migrate_pid`].
pub(crate) fn migrate(
    cluster: &Cluster,
    pid: Pid,
    node: ClusterNode,
    out: &mut dyn Write,
) -> Result<(), NotMoved> {
    // Who asks it to go finds that it is gone, too.
    let Ok(from) = cluster.node_pid(pid) else {
        return cluster.migrate_pid(pid, node);
    };
    let (over, is_over) = mpsc::channel::<()>();
    let went = thread::scope(|scope| {
        let moving = scope.spawn(move || {
            let went = cluster.migrate_pid(pid, node);
            drop(over);
            went
        });
        let mut before = None;
        while let Err(RecvTimeoutError::Timeout) = is_over.recv_timeout(LOOK) {
            before = progress(cluster, from, pid, before, out);
        }
        moving.join()
    });
    let went = went.unwrap_or(Err(NotMoved::NotNow { pid, node }));
    if went.is_ok() {
        let _ = out.write_all(last_line(cluster, from, pid, node).as_bytes());
        let _ = out.flush();
    }
    went
}

/// Says how far it is, and gives how much was sent.
fn progress(
    cluster: &Cluster,
    from: ClusterNode,
    pid: Pid,
    before: Option<u64>,
    out: &mut dyn Write,
) -> Option<u64> {
    let moves = cluster.moves(from).ok()?;
    let one = moves
        .iter()
        .rev()
        .find(|one| one.pid == pid && one.is_under_way())?;
    let _ = out.write_all(line_of(one, before).as_bytes());
    let _ = out.flush();
    Some(one.bytes)
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with one decimal")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB
}

fn line_of(one: &Move, before: Option<u64>) -> String {
    let mut line = format!("process {}: {:.1}", one.pid, mib(one.bytes));
    // More than it has in use is sent of files the other node does not have.
    if one.resident >= one.bytes {
        let _ = write!(line, " of {:.1}", mib(one.resident));
    }
    line.push_str(" MiB");
    if let Some(before) = before {
        let rate = mib(one.bytes.saturating_sub(before)) / LOOK.as_secs_f64();
        let _ = write!(line, ", {rate:.1} MiB/s");
    }
    line.push('\n');
    line
}

/// Of one that moved more than 32 others ago, or from a node that died, only that it is there.
fn last_line(cluster: &Cluster, from: ClusterNode, pid: Pid, node: ClusterNode) -> String {
    let moves = cluster.moves(from).unwrap_or_default();
    let is_it = |one: &&Move| one.pid == pid && one.to == node && one.state == "done";
    match moves.iter().rfind(is_it) {
        Some(one) if from != node => format!(
            "process {pid} is on node {node}: {:.1} MiB sent, stood still for {:.1} ms of {:.1}\n",
            mib(one.bytes),
            millis(one.pause),
            millis(one.total)
        ),
        _ => format!("process {pid} is on node {node}\n"),
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: u64, resident: u64) -> Move {
        Move {
            id: 1,
            state: "transfer".to_owned(),
            pid: Pid::new(65_600).unwrap(),
            from: ClusterNode::new(1).unwrap(),
            to: ClusterNode::new(2).unwrap(),
            bytes,
            resident,
            pause: Duration::ZERO,
            total: Duration::ZERO,
        }
    }

    #[test]
    fn progress_is_bytes_of_all_and_a_rate() {
        let moving = one(12 << 20, 64 << 20);
        assert_eq!(line_of(&moving, None), "process 65600: 12.0 of 64.0 MiB\n");
        assert_eq!(
            line_of(&moving, Some(2 << 20)),
            "process 65600: 12.0 of 64.0 MiB, 20.0 MiB/s\n"
        );
        assert_eq!(line_of(&one(3 << 20, 1), None), "process 65600: 3.0 MiB\n");
    }
}
