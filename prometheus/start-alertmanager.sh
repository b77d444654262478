#!/bin/sh
# Starts the Alertmanager of docker-compose.monitoring.yaml: its configuration with the values from .env written in,
# because Alertmanager itself reads nothing from the environment.
set -eu
from=$(dirname "$0")
to=${ALERTMANAGER_CONFIG_DIR:-/run/alertmanager}

# What sed or YAML would take for its own is taken as it is.
value() { printf '%s' "$1" | sed -e "s/'/''/g" -e 's/[\\|&]/\\&/g'; }

auth=''
if [ -n "${SMTP_USER:-}" ]; then
  auth="  smtp_auth_username: '$(value "$SMTP_USER")'\\n  smtp_auth_password_file: /run/secrets/smtp_password\\n"
fi
sed \
  -e "s|^  smtp_smarthost: .*|  smtp_smarthost: '$(value "$SMTP_SMARTHOST")'|" \
  -e "s|^  smtp_require_tls: .*|  smtp_require_tls: ${SMTP_REQUIRE_TLS:-true}|" \
  -e "s|^  smtp_from: .*|${auth}  smtp_from: '$(value "$SMTP_FROM")'|" \
  -e "s|- to: oncall@example.com|- to: '$(value "$ALERT_MAIL_TO")'|" \
  "$from/alertmanager.yml" >"$to/alertmanager.yml"
cp "$from/mail.tmpl" "$to/mail.tmpl"

exec alertmanager --config.file="$to/alertmanager.yml" "$@"
