//! Object bytes between gateway and nodes: erasure code, checksums, placement IO.
