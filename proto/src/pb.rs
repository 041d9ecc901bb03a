//! Messages and service stubs generated from `trucelog/v1/*.proto`, as they are on the wire.

pub use packages::google::rpc;
pub use packages::trucelog::v1::*;

/// The compiled schema with everything that it imports, a `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/descriptors.bin");

/// The generated packages, nested as their names are.
#[allow(
    clippy::all,
    clippy::pedantic,
    missing_docs,
    unreachable_pub,
    rustdoc::all,
    reason = "generated code"
)]
mod packages {
    pub mod google {
        pub mod rpc {
            include!("gen/google.rpc.rs");
        }
    }
    pub mod trucelog {
        pub mod v1 {
            include!("gen/trucelog.v1.rs");
        }
    }
}
