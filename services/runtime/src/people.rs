//! What a person may do on a day: his post and his roles, which come only from active assignments (personnel.md §5.7).
//!
//! The service that keeps the assignments answers from its own tables; every other service asks it. An answer is kept for five
//! seconds and never for another town date, so that an assignment that ends loses its access the same day. Where no answer is
//! to be had the call fails: nobody acts on an old answer.

use std::sync::Arc;

use futures::future::BoxFuture;
use vocabulary::{Date, Institution};

use crate::caller::{PersonId, Principal};
use crate::refusal::Failure;

/// Where a person stands in the town.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Post {
    /// In one of the eight institutions.
    Institution(Institution),
    /// Among the leaders of the town.
    TownLeaders,
}

impl From<Post> for Principal {
    fn from(post: Post) -> Self {
        match post {
            Post::Institution(institution) => Self::Institution(institution),
            Post::TownLeaders => Self::TownLeaders,
        }
    }
}

/// A person's post and roles on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The post, and so the principal in whose name the person calls.
    pub post: Post,
    /// The roles of overview.md §1.7, such as `RELAY_CLERK`.
    pub roles: Vec<String>,
}

/// Knows the active assignments.
pub trait People: Send + Sync + 'static {
    /// The standing of a person on a town date; `None` where no assignment is active on it.
    ///
    /// # Errors
    /// A [`Failure`] where the answer is not to be had now. The call is then refused as unavailable, never let pass.
    fn standing<'a>(&'a self, person: &'a PersonId, on: Date) -> BoxFuture<'a, Result<Option<Standing>, Failure>>;

    /// Counts the changes of the assignments, where they are kept in this process: an answer from before a change is not used
    /// after it.
    fn changes(&self) -> u64 {
        0
    }
}

/// Nobody: for a service that no person calls. Every person is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPeople;

impl People for NoPeople {
    fn standing<'a>(&'a self, _: &'a PersonId, _: Date) -> BoxFuture<'a, Result<Option<Standing>, Failure>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// [`People`] behind a cache of five seconds.
#[derive(Clone)]
pub struct CachedPeople {
    people: Arc<dyn People>,
    seen: moka::future::Cache<(PersonId, Date, u64), Option<Arc<Standing>>>,
}

/// How long an answer may be used.
const FRESH: std::time::Duration = std::time::Duration::from_secs(5);

/// How many answers are kept.
const KEPT_MAX: u64 = 4_096;

impl CachedPeople {
    /// Puts a cache before `people`.
    #[must_use]
    pub fn new(people: Arc<dyn People>) -> Self {
        Self { people, seen: moka::future::Cache::builder().max_capacity(KEPT_MAX).time_to_live(FRESH).build() }
    }

    /// The standing of a person on a town date.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] where the answer is not to be had now.
    pub async fn standing(&self, person: &PersonId, on: Date) -> Result<Option<Arc<Standing>>, Failure> {
        let key = (person.clone(), on, self.people.changes());
        if let Some(known) = self.seen.get(&key).await {
            return Ok(known);
        }
        // Callers who wait for one person share one question; a failure is told to all of them and kept for none.
        let asked = self
            .seen
            .try_get_with(key, async { Ok::<_, Failure>(self.people.standing(person, on).await?.map(Arc::new)) });
        asked
            .await
            .map_err(|cause| Failure::Unavailable { what: "the roster of persons", cause: Some(Box::new(cause)) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Counts how often it is asked, and fails the first time.
    #[derive(Default)]
    struct Roster(AtomicU32);

    impl People for Roster {
        fn standing<'a>(&'a self, _: &'a PersonId, on: Date) -> BoxFuture<'a, Result<Option<Standing>, Failure>> {
            let asked = self.0.fetch_add(1, Ordering::SeqCst);
            let roles = vec![on.to_string()];
            let standing = Standing { post: Post::TownLeaders, roles };
            let answer = if asked == 0 { Err(Failure::Contention) } else { Ok(Some(standing)) };
            Box::pin(std::future::ready(answer))
        }
    }

    #[tokio::test]
    async fn an_answer_is_kept_for_its_date_and_a_failure_is_not() {
        let roster = Arc::new(Roster::default());
        let people = CachedPeople::new(Arc::clone(&roster) as Arc<dyn People>);
        let person = PersonId::parse("li").expect("an id");
        let (today, tomorrow) = (Date::constant(2026, 3, 2), Date::constant(2026, 3, 3));
        assert!(matches!(people.standing(&person, today).await, Err(Failure::Unavailable { .. })));
        for (on, asked) in [(today, 2), (today, 2), (tomorrow, 3), (today, 3)] {
            let standing = people.standing(&person, on).await.expect("an answer").expect("a standing");
            assert_eq!((standing.roles[0].clone(), roster.0.load(Ordering::SeqCst)), (on.to_string(), asked));
        }
    }
}
