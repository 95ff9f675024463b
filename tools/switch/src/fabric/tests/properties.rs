// SPDX-License-Identifier: GPL-2.0

//! Properties of any traffic.

use proptest::{
    collection,
    prelude::*, //
};

use super::*;

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
    collection::vec(step, 0..150).boxed()
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
        steps in collection::vec(traffic(), 0..150),
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
        pauses in collection::vec(0..12u64, 1..80),
    ) {
        let changes = [delay(least, 0), reorder(percent(share))];
        let mut steps: Vec<Step> = changes.map(Step::Change).into();
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
        noise in collection::vec((2..=NODES, 1..=NODES), 0..100),
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
        frames in collection::vec((1..=NODES, collection::vec(any::<u8>(), 0..40)), 0..100),
    ) {
        let mut fabric = Fabric::new(1);
        (1..=NODES).for_each(|number| fabric.attach(port(number)));
        fabric.change(millis(0), &loss(percent(10))).unwrap();
        for (from, bytes) in frames {
            let verdict = fabric.receive(millis(1), port(from), &bytes);
            let is_frame = bytes.len() >= 14 && bytes[6] & 1 == 0 && bytes[6..12] != [0; 6];
            prop_assert_eq!(verdict.is_ok(), is_frame);
            if let Ok(Verdict { mut direct, mut lost, .. }) = verdict {
                prop_assert!(direct.all(|to| to.get() != from));
                prop_assert!(lost.all(|to| to.get() != from));
            }
        }
    }
}
