"""Every shipped file of frameworks and libraries says where it comes from."""

from importlib.resources import files

from buttress.criteria.loading import content_rows, content_text


def test_each_framework_and_library_file_is_in_the_provenance_file():
    content = files("buttress").joinpath("content")
    shipped = {
        f"{folder}/{file.name}" for folder in ("frameworks", "libraries") for file in content.joinpath(folder).iterdir()
    }
    named = {row["file"]: row for row in content_rows("provenance.csv")}
    assert shipped == set(named)
    assert [name for name, row in named.items() if not (row["provenance"] and row["terms"])] == []


def test_the_provenance_file_counts_the_rows_of_each_csv_file():
    for row in content_rows("provenance.csv"):
        if row["file"].endswith(".csv"):
            assert len(content_rows(row["file"])) == int(row["rows"]), row["file"]


def test_the_notice_carries_the_line_that_mitre_requires():
    notice = files("buttress").joinpath("..", "..", "NOTICE").read_text(encoding="utf-8")
    assert (
        "© 2026 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE"
        " Corporation." in notice
    )
    assert "attack,T1566,TA0001,Phishing" in content_text("libraries/threats.csv")
