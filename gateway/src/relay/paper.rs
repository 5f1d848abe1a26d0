//! Papers
pub mod decide;
pub mod state;
