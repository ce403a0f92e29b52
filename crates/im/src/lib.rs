//! Chat networks.
