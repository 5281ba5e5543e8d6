//! Everything that talks to a backend: HTTP, the cache in memory, the outbox of decisions.
