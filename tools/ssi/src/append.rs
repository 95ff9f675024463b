// SPDX-License-Identifier: GPL-2.0

//! The user's words for the kernel.
//!
//! `--append` passes anything on, except what would take a node out of the
//! launcher's hands: those words are refused with the option to use instead.

use std::str::FromStr;

use serde::{
    Deserialize,
    Serialize, //
};

use crate::limits::APPEND_BYTES_MAX;

/// The user's words for the kernel, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Append(Vec<String>);

/// Words the launcher gives itself, and what to do instead.
const OWN_WORDS: [(&str, &str); 17] = [
    ("mem", "use --mem"),
    ("seccomp", "use --isolate, or leave it out"),
    ("initrd", "use --initramfs"),
    ("hostfs", "use --root"),
    ("ssi.root", "use --root"),
    ("ssi.node", "the launcher numbers the nodes"),
    ("ssi.cluster", "use --name"),
    ("ssi.host", "it is the node's link to the launcher"),
    ("vec0", "it is the cluster network"),
    ("vec1", "it is the launcher's own wire"),
    ("uml_dir", "it lies in the cluster's directory"),
    ("umid", "it is the node's number"),
    ("con", "the launcher holds the consoles"),
    ("con0", "see 'ssi console'"),
    ("console", "see 'ssi log'"),
    ("ssl", "the launcher holds the serial lines"),
    ("ssl0", "see 'ssi log'"),
];

impl Append {
    /// The words, in the user's order.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromStr for Append {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > APPEND_BYTES_MAX {
            return Err(format!("more than {APPEND_BYTES_MAX} bytes for the kernel"));
        }
        let words = text.split_ascii_whitespace();
        let checked: Result<Vec<String>, String> = words.map(check).collect();
        checked.map(Self)
    }
}

fn check(word: &str) -> Result<String, String> {
    // UML's own words end at the first of these: `vec0:...` as well as `mem=...`.
    let (name, value) = word.split_once(['=', ':']).unwrap_or((word, ""));
    if name == "ncpus" {
        return check_processors(word, value);
    }
    match OWN_WORDS.iter().find(|(own, _)| *own == name) {
        Some((_, instead)) => Err(format!("'{word}' is the launcher's to give: {instead}")),
        None => Ok(word.to_owned()),
    }
}

fn check_processors(word: &str, value: &str) -> Result<String, String> {
    if value == "1" {
        return Ok(word.to_owned());
    }
    Err(format!(
        "'{word}': a node has one processor, for UML cannot flush the TLB of another one in \
         time; start more nodes instead"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        text.parse::<Append>().unwrap_err()
    }

    #[test]
    fn words_pass_in_order() {
        let append: Append = "  loglevel=8 debug\tncpus=1 ".parse().unwrap();
        assert_eq!(
            append.words().collect::<Vec<_>>(),
            ["loglevel=8", "debug", "ncpus=1"]
        );
    }

    #[test]
    fn more_than_one_processor_is_refused_with_the_reason() {
        for text in ["ncpus=2", "quiet ncpus=16", "ncpus=", "ncpus=01"] {
            assert!(refusal(text).contains("TLB"), "{text}");
        }
    }

    #[test]
    fn the_launchers_words_lead_to_their_option() {
        assert!(refusal("mem=1G").contains("--mem"));
        assert!(refusal("hostfs=/").contains("--root"));
        for (own, instead) in OWN_WORDS {
            assert!(refusal(&format!("{own}=x")).contains(instead));
            assert!(refusal(&format!("{own}:x=y")).contains(instead));
        }
        assert!("con1=null memtest=1 ssi.debug=1".parse::<Append>().is_ok());
    }

    #[test]
    fn a_command_line_has_an_end() {
        assert!(refusal(&"x".repeat(APPEND_BYTES_MAX + 1)).contains("2048"));
    }
}
