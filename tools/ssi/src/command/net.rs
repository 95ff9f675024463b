// SPDX-License-Identifier: GPL-2.0

//! `ssi net`.
//!
//! Words for the faults of the switch.

use anyhow::Result;
use ssi_core::ids::ClusterName;
use ssi_switch::{
    FaultChange,
    PortReport,
    Ports,
    Ppm,
    Report,
    Way, //
};

use super::table::Table;
use crate::{
    call::{
        unexpected,
        Call, //
    },
    cli::{
        Format,
        HealLink,
        Link,
        Net, //
    },
    name,
    protocol::{
        Reply,
        Request, //
    },
};

/// Reads one end of a link.
///
/// # Errors
///
/// What an end looks like.
pub(crate) fn end(text: &str) -> Result<Ports, String> {
    if text == "all" {
        return Ok(Ports::All);
    }
    let node = name::node(text).map_err(|why| format!("{why}, or all"))?;
    Ok(Ports::One(node.get()))
}

/// Breaks, mends or shows the network.
///
/// # Errors
///
/// The switch refused, in its words.
pub(crate) fn run(cluster: ClusterName, net: &Net) -> Result<()> {
    match change(net)? {
        Some(change) => {
            let notes = Call::to(cluster)?.order(&Request::Fault { change })?;
            super::print_notes(&notes)
        }
        None => show(cluster, net),
    }
}

/// The change that is asked for; `None` if none is.
fn change(net: &Net) -> Result<Option<FaultChange>> {
    Ok(Some(match net {
        Net::Cut(link) => {
            let (a, b, way) = parts(link);
            FaultChange::Cut { a, b, way }
        }
        Net::Isolate { node } => FaultChange::Cut {
            a: *node,
            b: Ports::All,
            way: Way::Both,
        },
        Net::Heal(link) => heal(link),
        Net::Delay {
            link,
            delay_ms,
            jitter,
        } => {
            let (a, b, way) = parts(link);
            FaultChange::Delay {
                a,
                b,
                way,
                delay_ms: *delay_ms,
                jitter_ms: *jitter,
            }
        }
        Net::Loss { link, percent } => {
            let ((a, b, way), ppm) = (parts(link), Ppm::from_percent(*percent)?);
            FaultChange::Loss { a, b, way, ppm }
        }
        Net::Reorder { link, percent } => {
            let ((a, b, way), ppm) = (parts(link), Ppm::from_percent(*percent)?);
            FaultChange::Reorder { a, b, way, ppm }
        }
        Net::Show(_) => return Ok(None),
    }))
}

fn parts(link: &Link) -> (Ports, Ports, Way) {
    (link.a, link.b, way(link.one_way))
}

fn heal(link: &HealLink) -> FaultChange {
    match (link.a, link.b) {
        (Some(a), Some(b)) => FaultChange::Heal {
            a,
            b,
            way: way(link.one_way),
        },
        (None, None) | (Some(_), None) | (None, Some(_)) => FaultChange::HealAll,
    }
}

fn way(one_way: bool) -> Way {
    match one_way {
        true => Way::OneWay,
        false => Way::Both,
    }
}

fn show(cluster: ClusterName, net: &Net) -> Result<()> {
    let report = match Call::to(cluster)?.ask(&Request::Network)? {
        Reply::Network { report } => report,
        other => return Err(unexpected(&other)),
    };
    match net {
        Net::Show(Format { json: true }) => super::status::print_json(&report),
        _ => super::status::print_text(&text(&report)),
    }
}

fn text(report: &Report) -> String {
    let mut text = match report.faults.is_empty() {
        true => "no faults\n".to_owned(),
        false => String::new(),
    };
    for fault in &report.faults {
        text.push_str(&format!("{fault}\n"));
    }
    let mut table = Table::new(&["NODE", "SENT", "BYTES", "GOT", "BYTES", "LOST", "DROPPED"]);
    report.ports.iter().for_each(|port| table.row(row(port)));
    text + &table.to_string()
}

fn row(port: &PortReport) -> Vec<String> {
    let numbers = [
        u64::from(port.port),
        port.in_frames,
        port.in_bytes,
        port.out_frames,
        port.out_bytes,
        port.lost,
        port.dropped,
    ];
    numbers.map(|number| number.to_string()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        Cli,
        Command, //
    };
    use clap::Parser;

    fn typed(line: &str) -> Option<FaultChange> {
        let words = ["ssi", "net"].into_iter().chain(line.split(' '));
        let Command::Net(net) = Cli::try_parse_from(words).unwrap().command else {
            panic!("not net");
        };
        change(&net).unwrap()
    }

    #[test]
    fn words_become_changes() {
        let (one, two, both) = (Ports::One(1), Ports::One(2), Way::Both);
        let cases = [
            (
                "cut 1 2 --one-way",
                FaultChange::Cut {
                    a: one,
                    b: two,
                    way: Way::OneWay,
                },
            ),
            (
                "isolate 2",
                FaultChange::Cut {
                    a: two,
                    b: Ports::All,
                    way: both,
                },
            ),
            ("heal", FaultChange::HealAll),
            (
                "heal 1 all",
                FaultChange::Heal {
                    a: one,
                    b: Ports::All,
                    way: both,
                },
            ),
            (
                "delay 1 2 20 --jitter 5",
                FaultChange::Delay {
                    a: one,
                    b: two,
                    way: both,
                    delay_ms: 20,
                    jitter_ms: 5,
                },
            ),
            (
                "loss 1 2 2.5",
                FaultChange::Loss {
                    a: one,
                    b: two,
                    way: both,
                    ppm: Ppm::new(25_000).unwrap(),
                },
            ),
            (
                "reorder all 2 100",
                FaultChange::Reorder {
                    a: Ports::All,
                    b: two,
                    way: both,
                    ppm: Ppm::new(1_000_000).unwrap(),
                },
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(typed(line), Some(expected), "{line}");
        }
        assert_eq!(typed("show"), None);
    }

    #[test]
    fn an_end_is_a_node_or_all() {
        assert_eq!(end("all"), Ok(Ports::All));
        assert!(end("everyone").unwrap_err().contains("or all"));
    }
}
