//! Normalises texts as the service does, for the recipes that train its model: `cargo run --example normalise -- TOKENIZER.json`.
//!
//! Reads one JSON string a line from standard input and answers each with one JSON string on standard output.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::path::Path;

use models::grooming::normaliser;

fn main() -> Result<(), Box<dyn Error>> {
    let tokenizer = std::env::args().nth(1).ok_or("give a tokenizer.json")?;
    let normaliser = normaliser(Path::new(&tokenizer))?;
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        serde_json::to_writer(&mut out, &normaliser.normalise(&text).text)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}
