//! Fuzzes the decoders of `tree`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(tree);
