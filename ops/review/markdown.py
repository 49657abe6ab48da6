"""The report as one comment on a pull request: the verdict, then what must be decided, then the rest as far as it fits.

A comment holds 65,536 characters. Pieces are placed by importance, so that a long list of routine changes never costs a row that
holds data; what had no room is counted where it is missing.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ops.review import graph
from ops.review.finding import Risk
from ops.review.policy_results import PolicyResult
from ops.review.report import LISTED_RISKS, OPERATIONS, TITLES, Report, Row, StackReport

# GitHub refuses a longer comment ("Body is too long (maximum is 65536 characters)"). Left over is room for the line by which the
# comment is found again.
MAXIMUM_CHARACTERS = 65_536 - 500
# A line that says how much is missing, for each block.
NOTE_CHARACTERS = 120
# An error can be a page of its own.
LONGEST_MESSAGE_CHARACTERS = 4_000
# Of a group of routine changes, as many names as say what it is about.
NAMES_SHOWN = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part that is either there or not. The smaller `importance`, the sooner it is placed."""

    text: str
    importance: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Pieces that stand together; without one of them, neither opening nor closing is there."""

    opening: str
    pieces: tuple[Piece, ...]
    closing: str = "\n"


# In the order in which they are placed; values of a row come after all rows.
HEAD, ERRORS, ROWS, POLICIES, VALUES, PICTURE, ROUTINE, ROUTINE_VALUES, WARNINGS = (
    0,
    1,
    10,
    20,
    30,
    50,
    60,
    65,
    70,
)


def markdown(report: Report, maximum_characters: int = MAXIMUM_CHARACTERS) -> str:
    """The comment, at most `maximum_characters` long."""
    blocks = [_head(report), *(block for stack in report.stacks for block in _stack(stack))]
    return _placed(blocks, maximum_characters)


def _placed(blocks: Sequence[Block], maximum_characters: int) -> str:
    """Every piece that fits, the important ones first, each in its place."""
    queue = sorted(
        ((piece.importance, number, index) for number, block in enumerate(blocks) for index, piece in enumerate(block.pieces))
    )  # fmt: skip
    left = maximum_characters - NOTE_CHARACTERS * len(blocks)
    placed: dict[int, set[int]] = defaultdict(set)
    for _, number, index in queue:
        block = blocks[number]
        frame = 0 if number in placed else len(block.opening) + len(block.closing)
        needed = len(block.pieces[index].text) + frame
        if needed <= left:
            left -= needed
            placed[number].add(index)
    return (
        "".join(_joined(block, placed.get(number, set())) for number, block in enumerate(blocks)).strip()
        + "\n"
    )


def _joined(block: Block, placed: set[int]) -> str:
    missing = len(block.pieces) - len(placed)
    note = f"\n_{missing} more here had no room: see the full report._\n" if missing else ""
    if not placed:
        return note
    pieces = "".join(block.pieces[index].text for index in sorted(placed))
    return f"{block.opening}{pieces}{block.closing}{note}"


def _head(report: Report) -> Block:
    """What is always there: the verdict, and the counts of each stack."""
    lines = [f"## Infrastructure preview: {_inline(report.verdict)}", ""]
    lines += [
        "| stack | verdict | " + " | ".join(OPERATIONS) + " | policy |",
        "|---|---|" + "--:|" * len(OPERATIONS) + "---|",
    ]
    lines += [
        f"| **{_inline(stack.stack)}** | {_inline(stack.verdict)} | "
        + " | ".join(str(stack.counts.get(operation, 0)) for operation in OPERATIONS)
        + f" | {_inline(stack.policy_summary)} |"
        for stack in report.stacks
    ]
    notes = [f"> {_inline(note)}" for note in report.notes]
    text = "\n".join([*lines, "", *notes]) + "\n"
    return Block(opening="", pieces=(Piece(text=text, importance=HEAD),), closing="")


def _stack(stack: StackReport) -> Iterator[Block]:
    title = f"\n### {_inline(stack.stack)}\n"
    limits = "".join(f"> {_inline(limit)}\n" for limit in stack.limits)
    yield Block(opening="", pieces=(Piece(text=title + limits, importance=HEAD),), closing="")
    if stack.errors:
        yield Block(
            opening="\n#### Errors\n",
            pieces=tuple(Piece(text=_fenced(error), importance=ERRORS) for error in stack.errors),
        )
    for risk in LISTED_RISKS:
        rows = [row for row in stack.rows if row.risk is risk]
        if rows:
            yield _table(risk, rows)
    violations = [result for row in stack.rows for result in row.policies] + list(stack.other_policies)
    if violations:
        yield _policies(violations)
    changed = [row for row in stack.rows if row.values and _shows_values(row)]
    if changed:
        yield Block(
            opening="\n#### Before and after\n",
            pieces=tuple(
                Piece(
                    text=_values(row),
                    importance=VALUES + row.risk if row.risk in LISTED_RISKS else ROUTINE_VALUES,
                )
                for row in changed
            ),
        )
    if stack.picture.nodes:
        yield _picture(stack)
    yield from _routine(stack)
    if stack.warnings:
        yield Block(
            opening=f"\n<details><summary>Warnings ({len(stack.warnings)})</summary>\n",
            pieces=tuple(Piece(text=_fenced(warning), importance=WARNINGS) for warning in stack.warnings),
            closing="\n</details>\n",
        )


def _shows_values(row: Row) -> bool:
    """Of what is routine, a new resource's values say no more than the program does."""
    return row.risk in LISTED_RISKS or (row.risk is Risk.ROUTINE and row.operation == "update")


def _table(risk: Risk, rows: Sequence[Row]) -> Block:
    opening = f"\n#### {TITLES[risk]} ({len(rows)})\n\n| resource | change | what it does | dependents |\n|---|---|---|--:|\n"
    return Block(
        opening=opening,
        pieces=tuple(Piece(text=_row(row), importance=ROWS + risk) for row in rows),
    )


def _row(row: Row) -> str:
    dependents = "?" if row.dependents is None else str(row.dependents)
    cells = [f"{_code(row.name)}<br>{_inline(row.type)}", _operation(row), _what(row), dependents]
    return "| " + " | ".join(cells) + " |\n"


def _operation(row: Row) -> str:
    lines = [f"**{_inline(row.operation)}**", *([_inline(row.order)] if row.order else [])]
    return "<br>".join(lines)


def _what(row: Row) -> str:
    lines = [f"**{_inline(row.intent)}**"] if row.intent else []
    if row.forced_by:
        lines.append(f"forced by {', '.join(map(_code, row.forced_by))}")
    lines += [
        (f"{_code(finding.property)}: " if finding.property else "") + _inline(finding.says)
        for finding in row.findings
    ]
    lines += [_inline(protection) for protection in row.protections]
    lines += [f"policy {_inline(result.level)}: {_code(result.policy)}" for result in row.policies]
    return "<br>".join(lines)


def _policies(violations: Sequence[PolicyResult]) -> Block:
    return Block(
        opening="\n#### Policies\n\n| level | policy | resource | message |\n|---|---|---|---|\n",
        pieces=tuple(
            Piece(
                text=f"| {_inline(each.level)} | {_code(each.policy)} | {_code(each.resource)} | {_inline(each.message)} |\n",
                importance=POLICIES,
            )
            for each in violations
        ),
    )


def _values(row: Row) -> str:
    lines = [
        f"\n<details><summary>{_inline(row.name)}: {len(row.values)} {'value' if len(row.values) == 1 else 'values'}</summary>\n",
        "| property | before | after | |",
        "|---|---|---|---|",
        *(
            f"| {_code(value.path)} | {_code(value.before)} | {_code(value.after)} | {_inline(value.note)} |"
            for value in row.values
        ),
        "\n</details>\n",
    ]
    return "\n".join(lines)


def _picture(stack: StackReport) -> Block:
    drawn = stack.picture
    more = f"; {drawn.left_out} more are not drawn" if drawn.left_out else ""
    return Block(
        opening=f"\n<details><summary>What depends on what{more}</summary>\n\n",
        pieces=(Piece(text=f"```mermaid\n{graph.mermaid(drawn)}\n```\n", importance=PICTURE),),
        closing="\n</details>\n",
    )


def _routine(stack: StackReport) -> Iterator[Block]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in stack.rows:
        if row.risk is Risk.ROUTINE:
            groups[row.operation, row.type].append(row)
    if groups:
        number = sum(map(len, groups.values()))
        yield Block(
            opening=f"\n<details><summary>{TITLES[Risk.ROUTINE]} ({number})</summary>\n\n",
            pieces=tuple(
                Piece(text=_group(key, rows), importance=ROUTINE) for key, rows in sorted(groups.items())
            ),
            closing="\n</details>\n",
        )
    if stack.noise:
        text = f"\n{stack.noise} more of which nothing is to be seen in the cloud: components, providers, other order, inherited tags.\n"
        yield Block(opening="", pieces=(Piece(text=text, importance=ROUTINE),), closing="")


def _group(key: tuple[str, str], rows: Sequence[Row]) -> str:
    operation, resource_type = key
    names = [_code(row.name) + _paths(row) for row in rows[:NAMES_SHOWN]]
    more = f" and {len(rows) - NAMES_SHOWN} more" if len(rows) > NAMES_SHOWN else ""
    return f"- {_inline(operation)} {len(rows)} {_inline(resource_type)}: {', '.join(names)}{more}\n"


def _paths(row: Row) -> str:
    """Which properties of a routine change."""
    paths = list(dict.fromkeys(value.path for value in row.values))
    if not paths:
        return ""
    return f" ({', '.join(map(_code, paths[:3]))}{', …' if len(paths) > 3 else ''})"


# What comes from a preview may hold any text, and the author of a pull request decides what: nothing of it may act as Markdown.


def _inline(text: str) -> str:
    """Plain text within a line or a table's cell."""
    escaped = re.sub(r"([\\`*_{}\[\]<>#|~@!])", lambda match: f"&#{ord(match[1])};", _one_line(text))
    # A bare address would become a link.
    return re.sub(r"(?i)\b(https?|www)([:.])", lambda match: f"{match[1]}&#{ord(match[2])};", escaped)


def _code(text: str) -> str:
    """Text in a code span, within a table or not. A table splits at a bar even there, but for one that is escaped."""
    line = _one_line(text).replace("|", "\\|")
    if not line.strip():
        return ""
    fence = "`" * (_longest_run(line) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _fenced(text: str) -> str:
    """Text over several lines, as it is."""
    cut = text if len(text) <= LONGEST_MESSAGE_CHARACTERS else f"{text[:LONGEST_MESSAGE_CHARACTERS]}…"
    fence = "`" * max(3, _longest_run(cut) + 1)
    return f"\n{fence}text\n{cut}\n{fence}\n"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall(r"`+", text)), default=0)


def _one_line(text: str) -> str:
    return " ".join(_printable(text).split())


def _printable(text: str) -> str:
    """Without what changes the direction of text or hides it."""
    return "".join(character for character in text if character.isprintable() or character.isspace())
