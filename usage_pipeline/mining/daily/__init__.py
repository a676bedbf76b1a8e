"""One day mined: sessions, transitions and hours, as additive daily statistics."""
