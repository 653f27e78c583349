"""The web console: server-rendered pages over the same actions and queries as the API.

Owns pages, the stylesheet and live.js.
Must not hold a rule of its own.
"""
