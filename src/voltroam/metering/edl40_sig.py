"""`<signedMeterValue>`: the 320 bytes of an EDL40 meter as they are, with key and signature."""

from voltroam.metering import edl_block
from voltroam.metering.curves import SECP192R1, SECP256R1
from voltroam.metering.keys import read_raw
from voltroam.metering.problem import KEY, SIGNATURE, MeteringProblem
from voltroam.metering.record import Format, Phase, Record
from voltroam.metering.texts import from_base64, from_hex
from voltroam.metering.tree import Element

ROOT = "signedMeterValue"
METHODS = {"ECDSA192SHA256": SECP192R1, "ECDSA256SHA256": SECP256R1}
LOG = 2


def _decoded(root: Element, name: str, path: str) -> bytes:
    child = root.first(name)
    if child is None or not child.text.strip():
        raise MeteringProblem(path, f"<{name}> is missing")
    if child.attributes.get("encoding", "base64").casefold() == "hex":
        data = from_hex(child.text)
    else:
        data = from_base64(child.text)
    if data is None:
        raise MeteringProblem(path, f"<{name}> is not in its encoding")
    return data


def read(root: Element) -> Record:
    """Read a `<signedMeterValue>`; MeteringProblem names the element that is wrong."""
    method = root.words("signatureMethod")
    curve = METHODS.get(method)
    if curve is None:
        raise MeteringProblem(f"{SIGNATURE}Method", f"{method[:40]!r} is not known")
    payload = _decoded(root, "encodedMeterValue", "$.encodedMeterValue")
    block = edl_block.parse(payload)
    signature = _decoded(root, "meterValueSignature", SIGNATURE)
    size = 2 * curve.size
    if len(signature) not in {size, size + LOG}:
        raise MeteringProblem(SIGNATURE, f"{len(signature)} bytes do not fit {curve.name}")
    deviations = []
    if signature[size:] not in {b"", block.log}:
        deviations.append("the log index after the signature is not the signed one")
    key = root.first("publicKey")
    return Record(
        format=Format.EDL40_SIG,
        payload=payload,
        curve=curve,
        numbers=read_raw(signature[:size], curve),
        key=_decoded(root, "publicKey", KEY) if key and key.text.strip() else None,
        readings=edl_block.readings(block, Phase.UNKNOWN),
        meter_id=block.server.hex().upper(),
        other_ids=(edl_block.meter_name(block.server),),
        session=edl_block.contract_text(block.contract),
        pagination=block.pagination,
        deviations=tuple(deviations),
    )
