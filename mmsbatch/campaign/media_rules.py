"""What the manual asks of the URLs of media (1.2), checked without fetching anything."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.campaign.model import Campaign, Medium
from mmsbatch.diagnostics import Diagnostic
from mmsbatch.rules import finding

#: Endings by kind of medium: the manual's text and glossary (1.2, 5).
EXTENSIONS = {"image": (".gif", ".jpg", ".jpeg"), "video": (".3gp",), "sound": (".mid", ".amr")}
_MARKUP = frozenset('<>"')
_UNUSUAL = {"sound": ".midi"}

_Report = Callable[..., Diagnostic]


def check_media(campaign: Campaign, settings: GatewaySettings) -> list[Diagnostic]:
    """Return the findings on the campaign's media, under the URL rules of this gateway."""
    return [diagnostic for kind in EXTENSIONS for diagnostic in _check_medium(campaign, kind, settings)]


def _check_medium(campaign: Campaign, kind: str, settings: GatewaySettings) -> Iterator[Diagnostic]:
    medium: Medium | None = getattr(campaign.message, kind)
    if medium is None:
        return
    where = campaign.position("message", kind, "url")
    for says, hint in _url_problems(medium.url, settings.media_url_prefixes):
        yield finding("media-url", campaign.file, where, f"The URL of the {kind} {says}.", hint)
    rule, says, hint = _ending_problem(kind, medium.url)
    if rule:
        yield finding(rule, campaign.file, where, f"The URL of the {kind} {says}.", hint)
    if medium.duration == 0:
        place = campaign.position("message", kind, "duration")
        yield finding("media-duration-zero", campaign.file, place, f"The {kind} lasts 0 seconds.", "Give its length.")


def _url_problems(url: str, prefixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if not url.startswith(prefixes):
        yield f"must begin with {_either(prefixes)}", "`media_url_prefixes` of the gateway says what is taken."
    if "&" in url:
        yield "holds `&`, which the gateway refuses", "Use an address without a query of several parts."
    if not _MARKUP.isdisjoint(url):
        yield 'holds `<`, `>` or `"`', "Write them percent-encoded."
    if not url.isascii():
        yield "holds accents or other signs outside ASCII", "Write them percent-encoded."
    if " " in url or not url.isprintable():
        yield "holds spaces or invisible characters", "Write a space as %20."


def _ending_problem(kind: str, url: str) -> tuple[str, str, str]:
    """Return rule, problem and hint; an empty rule where the ending is as it should be."""
    path = _path(url)
    if path.endswith(EXTENSIONS[kind]):
        return "", "", ""
    wanted = _either(EXTENSIONS[kind])
    if kind in _UNUSUAL and path.endswith(_UNUSUAL[kind]):
        return "media-extension-unusual", f"ends with {_UNUSUAL[kind]}", f"The manual has {wanted}."
    return "media-extension", f"must end with {wanted}", "The ending of the path counts, whatever its case."


def _path(url: str) -> str:
    try:
        return urlsplit(url).path.lower()
    except ValueError:  # an unclosed [ in the host: media-url tells it
        return ""


def _either(words: tuple[str, ...]) -> str:
    return " or ".join(words)
