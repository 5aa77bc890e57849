"""The reviewed list of exported functions, eddy.def, which is also what makes the DLL's exports."""


def listed(path):
    """The names, in the list's order."""
    with open(path, encoding="ascii") as file:
        head, *names = file.read().split()
    if head != "EXPORTS":
        raise ValueError(f"{path} begins with {head}")
    return names
