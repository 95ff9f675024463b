// SPDX-License-Identifier: GPL-2.0

//! What a cluster is made of.
//!
//! `ssi start` turns the user's words into a [`Plan`], checks everything about it
//! that can be checked before the first process, and hands it to the supervisor.
//! A plan never changes: a node added later is like those before.

use std::{
    fs::{
        self,
        File, //
    },
    os::unix::{
        ffi::OsStrExt,
        fs::PermissionsExt, //
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
use serde::{
    Deserialize,
    Serialize, //
};

use crate::{
    append::Append,
    limits::{
        NODE_MEMORY_MIB_MAX,
        NODE_MEMORY_MIB_MIN, //
    },
    memory,
};

/// What a cluster is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Name of the cluster, already checked.
    pub(crate) cluster: String,
    /// Nodes to start with, numbered from 1.
    pub(crate) nodes: u8,
    /// Memory of each node, in MiB.
    pub(crate) memory_mib: u64,
    /// The UML kernel.
    pub(crate) kernel: PathBuf,
    /// The embedded root.
    pub(crate) initramfs: PathBuf,
    /// A directory of the host as root instead.
    pub(crate) root: Option<PathBuf>,
    /// How guest programs are kept in their node.
    pub(crate) guard: Guard,
    /// More words for the kernel.
    pub(crate) append: Append,
    /// Where logs are kept after the cluster's end.
    pub(crate) logs: Option<PathBuf>,
    /// What the network's faults are drawn from.
    pub(crate) seed: u64,
}

/// How guest programs are kept in their node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Guard {
    /// By seccomp where the host has it, else by ptrace: fast. Under seccomp a
    /// hostile program can reach all memory of its node.
    Seccomp,
    /// By ptrace: slower system calls, and programs stay in their memory.
    Ptrace,
}

impl Plan {
    /// Looks at every file the plan names.
    ///
    /// # Errors
    ///
    /// One line that names the first thing that is missing, and how to get it.
    pub(crate) fn check(&self) -> Result<()> {
        let dirs = [&self.root, &self.logs].into_iter().flatten();
        let mut names = [&self.kernel, &self.initramfs].into_iter().chain(dirs);
        names.try_for_each(|path| check_name(path))?;
        check_kernel(&self.kernel)?;
        check_initramfs(&self.initramfs)?;
        self.root.as_deref().map_or(Ok(()), check_root)?;
        check_memory(self.memory_mib)?;
        memory::check_dir()
    }
}

/// The plan travels as JSON, which is text.
fn check_name(path: &Path) -> Result<()> {
    if path.to_str().is_none() {
        bail!(
            "the name {} is not UTF-8: rename it, or give another",
            path.display()
        );
    }
    Ok(())
}

/// Looks whether a kernel can be run.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn check_kernel(path: &Path) -> Result<()> {
    let shown = path.display();
    let found = fs::metadata(path)
        .with_context(|| format!("no kernel at {shown}: build it with 'make kernel'"))?;
    if !found.is_file() {
        bail!("the kernel {shown} is not a file: give a UML kernel with --kernel");
    }
    if found.permissions().mode() & 0o111 == 0 {
        bail!("the kernel {shown} is not executable: chmod +x {shown}");
    }
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK)
        .with_context(|| format!("may not run the kernel {shown}: ask its owner, or copy it"))
}

fn check_initramfs(path: &Path) -> Result<()> {
    let shown = path.display();
    if !path.exists() {
        bail!("no initramfs at {shown}: build it with 'make tools'");
    }
    let opened = File::open(path).and_then(|file| file.metadata());
    let found = opened.with_context(|| format!("cannot read the initramfs {shown}"))?;
    if !found.is_file() {
        bail!("the initramfs {shown} is not a file: give one with --initramfs");
    }
    Ok(())
}

/// UML splits `hostfs=` at commas, and the kernel its words at spaces.
fn check_root(dir: &Path) -> Result<()> {
    let shown = dir.display();
    if !dir.is_absolute() {
        bail!("the root {shown} is not absolute: give --root a full path");
    }
    let name = dir.as_os_str().as_bytes();
    if name
        .iter()
        .any(|byte| *byte == b',' || byte.is_ascii_whitespace())
    {
        bail!(
            "the root {shown} has a comma or a space in its name, where UML splits it: rename it"
        );
    }
    if !dir.is_dir() {
        bail!("the root {shown} is not a directory: make one with 'make rootfs'");
    }
    Ok(())
}

fn check_memory(mib: u64) -> Result<()> {
    match mib {
        0..NODE_MEMORY_MIB_MIN => {
            bail!("a node does not boot with {mib} MiB: use --mem {NODE_MEMORY_MIB_MIN}M or more")
        }
        NODE_MEMORY_MIB_MIN..=NODE_MEMORY_MIB_MAX => Ok(()),
        _ => bail!("{mib} MiB are too much for a node: use --mem {NODE_MEMORY_MIB_MAX}M or less"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A plan for three nodes whose files do not exist.
    pub(crate) fn sample() -> Plan {
        Plan {
            cluster: "lab".into(),
            nodes: 3,
            memory_mib: 128,
            kernel: "/k/linux".into(),
            initramfs: "/k/initramfs".into(),
            root: None,
            guard: Guard::Seccomp,
            append: Append::default(),
            logs: None,
            seed: 7,
        }
    }

    fn words(result: Result<()>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_missing_kernel_says_how_to_build_one() {
        assert!(words(sample().check()).contains("make kernel"));
    }

    #[test]
    fn a_kernel_without_permission_says_chmod() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(words(check_kernel(file.path())).contains("chmod +x"));
        assert!(words(check_kernel(Path::new("/"))).contains("not a file"));
    }

    #[test]
    fn a_missing_initramfs_says_how_to_build_one() {
        assert!(words(check_initramfs(Path::new("/nowhere"))).contains("make tools"));
    }

    #[test]
    fn names_that_are_no_text_are_refused() {
        let odd = PathBuf::from(std::ffi::OsStr::from_bytes(b"/tmp/\xff"));
        for plan in [
            Plan {
                kernel: odd.clone(),
                ..sample()
            },
            Plan {
                logs: Some(odd.clone()),
                ..sample()
            },
            Plan {
                root: Some(odd.clone()),
                ..sample()
            },
        ] {
            assert!(words(plan.check()).contains("not UTF-8"));
        }
    }

    #[test]
    fn roots_uml_cannot_take_are_refused() {
        let parent = tempfile::tempdir().unwrap();
        for (name, word) in [("a,b", "comma"), ("a b", "space"), ("gone", "make rootfs")] {
            let dir = parent.path().join(name);
            if name != "gone" {
                fs::create_dir(&dir).unwrap();
            }
            assert!(words(check_root(&dir)).contains(word), "{name}");
        }
        assert!(words(check_root(Path::new("rel"))).contains("full path"));
        assert!(check_root(Path::new("/")).is_ok());
    }

    #[test]
    fn memory_has_two_ends() {
        assert!(words(check_memory(31)).contains("32M"));
        assert!(check_memory(32).is_ok());
        assert!(check_memory(NODE_MEMORY_MIB_MAX + 1).is_err());
    }

    #[test]
    fn a_plan_survives_the_way_to_the_supervisor() {
        let text = serde_json::to_string(&sample()).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), sample());
    }
}
