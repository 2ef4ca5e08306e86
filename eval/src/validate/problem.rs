//! What can be wrong with data.

use std::fmt;

use serde::Serialize;

use crate::dataset::Location;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Problem {
    pub(super) kind: Kind,
    #[serde(flatten)]
    pub(super) location: Location,
    /// What exactly.
    pub(super) detail: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// A run would stop at it, or its figures would mislead.
    Error,
    /// Worth a look; there are good reasons for it.
    Warning,
}

/// What is wrong. Errors first, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    NoRows,
    BadRow,
    ImpossibleAge,
    MissingFile,
    UnreadableImage,
    FileTwice,
    SubjectInTwoSplits,
    NearDuplicateAcrossSplits,
    BadLabel,
    EmptyConversation,
    UnknownSignal,
    BadTime,
    ConversationIdTwice,
    OriginalInTwoSplits,
    DuplicateAcrossSplits,
    DuplicateLabelsDiffer,
    NearDuplicate,
    DuplicateAgesDiffer,
    Duplicate,
    NoText,
    OneSpeaker,
    MessageContradictsLabel,
    TimeGoesBack,
    AuthorNotFound,
}

impl Kind {
    /// A run stops at errors, or is misled by them.
    pub(super) fn severity(self) -> Severity {
        match self {
            Self::NearDuplicate
            | Self::DuplicateAgesDiffer
            | Self::Duplicate
            | Self::NoText
            | Self::OneSpeaker
            | Self::MessageContradictsLabel
            | Self::TimeGoesBack
            | Self::AuthorNotFound => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// What those that are counted have in common.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::NoRows => "nothing to look at",
            Self::BadRow => "rows that cannot be read",
            Self::ImpossibleAge => "photos without a possible age",
            Self::MissingFile => "photos that are not in the folder of images",
            Self::UnreadableImage => "images that cannot be decoded",
            Self::FileTwice => "photos that are listed again",
            Self::SubjectInTwoSplits => "subjects who are in a second split",
            Self::NearDuplicateAcrossSplits => "photos that look like one of another split",
            Self::BadLabel => "conversations without a label of 0 or 1",
            Self::EmptyConversation => "conversations without messages",
            Self::UnknownSignal => "conversations with a signal that does not exist",
            Self::BadTime => "conversations with a time that is none",
            Self::ConversationIdTwice => "conversations with the id of another",
            Self::OriginalInTwoSplits => "conversations with a piece in a second split",
            Self::DuplicateAcrossSplits => "conversations with the very text of one of another split",
            Self::DuplicateLabelsDiffer => "conversations with the very text of one with the other label",
            Self::NearDuplicate => "photos that look like one before",
            Self::DuplicateAgesDiffer => "photos that look like one of quite another age",
            Self::Duplicate => "conversations with the very text of one before",
            Self::NoText => "conversations of which no message has text",
            Self::OneSpeaker => "conversations with a single author",
            Self::MessageContradictsLabel => {
                "negative conversations with a message that is said to belong to the pattern"
            }
            Self::TimeGoesBack => "conversations whose messages are not in the order of their times",
            Self::AuthorNotFound => "listed authors who wrote nothing here",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// The name in JSON.
impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}
