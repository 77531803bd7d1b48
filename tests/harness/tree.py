"""A folder of files to upload, with names and sizes that cause problems in programs."""

from pathlib import Path

from .content import KIB, MIB, content

FILES = {
    "empty": b"",
    "small.txt": b"a few words\n",
    "with space+plus%.txt": b"odd name",
    "dir/inner": content("inner", 70 * KIB),
    "dir/deep/large": content("large", 17 * MIB + 3),
    "ünïcode": "grüße".encode(),
}


def plant(root: Path) -> Path:
    """Writes the files into `root`."""
    for name, data in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def files(root: Path) -> dict[str, bytes]:
    """Every file in `root` with its bytes."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
