"""The live feed: a change stream per process, a hub, WebSockets."""
