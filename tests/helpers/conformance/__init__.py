"""A server that follows TensorFlow Serving's documented rules, for tests: its messages, URLs, JSON and status codes.

The server has no batching, no reloading and no monitoring. Graphs run in a TensorFlow session loaded as the real
server loads them, fed by tensor name, without Python's own checks of the feeds.
"""
