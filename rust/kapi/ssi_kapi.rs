// SPDX-License-Identifier: GPL-2.0

//! Safe wrappers of kernel interfaces.
//!
//! What SSI touches and the `kernel` crate does not cover yet. This is the only
//! crate of SSI that may contain `unsafe`; every other one denies it. It knows
//! nothing of what SSI decides.

#[cfg(CONFIG_SSI_MIGRATE)]
pub mod address_space;
#[cfg(CONFIG_SSI_VPROC)]
pub mod area;
#[cfg(CONFIG_SSI_VPROC)]
pub mod behalf;
pub mod boot_param;
pub mod bytes;
#[cfg(CONFIG_SSI_VPROC)]
pub mod caller;
pub mod capability;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod change;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod children;
#[cfg(CONFIG_SSI_ICS)]
pub mod clock;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod crew;
#[cfg(CONFIG_SSI_ICS)]
pub mod crypto;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod device;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod errand;
#[cfg(CONFIG_SSI_ICS)]
pub mod event;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod event_file;
#[cfg(CONFIG_SSI_FILES)]
pub mod file_description;
#[cfg(all(CONFIG_SSI_FILES, CONFIG_SSI_KUNIT_TEST))]
mod file_fixture;
#[cfg(CONFIG_SSI_FILES)]
pub mod file_home;
#[cfg(CONFIG_SSI_FILES)]
pub mod file_install;
#[cfg(CONFIG_SSI_FILES)]
pub mod file_lock;
#[cfg(CONFIG_SSI_VPROC)]
pub mod file_owner;
#[cfg(CONFIG_SSI_FILES)]
pub mod file_proxy;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod fork;
#[cfg(CONFIG_SSI_VPROC)]
pub mod group_signal;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod guest;
#[cfg(CONFIG_SSI_ICS)]
pub mod host;
#[cfg(CONFIG_UML)]
pub mod hostlink;
pub mod inet;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod itimer;
pub mod late;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod leave;
#[cfg(CONFIG_SSI_VPROC)]
pub mod lent_number;
pub mod memory;
#[cfg(CONFIG_SSI_VPROC)]
pub mod moves;
#[cfg(CONFIG_SSI_ICS)]
pub mod notifier;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod open_files;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod own_pages;
#[cfg(CONFIG_SSI_VPROC)]
pub mod owner_signal;
#[cfg(CONFIG_SSI_ICS)]
pub mod page;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod parking;
#[cfg(CONFIG_SSI_VPROC)]
pub mod pid_watch;
#[cfg(CONFIG_SSI_VPROC)]
pub mod pidfd;
#[cfg(CONFIG_SSI_VPROC)]
pub mod pids;
#[cfg(CONFIG_SSI_MIGRATE)]
mod place;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod posix_timer;
pub mod print;
#[cfg(CONFIG_SSI_VPROC)]
pub mod proc_attributes;
#[cfg(CONFIG_SSI_VPROC)]
pub mod proc_remote;
#[cfg(CONFIG_SSI_VPROC)]
pub mod proc_served;
#[cfg(CONFIG_SSI_VPROC)]
pub mod proc_text;
pub mod procfs;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod program_state;
#[cfg(CONFIG_SSI_FILES)]
pub mod pts;
pub mod queue;
pub mod random;
pub mod reboot;
pub mod release;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod restart;
#[cfg(CONFIG_SSI_FILES)]
pub mod sender;
pub mod signal;
#[cfg(CONFIG_SSI_VPROC)]
pub mod signal_info;
#[cfg(CONFIG_SSI_ICS)]
pub mod socket;
#[cfg(CONFIG_SSI_FILES)]
pub mod socket_home;
#[cfg(CONFIG_SSI_FILES)]
pub mod socket_proxy;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod surrogate;
#[cfg(CONFIG_SSI_VPROC)]
pub mod syscall;
pub mod sysctl;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod task_name;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod task_state;
#[cfg(CONFIG_SSI_FILES)]
pub mod terminal;
#[cfg(CONFIG_SSI_ICS)]
pub mod thread;
#[cfg(CONFIG_SSI_MIGRATE)]
pub mod thread_state;
#[cfg(CONFIG_SSI_ICS)]
pub mod trace;
pub mod uevent;
pub mod umh;
#[cfg(CONFIG_SSI_VPROC)]
pub mod visit;
#[cfg(CONFIG_SSI_VPROC)]
pub mod whereabouts;
