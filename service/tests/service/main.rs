//! A real server on port 0, real models, a real client.

#![allow(clippy::expect_used, clippy::panic)] // a test that cannot go on fails

mod age;
mod drain;
mod grooming;
mod health;
mod index;
mod overload;
mod privacy;
mod refusals;
mod server;
mod start;
mod streams;
