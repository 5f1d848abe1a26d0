//! The references pass the suites, and what is broken is noticed.

mod casework;
mod transition;
