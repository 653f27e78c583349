"""CareHub without one of the rules that keep it whole: each is an ASGI application that a fault test serves."""
