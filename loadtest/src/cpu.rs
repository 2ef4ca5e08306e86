//! What this process has taken of the processor.

use std::time::Duration;

/// Linux counts in hundredths of a second towards programs, on every machine that Ward is built for.
const TICK: Duration = Duration::from_millis(10);

/// User and system time so far. None: the system does not tell.
pub(crate) fn taken() -> Option<Duration> {
    parse(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

/// Fields are counted from after the name, which is in parentheses and may hold anything: state is the first of them.
fn parse(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(TICK * ticks()?.saturating_add(ticks()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_summed() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 120 30 0 0 20 0 4 0 1000";
        assert_eq!(parse(stat), Some(Duration::from_millis(1500)));
        assert_eq!(parse("7 (a) S 1"), None);
    }
}
