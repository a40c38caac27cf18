#!/bin/sh
# The counting loop: one line a second, the number kept by nothing but this shell. What it printed last is also a page
# of a web server beside it, so that a Service has something to answer with.
set -eu

trap 'exit 0' TERM
mkdir -p /tmp/www
nonce=$(cat /proc/sys/kernel/random/uuid)
count=0

show() {
  printf '{"nonce": "%s", "count": %d}\n' "$nonce" "$count" >/tmp/www/new
  # by another name first: a client never reads half a page
  mv /tmp/www/new /tmp/www/index.json
}

show
echo 'I:index.json' >/tmp/httpd.conf
busybox httpd -p 8080 -h /tmp/www -c /tmp/httpd.conf

while :; do
  count=$((count + 1))
  printf 'count %d\n' "$count"
  show
  sleep 1
done
