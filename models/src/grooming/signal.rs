//! The twelve signals and the four stages.

use std::collections::BTreeMap;
use std::ops::Index;

use serde::Deserialize;

/// What can be seen in a message: a literal observable, whoever says it and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Signal {
    /// Asks for the other's age.
    AgeProbe,
    /// Asks whether parents or other adults are near or watching.
    GuardianCheck,
    /// Asks to keep something between the two.
    Secrecy,
    /// Sets the other apart from family and friends.
    Isolation,
    /// Asks to go on in another app or in private.
    PlatformMove,
    /// Offers gifts, money or game items.
    GiftOffer,
    /// Flatters, or claims a special closeness.
    FlatteryIntimacy,
    /// Asks for a photo.
    PhotoRequest,
    /// Asks to meet in person.
    MeetRequest,
    /// Asks where the other lives, goes to school or is.
    LocationProbe,
    /// Presses with guilt, anger or threats.
    PressureThreat,
    /// Offers to be the one who understands and can be trusted.
    TrustBuilding,
}

/// Where in the pattern a signal belongs. The order is the order of escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroomingStage {
    /// Getting to know: age, place.
    Contact,
    /// Flattery, gifts, trust.
    Trust,
    /// Secrecy, away from guardians and from the platform.
    Isolation,
    /// Photos, meetings, pressure.
    Approach,
}

impl Signal {
    /// All twelve, in the order of the model's outputs.
    pub const ALL: [Self; 12] = [
        Self::AgeProbe,
        Self::GuardianCheck,
        Self::Secrecy,
        Self::Isolation,
        Self::PlatformMove,
        Self::GiftOffer,
        Self::FlatteryIntimacy,
        Self::PhotoRequest,
        Self::MeetRequest,
        Self::LocationProbe,
        Self::PressureThreat,
        Self::TrustBuilding,
    ];

    /// The name in manifests, data and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AgeProbe => "AGE_PROBE",
            Self::GuardianCheck => "GUARDIAN_CHECK",
            Self::Secrecy => "SECRECY",
            Self::Isolation => "ISOLATION",
            Self::PlatformMove => "PLATFORM_MOVE",
            Self::GiftOffer => "GIFT_OFFER",
            Self::FlatteryIntimacy => "FLATTERY_INTIMACY",
            Self::PhotoRequest => "PHOTO_REQUEST",
            Self::MeetRequest => "MEET_REQUEST",
            Self::LocationProbe => "LOCATION_PROBE",
            Self::PressureThreat => "PRESSURE_THREAT",
            Self::TrustBuilding => "TRUST_BUILDING",
        }
    }

    /// Where in the pattern it belongs.
    #[must_use]
    pub fn stage(self) -> GroomingStage {
        match self {
            Self::AgeProbe | Self::LocationProbe => GroomingStage::Contact,
            Self::TrustBuilding | Self::FlatteryIntimacy | Self::GiftOffer => GroomingStage::Trust,
            Self::GuardianCheck | Self::Secrecy | Self::Isolation | Self::PlatformMove => {
                GroomingStage::Isolation
            }
            Self::PhotoRequest | Self::MeetRequest | Self::PressureThreat => GroomingStage::Approach,
        }
    }
}

impl GroomingStage {
    /// All four, in the order of escalation.
    pub const ALL: [Self; 4] = [Self::Contact, Self::Trust, Self::Isolation, Self::Approach];

    /// The name in data and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "CONTACT",
            Self::Trust => "TRUST",
            Self::Isolation => "ISOLATION",
            Self::Approach => "APPROACH",
        }
    }
}

/// One value for each signal. In a manifest: a table with all twelve names, and no other.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "BTreeMap<Signal, T>", bound(deserialize = "T: Deserialize<'de> + Copy"))]
pub struct PerSignal<T>(pub [T; 12]);

impl<T> Index<Signal> for PerSignal<T> {
    type Output = T;

    fn index(&self, signal: Signal) -> &T {
        &self.0[signal as usize]
    }
}

impl<T: Copy> TryFrom<BTreeMap<Signal, T>> for PerSignal<T> {
    type Error = String;

    fn try_from(table: BTreeMap<Signal, T>) -> Result<Self, String> {
        if let Some(missing) = Signal::ALL.iter().find(|signal| !table.contains_key(signal)) {
            return Err(format!("{} is missing", missing.as_str()));
        }
        Ok(Self(Signal::ALL.map(|signal| table[&signal])))
    }
}
