//! How far a run is, for a person who watches: on standard error, as a bar on a terminal and as a line now and then in a log.
//!
//! A bar takes itself off the screen when it is dropped, however the work ends.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// Between two lines of a log, and before the first: short work is over by then.
const SILENCE: Duration = Duration::from_secs(10);

/// Between two looks at the clock.
const BEAT: Duration = Duration::from_secs(1);

/// Wider than any line of a log.
const WIDTH: u16 = 200;

/// A bar over so many photos.
///
/// # Errors
/// Never, but by a mistake of ours.
pub(crate) fn photos(count: usize) -> Result<ProgressBar> {
    items(count, "photos")
}

/// A bar over so many of what `name` says, in the plural.
///
/// # Errors
/// Never, but by a mistake of ours.
pub(crate) fn items(count: usize, name: &str) -> Result<ProgressBar> {
    bar(count as u64, &format!("{{human_pos}}/{{human_len}} {name} · {{per_sec}} · {{eta}} left"))
}

/// A bar over the bytes of `files`: how many conversations they hold is known only at the end. `tell` says the rest.
///
/// # Errors
/// When a file is not there.
pub(crate) fn bytes(files: &[PathBuf]) -> Result<ProgressBar> {
    let size = |file: &PathBuf| {
        let metadata = file.metadata().with_context(|| format!("cannot read {}", file.display()))?;
        Ok(metadata.len())
    };
    let total = files.iter().map(size).sum::<Result<u64>>()?;
    bar(total, "{bytes}/{total_bytes}{msg} · {eta} left")
}

/// Says on a bar over bytes how much of what people count was in them.
pub(crate) fn tell(bar: &ProgressBar, conversations: usize, messages: usize) {
    let rate = messages as f64 / bar.elapsed().as_secs_f64().max(0.001);
    bar.set_message(format!(" · {conversations} conversations · {rate:.0} messages/s"));
}

fn bar(length: u64, told: &str) -> Result<ProgressBar> {
    let is_terminal = io::stderr().is_terminal();
    let (target, template) = if is_terminal {
        (ProgressDrawTarget::stderr(), format!("{{bar:32}} {told}"))
    } else {
        (ProgressDrawTarget::term_like_with_hz(Box::new(Log::new(io::stderr())), 1), told.to_owned())
    };
    let style = ProgressStyle::with_template(&template)?;
    let bar = ProgressBar::with_draw_target(Some(length), target).with_style(style);
    // Else the time left would stay as it was while a long item is under way.
    bar.enable_steady_tick(BEAT);
    Ok(bar)
}

/// A terminal without a cursor, such as a file: of all that is drawn, it keeps a line now and then.
#[derive(Debug)]
struct Log<W> {
    state: Mutex<State<W>>,
}

#[derive(Debug)]
struct State<W> {
    output: W,
    line: String,
    due: Instant,
}

impl<W> Log<W> {
    fn new(output: W) -> Self {
        Self { state: Mutex::new(State { output, line: String::new(), due: Instant::now() + SILENCE }) }
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> State<W> {
    /// Writes the line that was drawn last, if it is time.
    fn end_line(&mut self, now: Instant) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        if line.trim().is_empty() || now < self.due {
            return Ok(());
        }
        self.due = now + SILENCE;
        writeln!(self.output, "{}", line.trim())
    }
}

impl<W: Write + Send + std::fmt::Debug> TermLike for Log<W> {
    fn width(&self) -> u16 {
        WIDTH
    }

    fn move_cursor_up(&self, _lines: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _lines: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _columns: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _columns: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.state().line.push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.state().line.clear();
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        self.state().end_line(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a log says when a line is drawn at each of these seconds.
    fn said_at(seconds: &[u64]) -> String {
        let log = Log::new(Vec::new());
        let mut state = log.state();
        let begin = state.due - SILENCE;
        for second in seconds {
            state.line = format!("at {second}   ");
            state.end_line(begin + Duration::from_secs(*second)).unwrap();
        }
        String::from_utf8(state.output.clone()).unwrap()
    }

    #[test]
    fn a_log_has_a_line_now_and_then() {
        assert_eq!(said_at(&[0, 1, 9]), "");
        assert_eq!(said_at(&[1, 9, 10, 11, 19, 20, 45, 46]), "at 10\nat 20\nat 45\n");
    }

    #[test]
    fn a_bar_that_is_taken_off_leaves_no_empty_line() {
        let log = Log::new(Vec::new());
        let mut state = log.state();
        state.line = "   ".to_owned();
        let later = state.due;
        state.end_line(later).unwrap();
        assert!(state.output.is_empty());
    }

    #[test]
    fn templates_are_ones_that_the_crate_knows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chats.jsonl");
        std::fs::write(&file, "12345").unwrap();
        let bar = bytes(std::slice::from_ref(&file)).unwrap();
        tell(&bar, 2, 10);
        assert_eq!(bar.length(), Some(5));
        assert!(bar.message().starts_with(" · 2 conversations · "));
        assert_eq!(photos(7).unwrap().length(), Some(7));
        assert!(bytes(&[folder.path().join("missing")]).unwrap_err().to_string().contains("missing"));
    }
}
