# SPDX-License-Identifier: GPL-2.0
"""What python's libraries make of children that run on nodes.

children.py [NODE...]

Prints it. Without a node the children run here, and it prints the same. A number of a
process is never printed.
"""

import asyncio
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from multiprocessing import forkserver

NODES = itertools.cycle(sys.argv[1:] or [None])
MEGABYTE = 1 << 20
# The ways asyncio has to learn of the end of a child.
WATCHERS = ("PidfdChildWatcher", "ThreadedChildWatcher", "SafeChildWatcher")


def away(*words):
    """The command that runs words on the next node."""
    node = next(NODES)
    return list(words) if node is None else ["onnode", node, *words]


def shell(script):
    return away("sh", "-c", script)


def say(what, *values):
    print(f"{what}:", *values, flush=True)


def wait_for(line, stream):
    """Reads up to a line: the child is what it is to be."""
    while stream.readline() != line + b"\n":
        pass


def results():
    for status in (0, 1, 42, 255):
        say("call", subprocess.call(shell(f"exit {status}")))
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGHUP):
        say("signal", subprocess.call(shell(f"kill -{int(number)} $$")))
    done = subprocess.run(shell("echo out; echo err >&2; exit 3"), capture_output=True)
    say("run", done.returncode, done.stdout, done.stderr)
    try:
        subprocess.run(shell("exit 9"), check=True)
    except subprocess.CalledProcessError as error:
        say("check", error.returncode)
    say("output", subprocess.check_output(away("seq", "3")))
    say("text", subprocess.check_output(away("cat"), input="käse\n", text=True))
    say("environment", subprocess.check_output(shell("echo $A"), env={**os.environ, "A": "b c"}))
    say("folder", subprocess.check_output(away("pwd"), cwd="/usr"))
    say("both", subprocess.run(shell("echo o; echo e >&2"), stdout=-1, stderr=-2).stdout)
    say("nothing", subprocess.run(away("cat"), stdin=subprocess.DEVNULL, stdout=-1).stdout)


def conversations():
    many = os.urandom(3 * MEGABYTE)
    with subprocess.Popen(away("cat"), stdin=-1, stdout=-1) as child:
        out, _ = child.communicate(many)
    say("communicate", out == many, child.returncode)
    with subprocess.Popen(away("cat"), stdin=-1, stdout=-1, bufsize=0) as child:
        for word in (b"one\n", b"two\n"):
            child.stdin.write(word)
            say("answer", child.stdout.readline())
        child.stdin.close()
        say("end", child.stdout.read(), child.wait())
    first = subprocess.Popen(away("seq", "100000"), stdout=-1)
    second = subprocess.Popen(away("tail", "-n", "1"), stdin=first.stdout, stdout=-1)
    first.stdout.close()
    say("pipeline", second.communicate()[0], first.wait())
    first = subprocess.Popen(away("yes"), stdout=-1)
    second = subprocess.Popen(away("head", "-n", "1"), stdin=first.stdout, stdout=-1)
    first.stdout.close()
    say("cut", second.communicate()[0], first.wait())


def patience():
    child = subprocess.Popen(shell("echo up; exec sleep 1000"), stdout=-1)
    wait_for(b"up", child.stdout)
    for call in (lambda: child.wait(0.1), lambda: child.communicate(timeout=0.1)):
        try:
            call()
        except subprocess.TimeoutExpired as error:
            say("timeout", error.timeout)
    say("poll", child.poll())
    child.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    say("stopped", os.WIFSTOPPED(status), os.WSTOPSIG(status))
    child.send_signal(signal.SIGCONT)
    _, status = os.waitpid(child.pid, os.WCONTINUED)
    say("continued", os.WIFCONTINUED(status))
    child.terminate()
    say("terminated", child.wait())
    try:
        subprocess.run(away("sleep", "1000"), timeout=0.3)
    except subprocess.TimeoutExpired:
        say("run in time", False)
    child = subprocess.Popen(shell("trap 'echo got it; exit 5' TERM; echo up; while :; do sleep 0.02; done"), stdout=-1)
    wait_for(b"up", child.stdout)
    child.terminate()
    say("trap", child.communicate()[0], child.returncode)
    child = subprocess.Popen(shell("echo up; sleep 1000; :"), stdout=-1, start_new_session=True)
    wait_for(b"up", child.stdout)
    say("session", os.getsid(child.pid) == child.pid, os.getpgid(child.pid) == child.pid)
    os.killpg(child.pid, signal.SIGKILL)
    # The end of its output is the end of its own child.
    say("group", child.stdout.read(), child.wait())


async def watch():
    async def talk(word):
        child = await asyncio.create_subprocess_exec(
            *shell(f"read line; echo {word} $line; exit {word}"),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        out, _ = await child.communicate(b"said\n")
        return out, child.returncode

    say("gather", *await asyncio.gather(*map(talk, range(30))))
    child = await asyncio.create_subprocess_exec(*away("sleep", "1000"))
    try:
        await asyncio.wait_for(child.wait(), 0.3)
    except asyncio.TimeoutError:
        say("in time", False)
    child.kill()
    say("killed", await child.wait())
    child = await asyncio.create_subprocess_exec(
        *away("seq", "5"), stdout=asyncio.subprocess.PIPE)
    say("lines", [line async for line in child.stdout], await child.wait())


def descriptors():
    child = subprocess.Popen(away("sleep", "1000"))
    descriptor = os.pidfd_open(child.pid)
    signal.pidfd_send_signal(descriptor, signal.SIGTERM)
    found = os.waitid(os.P_PIDFD, descriptor, os.WEXITED)
    say("pidfd", found.si_status, found.si_pid == child.pid)
    child.wait()


def in_a_worker(number):
    """Of a pool: a worker that has children of its own."""
    return number, subprocess.check_output(shell(f"echo $(({number} * {number}))"))


def pools():
    for method in ("fork", "forkserver", "spawn"):
        context = multiprocessing.get_context(method)
        with context.Pool(3) as pool:
            say(method, pool.map(in_a_worker, range(12)))
        worker = context.Process(target=os._exit, args=(7,))
        worker.start()
        worker.join()
        say(f"{method} ends", worker.exitcode)
        worker = context.Process(target=time.sleep, args=(1000,))
        worker.start()
        worker.kill()
        worker.join()
        say(f"{method} is killed", worker.exitcode)


def talk(connection):
    connection.send(connection.recv() + ", too")


def spawned_there():
    """Workers whose interpreters themselves run on other nodes, and their fork server."""
    # The one that runs is of pools().
    forkserver._forkserver._stop()
    for method in ("spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        if sys.argv[1:]:
            context.set_executable(os.path.join(os.path.dirname(__file__), "python-there"))
        for _ in range(3):
            ours, theirs = context.Pipe(duplex=True)
            worker = context.Process(target=talk, args=(theirs,))
            worker.start()
            theirs.close()
            ours.send("hello")
            say(f"{method} worker", ours.recv())
            worker.join()
            say(f"{method} worker ends", worker.exitcode)
        worker = context.Process(target=time.sleep, args=(1000,))
        worker.start()
        worker.kill()
        worker.join()
        say(f"{method} worker is killed", worker.exitcode)


def main():
    results()
    conversations()
    patience()
    for name in WATCHERS:
        say("watcher", name)
        asyncio.set_child_watcher(getattr(asyncio, name)())
        asyncio.run(watch())
    descriptors()
    pools()
    spawned_there()


if __name__ == "__main__":
    main()
