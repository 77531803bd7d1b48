"""Helpers of the tests besides the clients: servers to start and kill, signed requests byte by byte, a history."""
