"""Validates rendered manifests from standard input against the schemas of Kubernetes, without unknown fields, and prints them
as one JSON list. Violations go to standard error; the exit code is then 1."""

import functools
import json
import sys

import kubernetes_validate.utils
import yaml

# Otherwise each document would load all definitions again.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)

# The oldest version with all features in use (`sleep` in preStop is on by default since 1.30), and the newest that the package
# knows.
VERSIONS = ["1.30", kubernetes_validate.latest_version()]


# Custom resources of the Prometheus operator, whose schemas the package does not have.
UNKNOWN = "monitoring.coreos.com/"


def problems(document):
    if document["apiVersion"].startswith(UNKNOWN):
        return
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{version}: {'.'.join(map(str, error.path))}: {error.message[:400]}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield error.message


documents = [document for document in yaml.safe_load_all(sys.stdin) if document]
failed = False
for document in documents:
    for problem in problems(document):
        failed = True
        print(f"{document.get('kind')}/{document.get('metadata', {}).get('name')}: {problem}", file=sys.stderr)
json.dump(documents, sys.stdout)
sys.exit(failed)
