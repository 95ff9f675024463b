// SPDX-License-Identifier: GPL-2.0

//! The device `/dev/ssi`.
//!
//! Takes what needs a call of its own, as ioctl(2). Everybody may open it.
//!
//! C headers: [`include/uapi/linux/ssi.h`](srctree/include/uapi/linux/ssi.h) and
//! [`include/linux/miscdevice.h`](srctree/include/linux/miscdevice.h)

use kernel::{
    bindings,
    error::to_result,
    macros::export,
    prelude::*,
    sync::SetOnce,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

/// Numbers of commands.
pub mod command {
    /// Executes a program on another node: [`Rexecve`](super::Rexecve).
    pub const REXECVE: u32 = super::bindings::ssi_device_command_SSI_REXECVE_COMMAND;
    /// Forks a child on another node: [`Rfork`](super::Rfork).
    pub const RFORK: u32 = super::bindings::ssi_device_command_SSI_RFORK_COMMAND;
    /// Moves to another node: [`Migrate`](super::Migrate).
    pub const MIGRATE: u32 = super::bindings::ssi_device_command_SSI_MIGRATE_COMMAND;
}

/// Bytes of `struct ssi_rexecve`.
const REXECVE_BYTES: usize = 40;

/// Argument of [`command::REXECVE`]; addresses are those of the caller's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rexecve {
    /// Number of the node.
    pub node: u32,
    /// 0 or [`SEARCH`](Self::SEARCH).
    pub flags: u32,
    /// Address of the path, which ends in a zero byte.
    pub path: usize,
    /// Address of the arguments' addresses, up to a null one; or null.
    pub arguments: usize,
    /// The same for the environment.
    pub environment: usize,
    /// Address of the folders to search, which ends in a zero byte; or null.
    pub folders: usize,
}

impl Rexecve {
    /// The program is looked for in folders.
    pub const SEARCH: u32 = bindings::ssi_rexecve_flag_SSI_REXECVE_FLAG_SEARCH;

    /// Reads it from the memory of the running task.
    ///
    /// # Errors
    ///
    /// `EFAULT`.
    pub fn read(address: usize) -> Result<Self> {
        let mut reader = UserSlice::new(UserPtr::from_addr(address), REXECVE_BYTES).reader();
        let (node, flags) = (reader.read()?, reader.read()?);
        let mut word = || reader.read::<u64>().map(|word| word as usize);
        Ok(Self {
            node,
            flags,
            path: word()?,
            arguments: word()?,
            environment: word()?,
            folders: word()?,
        })
    }
}

/// Argument of [`command::RFORK`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rfork {
    /// Number of the node.
    pub node: u32,
    /// Nothing yet.
    pub flags: u32,
}

impl Rfork {
    /// Reads it from the memory of the running task.
    ///
    /// # Errors
    ///
    /// `EFAULT`.
    pub fn read(address: usize) -> Result<Self> {
        let mut reader = UserSlice::new(UserPtr::from_addr(address), 8).reader();
        Ok(Self {
            node: reader.read()?,
            flags: reader.read()?,
        })
    }
}

/// Argument of [`command::MIGRATE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrate {
    /// Number of the node.
    pub node: u32,
    /// Nothing yet.
    pub flags: u32,
}

impl Migrate {
    /// Reads it from the memory of the running task.
    ///
    /// # Errors
    ///
    /// `EFAULT`.
    pub fn read(address: usize) -> Result<Self> {
        let mut reader = UserSlice::new(UserPtr::from_addr(address), 8).reader();
        Ok(Self {
            node: reader.read()?,
            flags: reader.read()?,
        })
    }
}

/// What is behind the device.
pub trait Control: Sync {
    /// Does what `command` says, with its `argument`, for the running task. May sleep.
    ///
    /// # Errors
    ///
    /// What the task gets; `ENOTTY` for a command there is not.
    fn control(&self, command: u32, argument: usize) -> Result<isize>;
}

static CONTROL: SetOnce<&'static dyn Control> = SetOnce::new();

/// Makes the device. Call it once, from an initcall.
///
/// # Errors
///
/// `EBUSY` the second time, `ENOMEM`.
pub fn begin(control: &'static dyn Control) -> Result {
    if !CONTROL.populate(control) {
        return Err(EBUSY);
    }
    // SAFETY: It is called once.
    to_result(unsafe { bindings::ssi_device_begin() })
}

/// # Safety
///
/// None: it is declared to C, where every function is unsafe.
#[export]
unsafe extern "C" fn ssi_device_control(command: c_uint, argument: c_ulong) -> c_long {
    let outcome = CONTROL
        .as_ref()
        .ok_or(ENODEV)
        .and_then(|control| control.control(command, argument));
    outcome.unwrap_or_else(|error| error.to_errno() as isize) as c_long
}
