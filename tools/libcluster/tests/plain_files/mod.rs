// SPDX-License-Identifier: GPL-2.0

//! Cluster of plain files.
//!
//! For the tests of this crate and of the commands.

use std::fs;

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

/// A folder with the files of a cluster.
pub(crate) fn make() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, content: &str| fs::write(folder.path().join(file), content).unwrap();
    write("name", "lab-2\n");
    write("self", "2\n");
    write("view", VIEW);
    write("events", EVENTS);
    for node in 1..=3 {
        fs::create_dir(folder.path().join(format!("node{node}"))).unwrap();
        write(&format!("node{node}/shutdown"), "");
    }
    folder
}
