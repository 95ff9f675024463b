// SPDX-License-Identifier: GPL-2.0

//! Where a cluster keeps its files.
//!
//! All clusters of a user lie in one private directory, a directory each:
//!
//! ```text
//! <run directory>/            $SSI_RUN, $XDG_RUNTIME_DIR/ssi or /tmp/ssi-<uid>
//!   <cluster>/
//!     lock                    held by the supervisor; whoever holds it owns all this
//!     control                 the supervisor's unix socket
//!     supervisor.log          what the supervisor has to say
//!     node<N>/
//!       log                   kernel log and UML's own output
//!       console               what was printed on the console
//!       process               process id and start time of UML
//!       uml/                  UML's own files
//! ```

use std::{
    env,
    fs::{
        self,
        DirBuilder, //
    },
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{
            DirBuilderExt,
            MetadataExt, //
        },
    },
    path::{
        Path,
        PathBuf, //
    },
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use ssi_core::ids::{
    ClusterName,
    NodeId, //
};

use crate::limits::SOCKET_PATH_BYTES_MAX;

/// The private directory of all of a user's clusters.
#[derive(Clone, Debug)]
pub(crate) struct RunDir(PathBuf);

impl RunDir {
    /// The run directory the environment names. It need not exist.
    pub(crate) fn of_environment() -> Self {
        let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        Self(choose(
            named("SSI_RUN").map(PathBuf::from),
            named("XDG_RUNTIME_DIR").map(PathBuf::from),
            rustix::process::getuid().as_raw(),
        ))
    }

    /// Makes the directory, or checks that the one there is private.
    ///
    /// # Errors
    ///
    /// One line that names the directory and what to do about it.
    pub(crate) fn create(&self) -> Result<()> {
        if !self.0.is_absolute() {
            bail!(
                "the run directory {} is not absolute: set SSI_RUN to a full path",
                self.0.display()
            );
        }
        let made = DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(&self.0);
        made.with_context(|| {
            format!(
                "cannot make the run directory {}; set SSI_RUN to a directory of yours",
                self.0.display()
            )
        })?;
        self.check()
    }

    /// Checks that the directory, if it is there, is private: what a stranger put
    /// in its place must not be taken for a cluster.
    ///
    /// # Errors
    ///
    /// One line that names the directory and what to do about it.
    pub(crate) fn verify(&self) -> Result<()> {
        match fs::symlink_metadata(&self.0) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            _ => self.check(),
        }
    }

    fn check(&self) -> Result<()> {
        let path = self.0.display();
        let found = fs::symlink_metadata(&self.0)
            .with_context(|| format!("cannot look at the run directory {path}"))?;
        if !found.is_dir() || found.uid() != rustix::process::getuid().as_raw() {
            bail!("the run directory {path} is not a directory of yours; set SSI_RUN to one");
        }
        if found.mode() & 0o077 != 0 {
            bail!("the run directory {path} is open to others: chmod 700 {path}");
        }
        Ok(())
    }

    /// The files of `cluster`.
    pub(crate) fn cluster(&self, cluster: ClusterName) -> ClusterPaths {
        ClusterPaths(self.0.join(cluster.as_str()))
    }

    /// The names of all directories that look like clusters, in order.
    ///
    /// # Errors
    ///
    /// The run directory exists and cannot be read.
    pub(crate) fn clusters(&self) -> Result<Vec<ClusterName>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => {
                return Err(e).with_context(|| format!("cannot read {}", self.0.display()));
            }
        };
        let mut names: Vec<ClusterName> = entries
            .filter_map(|entry| ClusterName::parse(entry.ok()?.file_name().as_bytes()).ok())
            .collect();
        names.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        Ok(names)
    }
}

/// The paths of one cluster.
#[derive(Clone, Debug)]
pub(crate) struct ClusterPaths(PathBuf);

impl ClusterPaths {
    /// The paths of the cluster whose directory is `dir`.
    pub(crate) fn at(dir: PathBuf) -> Self {
        Self(dir)
    }

    /// The cluster's directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.0
    }

    /// The file whose lock says who owns the directory.
    pub(crate) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// The supervisor's socket.
    pub(crate) fn control(&self) -> PathBuf {
        self.0.join("control")
    }

    /// The supervisor's socket, short enough to be one.
    ///
    /// # Errors
    ///
    /// The path is longer than a socket's may be.
    pub(crate) fn control_checked(&self) -> Result<PathBuf> {
        let path = self.control();
        let bytes = path.as_os_str().len();
        if bytes > SOCKET_PATH_BYTES_MAX {
            bail!(
                "the socket path {} is too long ({bytes} bytes, {SOCKET_PATH_BYTES_MAX} at most): \
                 set SSI_RUN to a shorter one",
                path.display()
            );
        }
        Ok(path)
    }

    /// What the supervisor has to say.
    pub(crate) fn supervisor_log(&self) -> PathBuf {
        self.0.join("supervisor.log")
    }

    /// The files of `node`.
    pub(crate) fn node(&self, node: NodeId) -> NodePaths {
        NodePaths(self.0.join(format!("node{node}")))
    }
}

/// The paths of one node.
#[derive(Clone, Debug)]
pub(crate) struct NodePaths(PathBuf);

impl NodePaths {
    /// The node's directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.0
    }

    /// Kernel log and UML's own output.
    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    /// What was printed on the console.
    pub(crate) fn console(&self) -> PathBuf {
        self.0.join("console")
    }

    /// Process id and start time.
    pub(crate) fn process(&self) -> PathBuf {
        self.0.join("process")
    }
}

/// The run directory, given the two variables and the user's number.
fn choose(ssi_run: Option<PathBuf>, runtime: Option<PathBuf>, uid: u32) -> PathBuf {
    ssi_run
        .or_else(|| runtime.map(|dir| dir.join("ssi")))
        .unwrap_or_else(|| PathBuf::from(format!("/tmp/ssi-{uid}")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_users_own_word_comes_first() {
        let (run, runtime) = (Some("/a".into()), Some("/b".into()));
        assert_eq!(choose(run, runtime.clone(), 7), PathBuf::from("/a"));
        assert_eq!(choose(None, runtime, 7), PathBuf::from("/b/ssi"));
        assert_eq!(choose(None, None, 7), PathBuf::from("/tmp/ssi-7"));
    }

    #[test]
    fn a_run_directory_open_to_others_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let dir = RunDir(parent.path().join("run"));
        dir.create().unwrap();
        fs::set_permissions(&dir.0, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(dir.create().unwrap_err().to_string().contains("chmod 700"));
        assert!(dir.verify().is_err());
        fs::remove_dir(&dir.0).unwrap();
        assert!(dir.verify().is_ok(), "no directory, no stranger");
    }

    #[test]
    fn a_link_is_no_run_directory() {
        let parent = tempfile::tempdir().unwrap();
        let link = parent.path().join("link");
        std::os::unix::fs::symlink(parent.path(), &link).unwrap();
        assert!(RunDir(link).create().is_err());
    }

    #[test]
    fn only_names_of_clusters_are_listed() {
        let parent = tempfile::tempdir().unwrap();
        let dir = RunDir(parent.path().to_owned());
        for name in ["b", "a", "Not One", ".hidden"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        let names: Vec<_> = dir.clusters().unwrap();
        let names: Vec<_> = names.iter().map(ClusterName::as_str).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(RunDir("/nowhere/at/all".into())
            .clusters()
            .unwrap()
            .is_empty());
    }

    #[test]
    fn a_long_socket_path_is_told_apart() {
        let short = ClusterPaths("/tmp/ssi-0/default".into());
        assert!(short.control_checked().is_ok());
        let long = ClusterPaths(PathBuf::from("/").join("x".repeat(100)));
        let error = long.control_checked().unwrap_err().to_string();
        assert!(error.contains("SSI_RUN"), "{error}");
    }
}
