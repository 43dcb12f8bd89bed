"""A log file on disk, written, torn, rotated and truncated while it is read."""

import os
import random
import shutil
from pathlib import Path

import pytest

from postroom_logs.collecting.files import LONGEST_LINE, FollowedFile
from postroom_logs.collecting.positions import Position


class Reading:
    """Reads a file as a collector does that is started anew for every piece."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position: Position | None = None
        self.lines: list[bytes] = []
        self.warnings: list[str] = []

    def go_on(self, *, limit_octets: int = 1 << 16) -> "Reading":
        """Read until nothing is left."""
        while (piece := FollowedFile(self.path).read(self.position, limit_octets=limit_octets)) is not None:
            self.position = piece.position
            self.lines += piece.data.split(b"\n")[:-1]
            if piece.warning:
                self.warnings.append(piece.warning)
        return self


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "mail.log"


def write(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def rotate(path: Path) -> None:
    for number in range(9, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))
    path.touch()


def copy_and_truncate(path: Path) -> None:
    shutil.copyfile(path, path.with_name(f"{path.name}.1"))
    os.truncate(path, 0)


def test_a_file_that_is_not_there_yet_gives_nothing(log: Path):
    assert Reading(log).go_on().lines == []


def test_a_torn_last_line_waits_for_its_rest(log: Path):
    write(log, "one\ntw")
    reading = Reading(log).go_on()
    before = list(reading.lines)

    write(log, "o\n")

    assert before == [b"one"]
    assert reading.go_on().lines == [b"one", b"two"]


def test_a_renamed_file_is_read_to_its_end_before_the_next(log: Path):
    write(log, "one\n")
    reading = Reading(log).go_on()
    write(log, "two\n")
    rotate(log)
    write(log.with_name("mail.log.1"), "three\n")  # the writer has not opened the new file yet

    reading.go_on()
    write(log, "four\n")

    assert reading.go_on().lines == [b"one", b"two", b"three", b"four"]
    assert reading.warnings == []


def test_several_rotations_while_nobody_read_are_caught_up(log: Path):
    write(log, "one\n")
    reading = Reading(log).go_on()
    for text in ("two\n", "three\n", "four\n"):
        write(log, text)
        rotate(log)
    write(log, "five\n")

    assert reading.go_on().lines == [b"one", b"two", b"three", b"four", b"five"]


def test_files_with_dates_are_in_order(log: Path):
    write(log.with_name("mail.log-20261101"), "one\n")
    write(log.with_name("mail.log-20261102"), "two\n")
    write(log.with_name("mail.log-20261101.gz"), "no\n")
    write(log, "three\n")

    assert Reading(log).go_on().lines == [b"one", b"two", b"three"]


def test_a_line_that_the_writer_never_finished_is_kept(log: Path):
    write(log, "one\ntor")
    reading = Reading(log).go_on()
    rotate(log)
    write(log, "two\n")

    assert reading.go_on().lines == [b"one", b"tor", b"two"]


def test_copytruncate_is_read_to_its_end_in_the_copy_and_warned_of(log: Path):
    write(log, "one\n")
    reading = Reading(log).go_on()
    write(log, "two\n")
    copy_and_truncate(log)
    write(log, "three\n")

    assert reading.go_on().lines == [b"one", b"two", b"three"]
    assert reading.warnings == ["log.copied_and_truncated"]


def test_a_file_that_was_emptied_begins_anew_with_a_warning(log: Path):
    write(log, "one\ntwo\n")
    reading = Reading(log).go_on()
    os.truncate(log, 0)
    write(log, "new\n")

    assert reading.go_on().lines == [b"one", b"two", b"new"]
    assert reading.warnings == ["log.truncated"]


def test_a_file_that_was_emptied_and_grew_beyond_the_place_is_noticed_by_its_head(log: Path):
    write(log, "one\n")
    reading = Reading(log).go_on()
    os.truncate(log, 0)
    write(log, "another beginning\nnew\n")

    assert reading.go_on().lines == [b"one", b"another beginning", b"new"]


def test_an_inode_that_is_used_again_is_another_file(log: Path):
    write(log, "one\n")
    reading = Reading(log).go_on()
    assert reading.position is not None
    inode = reading.position.inode
    log.unlink()
    write(log, "other\n")
    reading.position = reading.position._replace(inode=log.stat().st_ino)

    assert reading.go_on().lines == [b"one", b"other"]
    assert reading.warnings == ["log.truncated"]
    assert inode


def test_a_file_that_was_taken_away_is_warned_of(log: Path):
    write(log, "one\n")
    reading = Reading(log).go_on()
    assert reading.position is not None
    reading.position = reading.position._replace(inode=0, head="0" * 64)
    write(log, "two\n")

    reading.go_on()

    assert reading.warnings == ["log.file_lost"]


def test_a_line_of_no_end_is_cut(log: Path):
    write(log, "x" * (LONGEST_LINE + 10) + "\nshort\n")

    lines = Reading(log).go_on(limit_octets=1000).lines

    assert [len(line) for line in lines[-2:]] == [10, 5] or b"".join(lines).count(b"x") == LONGEST_LINE + 10


@pytest.mark.parametrize("seed", range(8))
def test_random_writes_rotations_and_restarts_lose_and_double_nothing(log: Path, seed: int):
    chance = random.Random(seed)  # noqa: S311 - a seeded test
    reading, written, number = Reading(log), [], 0
    for _ in range(300):
        act = chance.random()
        if act < 0.6:
            number += 1
            text = f"line {number} " + "x" * chance.randint(0, 60)
            cut = chance.randint(0, len(text))
            write(log, text[:cut])
            if chance.random() < 0.3:
                reading.go_on(limit_octets=chance.choice((7, 100, 5000)))
            write(log, text[cut:] + "\n")
            written.append(text.encode())
        elif act < 0.8:
            reading.go_on(limit_octets=chance.choice((7, 100, 5000)))
        elif act < 0.9 and log.exists() and log.stat().st_size:
            rotate(log)
        elif act < 0.93 and log.exists() and log.stat().st_size:
            reading.go_on()
            rotate(log)
            reading.go_on()

    assert reading.go_on().lines == written
    assert reading.warnings == []
