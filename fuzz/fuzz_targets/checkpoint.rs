//! Fuzzes the decoders of `checkpoint`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(checkpoint);
