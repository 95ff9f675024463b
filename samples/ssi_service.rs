// SPDX-License-Identifier: GPL-2.0

//! Service of the links.
//!
//! Greets every node that comes and says in the log what it answers: a first module
//! for those whose nodes have to ask each other. See `Documentation/ics.rst`.

use kernel::prelude::*;
use ssi_clms::{
    register_subsystem,
    Subsystem, //
};
use ssi_core::{
    ids::Instance,
    view::View, //
};
use ssi_ics::{
    Ask,
    Handler,
    Place,
    Request,
    Service,
    ServiceRef, //
};
use ssi_kapi::print::Plain;

module! {
    type: Sample,
    name: "ssi_service",
    authors: ["SSI developers"],
    description: "SSI sample: a service of the links",
    license: "GPL",
}

/// What the service can do: answer with the arguments, backwards.
const REVERSE: u16 = 1;

static SERVICE: Service = Service {
    name: "sample",
    version: 1,
    place: Place::Worker,
    window: 8,
    handler: &Sample,
};

struct Sample;

impl kernel::Module for Sample {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        ssi_ics::register(&SERVICE)?;
        register_subsystem(&Self)?;
        Ok(Self)
    }
}

impl Handler for Sample {
    fn serve(&self, request: Request) {
        let mut text = [0; 64];
        let length = request.args().len();
        match (request.operation(), text.get_mut(..length)) {
            (REVERSE, Some(text)) => {
                text.copy_from_slice(request.args());
                text.reverse();
                request.reply(0, text);
            }
            (REVERSE, None) => request.bad_arguments(),
            (_, _) => request.no_operation(),
        }
    }
}

impl Subsystem for Sample {
    fn name(&self) -> &'static str {
        "sample_service"
    }

    fn node_up(&self, _view: &View, instance: Instance) {
        // A node does not call itself.
        if ssi_ics::this_node().is_some_and(|me| me.node == instance.node) {
            return;
        }
        let ask = Ask::new(ServiceRef::new("sample", 1), REVERSE, b"olleh");
        match ssi_ics::call(instance.node, &ask) {
            Ok(reply) => {
                let text = core::str::from_utf8(reply.body()).unwrap_or("?");
                pr_info!("node {} says {}\n", Plain(instance.node), text);
            }
            Err(why) => pr_info!("node {}: {}\n", Plain(instance.node), Plain(why)),
        }
    }

    fn node_down(&self, _view: &View, _instance: Instance) {}
}
