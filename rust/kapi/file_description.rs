// SPDX-License-Identifier: GPL-2.0

//! Description of an open file.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use kernel::{
    bindings,
    prelude::*, //
};

/// Longest name of a file that travels, in bytes; of a longer one there is none.
pub const NAME_BYTES_MAX: usize = 127;

/// How a file behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A pipe, with or without a name.
    Pipe,
    /// A socket that keeps no limits between what is written.
    Stream,
    /// One that does.
    Packets,
    /// A terminal.
    Terminal,
    /// A regular file or a block device: never waits for anybody.
    Plain,
    /// Another device.
    Device,
    /// What tells of events: an eventfd, a timer, or inotify.
    Events,
}

impl Kind {
    const ALL: [(Self, bindings::ssi_home_kind); 7] = [
        (Self::Pipe, bindings::ssi_home_kind_SSI_HOME_PIPE),
        (Self::Stream, bindings::ssi_home_kind_SSI_HOME_STREAM),
        (Self::Packets, bindings::ssi_home_kind_SSI_HOME_PACKETS),
        (Self::Terminal, bindings::ssi_home_kind_SSI_HOME_TERMINAL),
        (Self::Plain, bindings::ssi_home_kind_SSI_HOME_PLAIN),
        (Self::Device, bindings::ssi_home_kind_SSI_HOME_DEVICE),
        (Self::Events, bindings::ssi_home_kind_SSI_HOME_EVENTS),
    ];

    pub(crate) fn from_raw(raw: u32) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, code)| *code == raw)
            .map_or(Self::Device, |(kind, _)| kind)
    }

    fn to_raw(self) -> u32 {
        let mut all = Self::ALL.into_iter();
        all.find(|(kind, _)| *kind == self)
            .map_or(bindings::ssi_home_kind_SSI_HOME_DEVICE, |(_, code)| code)
    }
}

/// What does not change of an open file. Ids are those of the initial user namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// How it behaves.
    pub kind: Kind,
    /// Flags of open(2).
    pub flags: u32,
    /// Type and permissions.
    pub mode: u32,
    /// The device it is, as stat(2) has it, 0 for none.
    pub rdev: u32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its number.
    pub ino: u64,
    /// What socket(2) calls the type of a socket, 0 for what is none.
    pub socket: u32,
    /// Whether it has positions.
    pub can_seek: bool,
}

impl Description {
    pub(crate) fn from_raw(raw: &bindings::ssi_file_description) -> Self {
        Self {
            kind: Kind::from_raw(raw.kind),
            flags: raw.flags,
            mode: raw.mode,
            rdev: raw.rdev,
            uid: raw.uid,
            gid: raw.gid,
            ino: raw.ino,
            socket: raw.socket,
            can_seek: raw.can_seek,
        }
    }

    pub(crate) fn to_raw(self) -> bindings::ssi_file_description {
        bindings::ssi_file_description {
            ino: self.ino,
            kind: self.kind.to_raw(),
            flags: self.flags,
            mode: self.mode,
            rdev: self.rdev,
            uid: self.uid,
            gid: self.gid,
            socket: self.socket,
            can_seek: self.can_seek,
        }
    }
}

/// A lock of flock(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Shared with other readers.
    Shared,
    /// Shared with nobody.
    Exclusive,
    /// None.
    None,
}

impl Lock {
    pub(crate) fn from_raw(raw: u32) -> Result<Self> {
        match raw {
            bindings::F_RDLCK => Ok(Self::Shared),
            bindings::F_WRLCK => Ok(Self::Exclusive),
            bindings::F_UNLCK => Ok(Self::None),
            _ => Err(EINVAL),
        }
    }

    pub(crate) fn to_raw(self) -> u32 {
        match self {
            Self::Shared => bindings::F_RDLCK,
            Self::Exclusive => bindings::F_WRLCK,
            Self::None => bindings::F_UNLCK,
        }
    }
}

/// What changes of an open file. Times are nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its size, in bytes.
    pub size: u64,
    /// Blocks of 512 bytes it takes.
    pub blocks: u64,
    /// When it was read.
    pub accessed: u64,
    /// When it was written.
    pub modified: u64,
    /// When something of it changed.
    pub changed: u64,
    /// Type and permissions.
    pub mode: u32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// How many names it has.
    pub nlink: u32,
    /// How much to read at a time, in bytes.
    pub block_bytes: u32,
}

impl Status {
    pub(crate) fn from_raw(raw: &bindings::ssi_file_status) -> Self {
        Self {
            size: raw.size,
            blocks: raw.blocks,
            accessed: raw.accessed,
            modified: raw.modified,
            changed: raw.changed,
            mode: raw.mode,
            uid: raw.uid,
            gid: raw.gid,
            nlink: raw.nlink,
            block_bytes: raw.block_bytes,
        }
    }

    pub(crate) fn to_raw(self) -> bindings::ssi_file_status {
        bindings::ssi_file_status {
            size: self.size,
            blocks: self.blocks,
            accessed: self.accessed,
            modified: self.modified,
            changed: self.changed,
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
            nlink: self.nlink,
            block_bytes: self.block_bytes,
        }
    }
}
