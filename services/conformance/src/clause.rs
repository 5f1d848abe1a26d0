//! What a suite says where a clause is broken.

use std::fmt::Debug;

use tonic::{Response, Status};

/// A clause that a service breaks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The clause, by its short name.
    pub clause: &'static str,
    /// What was found, and what would be right.
    pub found: String,
}

/// A clause that is being tried.
#[derive(Clone, Copy, Debug)]
pub struct Clause(pub &'static str);

impl Clause {
    /// The clause is broken.
    ///
    /// # Errors
    /// Always.
    pub fn broken<T>(self, found: impl Into<String>) -> Result<T, Broken> {
        Err(Broken { clause: self.0, found: found.into() })
    }

    /// Asks for something that must be so.
    ///
    /// # Errors
    /// [`Broken`] where it is not.
    pub fn holds(self, is: bool, found: impl FnOnce() -> String) -> Result<(), Broken> {
        if is { Ok(()) } else { self.broken(found()) }
    }

    /// Asks for two things to be the same.
    ///
    /// # Errors
    /// [`Broken`] where they differ.
    pub fn same<T: PartialEq + Debug>(self, found: &T, wanted: &T) -> Result<(), Broken> {
        self.holds(found == wanted, || format!("{found:?}, not {wanted:?}"))
    }

    /// Takes an answer that must be given.
    ///
    /// # Errors
    /// [`Broken`] where the call is refused or fails.
    pub fn answered<T>(self, answer: Result<Response<T>, Status>) -> Result<T, Broken> {
        match answer {
            Ok(answer) => Ok(answer.into_inner()),
            Err(status) => self.broken(format!("{:?}: {}", status.code(), status.message())),
        }
    }

    /// Takes a refusal that must be given.
    ///
    /// # Errors
    /// [`Broken`] where the call is answered, fails, or is refused for another reason.
    pub fn refused<T: Debug>(self, answer: Result<Response<T>, Status>, reason: &str) -> Result<(), Broken> {
        match answer {
            Ok(answer) => self.broken(format!("{:?}, not {reason}", answer.into_inner())),
            Err(status) => {
                let seen = runtime::refusal::read(&status).unwrap_or_default();
                self.holds(seen.reason == reason, || format!("{:?} {}, not {reason}", status.code(), seen.reason))
            }
        }
    }
}
