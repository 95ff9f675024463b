// SPDX-License-Identifier: GPL-2.0

//! Header, library and manual agree.

use std::{
    collections::BTreeSet,
    fs,
    path::Path, //
};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Names of the calls in a text that `next` follows.
fn calls(text: &str, next: char) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.match_indices(next)
        .filter_map(|(at, _)| text[..at].rsplit(|letter| !is_part(letter)).next())
        .filter(|name| {
            ["cluster", "migrate", "node_", "rexec", "rfork"]
                .iter()
                .any(|begin| name.starts_with(begin))
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_call_of_the_header_is_exported_and_has_a_page() {
    // Comments name calls, too: those that are declared.
    let header = calls(&read("include/sys/cluster.h"), '(');
    let exported = calls(&read("libcluster.map"), ';');
    assert_eq!(header, exported);
    assert_eq!(exported.len(), 21);
    let overview = read("../../Documentation/man/libcluster.3");
    for call in &exported {
        // A page may be that of several.
        let page = read(&format!("../../Documentation/man/{call}.3"));
        let name = format!(".Nm {call}");
        assert!(
            page.lines()
                .any(|line| line == name || line == format!("{name} ,")),
            "{call}"
        );
        assert!(page.contains(&format!(
            ".F{} {call}",
            if page.contains(".Fo ") { 'o' } else { 'n' }
        )));
        assert!(overview.contains(&format!(".It Xr {call} 3 ")), "{call}");
    }
}

#[test]
fn constants_are_those_of_the_core() {
    let header = read("include/sys/cluster.h");
    for state in libcluster::NodeState::ALL {
        let line = header
            .lines()
            .find(|line| line.starts_with(&format!("#define CLUSTERNODE_{}\t", state.name())));
        let value = line.and_then(|line| line.split_whitespace().nth(2));
        assert_eq!(value, Some(state.code().to_string().as_str()), "{state}");
    }
}

#[test]
fn flags_of_personality_are_the_kernels() {
    let flags = |header: &str| -> Vec<String> {
        let text = read(header);
        let flags = text
            .lines()
            .filter(|line| line.starts_with("#define PER_SSI_"));
        flags.map(str::to_owned).collect()
    };
    let kernel = flags("../../include/linux/ssi.h");
    assert_eq!(kernel.len(), 2);
    assert_eq!(flags("include/sys/cluster.h"), kernel);
}
