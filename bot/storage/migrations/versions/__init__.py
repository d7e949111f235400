"""The versions of the schema, in order. A released migration is never changed."""
