// SPDX-License-Identifier: GPL-2.0

//! News of a file.
//!
//! The home of a file says once, to a node that asked for it, that something happened; who
//! waits there asks again.

use ssi_core::files::{
    handles::Handle,
    operation::Ready, //
};
use ssi_ics::{
    Ask,
    Handler,
    Place,
    Request,
    Service,
    ServiceRef, //
};

use crate::{
    exports,
    proxies,
    waiting, //
};

const NAME: &str = "ssi.files_ready";
const VERSION: u16 = 1;

/// The only operation.
const READY: u16 = 1;

/// Notices of one node that are on their way at once.
const WINDOW: u16 = 256;

/// The service of those who wait.
pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Inline,
    window: WINDOW,
    handler: &Listener,
};

struct Listener;

impl Handler for Listener {
    fn serve(&self, request: Request) {
        if request.operation() != READY {
            return request.no_operation();
        }
        match Ready::decode(request.args()) {
            Ok(ready) => {
                proxies::wake(request.from(), ready);
                request.reply(0, &[]);
            }
            Err(_) => request.bad_arguments(),
        }
    }
}

/// Something happened to the file of this name. A thread of the kernel; may sleep.
pub(crate) fn happened(name: u64) {
    let Some(handle) = Handle::from_wire(name) else {
        return;
    };
    // The file is not held: the last to have it waits until this is over.
    waiting::happened(handle);
    let Some(client) = exports::takes_news(handle) else {
        return;
    };
    let ready = Ready { handle, events: 0 }.encode();
    ssi_ics::tell(
        client,
        &Ask::new(ServiceRef::new(NAME, VERSION), READY, &ready),
    );
}
