// SPDX-License-Identifier: GPL-2.0

//! Nodes that are wrong on purpose.
//!
//! A cluster must refuse nodes that do not belong to it. To see it do so, `ssi add`
//! can boot one: with a wrong key, under another cluster's name, or with another
//! kernel. It holds until the user adds the node again.

use std::path::PathBuf;

use serde::{
    Deserialize,
    Serialize, //
};

use crate::plan::Plan;

/// What is different about one node, if anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Oddity {
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<Fault>,
    /// Its kernel, instead of the cluster's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kernel: Option<PathBuf>,
}

/// What can be wrong with a node's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fault {
    /// Its cluster key is not the cluster's.
    WrongKey,
    /// It believes to be a node of another cluster.
    OtherCluster,
}

/// The name of the cluster that is not there, and one for a cluster of that name.
const OTHER_CLUSTERS: [&str; 2] = ["elsewhere", "nowhere"];

impl Oddity {
    /// The plan by which such a node is booted.
    pub(crate) fn plan(&self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        if let Some(kernel) = &self.kernel {
            plan.kernel.clone_from(kernel);
        }
        if self.fault == Some(Fault::OtherCluster) {
            let other = OTHER_CLUSTERS.iter().find(|name| **name != plan.cluster);
            plan.cluster = other.copied().unwrap_or_default().to_owned();
        }
        plan
    }

    /// The key such a node is given instead of `key`.
    pub(crate) fn key(&self, mut key: [u8; 32]) -> [u8; 32] {
        if self.fault == Some(Fault::WrongKey) {
            key.iter_mut().for_each(|byte| *byte = !*byte);
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::sample;

    #[test]
    fn only_what_is_named_is_wrong() {
        let none = Oddity::default();
        assert_eq!(
            (none.plan(&sample()), none.key([7; 32])),
            (sample(), [7; 32])
        );
        let wrong_key = Oddity {
            fault: Some(Fault::WrongKey),
            ..Oddity::default()
        };
        assert_eq!(wrong_key.plan(&sample()), sample());
        assert_eq!(wrong_key.key([7; 32]), [!7; 32]);
    }

    #[test]
    fn another_cluster_is_another_one() {
        let oddity = Oddity {
            fault: Some(Fault::OtherCluster),
            kernel: Some("/k/other".into()),
        };
        for name in ["lab", "elsewhere"] {
            let mut plan = sample();
            plan.cluster = name.into();
            let odd = oddity.plan(&plan);
            assert!(odd.cluster != name && crate::name::cluster(&odd.cluster).is_ok());
            assert_eq!(odd.kernel, PathBuf::from("/k/other"));
        }
    }
}
