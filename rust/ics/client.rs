// SPDX-License-Identifier: GPL-2.0

//! Calls to one peer.
//!
//! What [`Call`] decides, carried out. A call that has no credit, or no place in
//! the session, waits in its lane; whatever makes room sends the next one, so the
//! caller sleeps once.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use ssi_core::{
    ics::{
        bulk::ARRIVING_BYTES_MAX,
        call::{
            Action,
            Call,
            Credit,
            Event,
            Outcome,
            CALLS_MAX, //
        },
        credit::Window,
        frame::{
            Flags,
            Header,
            Kind, //
        },
        payload::{
            ReplyHead,
            ServiceId,
            Status, //
        },
        priority::Priority,
        session::Class,
        table::{
            CallId,
            NoPlace,
            Slot,
            Table, //
        }, //
    },
    ids::Epoch,
    wire::Malformed, //
};
use ssi_kapi::{
    bytes,
    clock,
    trace, //
};

use crate::{
    fault::CallError,
    life::{
        Life,
        NoRoom,
        Outline,
        Payload, //
    },
    pages::Pages,
    pending::{
        Pending,
        Reply, //
    },
    ring::Ring,
    transfer::{
        Arriving,
        Direction, //
    },
};

/// Places the table of calls grows by.
const SLOTS_STEP: usize = 16;

/// Whether a call may wait for credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patient {
    /// It waits.
    Yes,
    /// It fails with [`CallError::WouldBlock`].
    No,
}

/// Calls to one service at one priority.
struct Lane {
    service: ServiceId,
    priority: Priority,
    window: Window,
    waiting: Ring<CallId>,
}

/// A call that has not ended.
pub(crate) struct ClientCall {
    call: Call,
    pending: Arc<Pending>,
    lane: usize,
    /// The reply, while its pages arrive.
    reply: Option<(ReplyHead, Epoch, KVec<u8>, Arriving)>,
    /// A piece of its pages came before the reply.
    was_early: bool,
    /// It is to be issued again and found no place in the session yet.
    is_behind: bool,
}

/// Calls of this node to one peer.
pub(crate) struct Client {
    calls: Table<ClientCall, KVVec<Slot<ClientCall>>>,
    lanes: KVec<Lane>,
    waiting: usize,
    /// Bytes of pages the replies to all calls that have credit may bring.
    promised: u64,
    /// Calls that are behind, in order.
    behind: Ring<CallId>,
}

impl Client {
    pub(crate) const fn new() -> Self {
        Self {
            calls: Table::new(KVVec::new()),
            lanes: KVec::new(),
            waiting: 0,
            promised: 0,
            behind: Ring::new(),
        }
    }

    /// Calls that have not ended.
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Calls that wait for credit.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Service, priority, requests on their way and how many may be.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = (ServiceId, Priority, Window)> + '_ {
        self.lanes
            .iter()
            .map(|lane| (lane.service, lane.priority, lane.window))
    }

    fn lane(&mut self, service: ServiceId, priority: Priority) -> Result<usize, CallError> {
        let known = self
            .lanes
            .iter()
            .position(|lane| lane.service == service && lane.priority == priority);
        if let Some(lane) = known {
            return Ok(lane);
        }
        let lane = Lane {
            service,
            priority,
            window: Window::default(),
            waiting: Ring::new(),
        };
        self.lanes.push(lane, GFP_KERNEL)?;
        Ok(self.lanes.len() - 1)
    }

    fn insert(&mut self, call: ClientCall) -> Result<CallId, CallError> {
        match self.calls.insert(call) {
            Ok(id) => Ok(id),
            Err(NoPlace(call)) => {
                let slots = self.calls.slots_mut();
                let capacity = u32::try_from(slots.len()).unwrap_or(u32::MAX);
                if capacity >= CALLS_MAX {
                    return Err(CallError::WouldBlock);
                }
                for _ in 0..SLOTS_STEP {
                    slots.push(Slot::new(), GFP_KERNEL)?;
                }
                self.calls.insert(call).map_err(|_| CallError::NoMemory)
            }
        }
    }

    /// The call whose pages a piece belongs to.
    pub(crate) fn arriving(&mut self, id: CallId) -> Option<&mut Arriving> {
        let call = self.calls.get_mut(id)?;
        call.reply.as_mut().map(|(_, _, _, arriving)| arriving)
    }

    /// Notes that a piece came before the reply. Whether there is such a call.
    pub(crate) fn note_early(&mut self, id: CallId) -> bool {
        self.calls
            .get_mut(id)
            .map(|call| call.was_early = true)
            .is_some()
    }

    /// All calls whose reply's pages arrive, and how far they are.
    pub(crate) fn each_arriving(&mut self, mut each: impl FnMut(CallId, &Arriving)) {
        let mut place = 0;
        while let Some(id) = self.calls.next_from(place) {
            place = id.place() + 1;
            if let Some(arriving) = self.arriving(id) {
                each(id, arriving);
            }
        }
    }
}

impl Life {
    /// Makes a call and issues it, if there is credit and room.
    pub(crate) fn begin(
        &mut self,
        pending: &Arc<Pending>,
        patient: Patient,
    ) -> Result<(), CallError> {
        let lane = self.client.lane(pending.head.service, pending.priority)?;
        let id = self.client.insert(ClientCall {
            call: Call::new(),
            pending: pending.clone(),
            lane,
            reply: None,
            was_early: false,
            is_behind: false,
        })?;
        pending.rename(id);
        if self.may_issue(lane, pending) {
            self.issue(id);
            self.flush();
            return Ok(());
        }
        let queue = self
            .client
            .lanes
            .get_mut(lane)
            .map(|lane| &mut lane.waiting);
        let has_place = queue.is_some_and(|queue| {
            patient == Patient::Yes && queue.reserve(1).map(|()| queue.push(id)).is_ok()
        });
        if !has_place {
            self.client.calls.remove(id);
            return Err(CallError::WouldBlock);
        }
        self.client.waiting += 1;
        self.counters.credit_waits.count();
        Ok(())
    }

    /// Whether a request may leave at once: nobody waits before it.
    fn may_issue(&self, lane: usize, pending: &Pending) -> bool {
        let lane = self.client.lanes.get(lane);
        lane.is_some_and(|lane| lane.waiting.is_empty() && self.can_issue(lane, pending))
    }

    /// Whether there is credit, a place in the session, and room for the pages of
    /// the reply: what is promised must be taken in when it comes.
    fn can_issue(&self, lane: &Lane, pending: &Pending) -> bool {
        let promised = self.client.promised + u64::from(pending.head.reply_bulk_max);
        lane.window.free() > 0
            && promised <= ARRIVING_BYTES_MAX
            && self.has_room(Class::Call, pending.payload.len())
    }

    /// Takes credit for a call and sends its request.
    fn issue(&mut self, id: CallId) {
        let epoch = self.epoch;
        let Some(call) = self.client.calls.get_mut(id) else {
            return;
        };
        if let Some(lane) = self.client.lanes.get_mut(call.lane) {
            if lane.window.take().is_err() {
                return;
            }
        }
        self.client.promised += u64::from(call.pending.head.reply_bulk_max);
        let action = call.call.step(Event::Credit(epoch));
        self.act(id, action, Ok(None));
    }

    /// Sends requests that waited, as far as there is credit and room.
    pub(crate) fn pump(&mut self) {
        self.catch_up();
        if self.client.waiting == 0 {
            return;
        }
        for lane in 0..self.client.lanes.len() {
            while let Some(id) = self.next_waiting(lane) {
                self.issue(id);
            }
        }
        self.flush();
    }

    /// Takes the next call of a lane that can be issued now.
    fn next_waiting(&mut self, lane: usize) -> Option<CallId> {
        let queue = self.client.lanes.get(lane)?;
        let id = *queue.waiting.get(0)?;
        let call = self.client.calls.get(id)?;
        if !self.can_issue(queue, &call.pending) {
            return None;
        }
        self.client.lanes.get_mut(lane)?.waiting.pop();
        self.client.waiting -= 1;
        Some(id)
    }

    /// Carries out what a call decided. `reply` is what it would end with.
    fn act(
        &mut self,
        id: CallId,
        action: Action,
        reply: core::result::Result<Option<Reply>, Malformed>,
    ) {
        match action {
            Action::Nothing | Action::Reject => (),
            Action::Issue(epoch) => self.send_request(id, epoch),
            Action::Reissue(_) => self.issue_again(id),
            Action::SendCancel if self.is_behind(id) => {
                // The server does not know of it.
                self.on_answer(id, Status::Cancelled, self.epoch, None);
            }
            Action::SendCancel => {
                let outline = Outline {
                    kind: Kind::Cancel,
                    flags: Flags::NONE,
                    priority: Priority::LOWEST,
                    epoch: Epoch::NONE,
                    call: Some(id),
                };
                // Without memory the call takes as long as it takes. The places of
                // replies are not for cancels.
                let queued = self
                    .reserve_reply()
                    .and_then(|()| self.queue(Class::Answer, outline, Payload::Own(KVec::new())));
                if queued.is_ok() {
                    // A server that still waits for pages does so no longer.
                    self.transfers.forget(id, Direction::Request);
                }
            }
            Action::Finish(outcome, credit) => {
                let result = match (outcome, reply) {
                    (Outcome::Replied(Status::Answered), Ok(Some(reply))) => Ok(reply),
                    (Outcome::Replied(Status::Answered), _) => Err(CallError::AnswerLost),
                    (Outcome::Replied(status), _) => Err(CallError::Refused(status)),
                    (Outcome::Cancelled, _) => Err(CallError::Interrupted),
                    (Outcome::NodeDown, _) => Err(CallError::NodeDown),
                };
                self.finish(id, credit, result);
            }
        }
    }

    fn is_behind(&self, id: CallId) -> bool {
        self.client.calls.get(id).is_some_and(|call| call.is_behind)
    }

    /// Issues a call once more, under a new name, as soon as there is a place for it.
    fn issue_again(&mut self, id: CallId) {
        self.transfers.forget(id, Direction::Request);
        let Some(id) = self.client.calls.rename(id) else {
            return;
        };
        let Some(call) = self.client.calls.get_mut(id) else {
            return;
        };
        call.pending.rename(id);
        call.is_behind = true;
        if self.client.behind.reserve(1).is_err() {
            return self.finish(id, Credit::GiveBack, Err(CallError::NoMemory));
        }
        self.client.behind.push(id);
        self.catch_up();
    }

    /// Issues calls that are behind, as far as there is room.
    fn catch_up(&mut self) {
        while let Some(&id) = self.client.behind.get(0) {
            let call = self.client.calls.get(id);
            let payload = call.map_or(0, |call| call.pending.payload.len());
            if !self.has_room(Class::Call, payload) {
                return;
            }
            self.client.behind.pop();
            if let Some(call) = self.client.calls.get_mut(id) {
                call.is_behind = false;
                self.send_request(id, self.epoch);
            }
        }
    }

    fn send_request(&mut self, id: CallId, epoch: Epoch) {
        let Some(call) = self.client.calls.get(id) else {
            return;
        };
        let pending = call.pending.clone();
        let outline = Outline {
            kind: Kind::Request,
            flags: match pending.is_one_way {
                true => Flags::ONE_WAY,
                false => Flags::NONE,
            },
            priority: pending.priority,
            epoch,
            call: Some(id),
        };
        trace::call_start(
            self.instance.node.get(),
            pending.head.service.0,
            pending.head.operation,
            id.get(),
            pending.priority.get(),
        );
        let pages = pending.pages.clone();
        // The server must not wait for pages that never come.
        let queued = self
            .reserve_pages(&pages)
            .and_then(|()| self.queue(Class::Call, outline, Payload::Call(pending)));
        match queued {
            Ok(()) => self.send_pages(id, Direction::Request, pages),
            Err(NoRoom) => self.finish(id, Credit::GiveBack, Err(CallError::NoMemory)),
        }
    }

    /// Ends a call and tells who waits for it.
    fn finish(
        &mut self,
        id: CallId,
        credit: Credit,
        result: core::result::Result<Reply, CallError>,
    ) {
        self.transfers.forget(id, Direction::Request);
        let Some(call) = self.client.calls.remove(id) else {
            return;
        };
        if let (Credit::GiveBack, Some(lane)) = (credit, self.client.lanes.get_mut(call.lane)) {
            lane.window.give_back();
            let promised = u64::from(call.pending.head.reply_bulk_max);
            self.client.promised = self.client.promised.saturating_sub(promised);
        }
        self.leave_queues(id, &call, credit);
        if let Some((_, _, _, arriving)) = &call.reply {
            self.transfers.arrived(arriving);
        }
        let pending = call.pending;
        trace::call_end(
            self.instance.node.get(),
            pending.head.service.0,
            pending.head.operation,
            result
                .as_ref()
                .map_or_else(|why| Error::from(*why).to_errno(), |reply| reply.result),
            clock::monotonic().saturating_sub(pending.began),
        );
        pending.finish(result);
    }

    /// Takes a call that ended out of the queue it waited in.
    fn leave_queues(&mut self, id: CallId, call: &ClientCall, credit: Credit) {
        if call.is_behind {
            self.client.behind.remove(&id);
        }
        let lane = self.client.lanes.get_mut(call.lane);
        if credit == Credit::None && lane.is_some_and(|lane| lane.waiting.remove(&id)) {
            self.client.waiting -= 1;
        }
    }

    /// Takes in a reply.
    ///
    /// # Errors
    ///
    /// [`Malformed`]: it is none, which ends its call, and the connection must be
    /// reset.
    pub(crate) fn on_reply(
        &mut self,
        header: &Header,
        payload: &[u8],
    ) -> core::result::Result<(), Malformed> {
        let id = header.call.ok_or(Malformed)?;
        let taken = self.take_reply(id, header.epoch, payload);
        if taken.is_err() {
            // It does not come again.
            self.on_answer(id, Status::Answered, header.epoch, None);
        }
        self.pump();
        taken
    }

    fn take_reply(
        &mut self,
        id: CallId,
        theirs: Epoch,
        payload: &[u8],
    ) -> core::result::Result<(), Malformed> {
        let (head, rest) = ReplyHead::parse(payload)?;
        let Some(call) = self.client.calls.get_mut(id) else {
            return Ok(());
        };
        if call.reply.is_some() || head.pages() > call.pending.head.reply_bulk_max {
            return Err(Malformed);
        }
        if let Some(lane) = self.client.lanes.get_mut(call.lane) {
            lane.window.allow(head.credits);
        }
        let mut copy = KVec::new();
        let copied = bytes::extend(&mut copy, rest.bytes).is_ok();
        if head.bulk == 0 || !copied {
            let pages = Pages::holding(rest.pages).ok().filter(|_| copied);
            let reply = pages.map(|pages| Reply {
                result: head.result,
                body: copy,
                pages,
            });
            self.on_answer(id, head.status, theirs, reply);
        } else {
            let was_early = call.was_early;
            match self.expect_pages(id, Direction::Reply, head.bulk, was_early) {
                Ok(arriving) => {
                    if let Some(call) = self.client.calls.get_mut(id) {
                        call.reply = Some((head, theirs, copy, arriving));
                    }
                }
                Err(_) => self.on_answer(id, head.status, theirs, None),
            }
        }
        Ok(())
    }

    /// The last of a reply's pages is there.
    pub(crate) fn on_reply_pages(&mut self, id: CallId) {
        let Some(call) = self.client.calls.get_mut(id) else {
            return;
        };
        let Some((head, theirs, body, arriving)) = call.reply.take() else {
            return;
        };
        self.transfers.arrived(&arriving);
        let pages = arriving.into_pages().ok();
        let reply = pages.map(|pages| Reply {
            result: head.result,
            body,
            pages,
        });
        self.on_answer(id, head.status, theirs, reply);
        self.pump();
    }

    /// There is no memory for a reply's pages.
    pub(crate) fn on_no_reply_pages(&mut self, id: CallId) {
        let reply = self
            .client
            .calls
            .get_mut(id)
            .and_then(|call| call.reply.take());
        if let Some((head, theirs, _, arriving)) = reply {
            self.transfers.arrived(&arriving);
            self.on_answer(id, head.status, theirs, None);
            self.pump();
        }
    }

    fn on_answer(&mut self, id: CallId, status: Status, theirs: Epoch, reply: Option<Reply>) {
        let mine = self.epoch;
        if let Some(call) = self.client.calls.get_mut(id) {
            let action = call.call.step(Event::Reply {
                status,
                theirs,
                mine,
            });
            self.act(id, action, Ok(reply));
        }
    }

    /// The caller does not want the call any more.
    pub(crate) fn cancel(&mut self, id: CallId) {
        if let Some(call) = self.client.calls.get_mut(id) {
            let action = call.call.step(Event::Cancel);
            self.act(id, action, Ok(None));
        }
        self.flush();
        self.pump();
    }

    /// Takes in that the epoch is another, and the peer still a member.
    pub(crate) fn client_view(&mut self) {
        self.each_call(Event::View(self.epoch));
        self.flush();
    }

    /// The session ends: so do all calls.
    pub(crate) fn client_down(&mut self) {
        self.each_call(Event::Down);
    }

    fn each_call(&mut self, event: Event) {
        let mut place = 0;
        while let Some(id) = self.client.calls.next_from(place) {
            place = id.place() + 1;
            if let Some(call) = self.client.calls.get_mut(id) {
                let action = call.call.step(event);
                self.act(id, action, Ok(None));
            }
        }
    }
}
