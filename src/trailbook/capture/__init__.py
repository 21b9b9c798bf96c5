"""THE PRODUCER'S SIDE: the recorder that an application calls, its spool, and the sinks that it sends to."""
