//! Where the ONNX Runtime library lies. Knows paths only; `onnx` loads what is found here.

use std::path::{Path, PathBuf};

/// Where `make setup` puts the library, relative to the project's root.
const PROJECT_FOLDER: &str = ".onnxruntime";

#[cfg(target_os = "macos")]
const LIBRARY: &str = "libonnxruntime.dylib";
#[cfg(not(target_os = "macos"))]
const LIBRARY: &str = "libonnxruntime.so";

/// Folders that the system's package managers and Ward's image install into.
const SYSTEM_FOLDERS: [&str; 4] = ["/usr/local/lib", "/usr/lib", "/usr/lib64", "/opt/homebrew/lib"];

/// Every path worth a try, best first: `overriding` alone when given; else beside the program, then in the project's
/// folder above the program or the working directory, then in the system.
pub(crate) fn candidates(overriding: Option<PathBuf>) -> Vec<PathBuf> {
    if let Some(path) = overriding {
        return vec![path];
    }
    let program = std::env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent).map(|folder| folder.join(LIBRARY));
    let working = std::env::current_dir().ok();
    let project = [program.as_deref(), working.as_deref()].into_iter().flatten().filter_map(in_project);
    let system = SYSTEM_FOLDERS.iter().map(|folder| Path::new(folder).join(LIBRARY));
    beside.into_iter().chain(project).chain(system).collect()
}

/// The library in the project folder nearest above `start`.
fn in_project(start: &Path) -> Option<PathBuf> {
    start.ancestors().map(|above| above.join(PROJECT_FOLDER).join(LIBRARY)).find(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_the_only_candidate() {
        assert_eq!(candidates(Some("/x/lib.so".into())), vec![PathBuf::from("/x/lib.so")]);
    }

    #[test]
    fn the_project_is_found_from_a_test_binary() {
        // Test binaries lie in target/debug/deps: `cargo test` must work without any variable set.
        assert!(candidates(None).iter().any(|path| path.ends_with(".onnxruntime/".to_owned() + LIBRARY)));
    }
}
