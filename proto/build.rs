//! Compiles the .proto files with protox: no protoc has to be installed.

use std::path::PathBuf;

use prost::Message as _;

const FILES: [&str; 3] = [
    "ward/age/v1/age_estimation.proto",
    "ward/answer/v1/answer.proto",
    "ward/grooming/v1/grooming_detection.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["."])?;
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    std::fs::write(folder.join("ward.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
