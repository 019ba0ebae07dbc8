"""`buttress init` asks what it needs, says at once what it cannot take, and writes a register or nothing."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typer.testing import Result

from buttress.register.starting.answers import answers_from
from buttress.register.starting.questions import CONTROL_QUESTIONS, QUESTIONS, read_line
from buttress.register.starting.risks import control_questions

Run = Callable[..., Result]

LEAST = {
    "name": "Saltmarsh",
    "people": "50",
    "annual_revenue_usd": "6,000,000",
    "owner": "Ruth",
    "systems": "Portal",
    "features": "own_software, office",
}
FILE = "name: Saltmarsh\npeople: 50\nannual_revenue_usd: 6000000\nowner: Ruth\nsystems: [Portal]\n"


def typed(lines: Mapping[str, list[str]], controls: int) -> str:
    """What a person types: `lines` by question, else the least answers, and `i` for each control."""
    text: list[str] = []
    collected: dict[str, object] = {}
    for question in QUESTIONS:
        if question.is_asked(collected):
            given = lines.get(question.key, [LEAST.get(question.key, "")])
            text += given
            collected[question.key] = read_line(question, given[-1])
    return "\n".join([*text, *["i"] * controls]) + "\n"


def asked_controls() -> int:
    answers = {q.key: read_line(q, LEAST[q.key]) for q in QUESTIONS if q.key in LEAST}
    return len(control_questions(answers_from(answers)))


def test_a_file_of_answers_makes_a_register_that_can_be_assessed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text(FILE)
    made = run("init", tmp_path / "new", "--answers", tmp_path / "answers.yaml")
    assert made.exit_code == 0, made.output
    assert "# A draft made by buttress init" in (tmp_path / "new" / "risks.yaml").read_text()
    assert (tmp_path / "new" / "README.md").is_file()
    assert run("check", tmp_path / "new").exit_code == 0
    assert "Saltmarsh as of" in run("assess", tmp_path / "new").stdout


def test_it_says_what_to_do_next(run: Run, tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text(FILE)
    made = run("init", tmp_path / "new", "--answers", tmp_path / "answers.yaml").stdout
    assert "controls are unknown and stay assumed" in made.split("Next:")[0]
    for step in ("buttress check", "buttress assess", "new/README.md", "buttress test"):
        assert step in made.split("Next:")[1]


def test_a_person_answers_numbered_questions_with_help_and_defaults(run: Run, tmp_path: Path) -> None:
    controls = asked_controls()
    assert 0 < controls < len(CONTROL_QUESTIONS)
    result = run("init", tmp_path / "new", input=typed({}, controls))
    assert result.exit_code == 0, result.output
    ahead = re.match(r"(\d+) questions, then a list of about (\d+) controls; about (\d+) minutes", result.output)
    assert ahead is not None
    assert int(ahead[1]) == 19
    assert abs(int(ahead[2]) - controls) <= 5
    assert "1/19  What is the organisation called?\n      As it should stand on reports.\n      > " in result.output
    assert "[USD] > " in result.output
    assert "2 own_servers  on servers of your own" in result.output
    assert f"{controls}/{controls}  " in result.output
    assert run("check", tmp_path / "new").exit_code == 0


def test_a_further_question_raises_the_number_of_questions(run: Run, tmp_path: Path) -> None:
    given = {"currency": ["EUR"], "usd_rate": ["0.9"]}
    result = run("init", tmp_path / "new", input=typed(given, asked_controls()))
    assert "5/19  In which currency" in result.output
    assert "6/20  How many units" in result.output
    assert "20/20  When does it end?" in result.output


@pytest.mark.parametrize(
    ("key", "bad", "good", "words"),
    [
        ("name", "", "Saltmarsh", "an answer is needed"),
        ("people", "many", "50", "found 'many'; expected a whole number"),
        ("annual_revenue_usd", "12", "6000000", "Where there is no revenue yet, give the yearly budget."),
        ("sector", "banking", "financial", "'banking' is not one of"),
        ("currency", "Euro", "USD", "found 'Euro'; expected three capitals"),
        ("time_zone", "Mars", "UTC", "a time zone such as Europe/Amsterdam"),
        ("approver", "Ruth", "Erin", "another person than the owner"),
        ("vendors", "Okta:7", "Okta:1", "a tier from 1 to 3"),
        ("period_end", "2027-02-30", "", "a day that exists"),
    ],
)
def test_what_cannot_be_taken_is_asked_again_at_once(
    run: Run, tmp_path: Path, key: str, bad: str, good: str, words: str
) -> None:
    result = run("init", tmp_path / "new", input=typed({key: [bad, good]}, asked_controls()))
    assert result.exit_code == 0, result.output
    after = result.output.split("Not taken: ")
    assert len(after) == 2
    assert words in after[1].split("\n")[0]


def test_input_that_ends_early_leaves_nothing(run: Run, tmp_path: Path) -> None:
    result = run("init", tmp_path / "new", input="Saltmarsh\n50\n")
    assert result.exit_code == 2
    assert result.stderr == "\nStopped before the end; nothing is half written\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from buttress.cli.main import main; main()", "init", str(tmp_path / "new")]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        while "1/19" not in process.stdout.readline():
            pass
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 2
    assert stderr == "\nStopped before the end; nothing is half written\n"
    assert list(tmp_path.iterdir()) == []


def test_the_template_is_a_file_of_answers(run: Run, tmp_path: Path) -> None:
    template = run("init", "--template")
    assert template.exit_code == 0
    assert all(f"\n{question.key}:" in template.stdout for question in QUESTIONS)
    filled = template.stdout
    for key, value in LEAST.items():
        text = f"[{value}]" if key in ("systems", "features") else value.replace(",", "")
        filled = filled.replace(f"\n{key}:\n", f"\n{key}: {text}\n")
    (tmp_path / "answers.yaml").write_text(filled)
    assert run("init", tmp_path / "new", "--answers", tmp_path / "answers.yaml").exit_code == 0


def test_bad_answers_are_named_with_file_and_line(run: Run, tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("name: Saltmarsh\npeople: many\n")
    result = run("init", tmp_path / "new", "--answers", answers)
    assert result.exit_code == 2
    assert "answers.yaml:2: people: found 'many'" in result.stderr
    assert not (tmp_path / "new").exists()


def test_a_place_that_cannot_take_a_register_is_refused_before_any_question(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    for place, words in (
        (tmp_path / "file", "file is a file"),
        (tmp_path / "full", "full is not empty; name a folder that is empty or new"),
        (tmp_path / "file" / "new", "no folder that can be written"),
    ):
        result = run("init", place, input=typed({}, asked_controls()))
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
        assert words in result.stderr
    result = run("init", tmp_path / "new", "--answers", "/no/file.yaml")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "/no/file.yaml does not exist" in result.stderr
