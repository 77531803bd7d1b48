"""What the tests need beside the clients: servers to start and kill, signed requests byte by byte, a history."""
