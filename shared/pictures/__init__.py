"""Pictures of waiting jobs outside of Redis, which then holds a reference to each."""
