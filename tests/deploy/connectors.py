"""The examples of Kafka Connect are sound: JSON, transforms that are there, columns that are fields of the scores' schema."""

import json
import re
import sys
from pathlib import Path

EXAMPLES = Path("examples/kafka-connect")
SCORES = Path("schemas/score.updated.v1.json")
# What a Connect type may stand for.
JSON_TYPES = {"string": "string", "double": "number", "struct": "object"}


def resolved(schema, document):
    """The schema itself, behind its reference and beside null; {} says anything."""
    if "$ref" in schema:
        return resolved(document["$defs"][schema["$ref"].removeprefix("#/$defs/")], document)
    for one in schema.get("anyOf", []):
        if one.get("type") != "null":
            return resolved(one, document)
    return schema


def fields(connect, schema, document, path=""):
    """What is wrong with the fields of a Connect schema."""
    for field in connect["fields"]:
        name = path + field["field"]
        if not field.get("optional"):
            yield f"{name} must be optional: alerts do not have it"
        known = schema.get("properties", {})
        if field["field"] not in known:
            if schema.get("additionalProperties") is not True:
                yield f"{name} is no field of {SCORES}"
            continue
        of_json = resolved(known[field["field"]], document)
        if JSON_TYPES[field["type"]] not in (of_json["type"] if isinstance(of_json["type"], list) else [of_json["type"]]):
            yield f"{name} is not of type {field['type']}"
        if field["type"] == "struct":
            yield from fields(field, of_json, document, name + ".")


def connector(file, allowed):
    settings = json.loads(file.read_text())["config"]
    if settings.get("consumer.override.isolation.level") != "read_committed":
        yield "does not read with read_committed"
    named = set(settings["transforms"].split(","))
    used = {name.split(".")[1] for name in settings if name.startswith("transforms.")}
    if named != used or any(f"transforms.{name}.type" not in settings for name in named):
        yield f"names the transforms {sorted(named)} and sets up {sorted(used)}"
    for variable in re.findall(r"\$\{env:([^}]*)\}", " ".join(settings.values())):
        if not re.fullmatch(allowed, variable):
            yield f"the worker does not give it {variable}"
    if "value.converter.schema.content" in settings:
        scores = json.loads(SCORES.read_text())
        yield from fields(json.loads(settings["value.converter.schema.content"]), scores, scores)


def main():
    lines = (EXAMPLES / "worker.properties").read_text().splitlines()
    worker = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    allowed = worker["config.providers.env.param.allowlist.pattern"]
    files = sorted(EXAMPLES.glob("*.json"))
    mistakes = [f"{file}: {mistake}" for file in files for mistake in connector(file, allowed)]
    if mistakes or not files:
        sys.exit("\n".join(mistakes) or "there are no examples")


if __name__ == "__main__":
    main()
