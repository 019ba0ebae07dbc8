"""The sample register, whole or with something changed."""

import shutil
from pathlib import Path

SAMPLE = Path(__file__).parent / "sample"


def changed(target: Path, *edits: tuple[str, str, str]) -> Path:
    """A copy of the sample in `target` with each (file, old text, new text); an empty old text adds a file."""
    folder = target / "register"
    shutil.copytree(SAMPLE, folder)
    for name, old, new in edits:
        path = folder / name
        if not old:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((path.read_bytes() if path.exists() else b"") + new.encode("utf-8", "surrogateescape"))
            continue
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{name} does not hold {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder
