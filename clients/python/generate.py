"""Writes the dataclasses of mayfly_client from the schemas of the OpenAPI document. Needs no package.

Usage: generate.py REDUCED_JSON > src/mayfly_client/models.py

Public generators write code for Python 3.10 and later, lose keys such as `from`, or write a file for each of 99 schemas.
This one knows the constructs of the schemas below, and fails at any other.
"""

import json
import keyword
import sys
import textwrap

# What the library returns. Schemas that these refer to are added.
ROOTS = ["Message", "MessageItem", "MessageReceived", "SearchPage", "SystemDomain", "Me"]
ROOTS += ["Account", "Sandbox", "NewSandbox", "Token", "NewToken", "Webhook", "NewWebhook", "Delivery"]
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
PREFIX = "#/components/schemas/"
WIDTH = 100

HEADER = '''"""Answers of the HTTP API. Written by `clients/generate` from the OpenAPI document: do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, List, Literal, Optional, Tuple


def _each(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: [read(value) for value in values]


def _optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _time(text: str) -> datetime:
    # Python 3.9 reads no `Z`.
    return datetime.fromisoformat(text.replace("Z", "+00:00"))

'''


class Schemas:
    """The schemas of a document, and the definitions of those that are needed."""

    def __init__(self, document):
        self.all = document["components"]["schemas"]
        self.definitions = {}

    def require(self, name):
        if name not in self.definitions:
            self.definitions[name] = ""
            schema = self.all[name]
            self.definitions[name] = self.enumeration(name, schema) if "enum" in schema else self.dataclass(name, schema)

    def enumeration(self, name, schema):
        values = ", ".join(json.dumps(value) for value in schema["enum"])
        return f"\n{name} = Literal[{values}]\n{docstring(schema, '')}\n"

    def dataclass(self, name, schema):
        fields, reads = [], []
        for key, (value, is_required) in self.properties(schema).items():
            attribute = f"{key}_" if keyword.iskeyword(key) else key
            annotation, reader = self.type_of(value)
            # A key that can be null can be missing in the answer of an older server.
            is_optional = annotation.startswith("Optional[")
            if not is_required and not is_optional:
                annotation, reader, is_optional = *optional(annotation, reader), True
            fields.append(f"    {attribute}: {annotation}\n")
            if "description" in value:
                fields.append(docstring(value, "    ") + "\n")
            json_value = f'json.get("{key}")' if is_optional else f'json["{key}"]'
            reads.append(f"            {attribute}={f'{reader}({json_value})' if reader else json_value},\n")
        return (
            f"\n\n@dataclass(frozen=True)\nclass {name}:\n{docstring(schema, '    ')}\n\n{''.join(fields)}\n"
            f"    @classmethod\n    def from_json(cls, json: Any) -> {name}:\n"
            '        """Reads a JSON object; ignores keys that are not known."""\n'
            f"        return cls(\n{''.join(reads)}        )\n"
        )

    def properties(self, schema):
        """The properties by name, those of `allOf` included, each with whether it is required."""
        unknown = schema.keys() - {"type", "properties", "required", "description", "allOf"}
        if unknown:
            sys.exit(f"a schema has {unknown}: teach generate.py")
        found = {}
        for part in schema.get("allOf", []):
            found.update(self.properties(self.referred(part) if "$ref" in part else part))
        required = schema.get("required", [])
        found.update({key: (value, key in required) for key, value in schema.get("properties", {}).items()})
        return found

    def referred(self, schema):
        return self.all[schema["$ref"][len(PREFIX) :]]

    def type_of(self, schema):
        """The annotation of a value, and what reads it from JSON: None if nothing is to be done."""
        if "$ref" in schema:
            referred = self.referred(schema)
            if referred.get("type") == "array":
                return self.type_of(referred)
            name = schema["$ref"][len(PREFIX) :]
            self.require(name)
            return name, None if "enum" in referred else f"{name}.from_json"
        if "oneOf" in schema:
            (inner,) = [one for one in schema["oneOf"] if one.get("type") != "null"]
            return optional(*self.type_of(inner))
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        (kind,) = [one for one in kinds if one != "null"]
        if kind == "array":
            found = self.array(schema)
        elif schema.get("format") == "date-time":
            found = "datetime", "_time"
        else:
            found = SCALARS[kind], None
        return optional(*found) if "null" in kinds else found

    def array(self, schema):
        annotation, reader = self.type_of(schema["items"])
        if schema.get("minItems", 0) == schema.get("maxItems"):
            return f"Tuple[{', '.join([annotation] * schema['minItems'])}]", "tuple"
        return f"List[{annotation}]", f"_each({reader})" if reader else "list"


def optional(annotation, reader):
    return f"Optional[{annotation}]", f"_optional({reader})" if reader else None


def docstring(schema, indent):
    lines = textwrap.wrap(schema["description"], WIDTH - len(indent) - 6)
    end = "" if len(lines) == 1 else f"\n{indent}"
    return f'{indent}"""' + f"\n{indent}".join(lines) + f'{end}"""'


def main(path):
    with open(path) as file:
        schemas = Schemas(json.load(file))
    for name in ROOTS:
        schemas.require(name)
    # Enumerations first: annotations are not evaluated, but aliases are.
    in_order = sorted(schemas.definitions, key=lambda name: ("enum" not in schemas.all[name], name))
    print(HEADER + "".join(schemas.definitions[name] for name in in_order), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
