//! Fuzzes the decoders of `entry`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(entry);
