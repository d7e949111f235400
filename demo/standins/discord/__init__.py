"""A stand-in for Discord on loopback: REST API, gateway, CDN, chat page, and a control API for tests."""
