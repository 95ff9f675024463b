// SPDX-License-Identifier: GPL-2.0

//! `ssi exec`.
//!
//! The supervisor joins our connection to the node's agent and takes no further
//! part: what is typed, printed and signalled passes between `ssi_exec` here and
//! the agent there.

use std::{
    ffi::OsString,
    os::unix::{
        ffi::OsStringExt,
        net::UnixStream, //
    },
    process::ExitCode,
};

use anyhow::{
    anyhow,
    bail,
    Result, //
};
use ssi_core::ids::{
    ClusterName,
    NodeId, //
};
use ssi_exec::{
    client::{
        self,
        ClientError,
        Input, //
    },
    Outcome, Tty, EXEC_PORT,
};

use crate::{
    call::Call,
    cli::Exec,
    protocol::{
        NodeState,
        Request, //
    },
};

/// The command's end is not known, or it was never begun.
pub(crate) const STATUS_UNREACHED: u8 = 125;

/// Runs a command on a node; returns its exit status.
///
/// # Errors
///
/// The node was not reached or died.
pub(crate) fn run(cluster: ClusterName, exec: Exec) -> Result<ExitCode> {
    let node = exec.node;
    let input = match exec.no_input {
        true => Input::Nothing,
        false => Input::Ours,
    };
    let request = request(exec)?;
    request.check()?;
    match client::run(connect(cluster, node)?, &request, input) {
        Ok(outcome) => Ok(tell(&outcome)),
        Err(ClientError::Lost) => Err(explain_loss(cluster, node)),
        Err(e) => Err(e.into()),
    }
}

fn connect(cluster: ClusterName, node: NodeId) -> Result<UnixStream> {
    let request = Request::Connect {
        node: node.get(),
        port: EXEC_PORT,
    };
    let mut stream = Call::to(cluster)?.into_stream(&request)?;
    ssi_wire::read_verdict(&mut stream)?;
    Ok(stream)
}

fn request(exec: Exec) -> Result<ssi_exec::Request> {
    let env: Result<Vec<_>> = exec.env.into_iter().map(variable).collect();
    let argv = exec.command.into_iter().map(OsString::into_vec);
    Ok(ssi_exec::Request {
        env: env?,
        cwd: exec.cwd.map(OsString::into_vec),
        tty: exec.tty.then(Tty::like_ours),
        ..ssi_exec::Request::new(argv)
    })
}

fn variable(text: OsString) -> Result<(Vec<u8>, Vec<u8>)> {
    let bytes = text.into_vec();
    let Some(at) = bytes.iter().position(|byte| *byte == b'=') else {
        bail!("--env {}: give NAME=VALUE", String::from_utf8_lossy(&bytes));
    };
    Ok((bytes[..at].to_vec(), bytes[at + 1..].to_vec()))
}

fn tell(outcome: &Outcome) -> ExitCode {
    if let Outcome::Failed { text, .. } = outcome {
        say!("ssi: {text}");
    }
    ExitCode::from(outcome.status())
}

/// The supervisor knows more than that the connection ended.
fn explain_loss(cluster: ClusterName, node: NodeId) -> anyhow::Error {
    let status = Call::to(cluster).and_then(|mut call| call.status());
    let Ok(status) = status else {
        return anyhow!("the cluster ended before the command on node {node} did");
    };
    let found = status
        .nodes
        .into_iter()
        .find(|found| found.node == node.get());
    let Some(found) = found else {
        return anyhow!("node {node} is unknown");
    };
    if let Some(fenced) = found.fenced {
        return anyhow!("node {node} was fenced ({})", fenced.text);
    }
    match (found.death, found.state) {
        (Some(death), _) => anyhow!("node {node} died ({death}): see 'ssi log {node}'"),
        (None, NodeState::Down | NodeState::Ending) => {
            anyhow!("node {node} was taken down before the command ended")
        }
        (None, NodeState::Waiting | NodeState::Booting) => {
            anyhow!("node {node} was started again before the command ended")
        }
        (None, NodeState::Dead | NodeState::Fenced) => {
            anyhow!("node {node} was started again before the command ended")
        }
        (None, NodeState::Ready | NodeState::Paused) => {
            anyhow!("the connection to node {node} was lost before the command ended")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_ends_at_its_first_equals_sign() {
        let parsed = variable("A=b=c".into()).unwrap();
        assert_eq!(parsed, (b"A".to_vec(), b"b=c".to_vec()));
        assert!(variable("A".into())
            .unwrap_err()
            .to_string()
            .contains("NAME=VALUE"));
    }
}
