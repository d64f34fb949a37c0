"""Files put in place whole: whoever reads meanwhile gets the old one or the new one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file completely, or leave what was there.

    Parameters
    ----------
    path : Path
        In a folder that exists.
    content : str or bytes
        Text is written as UTF-8, with its line ends as they are.

    Returns
    -------
    Path
        `path` itself.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "page.html", "<p>Pain</p>").read_text()
    '<p>Pain</p>'
    """
    data = content.encode() if isinstance(content, str) else content
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.absolute().parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
    return path
