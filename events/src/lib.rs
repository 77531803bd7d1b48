//! Every fact of Planetstore, its envelope, its subject and the validated names inside it.
