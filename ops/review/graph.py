"""What depends on what: how many resources a change reaches, and a picture of the changed part.

An edge leads from a resource to one that takes a value from it or waits for it. That a component is the parent of its children
is no dependency.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from xml.sax.saxutils import escape, quoteattr

from ops.redaction import shown_text
from ops.review import aws_effects
from ops.review.digest import Preview
from ops.review.finding import Risk
from ops.review.risk import Change

NodeKey = TypeVar("NodeKey", str, int)

# More boxes than this no reviewer reads, nor has a phone the room for them.
MOST_NODES = 30

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 244, 46, 56, 14, 8
# As many characters as a box is wide, in the page's 12-pixel monospaced font.
LABEL_CHARACTERS = 31


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A changed resource, or a component with so many of them."""

    label: str
    caption: str
    risk: Risk


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """The changed part of the graph. Edges are positions in `nodes`; `left_out` nodes had no room."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]
    left_out: int


def dependents(preview: Preview) -> Mapping[str, frozenset[str]]:
    """The resources that depend on each, near and far. Without what is unchanged, only among what the preview lists."""
    users: dict[str, set[str]] = defaultdict(set)
    for source, user in _edges(preview):
        users[source].add(user)
    return {urn: _reachable(urn, users) for urn in users}


def _edges(preview: Preview) -> Iterable[tuple[str, str]]:
    """Before and after the change: who uses what is deleted does so no more afterwards."""
    for resource in preview.resources:
        for state in filter(None, (resource.old, resource.new)):
            by_property = (urn for urns in state.property_dependencies.values() for urn in urns)
            for source in dict.fromkeys([*state.dependencies, *by_property]):
                yield source, resource.urn


def _reachable(start: NodeKey, users: Mapping[NodeKey, set[NodeKey]]) -> frozenset[NodeKey]:
    found: set[NodeKey] = set()
    waiting = [start]
    while waiting:
        for user in users.get(waiting.pop(), set()) - found:
            found.add(user)
            waiting.append(user)
    return frozenset(found - {start})


def picture(preview: Preview, changes: Sequence[Change]) -> Picture:
    """The changed resources, or where they are too many the components that they are parts of."""
    drawn = [
        change
        for change in changes
        if change.risk is not Risk.NOISE and change.planned.type != aws_effects.STACK
    ]
    if len(drawn) > MOST_NODES:
        groups = _by_component(preview, drawn)
    else:
        groups = {change.planned.urn: [change] for change in drawn}
    kept = sorted(groups, key=lambda key: min(change.risk for change in groups[key]))[:MOST_NODES]
    position = {change.planned.urn: kept.index(key) for key in kept for change in groups[key]}
    edges = {
        (position[source], position[user])
        for source, user in _edges(preview)
        if source in position and user in position and position[source] != position[user]
    }
    return Picture(
        nodes=tuple(_node(key, groups[key]) for key in kept),
        edges=tuple(sorted(_direct(edges))),
        left_out=len(groups) - len(kept),
    )


def _direct(edges: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Without those edges that a longer way says, too. Within a circle every edge stays."""
    users: dict[int, set[int]] = defaultdict(set)
    for source, user in edges:
        users[source].add(user)
    reached = {node: _reachable(node, users) for node in users}

    def is_said(source: int, user: int) -> bool:
        others = users[source] - {user}
        return any(user in reached.get(other, ()) and other not in reached.get(user, ()) for other in others)

    return {edge for edge in edges if edge[0] in reached.get(edge[1], ()) or not is_said(*edge)}


def _by_component(preview: Preview, changes: Sequence[Change]) -> dict[str, list[Change]]:
    parents = {each.urn: each.state.parent for each in preview.resources if each.state}
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(_outermost(change.planned.urn, parents), []).append(change)
    return groups


def _outermost(urn: str, parents: Mapping[str, str]) -> str:
    """The ancestor right below the stack."""
    while (parent := parents.get(urn, "")) and f"::{aws_effects.STACK}::" not in parent:
        urn = parent
    return urn


def _node(urn: str, changes: Sequence[Change]) -> Node:
    operations = dict.fromkeys(change.planned.operation for change in changes)
    what = short_type(changes[0].planned.type) if len(changes) == 1 else f"{len(changes)} resources"
    return Node(
        label=shown_text(urn.rsplit("::", 1)[-1]),
        caption=shown_text(f"{', '.join(operations)}: {what}"),
        risk=min(change.risk for change in changes),
    )


def short_type(token: str) -> str:
    """`rds.Instance` for `aws:rds/instance:Instance`."""
    package, module, name = [*token.split(":"), "", ""][:3]
    module = module.split("/")[0]
    return f"{module}.{name}" if module not in {"", "index"} else f"{package}.{name}"


def mermaid(drawn: Picture) -> str:
    """The picture as GitHub draws it from text."""
    lines = ["flowchart LR"]
    lines += [
        f'  n{index}["{_plain(node.label)}<br/>{_plain(node.caption)}"]:::{node.risk.name.lower()}'
        for index, node in enumerate(drawn.nodes)
    ]
    lines += [f"  n{source} --> n{user}" for source, user in drawn.edges]
    lines += [f"  classDef {risk.name.lower()} {style}" for risk, style in MERMAID_STYLES.items()]
    return "\n".join(lines)


# Only outlines: the page's own colours, light or dark, stay behind the text.
MERMAID_STYLES = {
    Risk.STATEFUL: "stroke:#d1242f,stroke-width:3px",
    Risk.DISRUPTIVE: "stroke:#bc4c00,stroke-width:2px",
    Risk.SECURITY: "stroke:#8250df,stroke-width:2px",
    Risk.BACKUPS: "stroke:#9a6700,stroke-width:2px",
    Risk.COST: "stroke:#0969da",
    Risk.ROUTINE: "stroke:#6e7781",
}


def _plain(text: str) -> str:
    """Mermaid has no way to quote everything: only what is in names stays."""
    return "".join(character if character.isalnum() or character in " .,:_-" else "_" for character in text)


def svg(drawn: Picture) -> str:
    """The picture for a page: what depends on something stands to its right. Colours are the page's classes."""
    places = _places(drawn)
    width = max((x for x, _ in places), default=0) + BOX_WIDTH + MARGIN
    height = max((y for _, y in places), default=0) + BOX_HEIGHT + MARGIN
    title = f"{len(drawn.nodes)} changed resources and what depends on what"
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label={quoteattr(title)}>',
        f"<title>{escape(title)}</title>",
        *(_line(places[source], places[user]) for source, user in drawn.edges),
        *(_box(node, place) for node, place in zip(drawn.nodes, places, strict=True)),
        "</svg>",
    ]
    return "\n".join(parts)


def _places(drawn: Picture) -> list[tuple[int, int]]:
    """The upper left corner of each node: a column for each step from what depends on nothing."""
    columns = _columns(drawn)
    filled: dict[int, int] = defaultdict(int)
    places = []
    for column in columns:
        places.append((MARGIN + column * (BOX_WIDTH + GAP_X), MARGIN + filled[column] * (BOX_HEIGHT + GAP_Y)))
        filled[column] += 1
    return places


def _columns(drawn: Picture) -> list[int]:
    """The longest way to each node. Components may depend on each other in a circle: no way is longer than all nodes."""
    columns = [0] * len(drawn.nodes)
    for _ in drawn.nodes:
        for source, user in drawn.edges:
            columns[user] = max(columns[user], min(columns[source] + 1, len(drawn.nodes) - 1))
    used = sorted(set(columns))
    return [used.index(column) for column in columns]


def _line(source: tuple[int, int], user: tuple[int, int]) -> str:
    x1, y1 = source[0] + BOX_WIDTH, source[1] + BOX_HEIGHT // 2
    x2, y2 = user[0], user[1] + BOX_HEIGHT // 2
    bend = max(GAP_X // 2, (x2 - x1) // 2)
    return f'<path class="edge" d="M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"/>'


def _box(node: Node, place: tuple[int, int]) -> str:
    x, y = place
    return (
        f'<g class="node {node.risk.name.lower()}"><title>{escape(node.label)}: {escape(node.caption)}</title>'
        f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<text x="{x + 10}" y="{y + 19}">{escape(_shortened(node.label))}</text>'
        f'<text class="caption" x="{x + 10}" y="{y + 36}">{escape(_shortened(node.caption))}</text></g>'
    )


def _shortened(text: str) -> str:
    return text if len(text) <= LABEL_CHARACTERS else f"{text[: LABEL_CHARACTERS - 1]}…"
