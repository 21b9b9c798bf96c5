#!/bin/sh
# Fonts of many scripts for PDFs, and the programs that the tests read PDFs with (poppler): installed on Debian and its
# like, unless there. Each font is TrueType, which alone a PDF takes.
set -eu

missing=
there() { find /usr/share/fonts /usr/local/share/fonts -name "$1" 2>/dev/null | grep -q .; }
there NotoSansArabic-Regular.ttf || missing="$missing fonts-noto-core"
there DejaVuSans.ttf || missing="$missing fonts-dejavu-core"
there DroidSansFallbackFull.ttf || missing="$missing fonts-droid-fallback"
there NanumGothic.ttf || missing="$missing fonts-nanum"
command -v pdftotext >/dev/null && command -v pdftoppm >/dev/null || missing="$missing poppler-utils"
[ -n "$missing" ] || exit 0

install="apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends$missing"
echo "Installing$missing ..."
if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then
        sh -c "$install" >/dev/null && exit
    elif sudo -n true 2>/dev/null; then
        sudo sh -c "$install" >/dev/null && exit
    fi
fi
echo "For PDFs of all scripts, on Debian: sudo apt-get install$missing" >&2
exit 1
