"""Many streaming clients for a while, some of which go away in the middle: no errors, flat memory beside the cache of known beginnings, and how long tokens take.

    load.py URL MODEL [--clients 64] [--seconds 60] [--pid PID] [--cancel 0.2] [--cache MIB]

With --pid the server gets SIGTERM at the end, while clients are being answered, and must finish them.
"""
import argparse
import asyncio
import json
import os
import random
import signal
import sys
import time
import urllib.parse


class Numbers:
    def __init__(self):
        self.first, self.between = [], []
        self.whole = self.cancelled = self.refused = 0
        self.errors = []


async def request(host, port, body, numbers, cancel_after=None):
    """Streams one completion over a connection of its own; gives it up after some chunks when told to."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        data = json.dumps(body).encode()
        writer.write(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
        begun = last = time.perf_counter()
        status = int((await reader.readline()).split()[1])
        while (await reader.readline()).strip():
            pass
        if status in (429, 503):
            numbers.refused += 1
            return status
        if status != 200:
            numbers.errors.append(f"status {status}")
            return status
        chunks, reason = 0, None
        while True:
            line = await reader.readline()
            if not line:
                numbers.errors.append("the stream ended early")
                return status
            if not line.startswith(b"data: "):
                continue
            now = time.perf_counter()
            if line.startswith(b"data: [DONE]"):
                if reason is None:
                    numbers.errors.append("no finish_reason")
                numbers.whole += 1
                return status
            chunk = json.loads(line[6:])
            if "error" in chunk:
                numbers.errors.append(chunk["error"]["message"])
                return status
            (numbers.between if chunks else numbers.first).append(now - (last if chunks else begun))
            chunks, last = chunks + 1, now
            reason = chunk["choices"][0]["finish_reason"] or reason
            if cancel_after is not None and chunks > cancel_after:
                numbers.cancelled += 1
                return status
    finally:
        writer.close()


async def client(host, port, model, numbers, end, cancel, chance):
    while time.perf_counter() < end():
        body = {
            "model": model, "stream": True, "temperature": 1, "ignore_eos": True,
            "prompt": [chance.randrange(100, 1000) for _ in range(chance.choice([3, 20, 100, 700]))],
            "max_tokens": chance.choice([4, 16, 48]), "seed": chance.randrange(1 << 30),
        }
        give_up = chance.randrange(8) if chance.random() < cancel else None
        try:
            status = await request(host, port, body, numbers, give_up)
        except (ConnectionError, asyncio.IncompleteReadError, IndexError) as error:
            if time.perf_counter() < end():
                numbers.errors.append(f"{type(error).__name__}: {error}")
            return
        if status == 429:
            await asyncio.sleep(0.2 + chance.random() / 2)


async def metric(host, port, name):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    text = (await reader.read()).decode()
    writer.close()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name + "{") or line.startswith(name + " "))


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("model")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--cancel", type=float, default=0.2)
    parser.add_argument("--pid", type=int)
    parser.add_argument("--memory", type=float, default=0.1, help="growth of memory beside the cache, after a third of the time, that is allowed")
    parser.add_argument("--cache", type=float, default=256, help="MiB that the cache may take")
    options = parser.parse_args()
    address = urllib.parse.urlparse(options.url)
    host, port = address.hostname, address.port
    numbers, begun = Numbers(), time.perf_counter()
    # With --pid clients go on until the server is told to end, so that it has answers to finish.
    until = [float("inf") if options.pid else begun + options.seconds]
    clients = [
        asyncio.create_task(client(host, port, options.model, numbers, lambda: until[0], options.cancel, random.Random(index)))
        for index in range(options.clients)]
    memory, cached = [], []
    while time.perf_counter() < begun + options.seconds:
        await asyncio.sleep(min(1, options.seconds / 30))
        memory.append(await metric(host, port, "process_resident_memory_bytes") / 2**20)
        cached.append(await metric(host, port, "mohawk_cache_bytes") / 2**20)
    tokens = await metric(host, port, "mohawk_new_tokens_total")
    failures = []
    if options.pid:
        before = numbers.whole
        until[0] = 0
        os.kill(options.pid, signal.SIGTERM)
        await asyncio.gather(*clients)
        drained = time.perf_counter()
        while os.path.exists(f"/proc/{options.pid}") and time.perf_counter() < drained + 10:
            await asyncio.sleep(0.05)
        if os.path.exists(f"/proc/{options.pid}") and b"Z" not in open(f"/proc/{options.pid}/stat", "rb").read().split()[2:3]:
            failures.append("the server is still there 10 s after its last answer")
        print(f"     after SIGTERM {numbers.whole - before} running requests were finished")
        if numbers.whole == before:
            failures.append("no running request was finished after SIGTERM")
    else:
        await asyncio.gather(*clients)
        await asyncio.sleep(1)
        if await metric(host, port, "mohawk_requests_active"):
            failures.append("requests are still active though all clients are gone")
    # The cache of known beginnings grows up to its budget on purpose; all else must not grow.
    third = len(memory) // 3
    beside = [all_of_it - cache for all_of_it, cache in zip(memory, cached)][third:]
    # The cache counts numbers and tokens; the objects around small states are about a fifth more.
    objects = 0.25 * (max(cached) - cached[third])
    growth = (max(beside) - beside[0] - objects) / memory[third]
    if growth > options.memory:
        failures.append(f"memory beside the cache grew by {100 * growth:.1f} % of all after the first third")
    if max(cached) > options.cache:
        failures.append(f"the cache took {max(cached):.0f} MiB, its budget is {options.cache:.0f}")
    if numbers.errors:
        failures.append(f"{len(numbers.errors)} errors, such as {numbers.errors[:3]}")
    if numbers.whole == 0:
        failures.append("no request was answered")
    print(f"     {options.clients} clients, {options.seconds:.0f} s: {numbers.whole} answered, {numbers.cancelled} given up, {numbers.refused} told to wait, "
          f"{tokens / options.seconds:.0f} tokens/s")
    print(f"     first token p50 {1e3 * quantile(numbers.first, 0.5):.0f} ms, p99 {1e3 * quantile(numbers.first, 0.99):.0f} ms; "
          f"between tokens p50 {1e3 * quantile(numbers.between, 0.5):.1f} ms, p99 {1e3 * quantile(numbers.between, 0.99):.1f} ms")
    print(f"     memory {memory[third]:.0f} MiB after a third of the time, {memory[-1]:.0f} at the end, of which cache {cached[third]:.0f} and {cached[-1]:.0f}; "
          f"beside it {beside[0]:.0f}, at most {max(beside):.0f} later, {beside[-1]:.0f} at the end")
    for failure in failures:
        print(f"FAIL load: {failure}")
    if not failures:
        print("ok   load: no errors, flat memory" + (", drained on SIGTERM" if options.pid else ""))
    return 1 if failures else 0


sys.exit(asyncio.run(main()))
