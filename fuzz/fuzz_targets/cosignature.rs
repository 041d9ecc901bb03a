//! Fuzzes the decoders of `cosignature`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(cosignature);
