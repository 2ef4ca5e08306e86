"""The twelve signals and the four stages, in the order of the model's outputs. None of them is explicit."""

from __future__ import annotations

STAGES = ("CONTACT", "TRUST", "ISOLATION", "APPROACH")

STAGE_OF_SIGNAL = {
    "AGE_PROBE": "CONTACT",
    "GUARDIAN_CHECK": "ISOLATION",
    "SECRECY": "ISOLATION",
    "ISOLATION": "ISOLATION",
    "PLATFORM_MOVE": "ISOLATION",
    "GIFT_OFFER": "TRUST",
    "FLATTERY_INTIMACY": "TRUST",
    "PHOTO_REQUEST": "APPROACH",
    "MEET_REQUEST": "APPROACH",
    "LOCATION_PROBE": "CONTACT",
    "PRESSURE_THREAT": "APPROACH",
    "TRUST_BUILDING": "TRUST",
}

SIGNALS = tuple(STAGE_OF_SIGNAL)
SIGNAL_INDEX = {signal: index for index, signal in enumerate(SIGNALS)}

# The model's outputs: one per signal, then whether the message belongs to the pattern.
OUTPUTS = (*SIGNALS, "RISK")
