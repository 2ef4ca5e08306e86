//! The named policies of a configuration, and what each decides on a photo that the service would accept. The deciding
//! itself is the served one.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::Path;

use anyhow::{Context, Result};
use models::age::ImageLimits;
use models::age::policy::{FaceFindings, Policy, PolicySpec, decide};
use models::lay_over;
use serde::Deserialize;
use toml::Table;

use super::sample::Decided;
use crate::report::PolicyIdentity;

/// What `ward serve` starts from.
const DEFAULTS: &str = include_str!("../../../ward.toml");

/// The file that `ward serve` looks for when none is named.
const FILE_NAME: &str = "ward.toml";

/// Every named policy, and what they are asked about.
#[derive(Debug, Clone)]
pub(crate) struct Policies {
    by_name: BTreeMap<String, Policy>,
    limits: ImageLimits,
    max_message_bytes: usize,
}

/// As much of the configuration as an age check depends on.
#[derive(Deserialize)]
struct Settings {
    server: ServerSettings,
    age: AgeSettings,
}

#[derive(Deserialize)]
struct ServerSettings {
    max_message_bytes: NonZeroUsize,
}

#[derive(Deserialize)]
struct AgeSettings {
    max_pixels: NonZeroU64,
    policies: BTreeMap<String, PolicySpec>,
}

impl Policies {
    /// Those that `ward serve` would have: of `file`, or else of ward.toml in the working directory, over the shipped ones.
    ///
    /// # Errors
    /// When the file cannot be read or parsed, or a policy contradicts itself.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self> {
        let path = file.unwrap_or(Path::new(FILE_NAME));
        let own = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if file.is_none() && error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => {
                let sentence = format!("cannot read the configuration {}", path.display());
                return Err(anyhow::Error::new(error).context(sentence));
            }
        };
        Self::parse(&own).with_context(|| format!("{} is not a valid configuration", path.display()))
    }

    /// Those of `own`, laid over the shipped ones.
    fn parse(own: &str) -> Result<Self> {
        let mut whole: Table = toml::from_str(DEFAULTS)?;
        lay_over(&mut whole, toml::from_str(own)?);
        let settings: Settings = whole.try_into()?;
        let checked = |(name, spec): (String, PolicySpec)| {
            let policy = Policy::new(spec).with_context(|| format!("[age.policies.{name}]"))?;
            Ok((name, policy))
        };
        let limits = ImageLimits { max_pixels: settings.age.max_pixels.get() };
        let max_message_bytes = settings.server.max_message_bytes.get();
        let by_name = settings.age.policies.into_iter().map(checked).collect::<Result<_>>()?;
        Ok(Self { by_name, limits, max_message_bytes })
    }

    /// Whether the file fits into a message that the service accepts; the few bytes around it are not counted.
    pub(crate) fn fits_a_message(&self, bytes: &[u8]) -> bool {
        bytes.len() <= self.max_message_bytes
    }

    /// How many pixels the service accepts.
    pub(crate) fn limits(&self) -> ImageLimits {
        self.limits
    }

    /// By name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Policy)> {
        self.by_name.iter().map(|(name, policy)| (name.as_str(), policy))
    }

    /// What each decides on the faces of one photo, largest first, in the order of [`Policies::iter`].
    pub(crate) fn decide(&self, faces: &[FaceFindings]) -> Box<[Decided]> {
        self.by_name.values().map(|policy| decide(policy, faces).into()).collect()
    }

    /// For the provenance.
    pub(crate) fn identities(&self) -> Vec<PolicyIdentity> {
        self.iter()
            .map(|(name, policy)| PolicyIdentity {
                name: name.to_owned(),
                sha256: policy.sha256().to_owned(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use models::age::Reason;
    use models::age::policy::Outcome;

    use super::*;

    fn names(policies: &Policies) -> Vec<&str> {
        policies.iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn the_shipped_policies_are_the_default() {
        let policies = Policies::parse("").unwrap();
        assert_eq!(names(&policies), ["over-13", "over-16", "over-18", "over-18-challenge-25"]);
        assert_eq!(policies.identities()[0].sha256.len(), 64);
        assert_eq!(policies.limits().max_pixels, 25_000_000);
        assert!(
            policies.fits_a_message(&vec![0; 8 << 20]) && !policies.fits_a_message(&vec![0; (8 << 20) + 1])
        );
    }

    #[test]
    fn an_own_file_is_laid_over_them() {
        let own = "[age]\nmax_pixels = 9\n[age.policies.over-18]\npass_if_over = 30\n[age.policies.mine]\nminimum_age = 21\n\
                   pass_if_over = 28\nfail_if_under = 0\nmax_minor_pass_probability = 0.1";
        let policies = Policies::parse(own).unwrap();
        assert_eq!((names(&policies)[0], policies.limits().max_pixels), ("mine", 9));
        let (_, over_18) = policies.iter().find(|(name, _)| *name == "over-18").unwrap();
        assert_eq!((over_18.spec().pass_if_over, over_18.spec().fail_if_under), (30.0, 13.0));
    }

    #[test]
    fn mistakes_are_named() {
        let message = |own: &str| format!("{:#}", Policies::parse(own).unwrap_err());
        let contradiction = message("[age.policies.over-13]\npass_if_over = 5");
        assert!(contradiction.contains("[age.policies.over-13]"), "{contradiction}");
        assert!(message("[age.policies.over-13]\npass_over = 5").contains("pass_over"));
        let missing = Policies::load(Some(Path::new("no/such.toml"))).unwrap_err().to_string();
        assert!(missing.contains("no/such.toml"), "{missing}");
    }

    #[test]
    fn no_face_is_referred_by_every_policy() {
        let decided = Policies::parse("").unwrap().decide(&[]);
        assert_eq!(decided.len(), 4);
        let referred = |one: &Decided| {
            one.outcome == Outcome::Refer && one.reasons.iter().eq(std::iter::once(Reason::NoFace))
        };
        assert!(decided.iter().all(referred));
    }
}
