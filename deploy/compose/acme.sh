#!/bin/sh
# Runs in the container `acme`. `placeholder` writes a certificate that is signed by its own key, which the proxy and `smtp` need
# to start; `renew` obtains the certificate of ACME_DOMAINS by HTTP-01, and renews it.
set -eu
certificate=/run/acme/certificate.pem

# Chain and key in one file, so that both change at once. Its readers have other users; the volume is closed to users of the host.
publish() {
  cat "$@" >"$certificate.new"
  chmod 0444 "$certificate.new"
  mv "$certificate.new" "$certificate"
}

obtain() {
  if [ -n "${ACME_CONTACT:-}" ]; then
    set -- --email "$ACME_CONTACT"
  else
    set -- --register-unsafely-without-email
  fi
  certbot certonly --quiet --non-interactive --agree-tos --standalone --http-01-port 8080 --keep-until-expiring \
    --cert-name mayfly --renew-with-new-domains --key-type ecdsa --server "$ACME_DIRECTORY" --domains "$ACME_DOMAINS" \
    "$@" \
    --config-dir /run/acme/certbot --work-dir /tmp/work --logs-dir /tmp/logs
}

case $1 in
placeholder)
  [ ! -e "$certificate" ] || exit 0
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=${ACME_DOMAINS%%,*}" \
    -keyout /tmp/key.pem -out /tmp/chain.pem 2>/dev/null
  publish /tmp/chain.pem /tmp/key.pem
  ;;
renew)
  trap 'exit 0' TERM INT
  while :; do
    # Let's Encrypt allows five failed validations of a name in an hour.
    pause=3600
    if obtain; then
      live=/run/acme/certbot/live/mayfly
      cat "$live/fullchain.pem" "$live/privkey.pem" | cmp -s - "$certificate" || {
        publish "$live/fullchain.pem" "$live/privkey.pem"
        echo "obtained a certificate for $ACME_DOMAINS"
      }
      pause=43200
    else
      echo "cannot obtain a certificate for $ACME_DOMAINS; the old one stays, the next attempt is in an hour" >&2
    fi
    sleep "$pause" &
    wait $!
  done
  ;;
esac
