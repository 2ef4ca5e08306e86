//! What Ward says on the wire: the generated messages and stubs of `ward/**/*.proto`, and nothing else.
//!
//! The .proto files are the documentation; every element is commented there.

/// How old does a face look?
pub mod age {
    /// Version 1, package `ward.age.v1`.
    #[allow(missing_docs, unreachable_pub, clippy::all, clippy::too_many_lines)]
    pub mod v1 {
        tonic::include_proto!("ward.age.v1");
    }
}

/// Does a chat show the pattern of grooming?
pub mod grooming {
    /// Version 1, package `ward.grooming.v1`.
    #[allow(missing_docs, unreachable_pub, clippy::all, clippy::too_many_lines)]
    pub mod v1 {
        tonic::include_proto!("ward.grooming.v1");
    }
}

/// The compiled .proto files, for server reflection.
pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("ward");
