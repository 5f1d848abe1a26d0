//! The keys in memory: an immutable snapshot, swapped after each commit, against which every signature is checked.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use vocabulary::DepartmentCode;

use super::state::{Key, Owner};

/// All keys as of one revision of the registry.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    revision: i64,
    keys: HashMap<String, Arc<Key>>,
    senders: HashSet<DepartmentCode>,
}

impl Registry {
    /// The keys of a revision.
    #[must_use]
    pub fn new(revision: i64, keys: impl IntoIterator<Item = Key>) -> Self {
        let mut registry = Self { revision, ..Self::default() };
        keys.into_iter().for_each(|key| registry.put(key));
        registry
    }

    fn put(&mut self, key: Key) {
        if let Owner::Department(department) = &key.registration.owner
            && key.was_confirmed()
        {
            self.senders.insert(department.clone());
        }
        self.keys.insert(key.registration.id.as_str().to_owned(), Arc::new(key));
    }

    /// The revision.
    #[must_use]
    pub const fn revision(&self) -> i64 {
        self.revision
    }

    /// A key, by its id.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<&Key> {
        self.keys.get(id).map(|key| &**key)
    }

    /// Whether a department is a registered sender: a key of it was confirmed once.
    #[must_use]
    pub fn is_sender(&self, department: &DepartmentCode) -> bool {
        self.senders.contains(department)
    }
}

/// The snapshot that is in use. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct LiveRegistry(Arc<ArcSwap<Registry>>);

impl LiveRegistry {
    /// The snapshot of now.
    #[must_use]
    pub fn get(&self) -> Arc<Registry> {
        self.0.load_full()
    }

    /// Takes a snapshot that was read, unless a later one is in use.
    pub fn replace(&self, read: &Arc<Registry>) {
        self.0.rcu(|known| if known.revision < read.revision { Arc::clone(read) } else { Arc::clone(known) });
    }

    /// Takes one change that was committed. A change that does not follow the snapshot waits for the next reading of all: the
    /// revision then differs from the stored one, and whoever compares them reads.
    pub fn change(&self, key: &Key, revision: i64) {
        self.0.rcu(|known| {
            if known.revision + 1 != revision {
                return Arc::clone(known);
            }
            let mut next = Registry::clone(known);
            next.revision = revision;
            next.put(key.clone());
            Arc::new(next)
        });
    }
}
