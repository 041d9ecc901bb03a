//! Fuzzes the decoders of `tile`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(tile);
