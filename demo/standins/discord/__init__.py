"""A stand-in for Discord on loopback: REST, gateway, CDN, the chat page and a control API for tests."""
