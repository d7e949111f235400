"""`/lineage` shows which pictures a picture was made from, and which were made from it."""
