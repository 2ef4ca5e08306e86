//! The program as a user runs it, with the bundles that ship, on data made here.

#![allow(clippy::unwrap_used)] // Clippy knows tests by #[test]; helpers of an integration test have none.

mod age;
mod compare;
mod formats;
mod grooming;
mod interrupt;
mod program;
mod reports;
mod validate;
