"""People in the warehouse: forgetting them, their favourites, and the keys of the API."""
