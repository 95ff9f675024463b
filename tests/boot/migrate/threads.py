# SPDX-License-Identifier: GPL-2.0
"""Threads of Python that work while their process moves: prints what they found."""

import hashlib
import queue
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

ROUNDS = 400

jobs = queue.Queue(maxsize=4)
found = {}
lock = threading.Lock()
local = threading.local()
began = threading.Event()


def work(name):
    local.name = name
    began.wait()
    while (job := jobs.get()) is not None:
        digest = hashlib.sha256(str(job).encode() * 500).hexdigest()
        with lock:
            assert local.name == name
            found[job] = digest
    jobs.put(None)


def sleeper():
    before = time.monotonic()
    for _ in range(20):
        time.sleep(0.1)
    return 1.99 < time.monotonic() - before < 30


threads = [threading.Thread(target=work, args=(f"worker {i}",)) for i in range(8)]
for thread in threads:
    thread.start()
print("ready", flush=True)
began.set()
with ThreadPoolExecutor(4) as pool:
    slept = [pool.submit(sleeper) for _ in range(4)]
    for number in range(ROUNDS):
        jobs.put(number)
        time.sleep(0.005)
    jobs.put(None)
    print("slept", [one.result() for one in slept])
for thread in threads:
    thread.join()
whole = hashlib.sha256("".join(found[i] for i in range(ROUNDS)).encode()).hexdigest()
print("all", len(found), whole, threading.active_count())
sys.stdout.flush()
