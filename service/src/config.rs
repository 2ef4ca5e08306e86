//! `ward.toml`, parsed once into types that cannot be wrong. The one door to the machine's settings.
//!
//! The shipped `ward.toml` is compiled in and *is* the defaults; a file of the user's own is laid over it. A path that the
//! file sets is relative to the file's folder, one that it leaves as it is to the working directory.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use models::age::policy::{Policy, PolicySpec};
use models::grooming::Screening;
use models::{InputError, LoadError, lay_over};
use serde::Deserialize;
use toml::Table;

const DEFAULTS: &str = include_str!("../../ward.toml");

/// The file looked for when none is named.
pub const FILE_NAME: &str = "ward.toml";

/// How the metrics call a policy that came with a request: no configured policy may have that name.
pub(crate) const INLINE: &str = "inline";

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Addresses and bounds of the server.
    pub server: Server,
    /// What is logged, and how.
    pub log: Log,
    /// Apparent ages.
    pub age: Age,
    /// Grooming risk.
    pub grooming: Grooming,
}

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// gRPC.
    pub listen: SocketAddr,
    /// HTTP for metrics and probes.
    pub admin_listen: SocketAddr,
    /// See [`Server::deadline`].
    pub deadline_ms: NonZeroU64,
    /// See [`Server::max_wait`].
    pub max_wait_ms: NonZeroU64,
    /// See [`Server::drain`].
    pub drain_ms: u64,
    /// The largest message accepted, bytes.
    pub max_message_bytes: NonZeroUsize,
}

impl Server {
    /// The longest that one request may take.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms.get())
    }

    /// The longest that an interactive request is let wait for a worker; what would wait longer is refused at once.
    #[must_use]
    pub fn max_wait(&self) -> Duration {
        Duration::from_millis(self.max_wait_ms.get())
    }

    /// How long requests in flight may go on after a shutdown began.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }
}

/// `[log]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The least severe level that is logged.
    pub level: Level,
    /// For people or for programs.
    pub format: Format,
}

/// A level of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people; in colour on a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[age]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Age {
    /// Folder of the age bundle.
    pub bundle: PathBuf,
    /// Folder of the detector bundle.
    pub detector: PathBuf,
    /// Photos admitted at once.
    pub capacity: NonZeroUsize,
    /// Most pixels of a photo.
    pub max_pixels: NonZeroU64,
    /// Most faces answered for a photo.
    pub max_faces: NonZeroUsize,
    /// 0: from the cores.
    pub workers: usize,
    policies: BTreeMap<String, PolicySpec>,
}

impl Age {
    /// The named policies, checked.
    ///
    /// # Errors
    /// The name of the first policy that contradicts itself, and how; or the name, if none may be called so.
    pub fn policies(&self) -> Result<BTreeMap<String, Policy>, ConfigError> {
        let checked = |(name, spec): (&String, &PolicySpec)| {
            let name = name.clone();
            if name.is_empty() || name == INLINE {
                return Err(ConfigError::PolicyName { name });
            }
            match Policy::new(*spec) {
                Ok(policy) => Ok((name, policy)),
                Err(source) => Err(ConfigError::Policy { name, source }),
            }
        };
        self.policies.iter().map(checked).collect()
    }
}

/// `[grooming]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grooming {
    /// Folder of the grooming bundle.
    pub bundle: PathBuf,
    /// Messages admitted at once.
    pub capacity: NonZeroUsize,
    /// Most messages in a `ScoreMessages` request.
    pub max_messages: NonZeroUsize,
    /// Most messages in a `ScoreConversation` request.
    pub max_conversation_messages: NonZeroUsize,
    /// Longest text of a message, bytes.
    pub max_text_bytes: NonZeroUsize,
    /// Conversations that one stream remembers.
    pub max_watched_conversations: NonZeroUsize,
    /// 0: from the cores.
    pub workers: usize,
    /// See [`Grooming::screening`].
    pub screen: bool,
    /// Folder of the platform's own examples, if it has some.
    pub index: Option<PathBuf>,
}

impl Grooming {
    /// Whether the first stage of the cascade keeps messages from the model.
    #[must_use]
    pub fn screening(&self) -> Screening {
        if self.screen { Screening::On } else { Screening::Off }
    }
}

/// The configuration cannot be used. Each message is one sentence with the mend.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: check the path given with --config", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Not TOML, an unknown key, or a value out of its range.
    #[error("{} is not a valid configuration: {}", path.display(), source.message())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A policy that contradicts itself.
    #[error("[age.policies.{name}]: {source}")]
    Policy {
        /// The policy's name.
        name: String,
        /// How.
        source: InputError,
    },
    /// A name that would count a policy's decisions together with those of callers' own policies.
    #[error(
        "[age.policies] names a policy `{name}`: give it another name, neither empty nor `{INLINE}`, which means a caller's own"
    )]
    PolicyName {
        /// The policy's name.
        name: String,
    },
    /// More work in one request than is admitted at all: that request could never be answered.
    #[error(
        "[grooming] capacity must be at least max_messages and max_conversation_messages: raise it to {least}"
    )]
    Capacity {
        /// The least capacity that fits.
        least: usize,
    },
    /// A bundle cannot be used.
    #[error(transparent)]
    Bundle(#[from] LoadError),
}

impl Config {
    /// Reads `file`; without one, `ward.toml` in the working directory; without that, the shipped defaults.
    ///
    /// # Errors
    /// [`ConfigError`] when the file cannot be read or holds what no configuration may hold.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let path = file.unwrap_or(Path::new(FILE_NAME));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(ConfigError::Unreadable { path: path.to_path_buf(), source }),
        };
        Self::parse(&text, path)
    }

    /// Lays `text`, which stands in the file `path`, over the defaults.
    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let invalid = |source| ConfigError::Invalid { path: path.to_path_buf(), source: Box::new(source) };
        // Parsed on its own first, so that a message points into the user's file and not into the sum of two.
        let own: Table = toml::from_str(text).map_err(invalid)?;
        let mut whole: Table = toml::from_str(DEFAULTS).map_err(invalid)?;
        lay_over(&mut whole, own.clone());
        let mut config: Self = whole.try_into().map_err(invalid)?;
        config.resolve(&own, path.parent().unwrap_or(Path::new("")));
        config.check()?;
        Ok(config)
    }

    /// Makes the paths that the user's `own` table sets relative to its file's `folder`. The shipped ones name what comes
    /// with the program, and lie elsewhere than a file in /etc.
    fn resolve(&mut self, own: &Table, folder: &Path) {
        let is_own = |section, key| own.get(section).and_then(|section| section.get(key)).is_some();
        let paths = [
            ("age", "bundle", Some(&mut self.age.bundle)),
            ("age", "detector", Some(&mut self.age.detector)),
            ("grooming", "bundle", Some(&mut self.grooming.bundle)),
            ("grooming", "index", self.grooming.index.as_mut()),
        ];
        for (section, key, path) in paths {
            if let Some(path) = path.filter(|_| is_own(section, key)) {
                *path = folder.join(&*path);
            }
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let least = self.grooming.max_messages.max(self.grooming.max_conversation_messages);
        if self.grooming.capacity < least {
            return Err(ConfigError::Capacity { least: least.get() });
        }
        self.age.policies().map(drop)
    }
}

/// Cores that this process may use: the machine's, less what affinity and the container's quota take away.
#[must_use]
pub fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Threads that speak with callers: few, since the models need the cores, and at least one.
#[must_use]
pub fn transport_threads() -> NonZeroUsize {
    const CORES_EACH: usize = 4;
    NonZeroUsize::new(cores().get() / CORES_EACH).unwrap_or(NonZeroUsize::MIN)
}

/// `configured`, or `automatic` when that is 0.
#[must_use]
pub fn workers(configured: usize, automatic: NonZeroUsize) -> NonZeroUsize {
    NonZeroUsize::new(configured).unwrap_or(automatic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("/etc/ward/ward.toml"))
    }

    #[test]
    fn the_shipped_file_is_the_default() {
        let config = parse("").expect("the shipped file is valid");
        assert_eq!(config.server.listen.port(), 50051);
        assert!(config.age.policies().expect("valid").contains_key("over-18-challenge-25"));
    }

    #[test]
    fn a_file_needs_only_what_differs() {
        let config = parse("[age]\nmax_faces = 2\n[age.policies.mine]\nminimum_age = 18\npass_if_over = 30\nfail_if_under = 0\nmax_minor_pass_probability = 0.1").expect("valid");
        assert_eq!(config.age.max_faces.get(), 2);
        assert_eq!(config.age.policies().expect("valid").len(), 5);
    }

    #[test]
    fn paths_of_a_file_are_relative_to_it_and_shipped_ones_to_the_working_directory() {
        let paths = |text| {
            let Config { age, grooming, .. } = parse(text).expect("valid");
            (age.bundle, age.detector, grooming.bundle, grooming.index)
        };
        let path = |path: &str| PathBuf::from(path);
        let [age, detector, grooming] =
            ["age", "detector", "grooming"].map(|name| path("models/bundles").join(name));
        let (own, index) = (path("/etc/ward/mine"), path("/etc/ward/my-index"));
        assert_eq!(paths("[log]\nlevel = 'warn'"), (age.clone(), detector, grooming.clone(), None));
        assert_eq!(
            paths("[age]\ndetector = 'mine'\n[grooming]\nindex = 'my-index'"),
            (age, own.clone(), grooming.clone(), Some(index))
        );
        let absolute = Some(path("/srv/index"));
        assert_eq!(
            paths("[age]\nbundle = 'mine'\ndetector = 'mine'\n[grooming]\nindex = '/srv/index'"),
            (own.clone(), own, grooming, absolute)
        );
    }

    #[test]
    fn no_policy_has_the_name_of_those_that_come_with_requests() {
        let policy =
            "minimum_age = 18\npass_if_over = 30\nfail_if_under = 0\nmax_minor_pass_probability = 0.1";
        for name in ["inline", "\"\""] {
            let refusal = parse(&format!("[age.policies.{name}]\n{policy}")).expect_err("must be refused");
            assert!(refusal.to_string().contains("give it another name"), "{refusal}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let message = |text: &str| parse(text).expect_err("must be refused").to_string();
        assert!(message("[age]\nmax_face = 2").contains("max_face"));
        assert!(message("[server]\ndeadline_ms = 0").contains("configuration"));
        assert!(message("[grooming]\ncapacity = 3").contains("raise it to 1000"));
        assert!(message("[age.policies.over-13]\npass_if_over = 5").contains("over-13"));
    }
}
