#!/usr/bin/env bash
# Makes the secrets that compose.yaml mounts, each in a file of its own; what is there stays.
# Run it as root: the files then belong to the user of the container, and to nobody else.
#
#   sudo deploy/make_secrets.sh secrets
#
# Then put Meta's and Zalo's secrets into the files that are empty. KEEP secret_key: without it
# the tokens of your channel accounts cannot be opened, from a backup neither.
set -euo pipefail
umask 077
folder=${1:?where to?}
owner=10001   # of the Dockerfile
mkdir -p "$folder"
cd "$folder"

random() { head -c "$1" /dev/urandom | base64 -w0 | tr '+/' '-_' | tr -d '='; }
# Written whole or not at all; an existing file is never touched.
make() { [ -e "$1" ] || { printf '%s' "$2" > ".$1.new"; mv ".$1.new" "$1"; echo "made $1"; }; }

make secret_key "$(random 32)"
make mongo_keyfile "$(head -c 756 /dev/urandom | base64 -w0)"
make mongo_root_password "$(random 24)"
make mongo_inbox_password "$(random 24)"
make mongo_uri "mongodb://inbox:$(cat mongo_inbox_password)@mongo:27017/?replicaSet=inbox&authSource=admin"
make admin_password "$(random 12)"
for name in facebook_app_secrets facebook_verify_token zalo_app_secret zalo_oa_secret_keys; do
  make "$name" ""
done
chmod 0711 .
chmod 0400 ./*
if [ "$(id -u)" = 0 ]; then
  chown "$owner:$owner" ./*
else
  echo "Not root: give the files to uid $owner yourself (chown $owner $folder/*)." >&2
fi
