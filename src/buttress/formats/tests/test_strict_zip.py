"""Archives are looked through before they are unpacked, and unpacked no further than they said."""

import io
import zipfile

import pytest

from buttress.formats.problems import ProblemsError
from buttress.formats.strict_zip import ZipLimits, blocks_of, opened_zip


def packed(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return stream.getvalue()


def refused(content: bytes, limits: ZipLimits | None = None) -> list[str]:
    with pytest.raises(ProblemsError) as error:
        opened_zip(io.BytesIO(content), file="a.zip", limits=limits or ZipLimits())
    return [str(problem) for problem in error.value.problems]


def test_a_plain_archive_is_read_in_blocks() -> None:
    content = packed(("a/b.txt", b"x" * 100_000), ("a/", b""), ("é.txt", b"y"))
    with opened_zip(io.BytesIO(content), file="a.zip", limits=ZipLimits()) as archive:
        blocks = list(blocks_of(archive, archive.getinfo("a/b.txt"), file="a.zip"))
    assert b"".join(blocks) == b"x" * 100_000
    assert max(len(block) for block in blocks) <= 1 << 16


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x", "a name that leads elsewhere"),
        ("/x", "a name that leads elsewhere"),
        ("a//x", "a name that leads elsewhere"),
        ("C:/x", "a name that leads elsewhere"),
        ("a/./x", "a name that leads elsewhere"),
        ("a\\x", "a name that leads elsewhere"),
        ("a\x1bx", "a name that cannot be printed"),
        ("é" * 101, "a name that cannot be printed, or is too long"),
        ("a/LPT1.txt", "the name of a device"),
    ],
)
def test_a_name_that_could_mean_another_file_is_refused(name: str, words: str) -> None:
    assert words in "\n".join(refused(packed((name, b"x"))))


def test_names_that_differ_by_case_or_form_only_are_one() -> None:
    assert "the same name twice" in refused(packed(("a.txt", b""), ("A.TXT", b"")))[0]
    assert "the same name twice" in refused(packed(("e\u0301", b""), ("\u00e9", b"")))[0]


def test_limits_hold_for_entries_sizes_and_compression() -> None:
    three = packed(("a", b"x" * 1_000), ("b", b""), ("c", b""))
    assert "3 entries" in refused(three, ZipLimits(max_entries=2))[0]
    assert "1,000 bytes unpacked" in refused(three, ZipLimits(max_unpacked=999))[0]
    assert "expected at most 10" in refused(three, ZipLimits(max_bytes=10))[0]
    assert "times larger than the archive" in refused(packed(("a", b"x" * 3_000_000)))[0]


def test_links_and_other_methods_are_refused() -> None:
    link = zipfile.ZipInfo("a")
    link.external_attr = 0o120777 << 16
    assert "a link or special file" in refused(packed((link, b"/etc/passwd")))[0]
    assert "compression method 14" in refused(packed(("a", b"x"), method=zipfile.ZIP_LZMA))[0]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", packed(("a", b"x"))[:-1], b"x" * 100])
def test_what_is_no_archive_is_named(content: bytes) -> None:
    assert "no ZIP archive" in refused(content)[0]


def test_data_that_are_not_what_the_directory_says_are_damaged() -> None:
    content = bytearray(packed(("a", b"hello"), method=zipfile.ZIP_STORED))
    content[content.index(b"hello")] ^= 1
    archive = opened_zip(io.BytesIO(content), file="a.zip", limits=ZipLimits())
    with archive, pytest.raises(ProblemsError, match="damaged data"):
        list(blocks_of(archive, archive.getinfo("a"), file="a.zip"))
