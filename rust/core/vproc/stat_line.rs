// SPDX-License-Identifier: GPL-2.0

//! Line of a process' `stat`.
//!
//! It is read by another clock than it was written by.
//!
//! Field 22 of proc_pid_stat(5) counts ticks from the boot of the node the process
//! runs on. A program that reads it adds the boot of its own node, so the number is
//! moved by the time between the two boots.

/// Field 22 is the twentieth behind the name.
const FIELDS_BEFORE: usize = 19;

/// Longest number in ticks.
const DIGITS_MAX: usize = 20;

/// Moves the time of start in `line` by `ticks` and gives `put` the line in pieces. A
/// process that is older than the reader's node started with it. A line that is none
/// stays as it is.
pub fn shift_start(line: &[u8], ticks: i64, mut put: impl FnMut(&[u8])) {
    let Some((before, start, behind)) = split(line) else {
        return put(line);
    };
    let mut digits = [0; DIGITS_MAX];
    put(before);
    put(decimal(start.saturating_add_signed(ticks), &mut digits));
    put(behind);
}

/// What is before the time of start, the time, and what is behind it.
fn split(line: &[u8]) -> Option<(&[u8], u64, &[u8])> {
    // The name is in parentheses and may hold spaces and parentheses itself.
    let name_ends = line.iter().rposition(|&byte| byte == b')')?;
    let mut spaces = (0..)
        .zip(line)
        .filter(|&(at, &byte)| at > name_ends && byte == b' ');
    let (last, _) = spaces.nth(FIELDS_BEFORE)?;
    let at: usize = last.checked_add(1)?;
    let (before, rest) = line.split_at_checked(at)?;
    let length = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, behind) = rest.split_at_checked(length)?;
    let start = core::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((before, start, behind))
}

fn decimal(mut number: u64, digits: &mut [u8; DIGITS_MAX]) -> &[u8] {
    let mut first = DIGITS_MAX;
    for (place, digit) in (0..DIGITS_MAX).zip(digits.iter_mut()).rev() {
        *digit = u8::try_from(number % 10).unwrap_or(0) | b'0';
        number /= 10;
        first = place;
        if number == 0 {
            break;
        }
    }
    digits.get(first..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "65600 (a (b) c) S 1 2 3 0 -1 4194560 5 6 7 8 9 10 11 12 20 0 1 0 ";

    fn shifted(line: &str, ticks: i64) -> String {
        let mut out = Vec::new();
        shift_start(line.as_bytes(), ticks, |piece| out.extend_from_slice(piece));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_start_moves_and_nothing_else() {
        let line = |start: &str| format!("{BEFORE}{start} 1234 0 18446744073709551615 1\n");
        assert_eq!(shifted(&line("500"), 40), line("540"));
        assert_eq!(shifted(&line("500"), -40), line("460"));
        assert_eq!(shifted(&line("9"), 1), line("10"));
        assert_eq!(shifted(&line("500"), 0), line("500"));
    }

    #[test]
    fn a_start_before_the_readers_boot_is_its_boot() {
        let line = |start: &str| format!("{BEFORE}{start} 1\n");
        assert_eq!(shifted(&line("500"), -501), line("0"));
        assert_eq!(shifted(&line("1"), i64::MIN), line("0"));
        assert_eq!(shifted(&line("1"), i64::MAX), line("9223372036854775808"));
    }

    #[test]
    fn what_is_no_such_line_stays() {
        for line in [
            "",
            ")",
            "x",
            "1 (a) S 1",
            BEFORE,
            "1 (a) S a b c d e f g h i j k l m n o p q r s t\n",
        ] {
            assert_eq!(shifted(line, 5), line);
        }
    }
}
