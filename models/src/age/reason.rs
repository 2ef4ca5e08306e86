//! Why a face cannot be judged, or why a check did not pass.

/// A reason, as answers name it. All of them are answers, none is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No face was found.
    NoFace,
    /// More than one face of comparable size.
    MultipleFaces,
    /// The face has too few pixels.
    FaceTooSmall,
    /// The face reaches too far past the photo's edge.
    FaceCutOff,
    /// The face is not sharp.
    Blurred,
    /// The face is too dark.
    TooDark,
    /// The face is too bright.
    TooBright,
    /// The head is turned too far.
    ExtremePose,
    /// The apparent age lies between failing and passing.
    InBufferZone,
    /// The interval is too wide to decide on.
    IntervalTooWide,
    /// Looks old enough, but the risk of passing a minor is above the policy's limit.
    MinorRisk,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::NoFace,
        Self::MultipleFaces,
        Self::FaceTooSmall,
        Self::FaceCutOff,
        Self::Blurred,
        Self::TooDark,
        Self::TooBright,
        Self::ExtremePose,
        Self::InBufferZone,
        Self::IntervalTooWide,
        Self::MinorRisk,
    ];

    /// The stable name, in upper snake case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoFace => "NO_FACE",
            Self::MultipleFaces => "MULTIPLE_FACES",
            Self::FaceTooSmall => "FACE_TOO_SMALL",
            Self::FaceCutOff => "FACE_CUT_OFF",
            Self::Blurred => "BLURRED",
            Self::TooDark => "TOO_DARK",
            Self::TooBright => "TOO_BRIGHT",
            Self::ExtremePose => "EXTREME_POSE",
            Self::InBufferZone => "IN_BUFFER_ZONE",
            Self::IntervalTooWide => "INTERVAL_TOO_WIDE",
            Self::MinorRisk => "MINOR_RISK",
        }
    }

    /// A stable key for what to tell the person in front of the camera.
    #[must_use]
    pub fn guidance(self) -> &'static str {
        match self {
            Self::NoFace | Self::MultipleFaces => "SHOW_ONE_FACE",
            Self::FaceTooSmall => "MOVE_CLOSER",
            Self::FaceCutOff => "CENTRE_THE_FACE",
            Self::Blurred => "HOLD_STILL",
            Self::TooDark => "MORE_LIGHT",
            Self::TooBright => "LESS_LIGHT",
            Self::ExtremePose => "FACE_THE_CAMERA",
            Self::IntervalTooWide => "TAKE_ANOTHER_PHOTO",
            Self::InBufferZone | Self::MinorRisk => "USE_ANOTHER_METHOD",
        }
    }

    /// Whether a better photo may change the outcome.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        !matches!(self, Self::InBufferZone | Self::MinorRisk)
    }
}
