#!/bin/bash
# Makes this machine one of Inkling's workers: installs the version that the stack names and starts its service.
#
# Run at first by cloud-init, then at each start of the machine (with "boot"), so that a machine that slept through a
# deploy has the new version when it wakes; and by `inkling aws update` (with "anew=no" or "anew=yes").
set -euo pipefail

readonly STACK=/etc/inkling/stack       # SETTINGS, the name of the stack's parameter; AWS_DEFAULT_REGION
readonly SETTINGS_FILE=/etc/inkling/settings
readonly WORKER_ENV=/etc/inkling/worker.env
readonly HOME_FOLDER=/opt/inkling
readonly INSTALLED=$HOME_FOLDER/installed
readonly UNITS=/etc/systemd/system
readonly PYTHON=python3.12

of_stack() {
  sed -n "s/^$1=//p" "$STACK"
}

setting() {
  sed -n "s/^$1=//p" "$SETTINGS_FILE"
}

fetch_settings() {
  aws ssm get-parameter --name "$(of_stack SETTINGS)" --query Parameter.Value --output text > "$SETTINGS_FILE.new" &&
    mv "$SETTINGS_FILE.new" "$SETTINGS_FILE"
}

write_worker_env() {
  {
    grep -E '^(INKLING_|AWS_DEFAULT_REGION=)' "$SETTINGS_FILE"
    echo "INKLING_AWS_METADATA_URL=http://169.254.169.254"
    echo "INKLING_AWS_ALIVE_FILE=/run/inkling/alive"
    echo "INKLING_DATA_DIR=/var/lib/inkling"
    echo "INKLING_CACHE_DIR=/var/cache/inkling"
  } > "$WORKER_ENV.new"
  chmod 644 "$WORKER_ENV.new"
  mv "$WORKER_ENV.new" "$WORKER_ENV"
}

install_system() {
  if ! command -v "$PYTHON" g++ > /dev/null; then
    dnf install -y -q "$PYTHON" "$PYTHON-pip" gcc-c++
  fi
  id inkling > /dev/null 2>&1 || useradd --system --shell /usr/sbin/nologin --home-dir /var/lib/inkling inkling
}

# Into a folder of its own, which takes the old one's place only when everything is there.
install_inkling() {
  local bucket wheel folder
  bucket=$(setting INSTALL_BUCKET)
  wheel=$(setting INSTALL_WHEEL)
  folder=$(mktemp -d)
  aws s3 cp --only-show-errors "s3://$bucket/$(setting INSTALL_REQUIREMENTS)" "$folder/requirements.txt"
  aws s3 cp --only-show-errors "s3://$bucket/$wheel" "$folder/$(basename "$wheel")"
  rm -rf "$HOME_FOLDER/next"
  mkdir -p "$HOME_FOLDER"
  "$PYTHON" -m venv "$HOME_FOLDER/next"
  "$HOME_FOLDER/next/bin/pip" install -q --disable-pip-version-check --no-cache-dir -r "$folder/requirements.txt"
  "$HOME_FOLDER/next/bin/pip" install -q --disable-pip-version-check --no-deps "$folder/$(basename "$wheel")"
  rm -rf "$folder" "$HOME_FOLDER/last"
  [ ! -d "$HOME_FOLDER/venv" ] || mv "$HOME_FOLDER/venv" "$HOME_FOLDER/last"
  mv "$HOME_FOLDER/next" "$HOME_FOLDER/venv"
  install_units
  echo "$wheel" > "$INSTALLED"
}

install_units() {
  local code
  code=$("$HOME_FOLDER/venv/bin/python" -P -c 'import backends.aws as aws; print(aws.__path__[0])')
  find "$code" \( -name 'inkling-*.service' -o -name 'inkling-*.timer' \) -exec install -m 644 -t "$UNITS" {} +
  systemctl daemon-reload
  systemctl enable -q inkling-setup.service inkling-worker.service inkling-deadman.timer
}

main() {
  local how=${1:-first}
  AWS_DEFAULT_REGION=$(of_stack AWS_DEFAULT_REGION)
  export AWS_DEFAULT_REGION
  # At a start, what it was told last will do when nobody answers.
  fetch_settings || [ "$how" = boot ]
  write_worker_env
  if [ "$how" = anew=yes ] || [ "$(cat "$INSTALLED" 2> /dev/null)" != "$(setting INSTALL_WHEEL)" ]; then
    install_system
    install_inkling
  fi
  # At a start, systemd starts the worker after this.
  [ "$how" = boot ] || systemctl restart --no-block inkling-worker.service
}

main "$@"
