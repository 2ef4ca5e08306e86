//! Age checks: what a threshold or a policy does to minors and to adults.

use super::super::figures::{Challenge, PolicyFigures, ReferReason, SingleAge, Who};
use super::super::sample::AGES;
use super::AgeReport;
use super::cells::{ages, share};
use crate::report::{Axis, Figure, Layer, Place, Plot, Section, Table, percent, percents};

/// The summary, every threshold, every single age and every policy.
pub(super) fn sections(report: &AgeReport) -> Vec<Section> {
    let section = |title: &str, note: Option<&str>, place| Section {
        title: title.to_owned(),
        notes: note.map(str::to_owned).into_iter().collect(),
        plots: Vec::new(),
        tables: Vec::new(),
        place,
    };
    let refer = "Each row says of whom its figures are: the true ages stand beside them. REFER is a normal answer: use another \
                 method.";
    let few = "Single years hold few photos: read the intervals, not the figures.";
    vec![
        Section {
            plots: vec![challenge_plot(report)],
            tables: vec![checks(report), not_judged(report)],
            ..section("Age checks", None, Place::Summary)
        },
        Section {
            tables: vec![policies(report), reasons(report)],
            ..section("Named policies", Some(refer), Place::Page)
        },
        Section {
            plots: vec![single_ages_plot(report)],
            tables: vec![single_ages(report), challenge(report)],
            ..section("Single ages", Some(few), Place::Page)
        },
    ]
}

fn checks(report: &AgeReport) -> Table {
    let overall = &report.overall;
    let passes = overall.minor_pass_rate.iter().zip(overall.minor_pass_rate_interval.values());
    let refusals = overall.adult_refusal_rate.iter().zip(overall.adult_refusal_rate_interval.values());
    let row =
        |who: String, n: usize, rate, interval| vec![who, n.to_string(), percent(rate), percents(interval)];
    let passes = passes.map(|((age, rate), interval)| {
        row(format!("13–17 estimated at or over {age}"), overall.n_minors, *rate, *interval)
    });
    let refusals = refusals.map(|((age, rate), interval)| {
        row(format!("25+ estimated under {age}"), overall.n_adults, *rate, *interval)
    });
    Table {
        title: "Age checks by the estimate alone".to_owned(),
        header: vec!["who", "n", "share", "95 % interval"],
        rows: passes.chain(refusals).collect(),
    }
}

fn not_judged(report: &AgeReport) -> Table {
    let rows = report.by_reason.iter().map(|count| {
        let failure = share(count.failure_to_answer, count.failure_to_answer_interval);
        vec![count.reason.to_owned(), count.n.to_string(), count.n_answered.to_string(), failure]
    });
    Table {
        title: "Photos that an age check would not judge".to_owned(),
        header: vec!["reason", "n", "with an estimate", "without, of all photos"],
        rows: rows.collect(),
    }
}

fn by_age(report: &AgeReport) -> impl Iterator<Item = &Challenge> {
    report.overall.challenge_curve.iter().filter(|point| point.score == "age")
}

fn challenge_plot(report: &AgeReport) -> Figure {
    let minors =
        |point: &Challenge| Some((point.threshold, point.minor_pass_rate?, point.minor_pass_rate_interval?));
    let adults = |point: &Challenge| {
        Some((point.threshold, point.adult_refusal_rate?, point.adult_refusal_rate_interval?))
    };
    let (minors, adults): (Vec<_>, Vec<_>) =
        (by_age(report).filter_map(minors).collect(), by_age(report).filter_map(adults).collect());
    let mut layers = Vec::new();
    for (name, points) in [("13–17 passing", &minors), ("25+ refused", &adults)] {
        let band = points.iter().map(|(x, _, range)| (*x, *range)).collect();
        let line = points.iter().map(|(x, y, _)| (*x, *y)).collect();
        layers.push(Layer::Band { name: name.to_owned(), points: band });
        layers.push(Layer::Line { name: name.to_owned(), points: line });
    }
    Figure::Plot(Plot {
        title: "Challenge age: minors who pass, adults who are refused".to_owned(),
        caption: format!(
            "Whoever is estimated at or over the challenge age passes. Of {} photos of 13- to 17-year-olds and {} of people of 25 \
             and more; bands are 95 % intervals.",
            report.overall.n_minors, report.overall.n_adults
        ),
        x: Axis::number("challenge age, years").between(18.0, 30.0),
        y: Axis::percent("share").between(0.0, 1.0),
        layers,
    })
}

fn challenge(report: &AgeReport) -> Table {
    let row = |point: &Challenge| {
        let rule = match point.score {
            "age" => format!("age ≥ {}", point.threshold),
            _ => format!("P(under 18) ≤ {}", point.threshold),
        };
        let minors = share(point.minor_pass_rate, point.minor_pass_rate_interval);
        vec![rule, minors, share(point.adult_refusal_rate, point.adult_refusal_rate_interval)]
    };
    Table {
        title: "Any threshold: minors who pass, adults who are refused".to_owned(),
        header: vec!["passes if", "13–17 passing", "25+ refused"],
        rows: report.overall.challenge_curve.iter().map(row).collect(),
    }
}

fn single_ages_plot(report: &AgeReport) -> Figure {
    let of = |limit: u32| {
        let point = move |single: &SingleAge| Some((f64::from(single.age), single.at_or_over[&limit]?));
        report.by_age.iter().filter_map(point).collect()
    };
    let line = |limit: u32| Layer::Line { name: format!("at or over {limit}"), points: of(limit) };
    Figure::Plot(Plot {
        title: "What each single age is taken for".to_owned(),
        caption: "Share of the photos of each true age whose estimate is at or over a limit. The table has the intervals."
            .to_owned(),
        x: Axis::number("true age, years").between(8.0, 24.0),
        y: Axis::percent("share").between(0.0, 1.0),
        layers: AGES.into_iter().map(line).collect(),
    })
}

fn single_ages(report: &AgeReport) -> Table {
    let row = |single: &SingleAge| {
        let shares = single.at_or_over.values().zip(single.at_or_over_interval.values());
        let cells = shares.map(|(rate, interval)| share(*rate, *interval));
        [single.age.to_string(), single.n.to_string()].into_iter().chain(cells).collect()
    };
    Table {
        title: "Estimated at or over, by single age".to_owned(),
        header: vec!["true age", "n", "≥ 13", "≥ 16", "≥ 18", "≥ 21", "≥ 25"],
        rows: report.by_age.iter().map(row).collect(),
    }
}

fn policies(report: &AgeReport) -> Table {
    let rows = report.by_policy.iter().flat_map(|policy| {
        policy.by_age.iter().map(|group| {
            let who = match group.group {
                Who::Children | Who::Minors => "minors",
                Who::Buffer => "buffer",
                Who::Adults => "adults",
            };
            vec![
                policy.policy.clone(),
                format!("{} ({who})", ages(&group.band)),
                group.n.to_string(),
                share(group.pass_rate, group.pass_rate_interval),
                share(group.fail_rate, group.fail_rate_interval),
                share(group.refer_rate, group.refer_rate_interval),
            ]
        })
    });
    Table {
        title: "Outcomes by policy and true age".to_owned(),
        header: vec!["policy", "true ages", "n", "PASS", "FAIL", "REFER"],
        rows: rows.collect(),
    }
}

fn reasons(report: &AgeReport) -> Table {
    let of = |policy: &PolicyFigures| {
        let row = |reason: &ReferReason| {
            vec![policy.policy.clone(), reason.reason.to_owned(), reason.n.to_string(), percent(reason.share)]
        };
        policy.refer_reasons.iter().map(row).collect::<Vec<_>>()
    };
    Table {
        title: "Why photos were referred, of all that were decided".to_owned(),
        header: vec!["policy", "reason", "n", "share"],
        rows: report.by_policy.iter().flat_map(of).collect(),
    }
}
