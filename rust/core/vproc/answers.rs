// SPDX-License-Identifier: GPL-2.0

//! One result of several nodes.
//!
//! A call that names no single process, such as `kill(-1)` or one to a group, is made on
//! every node. What its caller gets is what one kernel with all those processes would
//! have given.

/// The number of ESRCH, "no such process".
pub const ESRCH: i32 = 3;

/// Nobody was there, as a result.
const NOBODY: i64 = -3;

/// How results become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// kill(2), setpriority(2), ioprio_set(2): good if there was anybody and nothing
    /// failed.
    All,
    /// kill(2) to a group: good if one got it.
    Any,
    /// getpriority(2): the largest, which is the highest priority.
    Largest,
    /// ioprio_get(2): the smallest, which is the highest priority.
    Smallest,
}

/// Results so far. A result below zero is the negative number of an error.
#[derive(Clone, Copy, Debug)]
pub struct Answers {
    rule: Rule,
    result: Option<i64>,
}

impl Answers {
    /// Nobody has answered.
    pub const fn new(rule: Rule) -> Self {
        Self { rule, result: None }
    }

    /// One node says `result`.
    pub fn add(&mut self, result: i64) {
        if result == NOBODY {
            return;
        }
        let before = self.result.replace(result);
        if let Some(before) = before {
            self.result = Some(self.rule.join(before, result));
        }
    }

    /// What the caller gets: ESRCH when there was nobody anywhere.
    pub fn result(&self) -> i64 {
        self.result.unwrap_or(NOBODY)
    }
}

impl Rule {
    fn join(self, one: i64, other: i64) -> i64 {
        match self {
            Self::All => one.min(other),
            Self::Any if one < 0 => other,
            Self::Any => one,
            Self::Largest => one.max(other),
            Self::Smallest if one < 0 || other < 0 => one.max(other),
            Self::Smallest => one.min(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: i64 = -1;

    fn all(rule: Rule, results: &[i64]) -> i64 {
        let mut answers = Answers::new(rule);
        for result in results {
            answers.add(*result);
        }
        answers.result()
    }

    #[test]
    fn nobody_anywhere_is_no_such_process() {
        for rule in [Rule::All, Rule::Any, Rule::Largest, Rule::Smallest] {
            assert_eq!(all(rule, &[]), NOBODY);
            assert_eq!(all(rule, &[NOBODY, NOBODY]), NOBODY);
            assert_eq!(all(rule, &[NOBODY, 0, NOBODY]), 0);
        }
    }

    #[test]
    fn what_failed_anywhere_failed() {
        assert_eq!(all(Rule::All, &[0, REFUSED, 0]), REFUSED);
        assert_eq!(all(Rule::All, &[0, NOBODY, 0]), 0);
    }

    #[test]
    fn a_signal_to_a_group_is_good_if_one_got_it() {
        assert_eq!(all(Rule::Any, &[REFUSED, 0, REFUSED]), 0);
        assert_eq!(all(Rule::Any, &[0, REFUSED, NOBODY]), 0);
        assert_eq!(all(Rule::Any, &[NOBODY, -11, REFUSED]), REFUSED);
    }

    #[test]
    fn the_highest_priority_is_the_largest_number() {
        assert_eq!(all(Rule::Largest, &[20, 1, 40]), 40);
        assert_eq!(all(Rule::Largest, &[-22, 20]), 20);
    }

    #[test]
    fn the_highest_io_priority_is_the_smallest_number() {
        let (real_time, best_effort, idle) = (1 << 13 | 7, 2 << 13 | 4, 3 << 13);
        let found = all(Rule::Smallest, &[idle, best_effort, real_time]);
        assert_eq!(found, real_time);
        assert_eq!(all(Rule::Smallest, &[-22, idle]), idle);
    }
}
