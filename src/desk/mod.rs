//! The review desk: a terminal user interface. Never imports `backend`.
