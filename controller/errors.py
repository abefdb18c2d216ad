"""The one exception for bad input."""


class InputError(Exception):
    """One clear sentence for the user: the place, what is wrong, and the mend. Exit status 2."""
