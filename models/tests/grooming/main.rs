//! The grooming vertical on the shipped bundle: golden values, batches, refusals, the conversation's risk, the example.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod batches;
mod example;
mod golden;
mod refusals;
mod risk;
mod stages;
