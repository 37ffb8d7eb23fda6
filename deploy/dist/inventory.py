"""Writes what a binary is made of: the SBOM of cargo-cyclonedx without packages that are not linked, and the licences' texts.

cargo-cyclonedx lists every package that a feature of some package could bring in. `cargo tree` knows the features of this build."""

import json
import subprocess
import sys
from pathlib import Path

target, bom_path, licenses_path = sys.argv[1:]
root = Path(__file__).resolve().parents[2]


def cargo(*arguments):
    """Returns what a command of cargo prints."""
    run = subprocess.run(["cargo", *arguments], cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    return run.stdout


tree = cargo(
    "tree", "--locked", "--package", "mayfly-server", "--edges", "normal,no-proc-macro", "--target", target, "--prefix", "none"
)
linked = {tuple(line.split()[:2]) for line in tree.splitlines() if line}


def is_linked(name, version):
    """Returns whether a package is part of the binary."""
    return (name, f"v{version}") in linked


# The SBOM names the directory of the sources.
bom = json.loads(Path(bom_path).read_text().replace(f"file://{root}", "file:///mayfly"))
bom["components"] = [part for part in bom["components"] if is_linked(part["name"], part["version"])]
known = {part["bom-ref"] for part in [*bom["components"], bom["metadata"]["component"]]}
bom["dependencies"] = [part for part in bom["dependencies"] if part["ref"] in known]
for part in bom["dependencies"]:
    part["dependsOn"] = [ref for ref in part.get("dependsOn", []) if ref in known]
Path(bom_path).write_text(json.dumps(bom, indent=2) + "\n")

# Each text once, with the packages that have it.
packages = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", target))["packages"]
texts = {}
lines = ["Mayfly contains these packages. Their licences follow.", ""]
for package in sorted(packages, key=lambda package: (package["name"], package["version"])):
    if not is_linked(package["name"], package["version"]) or package["source"] is None:
        continue
    name = f"{package['name']} {package['version']}"
    lines.append(f"{name}: {package['license'] or package['license_file']}")
    # Below it too: some contain C sources with a licence of their own.
    for path in sorted(Path(package["manifest_path"]).parent.rglob("*")):
        if path.is_file() and path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE")):
            text = path.read_text(errors="replace").strip()
            # Copies differ in their line breaks.
            texts.setdefault(" ".join(text.split()), (text, []))[1].append(name)
for text, names in texts.values():
    lines += ["", "-" * 80, ", ".join(names), "", text]
Path(licenses_path).write_text("\n".join(lines) + "\n")
