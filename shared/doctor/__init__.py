"""The common parts of the doctors of bot and worker: findings, their report, and checks that open no connection."""
