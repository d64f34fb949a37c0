"""What runs in processes of its own: ``python scripts.py edit|import|… ADDRESS …``."""

import os
import signal
import sys
import threading

from sqlalchemy import Engine, event

from reprieve.living.store import ConflictError, open_store


def edit(address, first, last):
    """Workers `first` to `last`, each a thread: add their number to the locator of a row."""
    store = open_store(address, create=False)
    failed = []

    def work(number):
        trial = ("vega-2015", "lee-2019")[number % 8 // 4]
        while True:
            row = store.rows("outcomes", trial)[number % 4]
            seen = f"{row.cells['locator']} {number}"
            try:
                store.edit(
                    row.id, {"locator": seen}, who="reviewer", why=f"worker {number}",
                    expected_version=row.version,
                )  # fmt: skip
            except ConflictError:
                continue
            return

    def safely(number):
        try:
            work(number)
        except BaseException as error:
            failed.append(f"{number}: {error!r}")

    threads = [threading.Thread(target=safely, args=(n,)) for n in range(int(first), int(last))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    sys.exit("\n".join(failed) or 0)


def bring_in(address, package, kill_at):
    """Import a package; end without warning at the n-th statement, or just before the commit."""
    statements = 0

    def count(*_):
        nonlocal statements
        statements += 1
        if str(statements) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def commit(*_):
        if kill_at == "commit":
            os.kill(os.getpid(), signal.SIGKILL)

    store = open_store(address, create=False)
    event.listen(Engine, "after_cursor_execute", count)
    event.listen(Engine, "commit", commit)
    store.import_package(package, who="editor", why="the package")
    store.close()


if __name__ == "__main__":
    {"edit": edit, "import": bring_in}[sys.argv[1]](*sys.argv[2:])
