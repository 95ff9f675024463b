// SPDX-License-Identifier: GPL-2.0

//! What must hold of the whole.
//!
//! [`Model`] is the driver without sockets: it sends what is direct, takes
//! what is due, and notes every delivery. Each property has its own test.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::fault::{
    Ports,
    Ppm,
    Way, //
};

const NODES: u8 = 4;

/// A frame that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Arrival {
    to: u8,
    from: u8,
    /// Counts what `from` sent, from 0.
    number: u32,
    at: Duration,
}

struct Model {
    fabric: Fabric,
    now: Duration,
    sent: BTreeMap<u8, Vec<Duration>>,
    arrivals: Vec<Arrival>,
    copies: usize,
    lost: usize,
    dropped: usize,
}

impl Model {
    fn new(seed: u64) -> Self {
        let mut fabric = Fabric::new(seed);
        (1..=NODES).for_each(|number| fabric.attach(port(number)));
        let mut model = Self {
            fabric,
            now: Duration::ZERO,
            sent: BTreeMap::new(),
            arrivals: Vec::new(),
            copies: 0,
            lost: 0,
            dropped: 0,
        };
        // Everyone is known, and nothing of it is noted.
        for from in 1..=NODES {
            let hello = frame(mac(from), mac(from), 0);
            model.fabric.receive(model.now, port(from), &hello).unwrap();
        }
        model
    }

    fn change(&mut self, change: FaultChange) {
        self.lost += self.fabric.change(self.now, &change).unwrap().len();
        self.release();
    }

    fn send(&mut self, from: u8, to: u8) {
        let sent = self.sent.entry(from).or_default();
        let frame = frame(mac(to), mac(from), sent.len() as u32);
        sent.push(self.now);
        let verdict = self.fabric.receive(self.now, port(from), &frame).unwrap();
        for to in verdict.direct {
            self.arrive(to, &frame);
        }
        self.count(verdict);
        self.release();
    }

    /// To everyone.
    fn shout(&mut self, from: u8) {
        self.send(from, 0xff);
    }

    fn count(&mut self, verdict: Verdict) {
        let Verdict {
            direct,
            delayed,
            lost,
            dropped,
        } = verdict;
        let [direct, delayed, lost, dropped] =
            [direct, delayed, lost, dropped].map(Iterator::count);
        self.copies += direct + delayed + lost + dropped;
        self.lost += lost;
        self.dropped += dropped;
    }

    /// Lets time pass, looking at the flight only when something is due.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.fabric.next_due().filter(|&due| due <= end) {
            self.now = due;
            self.release();
        }
        self.now = end;
    }

    fn release(&mut self) {
        while let Some(parcel) = self.fabric.pop_due(self.now) {
            self.arrive(parcel.to, &parcel.bytes);
        }
    }

    fn arrive(&mut self, to: PortId, frame: &[u8]) {
        let number = u32::from_be_bytes(frame[14..18].try_into().unwrap());
        self.arrivals.push(Arrival {
            to: to.get(),
            from: frame[11],
            number,
            at: self.now,
        });
    }

    /// The numbers of the frames that went `from` one port `to` another.
    fn numbers(&self, from: u8, to: u8) -> Vec<u32> {
        let arrivals = self.arrivals.iter();
        let of_pair = arrivals.filter(|arrival| (arrival.from, arrival.to) == (from, to));
        of_pair.map(|arrival| arrival.number).collect()
    }
}

fn port(number: u8) -> PortId {
    PortId::new(number).unwrap()
}

/// The address of a node; 0xff is everyone's.
fn mac(number: u8) -> [u8; 6] {
    match number {
        0xff => [0xff; 6],
        number => [2, 0x53, 0x53, 0x49, 0, number],
    }
}

fn frame(destination: [u8; 6], source: [u8; 6], number: u32) -> Vec<u8> {
    let head = [&destination[..], &source, &[8, 0], &number.to_be_bytes()];
    let mut frame = head.concat();
    frame.resize(60, 0);
    frame
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn percent(percent: u32) -> Ppm {
    Ppm::from_percent(f64::from(percent)).unwrap()
}

const BOTH: Way = Way::Both;
const ALL: Ports = Ports::All;
const ONE: Ports = Ports::One(1);
const TWO: Ports = Ports::One(2);

fn cut(a: Ports, b: Ports) -> FaultChange {
    FaultChange::Cut { a, b, way: BOTH }
}

fn delay(delay_ms: u32, jitter_ms: u32) -> FaultChange {
    FaultChange::Delay {
        a: ALL,
        b: ALL,
        way: BOTH,
        delay_ms,
        jitter_ms,
    }
}

fn loss(ppm: Ppm) -> FaultChange {
    FaultChange::Loss {
        a: ALL,
        b: ALL,
        way: BOTH,
        ppm,
    }
}

fn reorder(ppm: Ppm) -> FaultChange {
    FaultChange::Reorder {
        a: ALL,
        b: ALL,
        way: BOTH,
        ppm,
    }
}

#[test]
fn a_sound_network_delivers_at_once() {
    let mut model = Model::new(1);
    model.send(1, 2);
    model.shout(3);
    let arrived: Vec<_> = model.arrivals.iter().map(|a| (a.from, a.to)).collect();
    assert_eq!(arrived, [(1, 2), (3, 1), (3, 2), (3, 4)]);
}

#[test]
fn malformed_frames_teach_nothing() {
    let mut fabric = Fabric::new(1);
    fabric.attach(port(1));
    let runt = &frame(mac(2), mac(1), 0)[..13];
    let verdict = fabric.receive(millis(0), port(1), runt);
    assert_eq!(verdict, Err(Malformed::Runt));
    assert_eq!(fabric.stations(port(1)), 0);
}

#[test]
fn a_cut_is_symmetric_and_spares_the_others() {
    let mut model = Model::new(1);
    model.change(cut(ONE, TWO));
    model.send(1, 2);
    model.send(2, 1);
    model.send(1, 3);
    model.shout(1);
    let arrived: Vec<_> = model.arrivals.iter().map(|a| (a.from, a.to)).collect();
    assert_eq!(arrived, [(1, 3), (1, 3), (1, 4)]);
    assert_eq!(model.lost, 3);
}

#[test]
fn a_cut_takes_what_is_in_flight() {
    let mut model = Model::new(1);
    model.change(delay(50, 0));
    model.send(1, 2);
    model.send(1, 3);
    model.change(cut(ONE, TWO));
    model.change(FaultChange::Join {
        a: ONE,
        b: TWO,
        way: BOTH,
    });
    model.wait(millis(50));
    assert!(model.numbers(1, 2).is_empty());
    assert_eq!(model.numbers(1, 3), [1]);
    assert_eq!(model.lost, 1);
}

#[test]
fn healing_delivers_what_is_in_flight_before_what_comes() {
    let mut model = Model::new(1);
    model.change(delay(60_000, 0));
    (0..3).for_each(|_| model.send(1, 2));
    model.change(FaultChange::HealAll);
    model.send(1, 2);
    assert_eq!(model.numbers(1, 2), [0, 1, 2, 3]);
    assert_eq!(model.now, Duration::ZERO);
}

#[test]
fn a_flushed_port_gets_nothing_from_before() {
    let mut model = Model::new(1);
    model.change(delay(10, 0));
    for (from, to) in [(1, 2), (2, 3), (1, 3)] {
        model.send(from, to);
    }
    assert_eq!(model.fabric.flush(port(2)).len(), 2);
    assert_eq!(model.fabric.stations(port(2)), 0);
    model.wait(millis(10));
    assert_eq!(model.arrivals.len(), 1);
    assert_eq!(model.numbers(1, 3), [1]);
}

#[test]
fn a_detached_port_gets_nothing_at_all() {
    let mut model = Model::new(1);
    model.fabric.detach(port(2));
    model.shout(1);
    model.send(1, 2);
    assert!(model.arrivals.iter().all(|arrival| arrival.to != 2));
}

#[test]
fn reorder_lets_the_next_frame_pass() {
    let mut model = Model::new(1);
    model.change(reorder(percent(100)));
    (0..4).for_each(|_| model.send(1, 2));
    assert_eq!(model.numbers(1, 2), [1, 0, 3, 2]);
}

#[test]
fn a_reordered_frame_without_a_next_one_goes_anyway() {
    let mut model = Model::new(1);
    model.change(reorder(percent(100)));
    model.send(1, 2);
    model.wait(millis(u64::from(REORDER_MS_MAX) - 1));
    assert!(model.numbers(1, 2).is_empty());
    model.wait(millis(1));
    assert_eq!(model.numbers(1, 2), [0]);
    // It is not held any more, so that the next one is.
    model.send(1, 2);
    assert_eq!(model.numbers(1, 2), [0]);
}

#[test]
fn reorder_works_within_a_delay() {
    let mut model = Model::new(1);
    model.change(delay(100, 0));
    model.change(reorder(percent(100)));
    model.send(1, 2);
    model.wait(millis(1));
    model.send(1, 2);
    model.wait(millis(99));
    assert!(model.numbers(1, 2).is_empty());
    model.wait(millis(1));
    assert_eq!(model.numbers(1, 2), [1, 0]);
}

#[test]
fn too_much_in_flight_is_dropped_at_that_port_only() {
    let mut model = Model::new(1);
    model.change(delay(10, 0));
    (0..=flight::FLIGHT_FRAMES_MAX).for_each(|_| model.send(1, 2));
    assert_eq!(model.dropped, 1);
    model.send(1, 3);
    model.wait(millis(10));
    assert_eq!(model.numbers(1, 2).len(), flight::FLIGHT_FRAMES_MAX);
    assert_eq!(model.numbers(1, 3).len(), 1);
}

/// Something that happens to a network.
#[derive(Clone, Debug)]
enum Step {
    Send(u8, u8),
    Shout(u8),
    Wait(u64),
    Change(FaultChange),
}

fn traffic() -> BoxedStrategy<Step> {
    let node = 1..=NODES;
    prop_oneof![
        6 => (node.clone(), node.clone()).prop_map(|(from, to)| Step::Send(from, to)),
        1 => node.prop_map(Step::Shout),
        3 => (0..15u64).prop_map(Step::Wait),
    ]
    .boxed()
}

fn steps_with(change: impl Strategy<Value = FaultChange> + 'static) -> BoxedStrategy<Vec<Step>> {
    let step = prop_oneof![10 => traffic(), 1 => change.prop_map(Step::Change)];
    prop::collection::vec(step, 0..150).boxed()
}

fn any_change() -> impl Strategy<Value = FaultChange> {
    let share = || (0..=100u32).prop_map(percent);
    prop_oneof![
        (1..=NODES).prop_map(|number| cut(Ports::One(number), ALL)),
        Just(FaultChange::HealAll),
        (0..40u32, 0..10u32).prop_map(|(least, jitter)| delay(least, jitter)),
        share().prop_map(loss),
        share().prop_map(reorder),
    ]
}

fn run(seed: u64, steps: &[Step]) -> Model {
    let mut model = Model::new(seed);
    for step in steps {
        match *step {
            Step::Send(from, to) => model.send(from, to),
            Step::Shout(from) => model.shout(from),
            Step::Wait(ms) => model.wait(millis(ms)),
            Step::Change(change) => model.change(change),
        }
    }
    model.wait(millis(200_000));
    model
}

proptest! {
    /// No frame comes back to the port it came from.
    #[test]
    fn nothing_goes_back(steps in steps_with(any_change())) {
        let model = run(1, &steps);
        prop_assert!(model.arrivals.iter().all(|arrival| arrival.from != arrival.to));
    }

    /// Every copy arrives, is lost, or is dropped: exactly one of the three.
    #[test]
    fn every_copy_is_accounted_for(steps in steps_with(any_change())) {
        let model = run(1, &steps);
        prop_assert_eq!(model.copies, model.arrivals.len() + model.lost + model.dropped);
    }

    /// Without jitter and reorder, frames of a pair keep their order, however
    /// delays change and links are cut and healed.
    #[test]
    fn order_is_kept(
        steps in steps_with(prop_oneof![
            (0..40u32).prop_map(|least| delay(least, 0)),
            (0..60u32).prop_map(|share| loss(percent(share))),
            (1..=NODES).prop_map(|number| cut(Ports::One(number), ALL)),
            Just(FaultChange::HealAll),
        ]),
    ) {
        let model = run(1, &steps);
        for (from, to) in (1..=NODES).flat_map(|a| (1..=NODES).map(move |b| (a, b))) {
            let numbers = model.numbers(from, to);
            prop_assert!(numbers.is_sorted(), "{} to {}: {:?}", from, to, numbers);
        }
    }

    /// No frame arrives before its delay or after delay, jitter and the wait
    /// of a reorder together.
    #[test]
    fn times_are_kept(
        least in 0..40u32,
        jitter in 0..10u32,
        share in 0..=100u32,
        steps in prop::collection::vec(traffic(), 0..150),
    ) {
        let changes = [delay(least, jitter), reorder(percent(share))];
        let mut all: Vec<Step> = changes.map(Step::Change).into();
        all.extend(steps);
        let model = run(1, &all);
        let least = u64::from(least);
        let most = least + u64::from(jitter) + u64::from(REORDER_MS_MAX);
        for arrival in &model.arrivals {
            let took = arrival.at - model.sent[&arrival.from][arrival.number as usize];
            prop_assert!(took >= millis(least) && took <= millis(most), "{:?}", took);
        }
    }

    /// Reorder without jitter moves a frame behind one other, never further.
    #[test]
    fn reorder_swaps_neighbours(
        share in 0..=100u32,
        least in 0..5u32,
        pauses in prop::collection::vec(0..12u64, 1..80),
    ) {
        let mut steps: Vec<Step> = [delay(least, 0), reorder(percent(share))].map(Step::Change).into();
        for pause in &pauses {
            steps.extend([Step::Send(1, 2), Step::Wait(pause / 4)]);
        }
        let numbers = run(3, &steps).numbers(1, 2);
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        prop_assert!(sorted.iter().copied().eq(0..pauses.len() as u32));
        for (place, &number) in numbers.iter().enumerate() {
            prop_assert!(number.abs_diff(place as u32) <= 1, "{:?}", numbers);
        }
    }

    /// The fate of a pair's frames does not depend on what others send.
    #[test]
    fn fates_are_those_of_the_seed(
        seed in any::<u64>(),
        noise in prop::collection::vec((2..=NODES, 1..=NODES), 0..100),
    ) {
        let fates = |noise: &[(u8, u8)]| {
            let mut model = Model::new(seed);
            model.change(loss(percent(50)));
            let mut noise = noise.iter();
            for _ in 0..64 {
                model.send(1, 2);
                noise.next().into_iter().for_each(|&(from, to)| model.send(from, to));
            }
            model.numbers(1, 2)
        };
        prop_assert_eq!(fates(&[]), fates(&noise));
    }

    /// Different seeds give different fates.
    #[test]
    fn fates_differ_between_seeds(seed in any::<u64>()) {
        let fates = |seed| {
            let mut steps = vec![Step::Change(loss(percent(50)))];
            steps.extend((0..64).map(|_| Step::Send(1, 2)));
            run(seed, &steps).numbers(1, 2)
        };
        prop_assert_ne!(fates(seed), fates(seed ^ 1));
    }

    /// Any bytes at all are a frame or are refused.
    #[test]
    fn any_bytes_are_survived(
        frames in prop::collection::vec((1..=NODES, prop::collection::vec(any::<u8>(), 0..40)), 0..100),
    ) {
        let mut fabric = Fabric::new(1);
        (1..=NODES).for_each(|number| fabric.attach(port(number)));
        fabric.change(millis(0), &loss(percent(10))).unwrap();
        for (from, bytes) in frames {
            let verdict = fabric.receive(millis(1), port(from), &bytes);
            prop_assert!(verdict.is_ok() || bytes.len() < 14 || bytes[6] & 1 == 1 || bytes[6..12] == [0; 6]);
            if let Ok(Verdict { mut direct, mut lost, .. }) = verdict {
                prop_assert!(direct.all(|to| to.get() != from));
                prop_assert!(lost.all(|to| to.get() != from));
            }
        }
    }
}
