"""A chat server over real HTTP that misbehaves in thirty-one ways, for drills against our client.

    python -m tests.misbehaving --port 0        prints {"port": N} when it is ready

Each way is an endpoint of its own: http://127.0.0.1:N/MODE/v1. `http` knows bytes, `answers` what a good answer is,
`modes` what goes wrong, `counting` what is reported; `server` starts it for a test. It needs nothing but Python.
"""
