//! A storage node: shards on one disk, served over NATS requests.
