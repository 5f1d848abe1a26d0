//! Answers what a person may do, for the office itself and for every other service.
//!
//! Whoever asks keeps an answer for seconds, and never beyond the town day; in the office itself a change of the roster also ends
//! the use of every answer from before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;
use runtime::caller::PersonId;
use runtime::db::Db;
use runtime::people::{People, Post as RuntimePost, Standing};
use runtime::refusal::Failure;
use vocabulary::Date;

use super::state::{Person, Post};
use super::store;

/// The roster, as a source of answers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Roster {
    db: Db,
    changes: Arc<AtomicU64>,
}

impl Roster {
    /// The roster of a database.
    pub(crate) fn new(db: Db) -> Self {
        Self { db, changes: Arc::default() }
    }

    /// The roster has changed, durably.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// The standing of a person on a day.
    pub(crate) async fn standing_on(&self, person: &PersonId, day: Date) -> Result<Option<Standing>, Failure> {
        let assignments = store::assignments(self.db.read().await?.sql(), person.as_str()).await?;
        let held = Person { id: person.to_string(), assignments }.standing(day);
        Ok(held
            .map(|(post, roles)| Standing { post: at(post), roles: roles.iter().map(ToString::to_string).collect() }))
    }
}

const fn at(post: Post) -> RuntimePost {
    match post {
        Post::Institution(institution) => RuntimePost::Institution(institution),
        Post::Leaders => RuntimePost::TownLeaders,
    }
}

impl People for Roster {
    fn standing<'a>(&'a self, person: &'a PersonId, on: Date) -> BoxFuture<'a, Result<Option<Standing>, Failure>> {
        Box::pin(self.standing_on(person, on))
    }

    fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }
}
