"""The one exception that is meant for a person to read."""


class GanvizError(Exception):
    """Something the user gave or asked for cannot be used.

    The message is one line: what was expected, what came, what to do; it names the file where there is one.
    The command line prints it to stderr and exits with 1, the window shows it in a bar.
    """
