use super::*;

/// Close to what the simulated machine can do, and five times that.
const KNEE: f64 = 200.0;
const OVERLOAD: f64 = 5.0 * KNEE;

fn seeds() -> impl Iterator<Item = u64> {
    1..4
}

#[test]
fn every_request_is_answered_once_whatever_comes() {
    let mut random = Pcg64::seed_from_u64(7);
    for seed in 0..60 {
        let mut rules = rules(random.random_range(1..5));
        rules.full_batch = NonZeroUsize::new(random.random_range(1..300)).expect("not 0");
        rules.capacity = NonZeroUsize::new(random.random_range(40..2000)).expect("not 0");
        let load = Load {
            rate: random.random_range(10.0..3000.0),
            seconds: 1.0,
            deadline: Duration::from_millis(random.random_range(5..3000)),
            retries: 0.5,
            bulk: random.random(),
            items: [1, 1, 3, 40][random.random_range(0..4)],
            seed,
            rules,
        };
        let report = run(load);
        for outcome in [&report.interactive, &report.bulk] {
            assert_eq!(outcome.ended(), outcome.asked, "{load:?}");
        }
    }
}

#[test]
fn overload_costs_no_goodput_whether_or_not_callers_cancel() {
    for (seed, deadline) in seeds().flat_map(|seed| [(seed, WORTH), (seed, Duration::from_secs(5))]) {
        let at = |rate| run(Load { rate, deadline, seed, ..Load::default() }).interactive;
        let (knee, over) = (at(KNEE), at(OVERLOAD));
        assert!(over.in_time as f64 >= 0.97 * knee.in_time as f64, "{} {}", over.in_time, knee.in_time);
        assert!(over.late + over.expired <= over.in_time / 100, "{} {}", over.late, over.expired);
    }
}

#[test]
fn what_is_accepted_under_overload_comes_soon() {
    for seed in seeds() {
        let load =
            Load { rate: OVERLOAD, deadline: Duration::from_secs(5), retries: 0.0, seed, ..Load::default() };
        let p99 = run(load).interactive.p99();
        assert!(p99 <= 0.14, "{p99}");
    }
}

#[test]
fn nothing_fails_below_the_knee_and_answers_are_close_to_one_inference() {
    for seed in seeds() {
        let outcome = run(Load { rate: 0.7 * KNEE, seed, ..Load::default() }).interactive;
        assert_eq!(outcome.in_time, outcome.asked);
        assert!(outcome.p99() <= 4.0 * RUN.at(68.0), "{}", outcome.p99());
    }
}

#[test]
fn interactive_work_does_not_feel_bulk() {
    for seed in seeds() {
        let load = Load { rate: OVERLOAD, bulk: 0.9, seed, ..Load::default() };
        let Report { interactive, bulk, .. } = run(load);
        assert!(interactive.in_time as f64 >= 0.999 * interactive.asked as f64, "{interactive:?}");
        assert!(bulk.in_time > 0);
    }
}

#[test]
fn bulk_gets_its_share_however_much_interactive_work_comes() {
    for seed in seeds() {
        let deadline = Duration::from_secs(30);
        let at = |bulk| run(Load { rate: OVERLOAD, bulk, deadline, retries: 0.0, seed, ..Load::default() });
        let (alone, both) = (at(0.0).interactive.in_time, at(0.2));
        let answered = both.bulk.in_time + both.bulk.late;
        assert!(answered >= alone / 40, "{answered} bulk beside {alone}");
        assert!(both.interactive.in_time >= alone * 85 / 100, "{} of {alone}", both.interactive.in_time);
    }
}

#[test]
fn large_requests_are_answered_whole_and_in_turn() {
    for seed in seeds() {
        let deadline = Duration::from_secs(5);
        let load =
            Load { rate: 4.0 * KNEE / 64.0, items: 64, deadline, retries: 0.0, seed, ..Load::default() };
        let interactive = run(load).interactive;
        let answered = (interactive.in_time + interactive.late) as f64 / load.seconds * 64.0;
        assert!(answered >= 1.1 * KNEE, "{answered} messages a second");
        assert!(interactive.p99() <= 2.5, "{}", interactive.p99());
    }
}
