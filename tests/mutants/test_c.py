"""Every mutant of the printed C is refused."""
