//! Fuzzes what `succession` judges.
#![cfg_attr(fuzzing, no_main)]

trucelog_fuzz::target!(succession);
