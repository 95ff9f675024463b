// SPDX-License-Identifier: GPL-2.0

//! The device of a node.
//!
//! The kernel of a node shows what it knows in `/proc`, and takes words there. What
//! words cannot say is a call of `/dev/ssi`, of which there are three: to execute a program
//! on another node, to fork there, and to go there.
//!
//! C header: `include/uapi/linux/ssi.h`.
//!
//! Nothing here is decided, and nothing allocated, but by [`Device::rfork_alone`]: a child of
//! fork(2) may call it.

use std::{
    ffi::{
        c_char,
        c_void,
        CStr, //
    },
    fs,
    os::fd::OwnedFd,
    ptr,
};

use rustix::{
    fs::{
        open,
        Mode,
        OFlags, //
    },
    io::Errno,
    ioctl::{
        ioctl,
        opcode,
        Ioctl,
        IoctlOutput,
        Opcode,
        Setter, //
    },
};

/// Where it is.
const PATH: &CStr = c"/dev/ssi";

/// The letter of its calls.
const GROUP: u8 = 0xC5;

/// `SSI_REXECVE`
const REXECVE: Opcode = opcode::write::<Rexecve>(GROUP, 1);

/// `SSI_REXECVE_SEARCH`
const SEARCH: u32 = 1;

/// What is searched where there is no `PATH`.
pub const DEFAULT_FOLDERS: &CStr = c"/bin:/usr/bin";

/// `struct ssi_rexecve`
#[derive(Clone, Copy)]
#[repr(C)]
struct Rexecve {
    node: u32,
    flags: u32,
    path: u64,
    argv: u64,
    envp: u64,
    folders: u64,
}

const _: () = assert!(size_of::<Rexecve>() == 40);

/// `SSI_RFORK`
const RFORK: Opcode = opcode::write::<ToNode<0>>(GROUP, 2);

/// `SSI_MIGRATE`
const MIGRATE: Opcode = opcode::write::<ToNode<0>>(GROUP, 3);

/// `struct ssi_rfork`, and `struct ssi_migrate`, which is alike.
#[repr(C)]
struct ToNode<const OPCODE: Opcode> {
    node: u32,
    flags: u32,
}

const _: () = assert!(size_of::<ToNode<0>>() == 8);

// SAFETY: The kernel reads so many bytes as the opcode says, which it has; what it gives is
// a number.
unsafe impl<const OPCODE: Opcode> Ioctl for ToNode<OPCODE> {
    type Output = i32;

    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        OPCODE
    }

    fn as_ptr(&mut self) -> *mut c_void {
        ptr::from_mut(self).cast()
    }

    unsafe fn output_from_ptr(
        result: IoctlOutput,
        _: *mut c_void,
    ) -> rustix::io::Result<Self::Output> {
        Ok(result)
    }
}

/// The device of this node, open.
#[derive(Debug)]
pub struct Device(OwnedFd);

impl Device {
    /// Opens it. It is closed on exec.
    ///
    /// # Errors
    ///
    /// `ENOSYS` where there is none: the kernel is no node of a cluster, or none that
    /// takes calls. Errors of open(2).
    pub fn open() -> Result<Self, Errno> {
        Self::at(PATH)
    }

    fn at(path: &CStr) -> Result<Self, Errno> {
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY;
        match open(path, flags, Mode::empty()) {
            Ok(device) => Ok(Self(device)),
            Err(Errno::NOENT | Errno::NXIO | Errno::NODEV) => Err(Errno::NOSYS),
            Err(why) => Err(why),
        }
    }

    /// Executes `path` on node number `node`, in this process, as execve(2) does here.
    /// It returns only when that fails: why.
    ///
    /// `argv` and `envp` end with null. An address that is not readable is `EFAULT`.
    pub fn rexecve(
        &self,
        node: u32,
        path: *const c_char,
        argv: *const *const c_char,
        envp: *const *const c_char,
    ) -> Errno {
        self.execute(&Rexecve {
            node,
            flags: 0,
            path: path.expose_provenance() as u64,
            argv: argv.expose_provenance() as u64,
            envp: envp.expose_provenance() as u64,
            folders: 0,
        })
    }

    /// As [`rexecve`](Self::rexecve), with the search of execvp(3): that node looks for `file`
    /// in `folders`, which colons separate.
    pub fn rexecvp(
        &self,
        node: u32,
        file: *const c_char,
        argv: *const *const c_char,
        envp: *const *const c_char,
        folders: &CStr,
    ) -> Errno {
        self.execute(&Rexecve {
            node,
            flags: SEARCH,
            path: file.expose_provenance() as u64,
            argv: argv.expose_provenance() as u64,
            envp: envp.expose_provenance() as u64,
            folders: folders.as_ptr().expose_provenance() as u64,
        })
    }

    fn execute(&self, asked: &Rexecve) -> Errno {
        // SAFETY: The request says its size, and another device does not know it. The
        // kernel only reads, there and at the addresses, and checks those.
        match unsafe { ioctl(&self.0, Setter::<REXECVE, Rexecve>::new(*asked)) } {
            Err(Errno::NOTTY) => Errno::NOSYS,
            Err(why) => why,
            // A kernel that has executed it has nowhere to return to.
            Ok(()) => Errno::PROTO,
        }
    }

    /// Forks on node number `node`, as fork(2) does here: gives 0 in the child, and its
    /// number in the caller.
    ///
    /// # Errors
    ///
    /// `ENOSYS` for a device that has no such call, and what the kernel says. Then there is
    /// no child.
    ///
    /// # Safety
    ///
    /// The child of a program with several threads does nothing that would not be done in
    /// a handler of a signal.
    pub unsafe fn rfork(&self, node: u32) -> Result<i32, Errno> {
        // SAFETY: The caller keeps to the rules of fork(2). Another device does not know
        // the request.
        match unsafe { ioctl(&self.0, ToNode::<RFORK> { node, flags: 0 }) } {
            Err(Errno::NOTTY) => Err(Errno::NOSYS),
            outcome => outcome,
        }
    }

    /// Has this process go to node number `node`, where it returns.
    ///
    /// # Errors
    ///
    /// `ENOSYS` for a device that has no such call, and what the kernel says. Then the
    /// process is where it was.
    pub fn migrate(&self, node: u32) -> Result<(), Errno> {
        // SAFETY: The process is the same behind the call. Another device does not know the
        // request.
        match unsafe { ioctl(&self.0, ToNode::<MIGRATE> { node, flags: 0 }) } {
            Err(Errno::NOTTY) => Err(Errno::NOSYS),
            outcome => outcome.map(|_| ()),
        }
    }

    /// [`rfork`](Self::rfork) for a program with one thread.
    ///
    /// # Errors
    ///
    /// As there, and `EBUSY` for a program with more.
    pub fn rfork_alone(&self, node: u32) -> Result<i32, Errno> {
        if !is_alone() {
            return Err(Errno::BUSY);
        }
        // SAFETY: There is one thread, and nobody else would make another.
        unsafe { self.rfork(node) }
    }
}

/// Whether this program has one thread; false if that cannot be told.
fn is_alone() -> bool {
    fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::CString,
        os::unix::ffi::OsStrExt as _, //
    };

    use super::*;

    #[test]
    fn the_request_is_that_of_the_header() {
        let header = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../include/uapi/linux/ssi.h"
        );
        let text = fs::read_to_string(header).unwrap();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "struct ssi_rexecve { __u32 node; __u32 flags; __u64 path; __u64 argv; \
             __u64 envp; __u64 folders; };",
            "#define SSI_REXECVE_SEARCH 1",
            "#define SSI_REXECVE _IOW(0xC5, 1, struct ssi_rexecve)",
            "struct ssi_rfork { __u32 node; __u32 flags; };",
            "#define SSI_RFORK _IOW(0xC5, 2, struct ssi_rfork)",
            "struct ssi_migrate { __u32 node; __u32 flags; };",
            "#define SSI_MIGRATE _IOW(0xC5, 3, struct ssi_migrate)",
        ] {
            assert!(words.contains(part), "{part}");
        }
        assert_eq!(REXECVE, 0x4028_C501);
        assert_eq!(RFORK, 0x4008_C502);
        assert_eq!(MIGRATE, 0x4008_C503);
    }

    #[test]
    fn where_there_is_no_device_there_is_no_such_call() {
        assert_eq!(Device::at(c"/nonexistent/ssi").unwrap_err(), Errno::NOSYS);
        assert_eq!(Device::at(c"/").unwrap_err(), Errno::ISDIR);
    }

    #[test]
    fn what_is_another_device_has_no_such_call() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = CString::new(file.path().as_os_str().as_bytes()).unwrap();
        for path in [c"/dev/null", &path] {
            let device = Device::at(path).unwrap();
            let said = device.rexecve(1, ptr::null(), ptr::null(), ptr::null());
            assert_eq!(said, Errno::NOSYS, "{path:?}");
            let (words, folders) = (ptr::null(), DEFAULT_FOLDERS);
            let said = device.rexecvp(1, ptr::null(), words, words, folders);
            assert_eq!(said, Errno::NOSYS, "{path:?}");
            // SAFETY: There is no child.
            let said = unsafe { device.rfork(1) };
            assert_eq!(said, Err(Errno::NOSYS), "{path:?}");
            assert_eq!(device.migrate(1), Err(Errno::NOSYS), "{path:?}");
        }
    }

    #[test]
    fn who_has_threads_is_not_alone() {
        // This test is one of two threads at least.
        let device = Device::at(c"/dev/null").unwrap();
        assert_eq!(device.rfork_alone(1), Err(Errno::BUSY));
    }
}
