// SPDX-License-Identifier: GPL-2.0

//! Requests act in their epoch.
//!
//! No request takes effect in a gone epoch.

use std::collections::BTreeMap;

use ssi_core::{
    ids::{Epoch, Instance},
    view::View,
};

use super::{super::history::Event, Invariant};

/// A handler is called in the epoch the request was sent in, which both sides
/// are members of and the server has installed and not left.
#[derive(Default)]
pub struct InItsEpoch {
    views: BTreeMap<Epoch, View>,
    installed: BTreeMap<Instance, Epoch>,
}

impl Invariant for InItsEpoch {
    fn name(&self) -> &'static str {
        "epoch"
    }

    fn check(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::View(view) => {
                self.views.insert(view.epoch, (**view).clone());
                Ok(())
            }
            Event::Installed(me, epoch) => {
                let before = self.installed.insert(*me, *epoch).unwrap_or_default();
                (before < *epoch)
                    .then_some(())
                    .ok_or_else(|| format!("{me} went from epoch {before} to {epoch}"))
            }
            Event::Executed {
                token,
                at,
                client,
                request,
                mine,
            } => {
                let installed = self.installed.get(at).copied().unwrap_or_default();
                let view = self.views.get(request);
                let are_members = view.is_some_and(|view| view.has(*at) && view.has(*client));
                (request == mine && *mine == installed && are_members)
                    .then_some(())
                    .ok_or_else(|| {
                        format!("call {token} of epoch {request} acted in {installed} at {at}")
                    })
            }
            _ => Ok(()),
        }
    }
}
