// SPDX-License-Identifier: GPL-2.0

//! Options of sockets that travel.
//!
//! The value of an option is bytes, so most of them could be asked for unseen; not those
//! that give or take numbers of files, name memory of the program, or load something into
//! the kernel. Those that travel are listed.

const SOCKET: u32 = 1;
const IP: u32 = 0;
const TCP: u32 = 6;
const UDP: u32 = 17;
const IPV6: u32 = 41;

/// Reuse, type, error, routing, sizes, liveness, priority, lingering, credentials, time limits,
/// names and what is seen of a message.
const OF_SOCKETS: [u32; 36] = [
    2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 15, 16, 17, 18, 19, 20, 21, 25, 28, 29, 30, 32, 33, 34, 35,
    36, 38, 39, 40, 42, 49, 57, 66, 67, 75,
];
/// Service, hops, path, errors, what is seen of a packet, binding and groups.
const OF_IP: [u32; 18] = [
    1, 2, 8, 10, 11, 12, 13, 14, 15, 19, 20, 24, 32, 33, 34, 35, 36, 49,
];
/// Delay, sizes, liveness, state and algorithm.
const OF_TCP: [u32; 17] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 18, 23, 25, 30];
/// Corking, segments.
const OF_UDP: [u32; 3] = [1, 103, 104];
/// Hops, groups, path, errors, versions, what is seen of a packet, class.
const OF_IPV6: [u32; 14] = [16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 49, 51, 66, 67];

/// Whether option `option` of `level` is asked for and set at home.
pub fn travels(level: u32, option: u32) -> bool {
    let listed: &[u32] = match level {
        SOCKET => &OF_SOCKETS,
        IP => &OF_IP,
        TCP => &OF_TCP,
        UDP => &OF_UDP,
        IPV6 => &OF_IPV6,
        _ => &[],
    };
    listed.contains(&option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_files_or_memory_does_not_travel() {
        // SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_CBPF and
        // EBPF, SO_ZEROCOPY, SO_PEERPIDFD, SO_DEVMEM_DONTNEED
        for option in [26, 27, 50, 51, 52, 60, 77, 80] {
            assert!(!travels(SOCKET, option), "{option}");
        }
        // TCP_MD5SIG, TCP_REPAIR, TCP_ULP, TCP_ZEROCOPY_RECEIVE
        for option in [14, 19, 31, 35] {
            assert!(!travels(TCP, option), "{option}");
        }
        // Tables of filters
        assert!(!travels(IP, 64) && !travels(IPV6, 64) && !travels(270, 1));
    }

    #[test]
    fn each_option_is_listed_once() {
        for list in [&OF_SOCKETS[..], &OF_IP, &OF_TCP, &OF_UDP, &OF_IPV6] {
            assert!(list.is_sorted_by(|one, next| one < next));
        }
        assert!(travels(SOCKET, 4) && travels(TCP, 1) && travels(IP, 1));
    }
}
