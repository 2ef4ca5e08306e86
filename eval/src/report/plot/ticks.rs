//! Round numbers along an axis, and how they are written.

use super::{Scale, Unit};
use crate::metrics::Range;

/// From here on, thousands are set apart.
const SEPARATED_FROM: f64 = 1_000.0;

/// At most so many round numbers between the ends; fewer than two only where the ends are closer than digits go.
pub(super) fn ticks(ends: Range, scale: Scale, unit: Unit, most: usize) -> Vec<f64> {
    match scale {
        Scale::Linear => linear(ends, unit, most),
        Scale::Log10 => {
            let powers = powers_of_ten(ends, most);
            if powers.len() > 1 { powers } else { linear(ends, unit, most) }
        }
    }
}

/// As on a ruler: steps of 1, 2 or 5 times a power of ten. Whole percents are whole, too.
fn linear(ends: Range, unit: Unit, most: usize) -> Vec<f64> {
    let shown = factor(unit);
    let (low, high) = (ends.low * shown, ends.high * shown);
    let step = step((high - low) / most.max(1) as f64);
    // An end that is round but for the last bit is round.
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let count = (last - first) as usize + 1;
    (0..count).map(|place| (first + place as f64) * step / shown).collect()
}

/// The smallest round step that is at least `least`.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let round = [1.0, 2.0, 5.0].into_iter().map(|digit| digit * power);
    round.into_iter().find(|&step| step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

fn powers_of_ten(ends: Range, most: usize) -> Vec<f64> {
    let (first, last) = ((ends.low.log10() - 1e-9).ceil() as i32, (ends.high.log10() + 1e-9).floor() as i32);
    let count = usize::try_from(last - first + 1).unwrap_or(0);
    let stride = count.div_ceil(most.max(1)).max(1);
    (first..=last).step_by(stride).map(|power| 10_f64.powi(power)).collect()
}

/// How a number of an axis is written: without digits that say nothing.
pub(super) fn label(value: f64, unit: Unit) -> String {
    let shown = value * factor(unit);
    let number = match shown.abs() {
        0.0 => "0".to_owned(),
        size if !(1e-7..1e12).contains(&size) => format!("{shown:e}"),
        size if size >= SEPARATED_FROM => separated(&plain(shown)),
        _ => plain(shown),
    };
    match unit {
        Unit::Number => number,
        // The space does not break a line, and the sign stays with its number.
        Unit::Percent => format!("{number}\u{a0}%"),
    }
}

/// Six digits that count, and no zeros behind them.
fn plain(value: f64) -> String {
    let decimals = (5 - value.abs().log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.replace('-', "−")
}

fn separated(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let digits = whole.chars().filter(char::is_ascii_digit).count();
    let mut text = String::new();
    let mut left = digits;
    for character in whole.chars() {
        if character.is_ascii_digit() {
            if left < digits && left % 3 == 0 {
                text.push(',');
            }
            left -= 1;
        }
        text.push(character);
    }
    text + rest
}

fn factor(unit: Unit) -> f64 {
    match unit {
        Unit::Number => 1.0,
        Unit::Percent => 100.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, scale: Scale, unit: Unit) -> Vec<String> {
        let ticks = ticks(Range { low, high }, scale, unit, 6);
        assert!(ticks.len() <= 7, "{ticks:?}");
        ticks.into_iter().map(|tick| label(tick, unit).replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn ticks_are_round() {
        let linear = |low, high| labels(low, high, Scale::Linear, Unit::Number);
        assert_eq!(linear(0.0, 104.0), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(linear(-5.4, 5.4), ["−4", "−2", "0", "2", "4"]);
        assert_eq!(linear(0.0, 0.3), ["0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3"]);
        assert_eq!(linear(0.0, 60_000.0), ["0", "10,000", "20,000", "30,000", "40,000", "50,000", "60,000"]);
    }

    #[test]
    fn shares_are_written_as_percents() {
        let percent = |low, high, scale| labels(low, high, scale, Unit::Percent);
        assert_eq!(percent(0.0, 1.0, Scale::Linear), ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]);
        assert_eq!(
            percent(0.97, 1.0, Scale::Linear),
            ["97 %", "97.5 %", "98 %", "98.5 %", "99 %", "99.5 %", "100 %"]
        );
        assert_eq!(percent(1e-4, 1.0, Scale::Log10), ["0.01 %", "0.1 %", "1 %", "10 %", "100 %"]);
    }

    #[test]
    fn many_decades_are_thinned_and_few_are_filled() {
        let log = |low, high| labels(low, high, Scale::Log10, Unit::Number);
        assert_eq!(log(1e-6, 1e6).len(), 5);
        assert_eq!(log(1.0, 1e6), ["1", "100", "10,000", "1,000,000"]);
        assert_eq!(log(2.0, 8.0), ["2", "3", "4", "5", "6", "7", "8"]);
    }

    #[test]
    fn numbers_of_any_size_are_short() {
        let number = |value| label(value, Unit::Number);
        assert_eq!((number(0.000_01), number(1.0 / 3.0)), ("0.00001".to_owned(), "0.333333".to_owned()));
        assert_eq!((number(-12_345.5), number(3e13)), ("−12,345.5".to_owned(), "3e13".to_owned()));
    }
}
