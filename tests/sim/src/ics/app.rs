// SPDX-License-Identifier: GPL-2.0

//! Services and their callers.
//!
//! What a handler does is in the arguments of the call, so that a call that
//! comes twice by mistake does the same twice.

use std::collections::{BTreeSet, VecDeque};

use ssi_core::{
    ics::{
        call::CallId,
        frame::BULK_BYTES_MAX,
        payload::{ReplyHead, RequestHead, ServiceId, Status},
        priority::{Priority, TooDeep},
        served::{Action, Event as ServedEvent, Served},
    },
    ids::{Instance, NodeId},
    wire::{Reader, Writer},
};

use crate::rng::Rng;

use super::{
    client::{Token, Wish},
    history::Event,
    node::{Ctx, Node},
    world::Happening,
};

/// A service whose handler runs on the reactor and must not sleep.
pub const INLINE: ServiceId = ServiceId::of("sim.inline");
/// A service served by workers.
pub const POOL: ServiceId = ServiceId::of("sim.pool");
/// A service nobody has.
pub const NONE: ServiceId = ServiceId::of("sim.none");
/// The version all have.
pub const VERSION: u16 = 3;

/// Names a running handler of a node.
pub type TaskId = u64;

/// Workers of a level and what waits for one.
#[derive(Default)]
pub struct Level {
    pub busy: usize,
    pub queue: VecDeque<(Instance, CallId)>,
}

/// A handler that was called and has not answered.
pub struct Task {
    client: Instance,
    call: CallId,
    plan: Plan,
    token: Token,
    level: Priority,
    /// Whether it holds a worker of its level.
    holds_worker: bool,
    /// Calls it waits for.
    nested: usize,
    nested_tokens: Vec<Token>,
    /// Its request, once the client is dead.
    pub orphan: Option<Served>,
}

/// What a handler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers at once.
    Now,
    /// Answers later, holding no worker.
    Later,
    /// Answers later, holding its worker.
    Work,
    /// Calls so many nodes, waits for them with its worker, and answers.
    Nest(u8),
    /// Drops the request.
    Abandon,
    /// Answers when nobody wants it any more, or much later.
    UntilCancelled,
}

/// A call as its caller means it.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub service: ServiceId,
    pub version: u16,
    pub behaviour: Behaviour,
    /// How long the handler takes, in microseconds.
    pub time: u32,
    /// How deep the calls of the handler may be nested.
    pub depth: u8,
    /// Bytes that go with request and reply.
    pub bulk: u32,
    pub reply_bulk: u32,
    /// Bytes of other arguments, and of the body of the reply.
    pub padding: u16,
    pub body: u16,
    pub one_way: bool,
}

/// Bytes of a plan before its padding.
const PLAN_BYTES: usize = 8 + 2 + 4 + 1 + 4 + 2;

impl Plan {
    /// Draws a call.
    pub fn draw(rng: &mut Rng, scenario: &super::scenario::Scenario) -> Self {
        let (mut service, mut version) = (POOL, VERSION);
        let mut behaviour = match rng.below(8) {
            0..=2 => Behaviour::Now,
            3 | 4 => Behaviour::Later,
            5 => Behaviour::Work,
            6 => Behaviour::Abandon,
            _ => Behaviour::UntilCancelled,
        };
        if rng.permille(scenario.nested_permille) {
            behaviour = Behaviour::Nest(rng.between(1, 3) as u8);
        } else if behaviour != Behaviour::Work && rng.permille(400) {
            service = INLINE;
        }
        match rng.below(50) {
            0 => service = NONE,
            1 => version = 9,
            _ => {}
        }
        let bulk = |rng: &mut Rng| {
            if rng.permille(scenario.bulk_permille) {
                rng.between(1, scenario.bulk_bytes) as u32
            } else {
                0
            }
        };
        Self {
            service,
            version,
            behaviour,
            time: rng.between(1, 20_000) as u32,
            depth: rng.between(1, 5) as u8,
            bulk: bulk(rng),
            reply_bulk: bulk(rng),
            padding: rng.below(scenario.padding.into()) as u16,
            body: rng.below(scenario.padding.into()) as u16,
            one_way: rng.permille(100),
        }
    }

    pub fn head(&self) -> RequestHead {
        RequestHead {
            service: self.service,
            version: self.version,
            operation: 1,
            bulk: self.bulk,
            reply_bulk_max: self.reply_bulk.min(BULK_BYTES_MAX),
            inside: 0,
        }
    }

    pub fn encode(&self, token: Token) -> Vec<u8> {
        let (code, count) = match self.behaviour {
            Behaviour::Now => (0, 0),
            Behaviour::Later => (1, 0),
            Behaviour::Work => (2, 0),
            Behaviour::Nest(count) => (3, count),
            Behaviour::Abandon => (4, 0),
            Behaviour::UntilCancelled => (5, 0),
        };
        let mut bytes = vec![0; PLAN_BYTES + usize::from(self.padding)];
        let mut writer = Writer::new(&mut bytes);
        writer.u64(token).u8(code).u8(count).u32(self.time);
        writer.u8(self.depth).u32(self.reply_bulk).u16(self.body);
        bytes
    }

    /// Reads the part of a plan its handler needs.
    pub fn parse(args: &[u8]) -> Option<(Self, Token)> {
        let mut reader = Reader::new(args);
        let token = reader.u64().ok()?;
        let (code, count) = (reader.u8().ok()?, reader.u8().ok()?);
        let behaviour = match code {
            0 => Behaviour::Now,
            1 => Behaviour::Later,
            2 => Behaviour::Work,
            3 => Behaviour::Nest(count),
            4 => Behaviour::Abandon,
            5 => Behaviour::UntilCancelled,
            _ => return None,
        };
        let plan = Self {
            service: POOL,
            version: VERSION,
            behaviour,
            time: reader.u32().ok()?,
            depth: reader.u8().ok()?,
            bulk: 0,
            reply_bulk: reader.u32().ok()?,
            padding: 0,
            body: reader.u16().ok()?,
            one_way: false,
        };
        Some((plan, token))
    }
}

impl Node {
    /// Calls the handler of a request.
    pub fn run(&mut self, client: Instance, id: CallId, ctx: &mut Ctx<'_>) {
        let task = self.next_task;
        self.next_task += 1;
        let Some(call) = self
            .pair(client.node)
            .and_then(|pair| pair.served.get_mut(id))
        else {
            return;
        };
        call.task = Some(task);
        let (plan, level, token) = (call.plan, call.level, call.token);
        let is_pool = call.head.service == POOL;
        let holds_worker =
            is_pool && matches!(plan.behaviour, Behaviour::Work | Behaviour::Nest(_));
        if holds_worker {
            self.levels[level.index()].busy += 1;
        }
        let entry = Task {
            client,
            call: id,
            plan,
            token,
            level,
            holds_worker,
            nested: 0,
            nested_tokens: Vec::new(),
            orphan: None,
        };
        self.tasks.insert(task, entry);
        let due = |micros: u64, ctx: &mut Ctx<'_>, me: Instance| {
            ctx.queue.after(micros, Happening::TaskDue(me, task));
        };
        match plan.behaviour {
            Behaviour::Now => self.answer(task, Status::Answered, ctx),
            Behaviour::Abandon => self.answer(task, Status::Abandoned, ctx),
            Behaviour::Later | Behaviour::Work => due(plan.time.into(), ctx, self.me),
            Behaviour::UntilCancelled => due(300_000, ctx, self.me),
            Behaviour::Nest(count) => self.nest(task, count, ctx),
        }
    }

    fn nest(&mut self, task: TaskId, count: u8, ctx: &mut Ctx<'_>) {
        let Some(entry) = self.tasks.get_mut(&task) else {
            return;
        };
        let (level, depth) = (entry.level, entry.plan.depth);
        let targets = self.others(ctx.rng, count.into());
        let raised = Priority::of_call(Some(level));
        let (Ok(level), false) = (raised, targets.is_empty()) else {
            assert!(raised != Err(TooDeep) || level == Priority::HIGHEST);
            return self.answer(task, Status::Answered, ctx);
        };
        // One more than there will be, so that an end at once is not the last.
        if let Some(entry) = self.tasks.get_mut(&task) {
            entry.nested = targets.len() + 1;
        }
        for to in targets {
            let mut plan = Plan::draw(ctx.rng, ctx.scenario);
            if depth > 1 {
                plan.service = POOL;
                plan.behaviour = Behaviour::Nest(1);
            }
            plan.depth = depth.saturating_sub(1);
            plan.one_way = false;
            let serving = self.tasks.get(&task).map(|task| task.level);
            let wish = Wish {
                to,
                plan,
                serving,
                level,
                parent: Some(task),
            };
            let token = self.call(wish, ctx);
            if let Some(entry) = self.tasks.get_mut(&task) {
                entry.nested_tokens.push(token);
            }
        }
        self.nested_ended(task, ctx);
    }

    /// A call that a handler made has ended.
    pub fn nested_ended(&mut self, task: TaskId, ctx: &mut Ctx<'_>) {
        let Some(entry) = self.tasks.get_mut(&task) else {
            return;
        };
        entry.nested -= 1;
        if entry.nested == 0 {
            self.answer(task, Status::Answered, ctx);
        }
    }

    /// A handler hears that nobody wants its answer.
    pub fn tell_handler(&mut self, task: TaskId, ctx: &mut Ctx<'_>) {
        let Some(entry) = self.tasks.get(&task) else {
            return;
        };
        match entry.plan.behaviour {
            Behaviour::UntilCancelled => {
                let (me, soon) = (self.me, 10);
                ctx.queue.after(soon, Happening::TaskDue(me, task));
            }
            Behaviour::Nest(_) => {
                for token in entry.nested_tokens.clone() {
                    self.cancel(token, ctx);
                }
            }
            Behaviour::Now | Behaviour::Later | Behaviour::Work | Behaviour::Abandon => {}
        }
    }

    pub fn task_due(&mut self, task: TaskId, ctx: &mut Ctx<'_>) {
        self.answer(task, Status::Answered, ctx);
    }

    fn answer(&mut self, task: TaskId, status: Status, ctx: &mut Ctx<'_>) {
        let Some(task) = self.tasks.remove(&task) else {
            return;
        };
        if task.holds_worker {
            self.levels[task.level.index()].busy -= 1;
        }
        if let Some(mut orphan) = task.orphan {
            if orphan.step(ServedEvent::Answer) != Action::Discard {
                self.broken_rule(task.client.node, "an orphan was answered", ctx);
            }
        } else {
            self.answer_client(&task, status, ctx);
        }
        self.dispatch(task.level.index(), ctx);
    }

    fn answer_client(&mut self, task: &Task, status: Status, ctx: &mut Ctx<'_>) {
        let peer = task.client.node;
        let Some(call) = self
            .pair(peer)
            .and_then(|pair| pair.served.get_mut(task.call))
        else {
            return self.broken_rule(peer, "a running request was gone", ctx);
        };
        if call.served.step(ServedEvent::Answer) != Action::Answer {
            return self.broken_rule(peer, "a running request was not to be answered", ctx);
        }
        let is_answered = status == Status::Answered;
        let head = ReplyHead {
            status,
            credits: 0,
            result: 0,
            bulk: if is_answered {
                call.head.reply_bulk_max
            } else {
                0
            },
            inside: 0,
        };
        ctx.tell(Event::Answered(task.token));
        self.send_reply(peer, task.call, head, ctx);
    }

    /// Up to `count` other members.
    pub fn others(&self, rng: &mut Rng, count: usize) -> Vec<NodeId> {
        let members = self.view.members().without(self.me.node);
        let all: Vec<_> = members.iter().collect();
        let mut chosen = BTreeSet::new();
        for _ in 0..count {
            chosen.extend(rng.pick(&all).copied());
        }
        chosen.into_iter().collect()
    }
}
