"""Real processes: heart, the core and the emulated gateway, over real sockets."""
