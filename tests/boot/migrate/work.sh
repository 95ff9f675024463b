# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# What shells do with programs all day: work.sh FOLDER, an empty one. Prints what comes of it,
# and no number of a process.

cd "$1" || exit 2

echo "-- pipelines"
seq 2000 | sort -rn | sed -n '1,5p' | paste -sd ' ' -
seq 500 | awk '{ sum += $1 } END { print sum }'
printf '%s\n' b a c | sort | tee sorted | tr a-z A-Z
cat sorted
yes | head -n 3
seq 100 | xargs -n 7 echo | tail -n 1
seq 20 | xargs -P 4 -I N sh -c 'exit 0' && echo "all good"
seq 3 | xargs -I N sh -c 'test N -ne 2'
echo "xargs $?"
seq 100000 | md5sum
seq 100000 | gzip -c | gzip -dc | md5sum

echo "-- results"
false; echo $?
sh -c 'exit 7'; echo $?
sh -c 'kill -TERM $$'; echo $?
/no/such/program 2>/dev/null; echo $?
sh -c 'exit 3' | true; echo $?
true | sh -c 'exit 4'; echo $?
! grep -q x /dev/null; echo $?
test -f sorted -a ! -d sorted; echo $?
env A=1 B=2 sh -c 'echo $A$B'
nice -n 5 nice
(umask 077; touch private); stat -c %a private
echo "$(echo "$(seq 3 | tail -n 1)")"
expr 6 \* 7

echo "-- files"
seq 10 >numbers
exec 3<numbers
head -c 4 <&3
sh -c 'read line; echo "then $line"' <&3
sed -n 2p <&3
exec 3<&-
exec 4>>log
for word in one two three; do sh -c "echo $word" >&4; done
echo four >>log
sh -c 'echo five >&4'
exec 4>&-
cat log
wc -l <numbers
cat <<END | sort -r
here
is a
document
END
mkdir -p a/b/c; touch a/1 a/b/2 a/b/c/3
find a -type f | sort
tar cf - a | (mkdir copy; cd copy || exit; tar xf -)
diff -r a copy/a && echo same
cp -r a again; rm -r a; ls again again/b
ln -s numbers link; readlink link; cat link | tail -n 1
dd if=/dev/zero bs=1000 count=100 2>/dev/null | wc -c
dd if=numbers bs=1 skip=2 count=3 2>/dev/null
mv numbers moved; test -e numbers; echo $?
head -c 300000 /dev/zero >big; cmp -n 300000 big /dev/zero && echo equal
{ echo out; echo err >&2; } 2>errors; cat errors
ls /no/such/file 2>&1 | sed 's/.*: //'

# Of jobs that are killed the shell itself tells, or not, as it finds out.
exec 2>/dev/null
echo "-- jobs"
for number in 1 2 3; do sh -c "exit $number" & eval "job$number=$!"; done
# shellcheck disable=SC2154 # set by eval
for job in $job1 $job2 $job3; do wait "$job"; echo "job $?"; done
sleep 1000 & sleeper=$!
kill "$sleeper"; wait "$sleeper"; echo "killed $?"
sleep 1000 & sleeper=$!
kill -STOP "$sleeper"; kill -CONT "$sleeper"; kill -KILL "$sleeper"; wait "$sleeper"; echo "killed $?"
timeout 0.3 sleep 1000; echo "timeout $?"
timeout -s KILL 0.3 sleep 1000; echo "timeout $?"
sh -c 'trap "echo trapped; exit 9" USR1; echo ready >ready; while :; do sleep 0.02; done' & trapper=$!
until test -s ready; do sleep 0.02; done
kill -USR1 "$trapper"; wait "$trapper"; echo "trap $?"
sh -c 'trap "" PIPE; yes 2>/dev/null; echo "yes $?" >&2' 2>pipe | head -n 1; cat pipe
nohup sh -c 'kill -HUP $$; echo stays' 2>/dev/null
setsid sh -c 'ps -o sid= -p $$ | xargs test $$ -eq && echo leads'
sh -c 'sleep 0.1; echo later' & wait; echo over
