"""`/queue` lists a person's open jobs."""
