"""What a call means: who may do what to whose object. Async, no sockets, no clock of its own."""
