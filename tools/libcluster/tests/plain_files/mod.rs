// SPDX-License-Identifier: GPL-2.0

//! Cluster of plain files.
//!
//! For the tests of this crate and of the commands.

use std::{
    fs,
    path::PathBuf, //
};

use tempfile::TempDir;

/// What `view` says.
pub(crate) const VIEW: &str = "transid 6 epoch 3 master 1 self 2\n\
    1 UP 1 1 134217728 2 1764214800.000001\n\
    2 UP 2 1 134217728 4 1764214801.000000\n\
    3 GOINGDOWN 3 2 268435456 6 1764214802.500000\n\
    4 NEVERUP 0 0 0 0 0.000000\n";

/// What `events` says.
pub(crate) const EVENTS: &str = "1 1 1 NEVERUP COMINGUP founded 1764214800.000000 1\n\
    2 1 1 COMINGUP UP active 1764214800.000001 1\n\
    3 2 2 NEVERUP COMINGUP joined 1764214800.900000 2\n\
    4 2 2 COMINGUP UP active 1764214801.000000 2\n\
    5 2 3 COMINGUP UP active 1764214801.000000 3\n\
    6 3 3 UP GOINGDOWN died 1764214802.500000 3\n";

/// What `loadavg` of each node says: as idle as one can be that says so.
const LOAD: &str = "0.20 0.18 0.12 1/80 131100\n";

/// A `/proc` that goes with this value.
pub(crate) struct Place(TempDir);

impl Place {
    /// The cluster's folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("cluster")
    }

    /// Adds a process; `place` is what its kernel says of where it runs.
    pub(crate) fn add_process(&self, pid: u32, place: &str) {
        let folder = self.0.path().join(pid.to_string());
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("where"), place).unwrap();
    }

    /// Has a process that is there be one of `group`, which takes the number of a node, and
    /// say what keeps it.
    pub(crate) fn let_move(&self, pid: u32, group: u32, reason: &str) {
        let folder = self.0.path().join(pid.to_string());
        let stat = format!("{pid} (a) b) S 1 {group} 65536 0 -1\n");
        for (file, content) in [("stat", stat.as_str()), ("goto", ""), ("cantmove", reason)] {
            fs::write(folder.join(file), content).unwrap();
        }
    }

    /// Where a process was told to go.
    pub(crate) fn told(&self, pid: u32) -> String {
        fs::read_to_string(self.0.path().join(format!("{pid}/goto"))).unwrap()
    }

    /// Has so many tasks of a node run.
    pub(crate) fn keep_busy(&self, node: u8, tasks: u32) {
        let line = format!("9.99 9.99 9.99 {tasks}/80 131100\n");
        fs::write(self.path().join(format!("node{node}/loadavg")), line).unwrap();
    }
}

/// A folder with the files of a cluster.
pub(crate) fn make() -> Place {
    let place = Place(tempfile::tempdir().unwrap());
    let folder = place.path();
    fs::create_dir(&folder).unwrap();
    let write = |file: &str, content: &str| fs::write(folder.join(file), content).unwrap();
    write("name", "lab-2\n");
    write("self", "2\n");
    write("view", VIEW);
    write("events", EVENTS);
    for node in 1..=3 {
        fs::create_dir(folder.join(format!("node{node}"))).unwrap();
        write(&format!("node{node}/shutdown"), "");
        write(&format!("node{node}/loadavg"), LOAD);
    }
    place
}
