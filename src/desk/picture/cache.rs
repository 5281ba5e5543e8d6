//! Pictures' bytes in memory, bounded: the least recently used go first. Never on a disk.

use std::{collections::HashMap, sync::Arc};

use uuid::Uuid;

use crate::api::submission::PictureKind;

/// Which picture's bytes; of a finished picture also which rendition.
pub type Name = (Uuid, PictureKind, Option<Uuid>);

/// A bounded cache of bytes.
#[derive(Debug)]
pub struct Cache {
    most: usize,
    used: usize,
    clock: u64,
    entries: HashMap<Name, (u64, Arc<[u8]>)>,
}

impl Cache {
    /// A cache of at most `most` bytes.
    #[must_use]
    pub fn new(most: usize) -> Cache {
        Cache { most, used: 0, clock: 0, entries: HashMap::new() }
    }

    /// The bytes of a picture, if they are still here.
    pub fn get(&mut self, name: Name) -> Option<Arc<[u8]>> {
        self.clock += 1;
        let (used_at, bytes) = self.entries.get_mut(&name)?;
        *used_at = self.clock;
        Some(Arc::clone(bytes))
    }

    /// Keeps bytes, and lets the oldest go until all fit; what is larger than the whole is not kept.
    pub fn put(&mut self, name: Name, bytes: Arc<[u8]>) {
        if bytes.len() > self.most {
            return;
        }
        self.clock += 1;
        self.used += bytes.len();
        if let Some((_, old)) = self.entries.insert(name, (self.clock, bytes)) {
            self.used -= old.len();
        }
        while self.used > self.most {
            let Some(oldest) = self.entries.iter().min_by_key(|(_, (used_at, _))| *used_at).map(|(name, _)| *name) else { return };
            if let Some((_, bytes)) = self.entries.remove(&oldest) {
                self.used -= bytes.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first_and_the_bound_holds() {
        let mut cache = Cache::new(100);
        let name = |n: u128| (Uuid::from_u128(n), PictureKind::Standard, None);
        let bytes = |length: usize| Arc::from(vec![0u8; length]);
        cache.put(name(1), bytes(40));
        cache.put(name(2), bytes(40));
        assert!(cache.get(name(1)).is_some());
        cache.put(name(3), bytes(40));
        assert!(cache.get(name(2)).is_none() && cache.get(name(1)).is_some() && cache.get(name(3)).is_some());
        cache.put(name(3), bytes(60));
        assert_eq!((cache.used, cache.entries.len()), (100, 2));
        cache.put(name(4), bytes(101));
        assert!(cache.get(name(4)).is_none());
    }
}
