// SPDX-License-Identifier: GPL-2.0

//! ioctl(2) for another node.
//!
//! What its argument is depends on its number alone, so the numbers are listed: those of
//! terminals, and those that ask how much a pipe or a socket has. Those about whom a terminal
//! controls are not there, but in [`terminal`](super::terminal).

/// What the argument of a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A number, or nothing.
    Number,
    /// Memory with so many bytes, which is read.
    In(usize),
    /// Memory with so many bytes, which is written.
    Out(usize),
}

impl Argument {
    /// Bytes of the memory.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Number => 0,
            Self::In(bytes) | Self::Out(bytes) => bytes,
        }
    }
}

/// Most bytes of memory an argument is.
pub const ARGUMENT_BYTES_MAX: usize = TERMIOS2;

const INT: usize = 4;
const TERMIOS: usize = 36;
const TERMIOS2: usize = 44;
const TERMIO: usize = 18;
const WINDOW: usize = 8;

/// Number, argument, and whether it waits until a terminal has written all it has.
const CALLS: [(u32, Argument, bool); 39] = [
    (0x5401, Argument::Out(TERMIOS), false),       // TCGETS
    (0x5402, Argument::In(TERMIOS), false),        // TCSETS
    (0x5403, Argument::In(TERMIOS), true),         // TCSETSW
    (0x5404, Argument::In(TERMIOS), true),         // TCSETSF
    (0x5405, Argument::Out(TERMIO), false),        // TCGETA
    (0x5406, Argument::In(TERMIO), false),         // TCSETA
    (0x5407, Argument::In(TERMIO), true),          // TCSETAW
    (0x5408, Argument::In(TERMIO), true),          // TCSETAF
    (0x5409, Argument::Number, true),              // TCSBRK
    (0x540a, Argument::Number, false),             // TCXONC
    (0x540b, Argument::Number, false),             // TCFLSH
    (0x540c, Argument::Number, false),             // TIOCEXCL
    (0x540d, Argument::Number, false),             // TIOCNXCL
    (0x5411, Argument::Out(INT), false),           // TIOCOUTQ, SIOCOUTQ
    (0x5413, Argument::Out(WINDOW), false),        // TIOCGWINSZ
    (0x5414, Argument::In(WINDOW), false),         // TIOCSWINSZ
    (0x5415, Argument::Out(INT), false),           // TIOCMGET
    (0x5416, Argument::In(INT), false),            // TIOCMBIS
    (0x5417, Argument::In(INT), false),            // TIOCMBIC
    (0x5418, Argument::In(INT), false),            // TIOCMSET
    (0x5419, Argument::Out(INT), false),           // TIOCGSOFTCAR
    (0x541a, Argument::In(INT), false),            // TIOCSSOFTCAR
    (0x541b, Argument::Out(INT), false),           // FIONREAD, TIOCINQ, SIOCINQ
    (0x5420, Argument::In(INT), false),            // TIOCPKT
    (0x5424, Argument::Out(INT), false),           // TIOCGETD
    (0x5425, Argument::Number, true),              // TCSBRKP
    (0x5427, Argument::Number, false),             // TIOCSBRK
    (0x5428, Argument::Number, false),             // TIOCCBRK
    (0x802c_542a, Argument::Out(TERMIOS2), false), // TCGETS2
    (0x402c_542b, Argument::In(TERMIOS2), false),  // TCSETS2
    (0x402c_542c, Argument::In(TERMIOS2), true),   // TCSETSW2
    (0x402c_542d, Argument::In(TERMIOS2), true),   // TCSETSF2
    (0x8004_5430, Argument::Out(INT), false),      // TIOCGPTN
    (0x4004_5431, Argument::In(INT), false),       // TIOCSPTLCK
    (0x8004_5432, Argument::Out(INT), false),      // TIOCGDEV
    (0x8004_5438, Argument::Out(INT), false),      // TIOCGPKT
    (0x8004_5439, Argument::Out(INT), false),      // TIOCGPTLCK
    (0x8004_5440, Argument::Out(INT), false),      // TIOCGEXCL
    (0x8905, Argument::Out(INT), false),           // SIOCATMARK
];

/// A call that can be made for another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceCall {
    /// Its number.
    pub number: u32,
    /// What its argument is.
    pub argument: Argument,
    /// Whether it waits until a terminal has written all it has.
    pub drains: bool,
}

impl DeviceCall {
    /// The call with this number, `None` for one that cannot be made.
    pub fn with_number(number: u32) -> Option<Self> {
        CALLS
            .iter()
            .find(|(other, ..)| *other == number)
            .map(|&(number, argument, drains)| Self {
                number,
                argument,
                drains,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_there_once_and_has_a_size_that_travels() {
        let mut numbers: Vec<_> = CALLS.iter().map(|(number, ..)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), CALLS.len());
        for (_, argument, _) in CALLS {
            assert!(argument.bytes() <= ARGUMENT_BYTES_MAX);
        }
    }

    #[test]
    fn numbers_that_say_their_size_agree_with_the_list() {
        for (number, argument, _) in CALLS {
            let (way, size) = (number >> 30, (number >> 16 & 0x3fff) as usize);
            match (way, argument) {
                (0, _) => assert_eq!(size, 0),
                (1, Argument::In(bytes)) | (2, Argument::Out(bytes)) => assert_eq!(size, bytes),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn groups_and_control_do_not_travel() {
        // TIOCSCTTY, TIOCGPGRP, TIOCSPGRP, TIOCSTI, TIOCCONS, TIOCNOTTY, TIOCSETD, TIOCGSID
        for number in [
            0x540e, 0x540f, 0x5410, 0x5412, 0x541d, 0x5422, 0x5423, 0x5429, 0,
        ] {
            assert_eq!(DeviceCall::with_number(number), None);
        }
        assert!(DeviceCall::with_number(0x5403).is_some_and(|call| call.drains));
    }
}
