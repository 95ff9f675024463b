// SPDX-License-Identifier: GPL-2.0

//! News of guests.
//!
//! What becomes of a process is told to its home, in the order in which it happened: on
//! the reactor, where nothing overtakes.

use ssi_core::{
    ids::NodeId,
    migrate::{
        news::{
            News,
            What,
            NEWS_BYTES_MAX, //
        },
        relocation::keeper::Learnt, //
    },
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    Ask,
    Handler,
    Place,
    Request,
    Service,
    ServiceRef, //
};
use ssi_kapi::{
    guest::{
        self,
        Change,
        Usage, //
    },
    surrogate,
    whereabouts, //
};

use crate::{
    children,
    keepers,
    users, //
};

const NAME: &str = "ssi.migrate.news";
const VERSION: u16 = 1;
const TELL: u16 = 1;

/// The service at home.
pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Inline,
    window: 64,
    handler: &Home,
};

/// Tells home.
pub(crate) struct Keeper;

impl guest::Keeper for Keeper {
    fn changed(&self, pid: u32, home: u8, change: Change) {
        let what = match change {
            Change::Exited { status, usage } => What::Exited(status, usage),
            Change::Stopped(signal) => What::Stopped(signal),
            Change::Continued => What::Continued,
        };
        if let Some(home) = NodeId::new(home) {
            tell(home, News { pid, what });
        }
    }

    fn went_on(&self, pid: u32, home: u8, usage: Usage) {
        if let Some(home) = NodeId::new(home) {
            let what = What::Used(usage);
            tell(home, News { pid, what });
        }
    }

    fn comes(&self) {
        users::watch();
    }

    fn began(&self) {
        users::began();
        children::began();
    }

    fn gone(&self, pid: u32) {
        children::forget(pid);
    }
}

/// Tells `home`, in the order in which this is called. May sleep.
pub(crate) fn tell(home: NodeId, news: News) {
    let mut room = [0; NEWS_BYTES_MAX];
    let mut out = Writer::new(&mut room);
    news.encode(&mut out);
    if let Ok(length) = out.finish() {
        let args = room.get(..length).unwrap_or_default();
        let ask = Ask::new(ServiceRef::new(NAME, VERSION), TELL, args);
        // A home that is gone asks for nobody any more.
        ssi_ics::tell(home, &ask);
    }
}

struct Home;

impl Handler for Home {
    fn serve(&self, request: Request) {
        if request.operation() != TELL {
            return request.no_operation();
        }
        let Ok(news) = News::decode(Reader::new(request.args())) else {
            return request.bad_arguments();
        };
        if let What::Exited(..) = news.what {
            let from = request.from().node;
            keepers::learnt(news.pid, Learnt::Ended { from });
        }
        let node = request.from().node.get();
        if let What::Used(usage) = news.what {
            // It is elsewhere by now, or here again, or it has ended.
            surrogate::account(news.pid, &usage);
        } else if whereabouts::away(news.pid) == Some(node) {
            // A node speaks for the processes that are there.
            take_in(news, node);
        }
        request.reply(0, &[]);
    }
}

fn take_in(news: News, node: u8) {
    let change = match news.what {
        What::Exited(status, usage) => Change::Exited { status, usage },
        What::Stopped(signal) => Change::Stopped(signal),
        What::Continued => Change::Continued,
        What::Users(users) => return users::take_in(news.pid, node, users),
        What::Used(_) => return,
    };
    surrogate::report(news.pid, change);
}
