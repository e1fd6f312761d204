#!/usr/bin/env bash
# Installs the Debian packages the system tests use. They check our output with software that isn't ours.
set -euo pipefail
need=()
for pair in minisign:minisign qpdf:qpdf pdftotext:poppler-utils zbarimg:zbar-tools unzip:unzip strace:strace mkfs.ext4:e2fsprogs; do
  command -v "${pair%%:*}" >/dev/null || need+=("${pair##*:}")
done
if [ "${#need[@]}" -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}"
fi
