//! Fuzzes the decoders of `proof`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(proof);
