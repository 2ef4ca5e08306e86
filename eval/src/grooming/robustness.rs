//! What the same decisions come to when the same conversations are written otherwise, at the shipped threshold.

use anyhow::{Context, Result};
use indicatif::ProgressBar;

use super::perturb::{Material, Perturbation};
use super::reservoir::Reservoir;
use super::stages::Stages;
use crate::dataset::Chat;
use crate::parallel;

/// Conversations that a thread takes at a time.
const BLOCK: usize = 16;

/// How often each conversation is judged: as it is, and in every perturbation.
pub(crate) const WAYS: usize = 1 + Perturbation::SPOILED.len() + Perturbation::PROBES.len();

/// Which of the drawn conversations had an alert, as they are and spoiled.
#[derive(Debug)]
pub(crate) struct Alerted {
    /// Of the run.
    pub(crate) seed: u64,
    /// Positives among the conversations; they come first.
    pub(crate) n_pos: usize,
    /// As they are.
    pub(crate) unperturbed: Vec<bool>,
    /// In the order of [`Perturbation::all`]; None where the data did not allow a perturbation.
    pub(crate) perturbed: Vec<(Perturbation, Option<Vec<bool>>)>,
}

/// Some conversations, to be judged in one way.
struct Task<'a> {
    perturbation: Option<Perturbation>,
    chats: &'a [&'a Chat],
}

/// Judges the drawn conversations as they are and in every perturbation; None if none was drawn.
///
/// # Errors
/// When the model fails.
pub(crate) fn measure(
    drawn: &Reservoir,
    seed: u64,
    stages: &mut [Stages],
    bar: &ProgressBar,
) -> Result<Option<Alerted>> {
    let chats: Vec<&Chat> = drawn.positives().iter().chain(drawn.negatives()).collect();
    if chats.is_empty() {
        return Ok(None);
    }
    let benign: Vec<&Chat> = drawn.negatives().iter().collect();
    let material = Material { seed, benign: &benign };
    let ways = || std::iter::once(None).chain(Perturbation::all().map(Some));
    let blocks =
        ways().flat_map(|way| chats.chunks(BLOCK).map(move |chats| Task { perturbation: way, chats }));
    let workers: Vec<_> =
        stages.iter_mut().map(|stages| move |task: Task<'_>| alerts(stages, &task, material)).collect();
    let mut alerted = Vec::with_capacity(WAYS * chats.len());
    parallel::in_order(blocks.map(Ok), workers, |block| {
        bar.inc(block.len() as u64);
        alerted.extend(block);
        Ok(())
    })?;
    let mut by_way =
        alerted.chunks(chats.len()).map(|way| way.iter().copied().collect::<Option<Vec<bool>>>());
    let unperturbed = by_way.next().flatten().context("no conversation was judged as it is")?;
    let perturbed = Perturbation::all().zip(by_way).collect();
    Ok(Some(Alerted { seed, n_pos: drawn.positives().len(), unperturbed, perturbed }))
}

/// Whether each conversation of the task has an alert; None where it could not be perturbed.
fn alerts(stages: &mut Stages, task: &Task<'_>, material: Material<'_>) -> Result<Vec<Option<bool>>> {
    let perturbed: Vec<Option<Chat>> = task
        .chats
        .iter()
        .map(|chat| match task.perturbation {
            None => Some((*chat).clone()),
            Some(perturbation) => perturbation.of(chat, material),
        })
        .collect();
    let given: Vec<Chat> = perturbed.iter().flatten().cloned().collect();
    let mut judged = stages.judge(&given)?.judgements.into_iter();
    let alert = |chat: &Option<Chat>| {
        chat.as_ref().and_then(|_| judged.next()).map(|one| one.walk.first_alert.is_some())
    };
    Ok(perturbed.iter().map(alert).collect())
}
