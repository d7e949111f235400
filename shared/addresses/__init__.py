"""Reading and checking every address that a setting may hold: Redis, the database, endpoints, proxies, hosts.

Each is read in one place, for both halves and for Celery. The errors tell how to correct an address and quote no part
of it: a password with an unescaped character is easily mistaken for any other part.
"""
