#!/usr/bin/env bash
# Installs the Debian packages the system tests use, which check our output with software that isn't ours, makes a Python with the readers they
# ask, and fetches the library of the second engine (docs/decisions/0008-second-engine.md) from its Python wheel.
set -euo pipefail
need=()
for pair in minisign:minisign qpdf:qpdf pdftotext:poppler-utils zbarimg:zbar-tools unzip:unzip strace:strace mkfs.ext4:e2fsprogs \
  pkg-config:pkg-config scriptor:pcsc-tools opensc-tool:opensc openssl:openssl age:age soffice:libreoffice-calc-nogui \
  dbus-daemon:dbus; do
  command -v "${pair%%:*}" >/dev/null || need+=("${pair##*:}")
done
# The service of the card readers, a reader without a card, and what a program needs to be built for them; a token in software; a printer in
# software, and what it announces itself with.
for pair in /usr/sbin/pcscd:pcscd /usr/lib/pcsc/drivers/serial/libifdvpcd.so:vsmartcard-vpcd /usr/include/PCSC/winscard.h:libpcsclite-dev \
  /usr/lib/softhsm/libsofthsm2.so:softhsm2 /usr/sbin/ippeveprinter:cups-ipp-utils /usr/sbin/avahi-daemon:avahi-daemon; do
  [ -e "${pair%%:*}" ] || need+=("${pair##*:}")
done
if [ "${#need[@]}" -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}"
fi

# Where tests/it/system_crypto.rs looks: a Python of its own with a strict reader of BER and another RFC 5649.
python="${XDG_CACHE_HOME:-$HOME/.cache}/cardline/python"
if [ -n "${CARDLINE_PYTHON:-}" ]; then
  echo "Python: $CARDLINE_PYTHON"
elif ! "$python/bin/python" -c 'import pyemv.tlv' 2>/dev/null; then
  if ! { python3 -m venv --clear "$python" && "$python/bin/pip" install --quiet --disable-pip-version-check pyemv==1.5.0; }; then
    rm -rf "$python"
    echo 'Python: pyemv could not be installed; the tests that ask it say that they are skipped'
  fi
fi

# Where tests/onnxruntime.rs looks. Another machine than the wheel's has to say where its library is: CARDLINE_ONNXRUNTIME.
version=1.31.1
wheel_sha256=5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f
library_sha256=fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3
place="${XDG_CACHE_HOME:-$HOME/.cache}/cardline/onnxruntime"
is_there() { echo "$library_sha256  $place/libonnxruntime.so" | sha256sum --check --status 2>/dev/null; }
if [ -n "${CARDLINE_ONNXRUNTIME:-}" ]; then
  echo "ONNX Runtime: $CARDLINE_ONNXRUNTIME"
elif [ "$(uname -sm)" != 'Linux x86_64' ]; then
  echo 'ONNX Runtime: no library is pinned for this machine; CARDLINE_ONNXRUNTIME may name one'
elif ! is_there; then
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  printf 'onnxruntime==%s --hash=sha256:%s\n' "$version" "$wheel_sha256" >"$work/wanted.txt"
  # One wheel for every Python: only the library in it is used, and nothing is installed.
  if python3 -m pip download --quiet --no-deps --require-hashes --only-binary :all: --platform manylinux_2_28_x86_64 \
    --python-version 3.11 --implementation cp --abi cp311 --dest "$work" --requirement "$work/wanted.txt"; then
    unzip -q -j "$work"/onnxruntime-*.whl "onnxruntime/capi/libonnxruntime.so.$version" -d "$work"
    mkdir -p "$place"
    mv "$work/libonnxruntime.so.$version" "$place/libonnxruntime.so"
    is_there
  else
    echo 'ONNX Runtime: its wheel could not be fetched; the tests of the second engine say that they are skipped'
  fi
fi
