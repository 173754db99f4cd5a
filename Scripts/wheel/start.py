#!/usr/bin/env python3
"""How long a new process takes to its first token, and how large what it runs is: mohawk-run in turns with llama.cpp.

    start.py MOHAWK_RUN FOLDER GGUF [TURNS]

FOLDER: a model of `mohawk quantize --weights int8`; GGUF: the same model as q8_0 (`mohawk convert --to gguf --type q8_0`).
llama.cpp comes in this Python's package llama-cpp-python, so a process that only imports it is measured too.
"""
import pathlib
import statistics
import subprocess
import sys
import time

import llama_cpp

PROMPT = "Once upon a time"
LLAMA = f"""
import llama_cpp, sys
model = llama_cpp.Llama(sys.argv[1], n_ctx=512, verbose=False)
print(model.create_completion({PROMPT!r}, max_tokens=1, temperature=0)["choices"][0]["text"])
"""


def main():
    program, folder, gguf = sys.argv[1:4]
    turns = int(sys.argv[4]) if len(sys.argv) > 4 else 7
    commands = {
        "mohawk-run, first token": [program, "generate", folder, "-p", PROMPT, "--tokens", "1", "--temperature", "0"],
        "llama.cpp, first token": [sys.executable, "-c", LLAMA, gguf],
        "mohawk-run --version": [program, "--version"],
        "python -c 'import llama_cpp'": [sys.executable, "-c", "import llama_cpp"],
    }
    times = {name: [] for name in commands}
    for turn in range(turns + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if turn:  # the first one reads the files into memory
                times[name].append(time.perf_counter() - start)
    for name, seconds in times.items():
        print(f"{name:30} median {statistics.median(seconds):.3f} s, {min(seconds):.3f} to {max(seconds):.3f}, {turns} turns")
    libraries = list((pathlib.Path(llama_cpp.__file__).parent / "lib").glob("*.so"))
    for name, files in [("mohawk-run", [pathlib.Path(program)]), ("llama.cpp's libraries", libraries)]:
        print(f"{name:30} {sum(file.stat().st_size for file in files) / 1e6:.1f} MB in {len(files)} files")


if __name__ == "__main__":
    main()
