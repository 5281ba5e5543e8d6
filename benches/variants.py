#!/usr/bin/env python3
"""Geometry on variants of the specimens, whose truth moves with every variant: benches/variants.py [BINARY] [MOST]

Makes at least 500 variants (crops from loose to too tight, off-centre, scales from too small to large, JPEG qualities, PNG, all eight EXIF
orientations), standardizes them with the release binary, and judges each outcome against the truth:
  ok       the true hair top, eye line, face width and centring in the finished picture keep the limits, within the tolerance below;
           and ../shared/measure/geometry.py, another face model, finds the same where it is at hand
  refused  an exhaustive search over crops finds none that keeps every limit with the tolerance as a margin
A disagreement beyond the tolerance is printed, and the exit code is 1. Needs numpy and pillow."""
import collections, functools, json, os, random, subprocess, sys, tempfile

import numpy as np
from PIL import Image

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SPECIMENS = os.path.join(ROOT, "assets/specimens")
SHARED = os.environ.get("ZHAOSHEN_SHARED", os.path.join(ROOT, "../shared"))
BINARY = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "target/release/zhaoshen")
MOST = int(sys.argv[2]) if len(sys.argv) > 2 else 512
# What the engine's measures may be off, in pixels of the finished picture; the width in parts. Width: the mesh, 2.4 % spread, 6 % at most.
TOLERANCE = {"hair_top": 4.0, "eye_line": 3.0, "face_width": 0.06, "centre": 3.0, "cut_off": 4.0, "enlarging": 0.06}
LIMITS = {"hair_top": (50, 110), "eye_line": (200, 300), "face_width": (180, 300)}
# EXIF orientation -> what a camera that writes it does to an upright picture before storing it.
STORED = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
          6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}


@functools.lru_cache(None)
def truth(person):
    t = json.load(open(f"{SPECIMENS}/p{person:02}.json"))
    alpha = np.array(Image.open(f"{SPECIMENS}/p{person:02}_alpha.png").convert("L")) > 127
    (ax, ay), (bx, by) = t["pupil_l"], t["pupil_r"]
    # The top of the hair as it is defined: the first row that is person over at least 3 % of the face's width.
    hair = float(np.flatnonzero(alpha.sum(1) >= 0.03 * t["face_width"])[0])
    return {"hair_top": hair, "eye_line": (ay + by) / 2, "eye_x": (ax + bx) / 2, "face_width": t["face_width"], "alpha": alpha}


def variant(person, kind, rng):
    """A crop (x, y, width, height) of the specimen and a scale, and how to store it."""
    t, width, height = truth(person), 900, 1200
    eye_x, eye, hair, face = t["eye_x"], t["eye_line"], t["hair_top"], t["face_width"]
    box, scale = [0, 0, width, height], 1.0
    if kind == "tight above":
        box[1] = int(hair + rng.uniform(-0.25, 0.15) * face)
    elif kind == "tight below":
        box[3] = int(eye + rng.uniform(0.9, 1.9) * face)
    elif kind == "tight beside":
        half = rng.uniform(0.7, 1.3) * face
        box[0], box[2] = int(max(0, eye_x - half)), int(min(width, eye_x + half))
    elif kind == "off centre":
        cut = rng.uniform(0.4, 1.3) * face
        if rng.random() < 0.5:
            box[0] = int(max(0, eye_x - cut))
        else:
            box[2] = int(min(width, eye_x + cut))
    elif kind == "scale":
        scale = rng.choice([0.28, 0.36, 0.42, 0.46, 0.5, 0.6, 0.8, 1.5, 2.2])
    elif kind == "all at once":
        box = [int(max(0, eye_x - rng.uniform(0.9, 1.4) * face)), int(max(0, hair - rng.uniform(0.0, 0.5) * face)),
               int(min(width, eye_x + rng.uniform(0.9, 1.4) * face)), int(min(height, eye + rng.uniform(1.2, 2.3) * face))]
        scale = rng.choice([0.45, 0.6, 1.0, 1.4])
    box = [max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])]
    return {"person": person, "kind": kind, "box": box, "scale": scale, "orientation": rng.randint(1, 8) if kind == "orientation" else 1,
            "format": "png" if kind == "png" else "jpg", "quality": rng.choice([35, 50, 70, 85, 97]) if kind == "quality" else 93}


def write(v, path):
    picture = Image.open(f"{SPECIMENS}/p{v['person']:02}.jpg").convert("RGB").crop(v["box"])
    size = [max(1, round(side * v["scale"])) for side in picture.size]
    if v["scale"] != 1.0:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    if STORED[v["orientation"]] is not None:
        picture = picture.transpose(STORED[v["orientation"]])
    if v["format"] == "png":
        picture.save(path)
        return
    exif = Image.Exif()
    exif[0x0112] = v["orientation"]
    picture.save(path, quality=v["quality"], exif=exif)


def head(v):
    """The truth in the variant's pixels: measures, size, and from which row on each edge cuts the person."""
    t, (x0, y0, x1, y1), s = truth(v["person"]), v["box"], v["scale"]
    alpha = t["alpha"][y0:y1, x0:x1]
    first = lambda column: float(np.argmax(column)) * s if column.any() else None
    return {"hair_top": max(0.0, t["hair_top"] - y0) * s, "eye_line": (t["eye_line"] - y0) * s, "eye_x": (t["eye_x"] - x0) * s,
            "face_width": t["face_width"] * s, "width": (x1 - x0) * s, "height": (y1 - y0) * s, "cut_above": t["hair_top"] < y0 + 1,
            "left": first(alpha[:, 0]), "right": first(alpha[:, -1])}


def room(h, x, y, s, slack):
    """The smallest margin of crops in pixels over all limits, each widened (slack > 0) or narrowed (slack < 0) by the tolerance. Takes arrays."""
    t = {name: value * slack for name, value in TOLERANCE.items()}
    x, y, s = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float), np.asarray(s, float))
    face, bottom = h["face_width"] * s, y + 640 / s
    rooms = [(h["hair_top"] - y) * s - 50 + t["hair_top"], 110 - (h["hair_top"] - y) * s + t["hair_top"],
             (h["eye_line"] - y) * s - 200 + t["eye_line"], 300 - (h["eye_line"] - y) * s + t["eye_line"],
             face * (1 + t["face_width"]) - 180, 300 - face * (1 - t["face_width"]),
             24 + t["centre"] - abs((h["eye_x"] - x) * s - 240), (1.3 * (1 + t["enlarging"]) - s) * 100,
             (h["height"] - bottom) * s + t["cut_off"]]
    if h["cut_above"]:
        rooms.append(y * s + t["cut_off"])
    if h["left"] is not None:
        rooms.append(np.where(bottom > h["left"], x * s + t["cut_off"], np.inf))
    if h["right"] is not None:
        rooms.append(np.where(bottom > h["right"], (h["width"] - x) * s - 480 + t["cut_off"], np.inf))
    return np.minimum.reduce(rooms)


def best_room(h, slack):
    """The largest of it over all crops: scales, heights and sidesteps on a fine grid."""
    s = (np.arange(160, 330, 0.5) / h["face_width"])[:, None, None]
    y = h["hair_top"] - np.arange(44, 117, 0.75)[None, :, None] / s
    x = h["eye_x"] - (240 + np.arange(-28, 29, 2.0))[None, None, :] / s
    return float(room(h, x, y, s, slack).max())


def main():
    rng = random.Random(20240705)
    kinds = ["loose", "tight above", "tight below", "tight beside", "off centre", "scale", "quality", "png", "orientation", "all at once"]
    variants = [variant(rng.randrange(32), kinds[index % len(kinds)], rng) for index in range(MOST)]
    folder = tempfile.TemporaryDirectory()
    paths = []
    for index, v in enumerate(variants):
        paths.append(f"{folder.name}/v{index:04}.{v['format']}")
        write(v, paths[-1])
    out = f"{folder.name}/out"
    run = subprocess.run([BINARY, "standardize", *paths, "-o", out, "--json"], capture_output=True, text=True)
    results = {line["input"]: line for line in map(json.loads, run.stdout.splitlines())}
    table, wrong = collections.defaultdict(collections.Counter), []
    errors = collections.defaultdict(list)
    for path, v in zip(paths, variants):
        result, h = results.get(path), head(v)
        row = table[v["kind"]]
        row["n"] += 1
        if result is None or result["status"] == "error":
            row["wrong"] += 1
            wrong.append((path, v, "no result"))
            continue
        row[result["status"]] += 1
        if result["status"] == "refused":
            # Right when no crop has room with the limits narrowed by the tolerance.
            spare = best_room(h, -1.0)
            others = set(result["reasons"]) - {"hair_top", "eye_line", "face_width", "off_centre", "cut_off", "too_small"}
            if others or spare > 0:
                row["wrong"] += 1
                wrong.append((path, v, f"refused for {result['reasons']} though a crop has {spare:.1f} px to spare"))
            continue
        # The transform says where the truth lies in the finished picture.
        (x, y), s, g = (result["transform"]["x"], result["transform"]["y"]), result["transform"]["scale"], result["geometry"]
        true = {"hair_top": (h["hair_top"] - y) * s, "eye_line": (h["eye_line"] - y) * s, "face_width": h["face_width"] * s}
        for name in true:
            errors[name].append(g[name] / true[name] - 1 if name == "face_width" else g[name] - true[name])
        spare = float(room(h, x, y, s, 1.0))
        if spare < 0:
            row["wrong"] += 1
            wrong.append((path, v, f"ok, but the truth is {-spare:.1f} px beyond a limit and the tolerance: {true}"))
        row["strictly within"] += int(room(h, x, y, s, 0.0) >= 0)
    judge = os.path.join(SHARED, "measure/geometry.py")
    if os.path.isfile(judge):
        lines = subprocess.run([sys.executable, judge, out], capture_output=True, text=True).stdout.splitlines()
        by_output = {results[path]["output"]: v["kind"] for path, v in zip(paths, variants) if path in results and results[path].get("output")}
        for line in map(json.loads, lines):
            kind = by_output[line["input"]]
            table[kind]["other judge"] += 1
            table[kind]["within by it"] += bool(line.get("within"))
            if not line.get("within"):
                print(f"  by geometry.py not within: {os.path.basename(line['input'])} ({kind}): "
                      f"{[line.get(name) for name in ('faces', 'hair_top', 'eye_line', 'face_width')]}")
    else:
        print("skipped: no ../shared/measure/geometry.py")
    columns = ["n", "ok", "strictly within", "refused", "wrong", "other judge", "within by it"]
    print(f"{'variant':<14}" + "".join(f"{name:>17}" for name in columns))
    for kind in kinds:
        print(f"{kind:<14}" + "".join(f"{table[kind][name]:>17}" for name in columns))
    print(f"{'all':<14}" + "".join(f"{sum(table[kind][name] for kind in kinds):>17}" for name in columns))
    for name, values in errors.items():
        values = np.array(values)
        print(f"{name}: error against the truth mean {values.mean():+.3f}, spread {values.std():.3f}, largest {np.abs(values).max():.3f}"
              + (" (parts)" if name == "face_width" else " (px)"))
    for path, v, why in wrong:
        print(f"  wrong: {os.path.basename(path)} p{v['person']:02} {v['kind']} box {v['box']} scale {v['scale']}: {why}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
