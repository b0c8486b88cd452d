# Ends everything a test process has started, once that process is gone.
#   $1     the folder: pids/* hold one line "SIGNAL PID" each
#   stdin  a pipe whose other end only the test process holds: it closes however that process ends
trap '' HUP INT TERM
cat > /dev/null

# From here on, a program that is just starting can no longer write its pid, and then does not start.
mv "$1/pids" "$1/ending"

pass=0
while [ -n "$(ls "$1/ending")" ] && [ "$pass" -lt 150 ]; do
    for file in "$1"/ending/*; do
        read -r signal pid < "$file" || continue
        [ "$pass" -lt 100 ] || signal=KILL
        kill -s "$signal" "$pid" 2> /dev/null || rm -f "$file"
    done
    pass=$((pass + 1))
    sleep 0.1
done

# Disks of a test's own, which it could not unmount itself.
root=
[ "$(id -u)" -eq 0 ] || root="sudo -n"
while read -r _ mounted _; do
    case $mounted in "$1"/*) $root umount -l "$mounted" ;; esac
done < /proc/mounts

rm -rf "$1"
