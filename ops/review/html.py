"""The report as one page that needs nothing else: no script, no picture and no style from anywhere."""

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from ops.review import graph
from ops.review.finding import Risk
from ops.review.report import LISTED_RISKS, OPERATIONS, TITLES, Report

_TEMPLATES = Environment(
    loader=PackageLoader("ops.review"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html(report: Report) -> str:
    """The page. Everything in it is escaped; only the picture is markup, and escapes its own texts."""
    return _TEMPLATES.get_template("report.html.jinja").render(
        report=report,
        operations=OPERATIONS,
        titles=TITLES,
        risks=[*LISTED_RISKS, Risk.ROUTINE],
        routine=Risk.ROUTINE,
        picture=lambda drawn: Markup(graph.svg(drawn)),  # noqa: S704 - `svg` escapes
    )
