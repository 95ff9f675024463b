// SPDX-License-Identifier: GPL-2.0

//! What the switch has counted.

use anyhow::{
    Context,
    Result, //
};
use serde::Deserialize;

/// Frames and bytes that came from the nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Frames.
    pub(crate) frames: u64,
    /// Their bytes, with the head of Ethernet.
    pub(crate) bytes: u64,
}

/// `ssi net show --json`, as far as it is used.
#[derive(Deserialize)]
struct Network {
    ports: Vec<Port>,
}

#[derive(Deserialize)]
struct Port {
    in_frames: u64,
    in_bytes: u64,
}

impl Traffic {
    /// The sum of what `json` tells of all ports.
    ///
    /// # Errors
    ///
    /// It is not as expected.
    pub(crate) fn read(json: &str) -> Result<Self> {
        let network: Network =
            serde_json::from_str(json).context("`ssi net show --json` is not as expected")?;
        let sum = |of: fn(&Port) -> u64| network.ports.iter().map(of).sum();
        Ok(Self {
            frames: sum(|port| port.in_frames),
            bytes: sum(|port| port.in_bytes),
        })
    }

    /// What came since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            frames: self.frames.saturating_sub(earlier.frames),
            bytes: self.bytes.saturating_sub(earlier.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ports_count() {
        let traffic = Traffic::read(
            r#"{"seed":1,"faults":[],"ports":[
                {"port":1,"open":true,"in_frames":2,"in_bytes":200,"out_frames":9},
                {"port":2,"open":true,"in_frames":3,"in_bytes":450,"out_frames":9}]}"#,
        )
        .unwrap();
        let expected = Traffic {
            frames: 5,
            bytes: 650,
        };
        assert_eq!(traffic, expected);
        assert_eq!(traffic.since(expected), Traffic::default());
        assert!(Traffic::read("{}").is_err());
    }
}
