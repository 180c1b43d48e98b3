"""One signed value as it was found, before anything of it is believed."""

from dataclasses import dataclass, replace

from voltroam.metering.problem import MeteringProblem
from voltroam.metering.record import Phase, Record


@dataclass(frozen=True, slots=True)
class Piece:
    """A record, or why it cannot be read, with what its surroundings say about it.

    `text` is the record in a form that can be written into a container again; `key` is the key
    that came along with it.
    """

    place: str
    text: str
    record: Record | None = None
    problem: MeteringProblem | None = None
    key: bytes | None = None
    key_problem: MeteringProblem | None = None
    context: str = ""
    transaction: str = ""
    encoded: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()

    def with_deviations(self, *found: str) -> "Piece":
        """The same piece, with further deviations."""
        return replace(self, deviations=(*self.deviations, *found))

    def in_context(self, context: str, transaction: str) -> "Piece":
        """The piece with the phase that its surroundings name, where it names none itself."""
        return replace(
            self,
            context=context or self.context,
            transaction=transaction or self.transaction,
            record=_phased(self.record, phase_of(context)) if self.record else None,
        )


def phase_of(context: str) -> Phase:
    """The phase that a container's context or an OCPI `nature` names."""
    word = context.strip().casefold()
    if word.startswith(("transaction.begin", "start", "begin")):
        return Phase.BEGIN
    if word.startswith(("transaction.end", "end", "stop")):
        return Phase.END
    if word.startswith(("transaction.update", "intermediate", "sample")):
        return Phase.DURING
    return Phase.UNKNOWN


def _phased(record: Record, phase: Phase) -> Record:
    if phase is Phase.UNKNOWN or any(r.phase is not Phase.UNKNOWN for r in record.readings):
        return record
    return replace(record, readings=tuple(replace(r, phase=phase) for r in record.readings))
