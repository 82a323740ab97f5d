#!/usr/bin/env bash
# Builds a base image for deploy/Dockerfile from this machine's own Python and a folder of wheels: no image registry.
# Usage: python-image.sh WHEELS [TAG]   (default tag python:local; WHEELS is filled by
#   pip wheel -w WHEELS pip 'hatchling>=1.27' '.[postgres,jwt,uvloop]')
# To try the Dockerfile where its own base image cannot be pulled: docker build --build-arg BASE=python:local …
set -euo pipefail
wheels=$1
tag=${2:-python:local}
prefix=$(python3 -c 'import sys; print(sys.base_prefix)')
name=$(python3 -c 'import sys; print(f"python{sys.version_info.major}.{sys.version_info.minor}")')
arch=$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{tmp,etc,usr/bin,usr/lib64,usr/local/bin,usr/local/lib,wheels} "$root/usr/lib/$arch"
chmod 1777 "$root/tmp"
for link in bin lib lib64; do ln -s "usr/$link" "$root/$link"; done
printf 'root:x:0:0::/:/bin/sh\n' >"$root/etc/passwd"
cp -L "$prefix/bin/$name" "$root/usr/local/bin/$name"
ln -s "$name" "$root/usr/local/bin/python3"
tar -C "$prefix/lib" --exclude='*/test' --exclude='__pycache__' --exclude='config-*' --exclude='*/site-packages/*' -c "$name" | tar -C "$root/usr/local/lib" -x
find "$prefix/lib" -maxdepth 1 -name 'libpython*.so*' -exec cp -P {} "$root/usr/local/lib/" \;
cp "$wheels"/*.whl "$root/wheels/"
for tool in sh rm cat; do cp -L "$(command -v "$tool")" "$root/usr/bin/$tool"; done
find "$root/usr" -type f \( -perm -u+x -o -name '*.so*' \) -print0 | { xargs -0 ldd 2>/dev/null || true; } \
  | grep -oE '(=> )?/[^ ]+\.so[^ :]* \(0x' | sed -E 's/^=> //; s/ .*//' | sort -u | while read -r lib; do
    copy=$root/usr/lib/$arch/$(basename "$lib")
    [ -e "$copy" ] || cp -L "$lib" "$copy"
  done
# Wheels are found on any machine, but programs in them need these.
for lib in libstdc++.so.6 libgcc_s.so.1 libpthread.so.0 librt.so.1 libdl.so.2 libutil.so.1 libm.so.6; do
  [ -e "$root/usr/lib/$arch/$lib" ] || cp -L "/usr/lib/$arch/$lib" "$root/usr/lib/$arch/$lib"
done
cp -L /lib64/ld-linux-x86-64.so.2 "$root/usr/lib64/"
"$prefix/bin/$name" -m pip --version >/dev/null
mkdir -p "$root/usr/local/lib/$name/site-packages"
PIP_NO_INDEX=1 "$prefix/bin/$name" -m pip install --quiet --find-links "$wheels" --target "$root/usr/local/lib/$name/site-packages" --no-deps pip
tar -C "$root" -c . | docker import \
  -c "ENV PATH=/usr/local/bin:/usr/bin LD_LIBRARY_PATH=/usr/local/lib PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels PIP_ROOT_USER_ACTION=ignore" - "$tag"
