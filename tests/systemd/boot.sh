#!/bin/bash
# Boots the machine's own systemd in namespaces of its own, on a copy of the file system that is thrown away, installs the
# release of SOURCE as docs/operate/install.md says, and runs SCENARIO in it. Its lines are written to OUTPUT.
# usage: unshare … boot.sh SOURCE SITE_PACKAGES PYTHON_PREFIX SCENARIO OUTPUT FOLDER
set -euo pipefail
source=$1 site_packages=$2 python_prefix=$3 scenario=$4 output=$5 folder=$6

mount -t tmpfs -o size=1g tmpfs "$folder"
mkdir "$folder"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
root=$folder/root

ip link set lo up
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 none "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root"/dev/{shm,pts,mqueue,hugepages}
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t mqueue mqueue "$root/dev/mqueue"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
touch "$root/dev/console"
# the kernel's settings are the machine's
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,ro,bind "$root/proc/sys"

# The release, its packages, and the Python of this environment, where no home directory hides it.
mkdir -p "$root/opt/pentimento-test" "$root/opt/python" "$root/opt/pentimento-test/.venv/bin"
mount --rbind "$python_prefix" "$root/opt/python"
for part in bot shared worker deploy docs; do cp -r "$source/$part" "$root/opt/pentimento-test/"; done
ln -sfn pentimento-test "$root/opt/pentimento"
python=$(basename "$(readlink -f "$python_prefix/bin/python3")")
ln -s "/opt/python/bin/$python" "$root/opt/pentimento/.venv/bin/python"
printf 'home = /opt/python/bin\n' > "$root/opt/pentimento/.venv/pyvenv.cfg"
mkdir -p "$root/opt/pentimento/.venv/lib/$python/site-packages"
mount --bind "$site_packages" "$root/opt/pentimento/.venv/lib/$python/site-packages"

# a Python that was built with a library of its own finds it in a home directory otherwise
cp "$python_prefix"/lib/libpython3*.so* "$root/usr/local/lib/" 2>/dev/null && chroot "$root" ldconfig

units=$root/etc/systemd/system
rm -rf "$units"
mkdir -p "$units/try.target.wants"
# nothing else of this machine starts
for unit in "$root"/lib/systemd/system/*.{service,timer,socket,mount}; do
    case $(basename "$unit") in systemd-journald* | dbus.*) ;; *) ln -sf /dev/null "$units/$(basename "$unit")" ;; esac
done
rm -f "$units/redis-server.service"
cp "$source"/deploy/systemd/*.service "$units/"
cp -r "$source"/deploy/systemd/*.service.d "$units/"
install "$source/deploy/systemd/pentimento" "$root/usr/local/sbin/"
cp "$scenario" "$root/opt/scenario.sh"
printf '[Service]\nExecStart=%s --port 6379 --dir /run --maxmemory 64mb --maxmemory-policy noeviction --appendonly yes\n' \
    "$(command -v redis-server)" > "$units/redis-server.service"
printf '[Unit]\nRequires=basic.target\nAfter=basic.target\n' > "$units/try.target"
printf '[Unit]\nAfter=basic.target\n[Service]\nType=oneshot\nExecStart=/bin/bash /opt/scenario.sh /run/output/lines\n' > "$units/try.service"
ln -s ../try.service "$units/try.target.wants/"

cd "$root"
mkdir -p old run/output
pivot_root . old
mount --bind "/old$output" /run/output
umount -l /old
mount --make-rshared /
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=try.target --log-target=journal --show-status=0
