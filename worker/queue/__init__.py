"""The worker's side of Redis: claims and their leases, dead letters, and Celery's transport for tickets."""
