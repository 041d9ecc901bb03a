//! Fuzzes the decoders of `note`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(note);
