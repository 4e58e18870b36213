"""`mt inspect --picture`: one inspection as a picture, by matplotlib: PNG, SVG, or HTML for light and dark.

    figure.py           the layout
    encoder_panels.py   how the sentence was read; decoder_panels.py  how it was written
    paths.py            the way of the states over their plane
    sound_figure.py     a recording
    piece_names.py      pieces beside axes; labels.py  how wide they are; fonts.py  what draws them
    theme.py            colours

The same inspection gives the same bytes.
"""

from __future__ import annotations

import importlib.util
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mt.errors import ConfigError, MissingExtraError
from mt.inspection import Inspection
from mt.inspection.picture.fonts import STACK, families, missing
from mt.inspection.picture.theme import DARK, LIGHT, Theme
from mt.inspection.terminal import shown, source_labels, target_labels
from mt.storage.output import write_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mt.inspection.hearing import Hearing

_LOGGER = logging.getLogger(__name__)

SUFFIXES = (".png", ".svg", ".html")
DOTS = 160  # an inch


def check_suffix(path: Path) -> None:
    """Raises what `draw` would: ConfigError for another suffix, MissingExtraError without matplotlib."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{path}: a picture's name ends in .png, .svg or .html")
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("pictures need matplotlib", "pictures")


def draw(inspection: Inspection | Hearing, path: Path) -> None:
    """Draw the inspection of a text or a recording into a file, PNG, SVG or HTML by its suffix.

    Raises ConfigError for another suffix, FileError where it cannot be written, MissingExtraError without
    matplotlib.
    """
    check_suffix(path)
    kind = path.suffix.lower().removeprefix(".")
    write_file(path, _page(inspection) if kind == "html" else render(inspection, LIGHT, kind))


def render(inspection: Inspection | Hearing, theme: Theme, kind: str) -> bytes:
    """The picture as "png" or "svg"."""
    text = _text(inspection)
    names = families(text)
    if kind == "png" and (lacking := missing(text, names)):
        _LOGGER.warning(
            f"no font here has {lacking[:20]}: drawn as boxes; install one (for Chinese: apt-get install "
            "fonts-noto-cjk) or draw .svg, for which the viewer chooses the font"
        )
    file = io.BytesIO()
    with _settings(theme, names):
        metadata = {"Date": None} if kind == "svg" else {}
        _figure(inspection, theme).savefig(file, format=kind, dpi=DOTS, metadata=metadata)
    if kind == "png":
        return file.getvalue()
    ours = ", ".join(f"'{name}'" for name in names)
    svg = file.getvalue().decode().replace(f"font-family: {ours}", f"font-family: {STACK}")
    return svg.encode()


@contextmanager
def _settings(theme: Theme, names: list[str]) -> Iterator[None]:
    """matplotlib's own settings and these, whatever the user's are, so that pictures are alike."""
    import matplotlib

    settings: dict[Any, Any] = {
        "font.family": names,
        "text.parse_math": False,  # a $ is a piece like others
        "svg.fonttype": "none",
        "svg.hashsalt": f"mt-{theme.name}",
        "axes.facecolor": theme.paper,
        "axes.edgecolor": theme.rule,
        "axes.linewidth": 0.8,
        "ytick.color": theme.rule,
    }
    fonts = logging.getLogger("matplotlib.font_manager")
    level = fonts.level
    fonts.setLevel(logging.ERROR)  # that a family has no bold face
    with ExitStack() as stack:
        stack.callback(fonts.setLevel, level)
        stack.enter_context(matplotlib.rc_context())
        stack.enter_context(warnings.catch_warnings())
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        # Said by `render`, once and in words; of an SVG it does not matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _figure(inspection: Inspection | Hearing, theme: Theme) -> Figure:
    if isinstance(inspection, Inspection):
        from mt.inspection.picture.figure import compose

        return compose(inspection, theme)
    from mt.inspection.picture.sound_figure import compose_sound

    return compose_sound(inspection, theme)


def _text(inspection: Inspection | Hearing) -> str:
    """Every character that labels and headings may hold."""
    if not isinstance(inspection, Inspection):
        return "".join([inspection.name, inspection.text, *inspection.pieces])
    runners_up = [shown(piece) for step in inspection.steps for piece, _ in step.runners_up]
    labels = [*source_labels(inspection), *target_labels(inspection), *runners_up]
    return "".join([inspection.source, inspection.translation, inspection.model.name, *labels])


def _page(inspection: Inspection | Hearing) -> bytes:
    """Both themes in one file."""
    pictures = {}
    for theme in (LIGHT, DARK):
        svg = render(inspection, theme, "svg").decode()
        pictures[theme.name] = Markup(svg[svg.index("<svg") :])  # without the XML declaration
    templates = Environment(
        loader=PackageLoader("mt.inspection.picture"), autoescape=True, undefined=StrictUndefined
    )
    sides = (
        (inspection.source, inspection.translation)
        if isinstance(inspection, Inspection)
        else (inspection.name, inspection.text)
    )
    page = templates.get_template("page.html")
    return page.render(title=" → ".join(sides), pictures=pictures, light=LIGHT, dark=DARK).encode()
