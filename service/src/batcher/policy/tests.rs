use std::num::NonZeroUsize;

use super::*;
use crate::batcher::simulation::rules;

const FAR: Moment = Moment::from_secs(1000);

fn ms(milliseconds: u64) -> Moment {
    Moment::from_millis(milliseconds)
}

fn claim(priority: Priority, deadline: Moment, sizes: &[usize]) -> Claim<'_> {
    Claim { priority, deadline, sizes }
}

fn admit(policy: &mut Policy, priority: Priority, deadline: Moment) -> Rank {
    policy.admit(Moment::ZERO, &claim(priority, deadline, &[40])).expect("room")
}

/// Occupies the only worker, so that what comes next waits.
fn occupied() -> (Policy, Step) {
    let mut policy = Policy::new(rules(1));
    admit(&mut policy, Priority::Interactive, FAR);
    let prepare = policy.next(Moment::ZERO, 0).expect("work");
    policy.prepared(&prepare, &[Preparation::Ready(13)], Span { end: Moment::ZERO, took: Moment::ZERO });
    let step = policy.next(Moment::ZERO, 0).expect("work");
    (policy, step)
}

/// Does all work, each item of a weight of its own; the order in which requests ran.
fn work_off(policy: &mut Policy, mut step: Option<Step>) -> Vec<Rank> {
    let (mut ran, mut weight, mut now) = (Vec::new(), 0, Moment::ZERO);
    while let Some(step) = step.take().or_else(|| policy.next(now, 0)) {
        now += ms(5);
        let time = Span { end: now, took: ms(5) };
        if step.work == Work::Run {
            policy.ran(&step, time);
            ran.extend(step.items.iter().map(|(rank, _)| *rank));
        } else {
            // So different that no two run together.
            let items: Vec<_> =
                step.items.iter().map(|_| (weight += 30, Preparation::Ready(weight)).1).collect();
            policy.prepared(&step, &items, time);
        }
    }
    ran
}

#[test]
fn the_earliest_deadline_runs_first_and_bulk_last() {
    let (mut policy, step) = occupied();
    let bulk = admit(&mut policy, Priority::Bulk, ms(60));
    let last = admit(&mut policy, Priority::Interactive, ms(90));
    let first = admit(&mut policy, Priority::Interactive, ms(70));
    let ran = work_off(&mut policy, Some(step));
    assert_eq!(ran[1..], [first, last, bulk]);
}

#[test]
fn equals_run_in_order_of_arrival() {
    let (mut policy, step) = occupied();
    let asked: Vec<Rank> = (0..5).map(|_| admit(&mut policy, Priority::Interactive, ms(200))).collect();
    assert_eq!(work_off(&mut policy, Some(step))[1..], asked);
}

#[test]
fn a_free_worker_refuses_nobody_however_near_the_deadline() {
    let mut policy = Policy::new(rules(1));
    admit(&mut policy, Priority::Interactive, ms(1));
    assert!(policy.next(Moment::ZERO, 0).is_some(), "it runs at once");
}

#[test]
fn what_cannot_make_its_deadline_is_refused_with_the_time_that_is_missing() {
    let (mut policy, _step) = occupied();
    let soon = claim(Priority::Interactive, ms(40), &[40]);
    let admitted = (0..100).take_while(|_| policy.admit(Moment::ZERO, &soon).is_ok()).count();
    assert!((3..8).contains(&admitted), "{admitted}");
    let refusal = policy.admit(Moment::ZERO, &soon).expect_err("late");
    assert_eq!(refusal.cause, Cause::Wait);
    assert!(refusal.retry_after > Moment::ZERO && refusal.retry_after < ms(100), "{refusal:?}");
    assert!(policy.admit(Moment::ZERO, &claim(Priority::Interactive, ms(300), &[40])).is_ok());
}

#[test]
fn a_far_deadline_is_no_leave_to_wait_for_it() {
    let (mut policy, _step) = occupied();
    let admitted = (0..1000)
        .take_while(|_| policy.admit(Moment::ZERO, &claim(Priority::Interactive, FAR, &[40])).is_ok());
    let admitted = admitted.count();
    assert!((5..60).contains(&admitted), "{admitted}");
    assert!(policy.admit(Moment::ZERO, &claim(Priority::Bulk, FAR, &[40])).is_ok(), "bulk may wait");
}

#[test]
fn nobody_is_made_late_by_one_who_comes_after() {
    let (mut policy, _step) = occupied();
    // Due late, since it is large, and with little to spare.
    let large = policy.admit(Moment::ZERO, &claim(Priority::Interactive, ms(200), &[40; 32]));
    assert!(large.is_ok());
    let later = (0..100)
        .take_while(|_| policy.admit(Moment::ZERO, &claim(Priority::Interactive, ms(100), &[40])).is_ok());
    let later = later.count();
    assert!((1..9).contains(&later), "{later} would make the large one late");
}

#[test]
fn room_is_counted_in_items_and_given_back() {
    let mut rules = rules(1);
    rules.capacity = NonZeroUsize::new(10).expect("10");
    let mut policy = Policy::new(rules);
    let rank = policy.admit(Moment::ZERO, &claim(Priority::Bulk, FAR, &[40; 8])).expect("room");
    let refusal = policy.admit(Moment::ZERO, &claim(Priority::Bulk, FAR, &[40; 3])).expect_err("no room");
    assert_eq!(refusal.cause, Cause::Capacity);
    assert_eq!(policy.withdraw(rank), Some(8));
    assert_eq!(policy.withdraw(rank), None);
    assert!(policy.admit(Moment::ZERO, &claim(Priority::Bulk, FAR, &[40; 3])).is_ok());
}

#[test]
fn what_is_withdrawn_never_runs() {
    let (mut policy, step) = occupied();
    let gone = admit(&mut policy, Priority::Interactive, FAR);
    let stays = admit(&mut policy, Priority::Interactive, FAR);
    policy.withdraw(gone);
    assert_eq!(work_off(&mut policy, Some(step))[1..], [stays]);
}

#[test]
fn what_is_past_its_deadline_is_told_so() {
    let (mut policy, _step) = occupied();
    let late = admit(&mut policy, Priority::Interactive, ms(250));
    assert!(policy.expired(ms(249)).is_empty());
    assert_eq!(policy.expired(ms(250)), [late]);
}

#[test]
fn free_workers_share_what_waits() {
    let mut policy = Policy::new(rules(4));
    policy.admit(Moment::ZERO, &claim(Priority::Interactive, FAR, &[40; 8])).expect("room");
    let prepare = policy.next(Moment::ZERO, 3).expect("work");
    assert_eq!(prepare.items.len(), 2, "a quarter");
}

/// What a large item takes, once many were prepared in a microsecond each and this came of them.
fn cost_after(item: Preparation) -> f64 {
    let large = [20_000];
    let mut policy = Policy::new(rules(1));
    for _ in 0..100 {
        policy.admit(Moment::ZERO, &claim(Priority::Interactive, FAR, &large)).expect("room");
        let step = policy.next(Moment::ZERO, 0).expect("work");
        let took = Duration::from_micros(1);
        policy.prepared(&step, &[item], Span { end: Moment::ZERO, took });
    }
    policy.costs.of_preparing(&large)
}

#[test]
fn what_is_refused_teaches_nothing_of_what_it_would_have_taken() {
    let before = Policy::new(rules(1)).costs.of_preparing(&[20_000]);
    assert_eq!(cost_after(Preparation::Refused(Duration::from_micros(1))), before);
    assert!(cost_after(Preparation::Finished) < before / 10.0, "what is in order teaches");
}

#[test]
fn beside_what_is_refused_others_teach_what_they_took_themselves() {
    let costs = |items: &[Preparation], took| {
        let mut policy = Policy::new(rules(1));
        policy.admit(Moment::ZERO, &claim(Priority::Interactive, FAR, &vec![40; items.len()])).expect("room");
        let step = policy.next(Moment::ZERO, 0).expect("work");
        policy.prepared(&step, items, Span { end: Moment::ZERO, took });
        policy.costs.of_preparing(&[40])
    };
    let alone = costs(&[Preparation::Ready(13)], ms(3));
    assert_eq!(costs(&[Preparation::Refused(ms(7)), Preparation::Ready(13)], ms(10)), alone);
}

/// When one runs that is prepared, while further ones come without end that turn out to need no run.
fn runs_beside_endless_finished(priority: Priority, deadline: Moment) -> Moment {
    let mut policy = Policy::new(rules(1));
    let lead = admit(&mut policy, priority, deadline);
    let step = policy.next(Moment::ZERO, 0).expect("work");
    policy.prepared(&step, &[Preparation::Ready(13)], Span { end: Moment::ZERO, took: Moment::ZERO });
    let mut now = Moment::ZERO;
    while now < FAR {
        policy.admit(now, &claim(priority, FAR, &[40])).expect("room");
        let step = policy.next(now, 0).expect("work");
        if step.work == Work::Run {
            assert_eq!(step.items, [(lead, 0)]);
            break;
        }
        now += ms(5);
        policy.prepared(&step, &[Preparation::Finished], Span { end: now, took: ms(5) });
    }
    now
}

#[test]
fn what_is_prepared_does_not_wait_for_ever_for_a_batch_that_never_fills() {
    let ran = runs_beside_endless_finished(Priority::Interactive, Moment::from_secs(10));
    assert!(ran < ms(300), "once it is due: {ran:?}");
    // Bulk is due at its deadline, and so is what is in haste.
    for (priority, deadline) in [(Priority::Bulk, Moment::from_secs(10)), (Priority::Interactive, ms(50))] {
        let ran = runs_beside_endless_finished(priority, deadline);
        assert!(ran < deadline - ms(5), "in time: {ran:?}");
    }
}
