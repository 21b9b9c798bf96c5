#!/bin/sh
# LibreOffice's spreadsheet for the tests that open what was exported: installed on Debian and its like, unless there.
set -eu

if command -v soffice >/dev/null; then
    exit
fi
echo "Installing LibreOffice for the tests ..."
if command -v apt-get >/dev/null; then
    root=$(test "$(id -u)" = 0 || echo "sudo -n")
    $root apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        $root apt-get install -qq -y --no-install-recommends libreoffice-calc >/dev/null && exit
fi
echo "The tests at full size need LibreOffice (soffice). On Debian: sudo apt-get install libreoffice-calc" >&2
exit 1
