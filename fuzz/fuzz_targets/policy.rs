//! Fuzzes the decoders of `policy`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(policy);
