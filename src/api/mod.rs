//! The words that backend and client share: types and problems. Knows `domain` only.
