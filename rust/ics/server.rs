// SPDX-License-Identifier: GPL-2.0

//! Requests of one peer.
//!
//! What [`Served`] decides, carried out under the lock of the peer. Handlers are
//! called without it: what is to be called is handed out as [`Todo`].

use kernel::{alloc::AllocError, prelude::*};
use ssi_core::{
    ics::{
        credit::{
            allowance,
            Quota, //
        },
        frame::{
            Flags,
            Header,
            Kind, //
        },
        payload::{
            ReplyHead,
            RequestHead,
            Rest,
            ServiceId,
            Status, //
        },
        priority::Priority,
        served::{
            Action,
            Event,
            Served,
            Transfer, //
        },
        session::Class,
        table::{
            CallId,
            First,
            Known,
            NotTaken,
            PeerSlot,
            PeerTable, //
        }, //
    },
    ids::Instance,
    wire::Malformed, //
};
use ssi_kapi::{
    bytes,
    clock, //
};

use crate::{
    life::{
        Life,
        NoRoom,
        Outline,
        Payload, //
    },
    pages::Pages,
    peer::Peer,
    request::{
        Answer,
        Request, //
    },
    service::{
        self,
        Entry,
        Place, //
    },
    transfer::{
        Arriving,
        Direction, //
    },
};

/// Places the table of requests grows by.
const SLOTS_STEP: usize = 16;

/// Requests of all peers a service would like to hold at most; above that it
/// grants less.
const BUDGET: u32 = 1024;

/// A request that was not answered.
struct ServedCall {
    served: Served,
    entry: &'static Entry,
    head: RequestHead,
    priority: Priority,
    lane: usize,
    /// Until the handler has them.
    args: KVec<u8>,
    /// Those that came in the frame, until the handler has them.
    inside: Pages,
    /// Those that come apart.
    pages: Option<Arriving>,
    arrived: u64,
}

/// Requests of one client to one service at one priority.
struct Lane {
    service: ServiceId,
    priority: Priority,
    quota: Quota,
}

/// Requests of one peer.
pub(crate) struct Server {
    table: PeerTable<ServedCall, KVVec<PeerSlot<ServedCall>>>,
    lanes: KVec<Lane>,
}

/// What is to be done without the lock.
pub(crate) enum Todo {
    /// Let the service serve it, here and now.
    Serve(Request),
    /// Let a worker of that level take up the call.
    Queue(CallId, Priority),
    /// Tell the service that nobody wants the call any more.
    Tell(&'static Entry, Instance, CallId),
}

impl Server {
    pub(crate) const fn new() -> Self {
        Self {
            table: PeerTable::new(KVVec::new()),
            lanes: KVec::new(),
        }
    }

    /// Requests that were not answered.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    fn lane(&mut self, service: ServiceId, priority: Priority) -> Option<usize> {
        let known = self
            .lanes
            .iter()
            .position(|lane| lane.service == service && lane.priority == priority);
        if known.is_some() {
            return known;
        }
        let quota = Quota::default();
        let lane = Lane {
            service,
            priority,
            quota,
        };
        self.lanes.push(lane, GFP_KERNEL).ok()?;
        Some(self.lanes.len() - 1)
    }

    fn open(&mut self, id: CallId, call: ServedCall) -> Result<First, Status> {
        match self.table.open(id, call) {
            Ok(first) => Ok(first),
            Err((NotTaken::NoSlot, call)) => {
                self.grow(id).map_err(|_| Status::NoMemory)?;
                self.table.open(id, call).map_err(|_| Status::Busy)
            }
            Err((NotTaken::Repeated | NotTaken::Beyond, _)) => Err(Status::Busy),
        }
    }

    fn grow(&mut self, id: CallId) -> Result<(), AllocError> {
        let slots = self.table.slots_mut();
        while slots.len() < id.place() + SLOTS_STEP {
            slots.push(PeerSlot::new(), GFP_KERNEL)?;
        }
        Ok(())
    }

    /// What is known of the call a piece of a request's pages belongs to.
    pub(crate) fn known(&mut self, id: CallId) -> Result<Known, Malformed> {
        match self.table.known(id) {
            Err(NotTaken::NoSlot) => {
                self.grow(id).map_err(|_| Malformed)?;
                self.table.known(id).map_err(|_| Malformed)
            }
            known => known.map_err(|_| Malformed),
        }
    }

    /// The pages that arrive for a call.
    pub(crate) fn arriving(&mut self, id: CallId) -> Option<&mut Arriving> {
        self.table.get_mut(id)?.pages.as_mut()
    }

    /// All calls whose pages arrive, and how far they are.
    pub(crate) fn each_arriving(&mut self, mut each: impl FnMut(CallId, &Arriving)) {
        let mut place = 0;
        while let Some(id) = self.table.next_from(place) {
            place = id.place() + 1;
            if let Some(arriving) = self.arriving(id) {
                each(id, arriving);
            }
        }
    }
}

impl Life {
    /// Takes in a request.
    ///
    /// # Errors
    ///
    /// [`Malformed`]: it is none, which its client is told, and the connection must be
    /// reset.
    pub(crate) fn on_request(
        &mut self,
        peer: &'static Peer,
        header: &Header,
        payload: &[u8],
    ) -> core::result::Result<Option<Todo>, Malformed> {
        let id = header.call.ok_or(Malformed)?;
        let (head, rest) = match RequestHead::parse(payload) {
            Ok(request) => request,
            Err(Malformed) => {
                // It does not come again: its client must not wait.
                self.send_status(id, header.priority, Status::BadArguments);
                return Err(Malformed);
            }
        };
        match self.admit(id, header, head, rest) {
            Ok(Action::Queue) => Ok(self.start_or_queue(peer, id)),
            Ok(action) => Ok(self.serve(id, action)),
            Err(status) => {
                self.send_status(id, header.priority, status);
                Ok(None)
            }
        }
    }

    fn admit(
        &mut self,
        id: CallId,
        header: &Header,
        head: RequestHead,
        rest: Rest<'_>,
    ) -> core::result::Result<Action, Status> {
        let entry = service::find(head.service, head.version)?;
        let lane = self
            .server
            .lane(head.service, header.priority)
            .ok_or(Status::NoMemory)?;
        let mut copy = KVec::new();
        bytes::extend(&mut copy, rest.bytes).map_err(|_| Status::NoMemory)?;
        let inside = Pages::holding(rest.pages).map_err(|_| Status::NoMemory)?;
        let transfer = match head.bulk {
            0 => Transfer::None,
            _ => Transfer::Expected,
        };
        let (served, action) = Served::arrived(header.epoch, self.epoch, transfer);
        if let Some(lane) = self.server.lanes.get_mut(lane) {
            lane.quota
                .admit(entry.service.window)
                .map_err(|_| Status::Busy)?;
        }
        entry.came();
        let first = self.server.open(
            id,
            ServedCall {
                served,
                entry,
                head,
                priority: header.priority,
                lane,
                args: copy,
                inside,
                pages: None,
                arrived: clock::monotonic(),
            },
        );
        let first = match first {
            Ok(first) => first,
            Err(status) => {
                self.give_back(lane, entry);
                return Err(status);
            }
        };
        if action == Action::Nothing && head.bulk > 0 {
            let was_early = first == First::No;
            match self.expect_pages(id, Direction::Request, head.bulk, was_early) {
                Ok(arriving) => {
                    if let Some(call) = self.server.table.get_mut(id) {
                        call.pages = Some(arriving);
                    }
                }
                Err(_) => return Ok(self.step(id, Event::NoMemory)),
            }
        }
        Ok(action)
    }

    fn step(&mut self, id: CallId, event: Event) -> Action {
        self.server
            .table
            .get_mut(id)
            .map_or(Action::Nothing, |call| call.served.step(event))
    }

    /// Carries out what a request decided, up to what is to be done without the lock.
    fn serve(&mut self, id: CallId, action: Action) -> Option<Todo> {
        match action {
            Action::Nothing | Action::Reject | Action::Run | Action::Answer => None,
            Action::Queue => {
                let call = self.server.table.get_mut(id)?;
                Some(Todo::Queue(id, call.priority))
            }
            Action::Reply(status) => {
                let call = self.close(id)?;
                self.send_status(id, call.priority, status);
                None
            }
            Action::TellHandler => {
                let entry = self.server.table.get_mut(id)?.entry;
                Some(Todo::Tell(entry, self.instance, id))
            }
            Action::Discard => {
                self.close(id);
                None
            }
        }
    }

    /// Begins to serve a request whose service is served inline, queues others.
    fn start_or_queue(&mut self, peer: &'static Peer, id: CallId) -> Option<Todo> {
        let call = self.server.table.get_mut(id)?;
        match call.entry.service.place {
            Place::Inline => self.start(peer, id).map(Todo::Serve),
            Place::Worker => Some(Todo::Queue(id, call.priority)),
        }
    }

    /// Hands a request that is ready to its service, if its epoch is still that of the node.
    pub(crate) fn start(&mut self, peer: &'static Peer, id: CallId) -> Option<Request> {
        let action = self.step(id, Event::Start(self.epoch));
        if action != Action::Run {
            self.serve(id, action);
            self.flush();
            return None;
        }
        let (from, generation) = (self.instance, self.generation);
        let call = self.server.table.get_mut(id)?;
        let inside = core::mem::take(&mut call.inside);
        let arriving = call.pages.take();
        if let Some(arriving) = &arriving {
            self.transfers.arrived(arriving);
        }
        let Ok(pages) = arriving.map_or(Ok(inside), Arriving::into_pages) else {
            // Its handler never saw it.
            self.step(id, Event::Answer);
            let call = self.close(id)?;
            self.send_status(id, call.priority, Status::NoMemory);
            return None;
        };
        let call = self.server.table.get_mut(id)?;
        Some(Request {
            peer,
            from,
            generation,
            call: id,
            entry: call.entry,
            head: call.head,
            priority: call.priority,
            args: core::mem::take(&mut call.args),
            pages,
            arrived: call.arrived,
            is_answered: false,
        })
    }

    /// Whether the client waits for the answer to a request that is served.
    pub(crate) fn is_wanted(&mut self, id: CallId) -> bool {
        let call = self.server.table.get_mut(id);
        call.is_some_and(|call| call.served.is_wanted())
    }

    /// Sends what a service answered.
    pub(crate) fn answer(&mut self, id: CallId, answer: &Answer<'_>) {
        let action = self.step(id, Event::Answer);
        let Some(call) = self.close(id).filter(|_| action == Action::Answer) else {
            return;
        };
        let held = call.entry.held();
        let (inside, bulk) = answer.pages.ways();
        let mut head = ReplyHead {
            status: answer.status,
            credits: allowance(call.entry.service.window, held, BUDGET),
            result: answer.result,
            bulk,
            inside,
        };
        let apart = answer.pages.apart();
        let laid_out = self
            .reserve_pages(&apart)
            .and_then(|()| lay_out(&head, answer));
        let (payload, pages) = match laid_out {
            Ok(payload) => (payload, apart),
            Err(NoRoom) => {
                // What was done stays done, but the client cannot learn it.
                head.status = Status::Abandoned;
                (head.result, head.bulk, head.inside) = (0, 0, 0);
                (Payload::bare(&head), Pages::NONE)
            }
        };
        if self.send_reply(id, call.priority, payload) {
            self.send_pages(id, Direction::Reply, pages);
        }
        self.flush();
    }

    fn send_status(&mut self, id: CallId, priority: Priority, status: Status) {
        let head = ReplyHead {
            status,
            credits: 0,
            result: 0,
            bulk: 0,
            inside: 0,
        };
        self.send_reply(id, priority, Payload::bare(&head));
        self.flush();
    }

    /// Whether it was queued.
    fn send_reply(&mut self, id: CallId, priority: Priority, payload: Payload) -> bool {
        let outline = Outline {
            kind: Kind::Reply,
            flags: Flags::NONE,
            priority,
            epoch: self.epoch,
            call: Some(id),
        };
        // It has a place since its request was taken in.
        let is_queued = self.queue(Class::Answer, outline, payload).is_ok();
        if !is_queued {
            pr_err!("a reply is lost\n");
        }
        is_queued
    }

    /// Takes a request that ended out.
    fn close(&mut self, id: CallId) -> Option<ServedCall> {
        let call = self.server.table.close(id)?;
        self.give_back(call.lane, call.entry);
        if let Some(arriving) = &call.pages {
            self.transfers.arrived(arriving);
        }
        Some(call)
    }

    fn give_back(&mut self, lane: usize, entry: &Entry) {
        entry.went();
        if let Some(lane) = self.server.lanes.get_mut(lane) {
            lane.quota.answered();
        }
    }

    /// The client does not want a call any more.
    pub(crate) fn on_cancel(&mut self, header: &Header) -> Option<Todo> {
        let id = header.call?;
        let action = self.step(id, Event::Cancel);
        self.serve(id, action)
    }

    /// The last of a request's pages is there.
    pub(crate) fn on_request_pages(&mut self, peer: &'static Peer, id: CallId) -> Option<Todo> {
        match self.step(id, Event::Gathered(self.epoch)) {
            Action::Queue => self.start_or_queue(peer, id),
            action => self.serve(id, action),
        }
    }

    /// There is no memory for a request's pages.
    pub(crate) fn on_no_request_pages(&mut self, id: CallId) {
        let action = self.step(id, Event::NoMemory);
        self.serve(id, action);
    }

    /// Tells requests from `place` on that the epoch is another, and the peer still a
    /// member, until there is something to do for one of them.
    pub(crate) fn server_view(&mut self, peer: &'static Peer, place: &mut usize) -> Option<Todo> {
        while let Some(id) = self.server.table.next_from(*place) {
            *place = id.place() + 1;
            let todo = match self.step(id, Event::View(self.epoch)) {
                Action::Queue => self.start_or_queue(peer, id),
                action => self.serve(id, action),
            };
            if todo.is_some() {
                return todo;
            }
        }
        None
    }

    /// The session ended: forgets requests from `place` on, until one of them runs
    /// and its service is to be told.
    pub(crate) fn server_down(&mut self, place: &mut usize) -> Option<Todo> {
        while let Some(id) = self.server.table.next_from(*place) {
            *place = id.place() + 1;
            let action = self.step(id, Event::Down);
            let todo = self.serve(id, action);
            self.close(id);
            if todo.is_some() {
                return todo;
            }
        }
        None
    }
}

/// A reply as it travels.
fn lay_out(head: &ReplyHead, answer: &Answer<'_>) -> core::result::Result<Payload, NoRoom> {
    let inside = usize::try_from(head.inside).map_err(|_| NoRoom)?;
    if answer.body.is_empty() && inside == 0 {
        return Ok(Payload::bare(head));
    }
    let encoded = head.encode();
    let length = encoded.len() + answer.body.len() + inside;
    let mut payload = KVec::with_capacity(length, GFP_KERNEL)?;
    bytes::extend(&mut payload, &encoded).map_err(|_| NoRoom)?;
    bytes::extend(&mut payload, answer.body).map_err(|_| NoRoom)?;
    answer.pages.append_to(&mut payload).map_err(|_| NoRoom)?;
    Ok(Payload::Own(payload))
}
