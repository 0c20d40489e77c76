"""Every way the local parts can fail: one sentence that says what happened and what to do."""


class LocalError(Exception):
    """A failure to tell a person about; its text is a whole sentence that ends with what to do."""


class DownloadFailed(LocalError):
    """A pinned file could not be fetched, or is not the file that was pinned."""


class DiskFull(LocalError):
    """The file system of the cache or of the state directory has too little room."""


class PortTaken(LocalError):
    """A port that was asked for by name is in use."""


class PartDied(LocalError):
    """A part stopped while it was starting; the text carries the last thing it said."""


class PartSlow(LocalError):
    """A part still runs but did not answer in time."""


class AlreadyUp(LocalError):
    """A stack already runs on this state directory."""


class NotUp(LocalError):
    """No stack runs on this state directory."""


class ClockRefused(LocalError):
    """The clock file may not be moved like that."""


class ContainersMissing(LocalError):
    """Containers were asked for and no container engine answers."""
