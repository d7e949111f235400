"""Looking at what waits and at what was made: the queue, a result, the history, favourites, all of it as a file."""
