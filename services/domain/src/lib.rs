//! The pure core: decide what may happen, project what a fact changes.
