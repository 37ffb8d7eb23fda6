# The session in which the blocks of a page run. It is alone in its network and process namespaces, with a server on the default
# ports whose data directory is `data` in the working directory. A block fails if one of its commands does.
set -eEuo pipefail
ip link set lo up
work=$WORK
out=$work/out       # what the present block has printed so far, for its `after:`
server=
at=prelude

mkdir "$work/bin"
ln -s "$BINARY" "$work/bin/mayfly"
node_bin=$ROOT/crates/gateway/web-tests/node_modules/.bin
export PATH=$work/bin:$ROOT/target/tools/kubernetes/bin:$node_bin:$PATH

# Reports a failure, once: it fails the commands around it too.
fail() {
  trap - ERR
  [[ ! -e $work/failed ]] || exit 1
  touch "$work/failed"
  printf '%s: %s\nit printed:\n%s\nthe server logged:\n%s\n' "$at" "$1" "$(tail -n 40 "$out")" \
    "$(grep -v '"level":"INFO"' "$work/log" | tail -n 20)" >&3
  exit 1
}
exec 3>&2
trap 'fail "exit code $? of: $BASH_COMMAND"' ERR

# Begins a block.
begin() {
  at=$1
  exec >"$out" 2>&1
}

# A command that serves runs in the background, as if it were in a terminal of its own; it replaces the server before.
mayfly() {
  case ${1-serve} in
    serve | --roles | --data-dir) serve "$@" ;;
    *) command mayfly "$@" ;;
  esac
}

# Ends the server of the session.
stop() {
  [[ -n $server ]] || return 0
  kill "$server"
  wait "$server" || true
  server=
}

serve() {
  stop
  command mayfly "$@" >"$work/banner" 2>"$work/log" &
  server=$!
  until command mayfly health >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || fail "the server does not start"
    sleep 0.05
  done
}

# An HTTP error is a failure. A stream (-sN) ends after its first event.
curl() {
  if [[ " $* " == *" -sN "* ]]; then
    first_event "$@"
  else
    command curl --fail --max-time 60 "$@"
  fi
}

first_event() {
  local reader
  command curl --fail --max-time 60 "$@" >"$work/stream" &
  reader=$!
  until grep -q '^data:' "$work/stream"; do
    kill -0 "$reader"
    sleep 0.05
  done
  kill "$reader"
  cat "$work/stream"
}

# Nothing is built: the target exists and its recipe can be read.
make() {
  command make --directory "$ROOT" --dry-run "$@"
}

# Without a cluster: manifests are rendered, and objects are made on this side only.
kubectl() {
  case "$1 $2" in
    "apply -k") command kubectl kustomize "$ROOT/$3" ;;
    "create "*) command kubectl "$@" --dry-run=client --output yaml ;;
    "config "*) command kubectl "$@" ;;
    *) fail "kubectl $1 needs a cluster" ;;
  esac
}

# Helpers of `before:`. A DNS server on port 53 with these records.
dns_records() {
  {
    printf 'server:\n  interface: 127.0.0.1\n  do-daemonize: no\n  username: ""\n  chroot: ""\n  pidfile: ""\n  directory: "%s"\n' "$work"
    printf '  local-zone: "." static\n'
    printf "  local-data: '%s'\n" "$@"
  } >"$work/unbound.conf"
  PATH=$PATH:/usr/sbin command unbound -c "$work/unbound.conf" &
  until (: </dev/tcp/127.0.0.1/53) 2>/dev/null; do
    kill -0 $!
    sleep 0.05
  done
}

# send ADDRESS [SUBJECT [TEXT]]: a mail arrives. As a mail server does, it repeats what is refused for now.
send() {
  local attempt
  printf 'From: A Shop <shop@shop.example>\r\nTo: %s\r\nSubject: %s\r\n\r\n%s\r\n' \
    "$1" "${2-Your code is 482913}" "${3-Confirm: https://shop.example/verify/1}" >"$work/mail.$BASHPID"
  for attempt in 1 2 3 4 5; do
    command curl -sS "smtp://127.0.0.1:${SMTP_PORT-2525}" --mail-from shop@shop.example --mail-rcpt "$1" -T "$work/mail.$BASHPID" && return
    sleep "$attempt"
  done
  return 1
}

# Prints the JSON string under a key.
field() {
  sed 's/.*"'"$1"'":"\([^"]*\)".*/\1/'
}

post() {
  command curl -sS --fail "http://127.0.0.1:8080$1" -H 'Content-Type: application/json' -d "$2" "${@:3}"
}

# Sets ADDRESS and TOKEN of a new mailbox.
new_mailbox() {
  ADDRESS=${1-ann-$RANDOM$RANDOM@mayfly.test}
  TOKEN=$(post /api/accounts '{"address":"'"$ADDRESS"'","password":"correct horse"}' | field token)
}

# Prints an API token of a new Pro user.
new_user() {
  local jwt
  jwt=$(post /pro/api/register '{"email":"user-'$RANDOM$RANDOM'@example.com","password":"correct horse"}' | field token)
  post /pro/api/tokens '{"name":"ci"}' -H "Authorization: Bearer $jwt" | field token
}

# Builds the client libraries, once in a session.
libraries() {
  [[ -e $work/libraries ]] || "$ROOT/clients/build"
  touch "$work/libraries"
  export PYTHONPATH=$ROOT/target/clients/python PYTHONDONTWRITEBYTECODE=1
}

run_python() {
  local python=$ROOT/target/tools/libraries/bin/python name
  libraries
  if grep -q '^def test_' "$1"; then
    name=test_${1##*/}
    cp "$1" "${name/.py*/_page.py}"
    "$python" -m pytest -q -p no:cacheprovider "${name/.py*/_page.py}"
  else
    # `await` can stand at the top, as in a console of asyncio.
    "$python" -c '
import ast, asyncio, inspect, sys
source = open(sys.argv[1]).read()
result = eval(compile(source, sys.argv[1], "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), {"__name__": "__main__"})
if inspect.iscoroutine(result):
    asyncio.run(result)' "$1"
  fi
}

# Copies a file to a directory that has the packages which users of the libraries have; prints its new path.
installed() {
  local directory
  libraries
  directory=$(mktemp -d "$ROOT/target/clients/page.XXXXXX")
  cp "$1" "$directory"
  printf '%s\n' "$directory" >>"$work/directories"
  printf '%s\n' "$directory/${1##*/}"
}

run_js() {
  node "$(installed "$1")"
}

check_ts() {
  local file
  file=$(installed "$1")
  (cd "${file%/*}" && "$ROOT/clients/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck --target es2022 --module nodenext \
    --moduleDetection force --typeRoots "$ROOT/clients/node_modules/@types,$ROOT/clients/node_modules" --types node,cypress "$file")
}

check_toml() {
  command mayfly --config "$1" config check
}

# A workflow of GitHub is held against its schema too.
check_yaml() {
  if grep -q '^jobs:' "$1"; then
    "$ROOT/target/tools/libraries/bin/check-jsonschema" --builtin-schema vendor.github-workflows "$1"
  fi
  "$ROOT/target/tools/site/bin/python" -c 'import sys, yaml; assert all(map(bool, yaml.safe_load_all(open(sys.argv[1]))))' "$1"
}

check_json() {
  python3 -m json.tool "$1"
}

: >"$work/log" >"$out"
trap 'xargs -r rm -rf <"$work/directories"' EXIT
: >"$work/directories"
serve
