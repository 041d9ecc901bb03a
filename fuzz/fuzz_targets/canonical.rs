//! Fuzzes the decoders of `canonical`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(canonical);
