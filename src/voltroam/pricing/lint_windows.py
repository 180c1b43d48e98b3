"""Windows of a tariff that were probably meant otherwise, and gaps between them."""

from collections.abc import Iterator

from voltroam.pricing.restrictions import DAY, window
from voltroam.standard.v2_3_0 import Tariff, TariffDimensionType, TariffRestrictions

Suspicion = tuple[str, str, str]
"""Code, path and text."""


def windows(tariff: Tariff) -> Iterator[Suspicion]:
    """A06, A07, an end one minute before midnight, and hours that no window covers."""
    for index, element in enumerate(tariff.elements):
        limits = element.restrictions
        if limits is not None:
            yield from _odd(limits, f"$.elements[{index}].restrictions")
    yield from _gaps(tariff)


def _odd(limits: TariffRestrictions, path: str) -> Iterator[Suspicion]:
    start, end = limits.start_time, limits.end_time
    if end is not None and end != "00:00" and start == end:
        yield "SAME_TIMES", path, "start_time is end_time: read as the whole day"
    elif start and end and end != "00:00" and end < start and limits.day_of_week:
        text = "over midnight, the day of the week is the local day: Friday 22:00 to 06:00"
        yield "NIGHT_AND_DAYS", path, f"{text} is Friday before 06:00 and after 22:00"
    if end in ("23:59", "23:58"):
        text = "end_time is exclusive: use 00:00 for the end of the day"
        yield "MINUTE_BEFORE_MIDNIGHT", f"{path}.end_time", text
    if limits.end_date is not None and limits.end_date.endswith("-12-31"):
        text = "end_date is exclusive: 31 December is left out"
        yield "LAST_DAY", f"{path}.end_date", text


def _gaps(tariff: Tariff) -> Iterator[Suspicion]:
    """Minutes of the day without price, where a dimension is priced by windows alone."""
    for kind in TariffDimensionType:
        found: list[tuple[int, int]] = []
        path = ""
        for index, element in enumerate(tariff.elements):
            limits = element.restrictions
            if not any(one.type == kind for one in element.price_components):
                continue
            hours = None if limits is None else window(limits, "$")
            if limits is None or hours is None or limits.reservation or limits.booking:
                found = []
                break
            found += _unwrapped(*hours)
            path = path or f"$.elements[{index}]"
        for start, end in _uncovered(found):
            yield "GAP", path, f"no window prices {kind} from {_clock(start)} to {_clock(end)}"


def _unwrapped(start: int, end: int) -> list[tuple[int, int]]:
    if start < end:
        return [(start, end)]
    return [(start, DAY), (0, end)]


def _uncovered(windows: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    if not windows:
        return
    reached = 0
    for start, end in sorted(windows):
        if start > reached:
            yield reached, start
        reached = max(reached, end)
    if reached < DAY:
        yield reached, DAY


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}"
