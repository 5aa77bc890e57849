#!/usr/bin/env bash
# linked.sh: what README.md says after the marker "linked", to the letter, and then asks the servers that came of it.
# As root, on a machine that has nothing yet; see distro.sh.
set -euo pipefail

commands=$(awk '/^<!-- linked -->$/ { marked = 1; next }
  marked && /^```/ { if (inside) exit; inside = 1; next }
  inside { print }' README.md)
[ -n "$commands" ] || { echo "README.md has no commands after <!-- linked -->"; exit 1; }
sed 's/^/$ /' <<<"$commands"
bash -euo pipefail -c "$commands"

for program in ./hello ./hello-cpp; do
  "$program" &
  server=$!
  for _ in $(seq 100); do
    if exec 3<>/dev/tcp/127.0.0.1/7777; then break; fi 2>/dev/null
    sleep 0.1
  done
  echo "said to $program" >&3
  read -r -t 30 said <&3
  exec 3>&-
  kill -INT $server
  wait $server
  [ "$said" = "said to $program" ] || { echo "$program said: $said"; exit 1; }
  echo "$program: fine"
  rm "$program"
done

# Nothing of it is there for what comes next.
ninja -C build/install uninstall >/dev/null
ldconfig
