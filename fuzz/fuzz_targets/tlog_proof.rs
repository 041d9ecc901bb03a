//! Fuzzes the decoders of `tlog_proof`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(tlog_proof);
