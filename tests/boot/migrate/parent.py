# SPDX-License-Identifier: GPL-2.0
"""What python says of its children, which stay where it began them while it goes from node to node.

parent.py NODE NODE	goes to the one, then to the other, and home to node 1
"""

import fcntl
import multiprocessing
import os
import resource
import signal
import struct
import subprocess
import sys
import time

ONE, OTHER = sys.argv[1:3]


# SSI_MIGRATE of linux/ssi.h
MIGRATE = 0x4008C503


def go(node):
    with open("/dev/ssi", "rb", buffering=0) as device:
        fcntl.ioctl(device, MIGRATE, struct.pack("=II", int(node), 0))
    with open("/proc/self/where", encoding="ascii") as file:
        assert file.read().split()[0] == node


def say(*words):
    print(*words, flush=True)


def square(end):
    end.send([n * n for n in end.recv()])
    sys.exit(7)


def begin():
    cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    slow = subprocess.Popen(["sh", "-c", "sleep 0.5; exit 3"])
    lasting = subprocess.Popen(["sleep", "100"])
    return cat, slow, lasting


def of_subprocess():
    cat, slow, lasting = begin()
    go(ONE)
    say("runs:", cat.poll(), slow.poll(), lasting.poll())
    say("cat:", cat.communicate("words\n", timeout=20), cat.returncode)
    say("run:", subprocess.run(["sh", "-c", "exit 4"], check=False).returncode)
    say("slow:", slow.wait(timeout=20))
    try:
        lasting.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        say("lasting: not yet")
    go(OTHER)
    lasting.kill()
    say("lasting:", lasting.wait())
    say("output:", subprocess.check_output(["echo", "here"], text=True).strip())
    go("1")


def of_multiprocessing():
    ours, theirs = multiprocessing.Pipe()
    worker = multiprocessing.Process(target=square, args=(theirs,))
    other = multiprocessing.Process(target=time.sleep, args=(100,))
    worker.start()
    other.start()
    go(ONE)
    say("alive:", worker.is_alive(), len(multiprocessing.active_children()))
    ours.send([1, 2, 3])
    say("squares:", ours.recv())
    worker.join()
    say("worker:", worker.exitcode)
    go(OTHER)
    other.terminate()
    other.join()
    say("other:", other.exitcode)
    go("1")


def of_os():
    told = []
    signal.signal(signal.SIGCHLD, lambda number, _: told.append(number))
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, lambda *_: os._exit(20 + number))
            time.sleep(100)
            os._exit(99)
        children.append(child)
    time.sleep(0.2)
    go(ONE)
    os.kill(children[0], signal.SIGTERM)
    found = os.waitid(os.P_ALL, 0, os.WEXITED)
    say("any:", found.si_pid == children[0], found.si_status)
    pidfd = os.pidfd_open(children[1])
    os.kill(children[1], signal.SIGTERM)
    found = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    say("by a pidfd:", found.si_pid == children[1], found.si_status)
    os.close(pidfd)
    go(OTHER)
    os.kill(children[2], signal.SIGTERM)
    pid, status, _ = os.wait3(0)
    say("wait3:", pid == children[2], os.waitstatus_to_exitcode(status))
    os.kill(children[3], signal.SIGKILL)
    pid, status = os.waitpid(children[3], 0)
    say("killed:", pid == children[3], os.waitstatus_to_exitcode(status))
    try:
        os.wait()
    except ChildProcessError:
        say("no more")
    say("told:", 1 <= len(told) <= 4)
    say("used:", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    go("1")


of_subprocess()
of_multiprocessing()
of_os()
