//! Fuzzes the decoders of `signature`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(signature);
