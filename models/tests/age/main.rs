//! The age vertical on the shipped bundles: golden values, batches, refusals, orientation, quality, policy.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod batches;
mod formats;
mod golden;
mod hardships;
mod others;
mod pictures;
mod policy;
mod quality;
mod refusals;
mod stages;
