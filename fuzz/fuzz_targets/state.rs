//! Fuzzes the decoders of `state`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(state);
