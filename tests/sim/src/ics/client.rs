// SPDX-License-Identifier: GPL-2.0

//! Calls, at the client.

use ssi_core::{
    ics::{
        bulk::{Incoming, Outgoing},
        call::{Action, Call, CallId, Credit, Event as CallEvent, Outcome, CALLS_MAX},
        frame::{Flags, Header, Kind},
        handshake::Channel,
        payload::{Arrival, At, ReplyHead, RequestHead, Status},
        priority::Priority,
        table::{First, NoPlace, Slot},
    },
    ids::{Epoch, Instance, NodeId},
};

use super::{
    app::{Plan, TaskId},
    history::Event,
    node::{Ctx, Node},
    pair::{Counter, Pair, Sent},
};

pub use super::history::Token;

/// A call and what its caller gave.
pub struct ClientCall {
    pub token: Token,
    call: Call,
    pub head: RequestHead,
    args: Vec<u8>,
    level: Priority,
    flags: Flags,
    /// The handler that made it and waits for it.
    parent: Option<TaskId>,
    /// The transfer of the reply; its head may come later.
    pub incoming: Option<Incoming>,
    /// The reply, while its transfer arrives.
    pub reply: Option<(Status, Epoch)>,
    /// There is no memory for the transfer of the reply.
    has_no_memory: bool,
}

impl ClientCall {
    pub fn counter(&self) -> Counter {
        (self.head.service, self.level)
    }
}

/// What a caller wants.
pub struct Wish {
    pub to: NodeId,
    pub plan: Plan,
    pub serving: Option<Priority>,
    pub level: Priority,
    pub parent: Option<TaskId>,
}

impl Node {
    /// Makes a call. Names it for the run; the call may have ended already.
    pub fn call(&mut self, wish: Wish, ctx: &mut Ctx<'_>) -> Token {
        let token = *ctx.tokens;
        *ctx.tokens += 1;
        let (me, epoch) = (self.me, self.view.epoch);
        let target = self.view.member(wish.to);
        let made = |to: Instance| Event::Made {
            token,
            from: me,
            to,
            level: wish.level,
            serving: wish.serving,
        };
        let pair = self.remotes.get_mut(&wish.to).and_then(|r| r.pair.as_mut());
        let linked = pair.filter(|pair| Some(pair.peer.instance) == target);
        let (Some(target), Some(pair)) = (target, linked) else {
            let unknown = Instance::new(wish.to, Default::default());
            ctx.tell(made(target.unwrap_or(unknown)));
            self.ended(token, wish.parent, Outcome::NodeDown, ctx);
            return token;
        };
        let call = ClientCall::new(token, &wish);
        let counter = call.counter();
        // Without a place there is no call.
        if let Some(id) = pair.insert(call) {
            ctx.tell(made(target));
            let window = pair.windows.entry(counter).or_default();
            let is_cheating = ctx.scenario.cheater == Some(me.node.get());
            if is_cheating && window.window.take().is_err() {
                // It takes what it was not given.
                self.step_call(wish.to, id, CallEvent::Credit(epoch), ctx);
            } else {
                if is_cheating {
                    window.window.give_back();
                }
                window.waiting.push_back(id);
            }
            self.issue_waiting(wish.to, ctx);
        } else if let Some(parent) = wish.parent {
            self.nested_ended(parent, ctx);
        }
        token
    }

    /// Where a call is, while it has not ended.
    fn find(&mut self, token: Token) -> Option<(NodeId, CallId)> {
        self.remotes.iter().find_map(|(node, remote)| {
            let calls = &remote.pair.as_ref()?.calls;
            let mut place = 0;
            while let Some(id) = calls.next_from(place) {
                if calls.get(id)?.token == token {
                    return Some((*node, id));
                }
                place = id.place() + 1;
            }
            None
        })
    }

    pub fn cancel(&mut self, token: Token, ctx: &mut Ctx<'_>) {
        let Some((peer, id)) = self.find(token) else {
            return;
        };
        ctx.tell(Event::Cancelled(token));
        self.step_call(peer, id, CallEvent::Cancel, ctx);
        self.issue_waiting(peer, ctx);
    }

    /// Gives credit to calls that wait for it, and room to those issued again.
    pub fn issue_waiting(&mut self, peer: NodeId, ctx: &mut Ctx<'_>) {
        let epoch = self.view.epoch;
        while let Some(pair) = self.pair(peer) {
            let Some(id) = pair.backlog.front().copied() else {
                break;
            };
            let args = pair.calls.get(id).map_or(0, |call| call.args.len());
            if !pair.has_room(24 + args) {
                return;
            }
            pair.backlog.pop_front();
            self.send_request(peer, id, epoch, ctx);
        }
        let counters: Vec<_> = self
            .pair(peer)
            .map(|pair| pair.windows.keys().copied().collect())
            .unwrap_or_default();
        for counter in counters {
            while let Some(id) = self.pair(peer).and_then(|pair| pair.take_credit(counter)) {
                self.step_call(peer, id, CallEvent::Credit(epoch), ctx);
            }
        }
    }

    fn step_call(&mut self, peer: NodeId, id: CallId, event: CallEvent, ctx: &mut Ctx<'_>) {
        let Some(pair) = self.pair(peer) else {
            return;
        };
        let Some(entry) = pair.calls.get_mut(id) else {
            return;
        };
        match entry.call.step(event) {
            Action::Nothing => {}
            Action::Issue(epoch) => self.send_request(peer, id, epoch, ctx),
            Action::Reissue(epoch) => {
                pair.outgoing.remove(&(id, false));
                if let Some(id) = pair.calls.rename(id) {
                    self.send_request(peer, id, epoch, ctx);
                }
            }
            Action::SendCancel => {
                if let Some(place) = pair.backlog.iter().position(|waiting| *waiting == id) {
                    // The server has never heard of it.
                    pair.backlog.remove(place);
                    let mine = self.view.epoch;
                    let event = CallEvent::Reply {
                        status: Status::Cancelled,
                        theirs: mine,
                        mine,
                    };
                    return self.step_call(peer, id, event, ctx);
                }
                let header = Header {
                    call: Some(id),
                    epoch: self.view.epoch,
                    ..Header::of(Kind::Cancel)
                };
                let kept = self.pair(peer).map(|pair| pair.keep(header, Vec::new()));
                if kept != Some(Ok(())) {
                    self.broken_rule(peer, "no room for a cancel", ctx);
                }
                self.flush(peer, Channel::Control, ctx);
            }
            Action::Finish(outcome, credit) => self.finish(peer, id, outcome, credit, ctx),
            Action::Reject => self.broken_rule(peer, "an event that cannot be", ctx),
        }
    }

    fn send_request(&mut self, peer: NodeId, id: CallId, epoch: Epoch, ctx: &mut Ctx<'_>) {
        let Some(pair) = self.pair(peer) else {
            return;
        };
        let Some(call) = pair.calls.get(id) else {
            return;
        };
        let header = Header {
            flags: call.flags,
            priority: call.level,
            epoch,
            call: Some(id),
            ..Header::of(Kind::Request)
        };
        let payload = [&call.head.encode()[..], &call.args].concat();
        let (bulk, token) = (call.head.bulk, call.token);
        if pair.keep(header, payload).is_err() {
            pair.backlog.push_back(id);
            return;
        }
        if bulk > 0 {
            pair.uses_bulk = true;
            let transfer = Outgoing::new(bulk);
            pair.outgoing.insert((id, false), Sent { transfer, token });
        }
        self.flush(peer, Channel::Control, ctx);
        self.flush(peer, Channel::Bulk, ctx);
    }

    pub fn take_reply(
        &mut self,
        peer: NodeId,
        header: &Header,
        payload: &[u8],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        let arriving_max = ctx.scenario.arriving_bytes_max;
        let pair = self.pair(peer).ok_or("a reply without a session")?;
        let id = header.call.ok_or("a reply to no call")?;
        let (head, _) = ReplyHead::parse(payload).map_err(|_| "a malformed reply")?;
        let entry = pair
            .calls
            .get_mut(id)
            .ok_or("a reply to a call that ended")?;
        let counter = entry.counter();
        let has_begun = entry.incoming.is_some();
        if head.bulk > entry.head.reply_bulk_max {
            return Err("a reply with more than was asked for".into());
        }
        if let Some(client) = pair.windows.get_mut(&counter) {
            client.window.allow(head.credits);
        }
        pair.uses_bulk |= head.bulk > 0;
        let mut status = head.status;
        let entry = pair
            .calls
            .get_mut(id)
            .ok_or("a reply to a call that ended")?;
        if head.bulk > 0 && !has_begun {
            let fits = pair.arriving + u64::from(head.bulk) <= arriving_max;
            if entry.has_no_memory || !fits {
                status = Status::NoMemory;
                self.note(peer, (id, true), refused(), ctx);
            } else {
                entry.incoming = Some(Incoming::new(head.bulk, First::Yes));
                pair.arriving += u64::from(head.bulk);
            }
        }
        let pair = self.pair(peer).ok_or("a reply without a session")?;
        let entry = pair
            .calls
            .get_mut(id)
            .ok_or("a reply to a call that ended")?;
        if let Some(incoming) = entry.incoming {
            if incoming.total() != head.bulk {
                return Err("a transfer of another length than its reply says".into());
            }
            if !incoming.is_complete() {
                entry.reply = Some((status, header.epoch));
                return Ok(());
            }
        }
        self.replied(peer, id, status, header.epoch, ctx);
        Ok(())
    }

    /// The reply and all that goes with it are there.
    pub fn replied(
        &mut self,
        peer: NodeId,
        id: CallId,
        status: Status,
        theirs: Epoch,
        ctx: &mut Ctx<'_>,
    ) {
        let event = CallEvent::Reply {
            status,
            theirs,
            mine: self.view.epoch,
        };
        self.step_call(peer, id, event, ctx);
    }

    fn finish(
        &mut self,
        peer: NodeId,
        id: CallId,
        outcome: Outcome,
        credit: Credit,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(pair) = self.pair(peer) else {
            return;
        };
        let Some(entry) = pair.calls.remove(id) else {
            return;
        };
        pair.outgoing.remove(&(id, false));
        pair.forget_incoming(entry.incoming);
        if let Some(client) = pair.windows.get_mut(&entry.counter()) {
            match credit {
                Credit::GiveBack => client.window.give_back(),
                Credit::None => client.waiting.retain(|waiting| *waiting != id),
            }
        }
        self.ended(entry.token, entry.parent, outcome, ctx);
    }

    fn ended(&mut self, token: Token, parent: Option<TaskId>, outcome: Outcome, ctx: &mut Ctx<'_>) {
        ctx.tell(Event::Finished(token, outcome));
        if let Some(parent) = parent {
            self.nested_ended(parent, ctx);
        }
    }

    /// The view of the client changed.
    pub fn view_at_client(&mut self, peer: NodeId, ctx: &mut Ctx<'_>) {
        let epoch = self.view.epoch;
        let mut place = 0;
        while let Some(id) = self.pair(peer).and_then(|pair| pair.calls.next_from(place)) {
            self.step_call(peer, id, CallEvent::View(epoch), ctx);
            place = id.place() + 1;
        }
        self.issue_waiting(peer, ctx);
    }

    /// The peer is dead: every call to it ends.
    pub fn end_client_calls(&mut self, pair: &mut Pair, ctx: &mut Ctx<'_>) {
        let mut place = 0;
        while let Some(id) = pair.calls.next_from(place) {
            place = id.place() + 1;
            let Some(mut entry) = pair.calls.remove(id) else {
                continue;
            };
            match entry.call.step(CallEvent::Down) {
                Action::Finish(outcome, _) => {
                    self.ended(entry.token, entry.parent, outcome, ctx);
                }
                other => ctx.tell(Event::Fault(
                    self.me,
                    pair.peer.instance,
                    format!("death makes a call {other:?}"),
                )),
            }
        }
    }

    pub fn broken_rule(&mut self, peer: NodeId, what: &str, ctx: &mut Ctx<'_>) {
        let me = self.me;
        if let Some(pair) = self.pair(peer) {
            let other = pair.peer.instance;
            ctx.tell(Event::Fault(me, other, what.into()));
        }
    }
}

impl Pair {
    fn insert(&mut self, call: ClientCall) -> Option<CallId> {
        match self.calls.insert(call) {
            Ok(id) => Some(id),
            Err(NoPlace(_)) if self.calls.capacity() >= CALLS_MAX as usize => None,
            Err(NoPlace(call)) => {
                self.calls.slots_mut().extend((0..16).map(|_| Slot::new()));
                self.calls.insert(call).ok()
            }
        }
    }

    /// The next call that can be sent, with its credit taken.
    fn take_credit(&mut self, counter: Counter) -> Option<CallId> {
        let client = self.windows.get(&counter)?;
        let id = client.waiting.front().copied()?;
        let args = self.calls.get(id).map_or(0, |call| call.args.len());
        if !self.backlog.is_empty() || !self.has_room(24 + args) {
            return None;
        }
        let client = self.windows.get_mut(&counter)?;
        client.window.take().ok()?;
        client.waiting.pop_front()
    }

    /// A transfer to this node is not awaited any more.
    pub fn forget_incoming(&mut self, incoming: Option<Incoming>) {
        if let Some(incoming) = incoming {
            self.arriving -= u64::from(incoming.total());
        }
    }

    /// A piece of a reply's transfer may come before the reply.
    pub fn begin_early_reply(&mut self, id: CallId, total: u32, arriving_max: u64) -> Early {
        let Some(call) = self.calls.get_mut(id) else {
            return Early::Over;
        };
        if call.incoming.is_some() {
            return Early::Begun;
        }
        if total > call.head.reply_bulk_max {
            return Early::TooLong;
        }
        // Pieces behind a refused one still come when there is memory again.
        if call.has_no_memory || self.arriving + u64::from(total) > arriving_max {
            call.has_no_memory = true;
            return Early::NoMemory;
        }
        call.incoming = Some(Incoming::new(total, First::Yes));
        self.arriving += u64::from(total);
        Early::Begun
    }
}

/// What becomes of the first piece of a reply's transfer.
pub enum Early {
    Begun,
    Over,
    TooLong,
    NoMemory,
}

impl ClientCall {
    fn new(token: Token, wish: &Wish) -> Self {
        Self {
            token,
            call: Call::new(),
            head: wish.plan.head(),
            args: wish.plan.encode(token),
            level: wish.level,
            flags: if wish.plan.one_way {
                Flags::ONE_WAY
            } else {
                Flags::NONE
            },
            parent: wish.parent,
            incoming: None,
            reply: None,
            has_no_memory: false,
        }
    }
}

/// The note that refuses a transfer.
pub fn refused() -> At {
    At {
        offset: 0,
        arrival: Arrival::NoMemory,
    }
}
