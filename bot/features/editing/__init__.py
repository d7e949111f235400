"""`/edit` changes a picture with the services of Stability: erase, replace, recolour, widen, restyle and others."""
