//! Fuzzes the decoders of `record`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(record);
