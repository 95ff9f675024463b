// SPDX-License-Identifier: GPL-2.0

//! Calls, at the server.

use ssi_core::{
    ics::{
        bulk::{Incoming, Outgoing},
        call::CallId,
        credit::allowance,
        frame::{Header, Kind},
        handshake::Channel,
        payload::{ReplyHead, RequestHead, Rest, Status},
        priority::Priority,
        served::{Action, Event as ServedEvent, Served, Transfer},
        table::{First, NotTaken, PeerSlot},
    },
    ids::{Epoch, NodeId},
};

use super::{
    app::{self, Plan, TaskId},
    client::Token,
    history::Event,
    node::{Ctx, Node},
    pair::{Counter, Pair, Sent},
};

/// A request and what came with it.
pub struct ServerCall {
    pub token: Token,
    pub served: Served,
    pub head: RequestHead,
    pub plan: Plan,
    pub level: Priority,
    pub epoch: Epoch,
    pub incoming: Option<Incoming>,
    /// Whether it counts against its client's quota.
    is_counted: bool,
    /// Its handler, once it runs.
    pub task: Option<TaskId>,
}

impl ServerCall {
    fn counter(&self) -> Counter {
        (self.head.service, self.level)
    }
}

impl Node {
    pub fn take_request(
        &mut self,
        peer: NodeId,
        header: &Header,
        payload: &[u8],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        let (head, Rest { bytes: args, .. }) =
            RequestHead::parse(payload).map_err(|_| "a malformed request")?;
        let (plan, token) = Plan::parse(args).ok_or("arguments that are none")?;
        let id = header.call.ok_or("a request that is no call")?;
        let mine = self.view.epoch;
        let pair = self.pair(peer).ok_or("a request without a session")?;
        let call = ServerCall {
            token,
            served: Served::Done,
            head,
            plan,
            level: header.priority,
            epoch: header.epoch,
            incoming: None,
            is_counted: false,
            task: None,
        };
        pair.uses_bulk |= head.bulk > 0;
        let first = pair.open(id, call)?;
        if let Err(status) = pair.judge(id, ctx.scenario) {
            self.reply(peer, id, status, ctx);
            return Ok(());
        }
        let pair = self.pair(peer).ok_or("a request without a session")?;
        let Some(call) = pair.served.get_mut(id) else {
            return Ok(());
        };
        let transfer = match head.bulk {
            0 => Transfer::None,
            _ => Transfer::Expected,
        };
        let (served, action) = Served::arrived(header.epoch, mine, transfer);
        call.served = served;
        if head.bulk > 0 && action == Action::Nothing {
            let incoming = Incoming::new(head.bulk, first);
            call.incoming = Some(incoming);
            pair.arriving += u64::from(head.bulk);
            if first == First::No {
                self.note(peer, (id, false), incoming.note(), ctx);
            }
        }
        self.act(peer, id, action, ctx);
        Ok(())
    }

    pub fn take_cancel(
        &mut self,
        peer: NodeId,
        header: &Header,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        let id = header.call.ok_or("a cancel of no call")?;
        // One that was answered meanwhile is not there any more.
        self.step_served(peer, id, ServedEvent::Cancel, ctx);
        Ok(())
    }

    pub fn step_served(&mut self, peer: NodeId, id: CallId, event: ServedEvent, ctx: &mut Ctx<'_>) {
        let call = self.pair(peer).and_then(|pair| pair.served.get_mut(id));
        if let Some(call) = call {
            let action = call.served.step(event);
            self.act(peer, id, action, ctx);
        }
    }

    fn act(&mut self, peer: NodeId, id: CallId, action: Action, ctx: &mut Ctx<'_>) {
        let (me, mine) = (self.me, self.view.epoch);
        let Some(pair) = self.pair(peer) else {
            return;
        };
        let client = pair.peer.instance;
        let Some(call) = pair.served.get_mut(id) else {
            return;
        };
        match action {
            Action::Nothing => {}
            Action::Queue if call.head.service == app::INLINE => {
                self.step_served(peer, id, ServedEvent::Start(mine), ctx);
            }
            Action::Queue => {
                let level = call.level.index();
                self.levels[level].queue.push_back((client, id));
                self.dispatch(level, ctx);
            }
            Action::Run => {
                let event = Event::Executed {
                    token: call.token,
                    at: me,
                    client,
                    request: call.epoch,
                    mine,
                };
                ctx.tell(event);
                self.run(client, id, ctx);
            }
            Action::Reply(status) => self.reply(peer, id, status, ctx),
            Action::TellHandler => {
                if let Some(task) = call.task {
                    self.tell_handler(task, ctx);
                }
            }
            Action::Answer | Action::Discard => {}
            Action::Reject => self.broken_rule(peer, "an event that cannot be served", ctx),
        }
    }

    /// Workers of a level take up what waits.
    pub fn dispatch(&mut self, level: usize, ctx: &mut Ctx<'_>) {
        while self.levels[level].busy < ctx.scenario.workers {
            let Some((client, id)) = self.levels[level].queue.pop_front() else {
                return;
            };
            let mine = self.view.epoch;
            let pair = self.pair(client.node);
            // Its session may be gone, and so may the request: it was cancelled.
            let call = pair
                .filter(|pair| pair.peer.instance == client)
                .and_then(|pair| pair.served.get_mut(id));
            if call.is_some() {
                self.step_served(client.node, id, ServedEvent::Start(mine), ctx);
            }
        }
    }

    /// Ends a request without an effect.
    fn reply(&mut self, peer: NodeId, id: CallId, status: Status, ctx: &mut Ctx<'_>) {
        let head = ReplyHead {
            status,
            credits: 0,
            result: 0,
            bulk: 0,
            inside: 0,
        };
        self.send_reply(peer, id, head, ctx);
    }

    /// Sends the final reply.
    pub fn send_reply(&mut self, peer: NodeId, id: CallId, head: ReplyHead, ctx: &mut Ctx<'_>) {
        let mine = self.view.epoch;
        let held = self.held();
        let scenario = ctx.scenario;
        let Some(pair) = self.pair(peer) else {
            return;
        };
        let Some(call) = pair.close(id) else {
            return;
        };
        let head = ReplyHead {
            credits: match call.head.service {
                app::INLINE | app::POOL => allowance(scenario.window, held, scenario.budget),
                _ => 0,
            },
            ..head
        };
        let header = Header {
            priority: call.level,
            epoch: mine,
            call: Some(id),
            ..Header::of(Kind::Reply)
        };
        let body = vec![7; call.plan.body.into()];
        let body = match head.status {
            Status::Answered => &body[..],
            _ => &[],
        };
        let payload = [&head.encode()[..], body].concat();
        let kept = pair.keep(header, payload);
        if head.bulk > 0 {
            let sent = Sent {
                transfer: Outgoing::new(head.bulk),
                token: call.token,
            };
            pair.outgoing.insert((id, true), sent);
            pair.uses_bulk = true;
        }
        if kept.is_err() {
            self.broken_rule(peer, "no room for a reply", ctx);
        }
        self.flush(peer, Channel::Control, ctx);
        self.flush(peer, Channel::Bulk, ctx);
    }

    /// Requests of all clients that are here.
    fn held(&self) -> u32 {
        let pairs = self
            .remotes
            .values()
            .filter_map(|remote| remote.pair.as_ref());
        pairs.map(|pair| pair.served.len() as u32).sum()
    }

    /// The view of the server changed.
    pub fn view_at_server(&mut self, peer: NodeId, ctx: &mut Ctx<'_>) {
        let epoch = self.view.epoch;
        let mut place = 0;
        while let Some(id) = self
            .pair(peer)
            .and_then(|pair| pair.served.next_from(place))
        {
            self.step_served(peer, id, ServedEvent::View(epoch), ctx);
            place = id.place() + 1;
        }
    }

    /// The client is dead: what runs goes on for nobody.
    pub fn end_calls(&mut self, mut pair: Pair, ctx: &mut Ctx<'_>) {
        let mut place = 0;
        while let Some(id) = pair.served.next_from(place) {
            place = id.place() + 1;
            let Some(mut call) = pair.served.close(id) else {
                continue;
            };
            let action = call.served.step(ServedEvent::Down);
            let task = call.task.and_then(|task| self.tasks.get_mut(&task));
            match (call.served.is_running(), task) {
                (true, Some(task)) => task.orphan = Some(call.served),
                (false, None) => {}
                (is_running, _) => ctx.tell(Event::Fault(
                    self.me,
                    pair.peer.instance,
                    format!("a request is running: {is_running}, and its handler is not"),
                )),
            }
            if let (Action::TellHandler, Some(task)) = (action, call.task) {
                self.tell_handler(task, ctx);
            }
        }
        self.end_client_calls(&mut pair, ctx);
    }
}

impl Pair {
    fn open(&mut self, id: CallId, call: ServerCall) -> Result<First, String> {
        match self.served.open(id, call) {
            Ok(first) => Ok(first),
            Err((NotTaken::NoSlot, call)) => {
                self.add_slots(id);
                let opened = self.served.open(id, call);
                opened.map_err(|(why, _)| format!("a request is {why:?}"))
            }
            Err((why, _)) => Err(format!("a request is {why:?}")),
        }
    }

    pub fn add_slots(&mut self, id: CallId) {
        let slots = self.served.slots_mut();
        slots.resize_with(id.place() + 1, PeerSlot::new);
    }

    /// Whether the request can be served at all.
    fn judge(&mut self, id: CallId, scenario: &super::scenario::Scenario) -> Result<(), Status> {
        let call = self.served.get_mut(id).ok_or(Status::Abandoned)?;
        if ![app::INLINE, app::POOL].contains(&call.head.service) {
            return Err(Status::NoService);
        }
        if call.head.version != app::VERSION {
            return Err(Status::NoVersion);
        }
        let quota = self.quotas.entry(call.counter()).or_default();
        quota.admit(scenario.window).map_err(|_| Status::Busy)?;
        call.is_counted = true;
        if self.arriving + u64::from(call.head.bulk) > scenario.arriving_bytes_max {
            return Err(Status::NoMemory);
        }
        Ok(())
    }

    fn close(&mut self, id: CallId) -> Option<ServerCall> {
        let call = self.served.close(id)?;
        self.forget_incoming(call.incoming);
        if call.is_counted {
            self.quotas.entry(call.counter()).or_default().answered();
        }
        Some(call)
    }
}
