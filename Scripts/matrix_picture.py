"""Mixing matrices of finished runs as one picture, from what each run keeps for its report.

    python Scripts/matrix_picture.py OUT.png LAYER:HEAD,… RUN…

A row for each head: the teacher's matrix, then the student's of every run. White is 0, blue above, red below; the
darkest colours are 0.3 and more. Needs no package."""
import array
import base64
import json
import struct
import sys
import zlib

GAP, SCALE, DARKEST = 8, 2, 0.3


def matrix(entry, whose):
    """The rows of a lower triangle of fp32 numbers."""
    numbers = array.array("f", base64.b64decode(entry[whose]))
    rows, first = [], 0
    for row in range(entry["size"]):
        rows.append(numbers[first : first + row + 1])
        first += row + 1
    return rows


def colour(value):
    depth = min(1.0, abs(value) / DARKEST) ** 0.5
    light = round(255 * (1 - depth))
    return (light, round(255 - 140 * depth), 255) if value >= 0 else (255, light, light)


def png(pixels):
    height, width = len(pixels), len(pixels[0])
    raw = b"".join(b"\0" + bytes(part for pixel in row for part in pixel) for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def main(out, heads, runs):
    loaded = [{(entry["layer"], entry["head"]): entry for entry in json.load(open(f"{run}/matrices.json"))} for run in runs]
    picture = []
    for place in (tuple(map(int, head.split(":"))) for head in heads.split(",")):
        panels = [matrix(loaded[0][place], "teacher")] + [matrix(run[place], "student") for run in loaded]
        size = len(panels[0]) * SCALE
        for y in range(size):
            line = []
            for panel in panels:
                row = panel[y // SCALE]
                line += [colour(row[x // SCALE]) if x // SCALE < len(row) else (245, 245, 245) for x in range(size)]
                line += [(255, 255, 255)] * GAP
            picture.append(line[:-GAP])
        picture += [[(255, 255, 255)] * len(picture[0])] * GAP
    with open(out, "wb") as file:
        file.write(png(picture[:-GAP]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
