//! Fuzzes the decoders of `tlog_witness`.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(tlog_witness);
