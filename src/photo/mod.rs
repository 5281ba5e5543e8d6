//! The standardization engine: bytes in, bytes and measurements out. No network, no async, no clock, no screen.
