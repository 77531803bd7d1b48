//! The event log on JetStream: append, follow, barrier and the private nats-server.
