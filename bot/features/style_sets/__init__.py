"""`/styles` keeps named sets of reference pictures, of a person or of a server."""
