"""Removes what buildah writes about itself from an unpacked docker-archive: its version, names of the container and the host."""

import hashlib
import json
import sys
from pathlib import Path

directory = Path(sys.argv[1])
manifest = json.loads((directory / "manifest.json").read_text())
config_path = directory / manifest[0]["Config"]
config = json.loads(config_path.read_text())
config.pop("container", None)
config.pop("container_config", None)
config["config"].pop("Hostname", None)
config["config"]["Labels"].pop("io.buildah.version", None)
text = json.dumps(config, sort_keys=True).encode()
config_path.unlink()
manifest[0]["RepoTags"] = [tag for tag in manifest[0]["RepoTags"] if not tag.startswith("localhost/")]
# An image has the name of its configuration's hash.
manifest[0]["Config"] = hashlib.sha256(text).hexdigest() + ".json"
(directory / manifest[0]["Config"]).write_bytes(text)
(directory / "manifest.json").write_text(json.dumps(manifest))
# The older format beside it: a directory for each layer.
(directory / "repositories").unlink()
for path in directory.iterdir():
    if path.is_dir():
        for part in path.iterdir():
            part.unlink()
        path.rmdir()
