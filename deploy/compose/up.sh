#!/usr/bin/env bash
# Starts the stack, keeps the replicas that run, and says where it listens. Arguments go to `up`, such as `--scale gateway=2`.
set -euo pipefail
cd "$(dirname "$0")/../.."
compose() { $COMPOSE "$@"; }

# The proxy and `smtp` read a certificate when they start, and the first order needs the proxy.
if [[ ,${COMPOSE_PROFILES:-$(sed -n 's/^COMPOSE_PROFILES=//p' .env 2>/dev/null || true)}, == *,acme,* ]]; then
  compose run --rm --no-deps -T acme placeholder
fi

# Without a number Compose would scale back to one. A number in the arguments comes later and wins.
scale=()
for role in gateway auth mailbox smtp; do
  ids=$(compose ps -q "$role")
  count=$(xargs -r docker inspect --format '{{.State.Running}}' <<<"$ids" | grep -c true || true)
  ((count < 2)) || scale+=(--scale "$role=$count")
done
compose up --build --detach "${scale[@]}" "$@"

proxy=$(compose ps -q proxy)
for ((i = 0; ; i++)); do
  [[ $(docker inspect --format '{{.State.Health.Status}}' "$proxy") == healthy ]] && break
  ((i < 60)) || { echo 'the proxy is not ready: see `docker-compose ps` and `docker-compose logs`' >&2; exit 1; }
  sleep 1
done

# Published on every address: reachable on this machine too.
published() { compose port proxy "$1" | sed 's/^0\.0\.0\.0:/127.0.0.1:/'; }
http=http://$(published 8080) smtp=$(published 2525)
domain=$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$(compose ps -q mailbox | head -1)" |
  sed -n 's/^MAYFLY_DOMAINS=\([^,]*\).*/\1/p')
address=hello@${domain:-mayfly.test}
cat <<END

Mayfly is ready
  HTTP          $http
  SMTP          $smtp
  domain        ${domain:-mayfly.test}

Try it (the API is described at $http/api/docs):

# 1. create a mailbox, and keep its token
TOKEN=\$(curl -s $http/api/accounts -H 'Content-Type: application/json' -d '{"address":"$address","password":"correct horse"}' | sed 's/.*"token":"\([^"]*\)".*/\1/')

# 2. send a mail to it
printf 'From: you@example.com\r\nSubject: Hello\r\n\r\nIt works.\r\n' | curl -s smtp://$smtp --mail-from you@example.com --mail-rcpt $address -T -

# 3. read it
curl -s $http/api/messages -H "Authorization: Bearer \$TOKEN"
END
