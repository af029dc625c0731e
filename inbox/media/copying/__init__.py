"""Own copies of what came with messages: channels' links expire, the inbox must not forget."""
