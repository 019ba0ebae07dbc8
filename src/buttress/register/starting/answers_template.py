"""A file of answers to fill in: every question of `buttress init` with its help, as YAML."""

from collections.abc import Iterable
from itertools import groupby

from buttress.register.starting.questions import CONTROL_QUESTIONS, HOLDINGS, QUESTIONS, Question, QuestionKind

_LISTS = (QuestionKind.SEVERAL, QuestionKind.LIST, QuestionKind.VENDORS)
_EXAMPLE_NAMES = "Notes app, Sync API"


def answers_template() -> str:
    """YAML that `read_answers` takes once the questions without a default are answered."""
    lines = ["# Answers for buttress init. Lines that are left as they are stand for the usual answer.", ""]
    for question in QUESTIONS:
        lines += [*_comments(question), f"{question.key}:{_value(question)}", ""]
    lines += [*_holdings(), "controls:"]
    for group, questions in groupby(CONTROL_QUESTIONS, key=lambda question: question.group):
        lines.append(f"  # {group}")
        lines += [f"  {question.control}: unknown  # {question.wording}" for question in questions]
    return "\n".join(lines) + "\n"


def _comments(question: Question) -> Iterable[str]:
    yield f"# {question.prompt}"
    if question.kind is QuestionKind.VENDORS:
        yield "# A list: [{name: Mailer, tier: 3}], or names separated by commas."
        yield "# Tier 1: you stop without them or they hold customer data; 3: easily replaced."
    elif question.help and question.kind is not QuestionKind.LIST:
        yield f"# {question.help}"
    for choice in question.choices:
        yield f"#   {choice.value}: {choice.meaning}"
    if question.kind in (QuestionKind.SEVERAL, QuestionKind.LIST):
        example = ", ".join(choice.value for choice in question.choices[:2]) or _EXAMPLE_NAMES
        yield f"# A list: [{example}], or names separated by commas."


def _value(question: Question) -> str:
    if not question.default:
        return ""
    if question.kind is QuestionKind.YES_NO:
        return f" {'true' if question.default == 'yes' else 'false'}"
    return f" [{question.default}]" if question.kind in _LISTS else f" {question.default}"


def _holdings() -> Iterable[str]:
    yield "# Which of these controls are in place?"
    for choice in HOLDINGS:
        yield f"#   {choice.value}: {choice.meaning}"
    yield "# With a date: IAM-02: {holding: in_place, since: 2024-03-01}, or {holding: planned, on: 2027-01-31}."
