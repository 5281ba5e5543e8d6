#!/usr/bin/env python3
"""How well the checks' words can be trusted: puts every fault in graded strength into good pictures, lets the release binary judge them,
and writes recall, false alarms and threshold curves into docs/checks.md.

usage: benches/checks/calibrate.py [--binary target/release/zhaoshen] [--shared ../shared] [--only CODE,…] [--out docs/checks.md]

Good pictures are the specimen people and, where the folder of shared photos is present, the real portraits of `GOOD`. Every second person is
for choosing limits (half A), the others for the figures that are reported (half B). Needs Python 3 with numpy and opencv."""
import argparse
import collections
import json
import math
import os
import pathlib
import subprocess
import tempfile
import tomllib
import cv2
import numpy as np
from faults import FAULTS, HEIGHT, WALL_FAULTS, WIDTH, darker_skin
import tables

HERE = pathlib.Path(__file__).resolve().parents[2]
SPECIMENS = HERE / "assets/specimens"

# Real portraits that were looked at: one face, frontal enough, sharp, well lit, colours right, eyes open. By person; `shut` has the mouth shut.
GOOD = {
    "face_pairs/compreface__faces_FACE_1.jpg": "face 1", "face_pairs/compreface__faces_FACE_2.jpg": "face 2", "face_pairs/compreface__faces_FACE_3.jpg": "face 3",
    "face_pairs/compreface__sample_images_002_A.jpg": "A", "face_pairs/compreface__sample_images_004_A.jpg": "A", "face_pairs/compreface__sample_images_009_C.jpg": "C",
    "portraits/face-parsing__1.jpg": "fp1", "portraits/face-parsing__1309.jpg": "fp2", "portraits/face-parsing__1333.jpg": "fp3", "portraits/face-parsing__2116.jpg": "fp4",
    "face_pairs/face_recogniti__alex_lacamoire_img1.jpg": "alex", "face_pairs/face_recogniti__test_alex_lacamoire1.jpg": "alex",
    "face_pairs/face_recogniti__biden_biden.jpg": "biden", "face_pairs/face_recogniti__biden_biden2.jpg": "biden",
    "face_pairs/face_recogniti__obama_obama.jpg": "obama", "face_pairs/face_recogniti__obama_obama2.jpg": "obama", "face_pairs/face_recogniti__test_obama1.jpg": "obama",
    "face_pairs/face_recogniti__rose_leslie_img1.jpg": "rose", "face_pairs/face_recogniti__rose_leslie_img2.jpg": "rose",
    "portraits/hivisionidphot__test0.jpg": "h0", "portraits/hivisionidphot__test2.jpg": "h2", "portraits/hivisionidphot__test4.jpg": "h4",
    "face_pairs/human__in_stock-emotions-a-1.jpg": "stock a", "face_pairs/human__in_stock-emotions-a-4.jpg": "stock a", "face_pairs/human__in_stock-emotions-a-7.jpg": "stock a",
    "portraits/human__stock-teen-6.jpg": "teen 6", "portraits/human__stock-teen-7.jpg": "teen 7", "portraits/human__stock-teen-8.jpg": "teen 8",
    "face_pairs/insightface__bulk_jntm.jpg": "kun", "face_pairs/insightface__bulk_kun.jpg": "kun", "face_pairs/insightface__bulk_woman_search.jpeg": "woman",
    "bad_faces/insightface__sad.png": "sad", "portraits/scikit-image__astronaut.png": "astronaut",
}
SHUT = {"face 1", "face 2", "face 3", "A", "C", "h2", "sad", "teen 8", "kun", "woman", "rose"}
# Soft in themselves, so no good picture for sharpness; light from the side.
NOT_GOOD = {
    "blur": {"portraits/scikit-image__astronaut.png"},
    "uneven_light": {"face_pairs/face_recogniti__rose_leslie_img1.jpg", "portraits/human__stock-teen-6.jpg"},
}


class Judge:
    """The binary, asked about whole folders at once."""

    def __init__(self, binary):
        self.binary, self.asked = binary, 0

    def __call__(self, pictures, stage):
        """`pictures`: name -> array or path. Returns name -> {code: check}."""
        with tempfile.TemporaryDirectory() as folder:
            for name, picture in pictures.items():
                if isinstance(picture, np.ndarray):
                    cv2.imwrite(f"{folder}/{name}.png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
                else:
                    os.symlink(picture, f"{folder}/{name}{pathlib.Path(picture).suffix}")
            self.asked += len(pictures)
            if not pictures:
                return {}
            run = subprocess.run([self.binary, "check", folder, "--stage", stage, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        return {pathlib.Path(line["input"]).stem: {check["id"]: check for check in line["checks"]} for line in lines}

    def standardize(self, pictures):
        """The finished pictures of those that could be finished."""
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as out:
            for name, path in pictures.items():
                os.symlink(path, f"{folder}/{name}{pathlib.Path(path).suffix}")
            subprocess.run([self.binary, "standardize", folder, "-o", out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            return {path.stem: cv2.imread(str(path)) for path in sorted(pathlib.Path(out).glob("*.jpg"))}


def face_of(checks):
    """What the checks' regions say of the face, or nothing."""
    box, eyes, mouth = (checks.get(code, {}).get("region") for code in ("blur", "tinted_glasses", "mouth_open"))
    if not box or not eyes or not mouth:
        return None
    reach = eyes["width"] / 1.7 * 0.35
    drop = math.tan(math.radians(checks["roll"]["value"])) * eyes["width"] / 1.7 / 2
    middle = eyes["y"] + eyes["height"] / 2
    return {
        "box": (box["x"], box["y"], box["width"], box["height"]),
        "eyes": [(eyes["x"] + reach, middle - drop), (eyes["x"] + eyes["width"] - reach, middle + drop)],
        "mouth": (mouth["x"] + mouth["width"] / 2, mouth["y"] + mouth["height"] / 2, mouth["width"] / 2),
    }


def view(picture, face):
    """The picture as the engine would crop it: face 220 px wide, eyes in row 250; its edges repeated."""
    scale = 220 / (face["box"][2] / 1.066)
    eyes = np.mean(face["eyes"], 0)
    move = np.float32([[scale, 0, WIDTH / 2 - eyes[0] * scale], [0, scale, 250 - eyes[1] * scale]])
    if scale < 0.75:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
    return cv2.warpAffine(picture, move, (WIDTH, HEIGHT), flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def bases(judge, shared):
    """name -> (person, real, half, path), halves by person."""
    paths = {f"p{n:02}": (f"p{n:02}", False, SPECIMENS / f"p{n:02}.jpg") for n in range(32)}
    for file, person in GOOD.items():
        path = shared / "photos" / file
        if path.is_file():
            paths[path.stem.replace(".", "_")] = (person, True, path)
    people = {real: sorted({person for person, is_real, _ in paths.values() if is_real == real}) for real in (False, True)}
    return {name: (person, real, "AB"[people[real].index(person) % 2], path) for name, (person, real, path) in paths.items()}


def views(judge, found, pictures, good):
    """name -> (picture, face), measured again where it now is."""
    first = {name: face_of(checks) for name, checks in found.items()}
    cut = {name: view(pictures[name], face) for name, face in first.items() if face}
    again = judge(cut, "result")
    return {name: (cut[name], face_of(again[name])) for name in cut if name in again and face_of(again[name])}, again


def slim(check):
    return check and {"id": check["id"], "value": check["value"], "verdict": check["verdict"]}


def randomness(*words):
    return np.random.default_rng(abs(hash_of(" ".join(map(str, words)))))


def hash_of(text):
    value = 2166136261
    for byte in text.encode():
        value = (value ^ byte) * 16777619 % 2 ** 32
    return value


def measure(judge, code, faults, base, people, stage, make):
    """[(fault, strength, name, half, real, check)] of every faulty picture of one check."""
    rows = []
    for fault, function, strengths, first in faults:
        for strength in strengths:
            # Everybody at the strength that people call a fault; every second person of half B at the others, which only draw the curve.
            half = sorted(name for name in base if people[name][2] == "B")[::2]
            asked = base if strength == first else half
            pictures = {name: make(function, name, strength, randomness(code, fault, name, strength)) for name in asked}
            for name, checks in judge(pictures, stage).items():
                rows.append((fault, strength, name, people[name][2], people[name][1], slim(checks.get(code))))
    return rows


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=str(HERE / "target/release/zhaoshen"))
    arguments.add_argument("--shared", type=pathlib.Path, default=pathlib.Path(os.environ.get("ZHAOSHEN_SHARED", HERE / "../shared")))
    arguments.add_argument("--only", default="")
    arguments.add_argument("--out", type=pathlib.Path)
    arguments.add_argument("--keep", type=pathlib.Path, help="a file for the raw measures")
    arguments.add_argument("--read", type=pathlib.Path, help="raw measures kept before, instead of measuring")
    given = arguments.parse_args()
    result = json.loads(given.read.read_text()) if given.read else measured(given)
    if given.keep:
        given.keep.write_text(json.dumps(result))
    limits = tomllib.loads((HERE / "assets/standards/chsi-blue.toml").read_text())["checks"]
    text = tables.document(result, limits, (pathlib.Path(__file__).parent / "words.md").read_text())
    if given.out:
        given.out.write_text(text)
    else:
        print(text)


def measured(given):
    """All raw measures: `good` and `faulty` by check, skins, labelled pictures."""
    only = set(filter(None, given.only.split(",")))
    wanted = lambda code: not only or code in only
    judge = Judge(given.binary)
    people = bases(judge, given.shared)
    pictures = {name: cv2.imread(str(path)) for name, (_, _, _, path) in people.items()}
    found = judge(pictures, "result")
    seen, good = views(judge, found, pictures, people)
    finished = judge.standardize({name: path for name, (_, _, _, path) in people.items()})
    finished_good = judge(finished, "result")
    result = {"good": collections.defaultdict(list), "faulty": {}, "skin": []}
    shut = {name for name, (person, real, _, _) in people.items() if not real or person in SHUT}
    for code, (_, faults, where) in FAULTS.items():
        if not wanted(code):
            continue
        source = finished_good if where == "finished" else good
        base = {name: (finished[name], face_of(finished_good[name])) for name in finished if face_of(finished_good.get(name, {}))} if where == "finished" else seen
        base = {name: value for name, value in base.items() if (where != "shut" or name in shut)
                and not any(name == pathlib.Path(file).stem.replace(".", "_") for file in NOT_GOOD.get(code, ()))}
        if code == "face_count":
            names = sorted(base)
            for index, name in enumerate(names):
                other = base[names[(index + 7) % len(names)]]
                base[name] = (base[name][0], base[name][1] | {"other": other[0], "other_box": other[1]["box"]})
        for name in base:
            result["good"][code].append((name, people[name][2], people[name][1], slim(source[name].get(code))))
        result["faulty"][code] = measure(judge, code, faults, base, people, "result",
                                         lambda function, name, strength, random: function(*base[name], strength, random))
        print(code, judge.asked, flush=True)
        if given.keep:
            given.keep.write_text(json.dumps(result))
    specimen = {name: cv2.imread(str(SPECIMENS / f"{name}_alpha.png"), 0).astype(np.float32) / 255 for name, (_, real, _, _) in people.items() if not real}
    truth = {name: json.loads((SPECIMENS / f"{name}.json").read_text()) for name in specimen}
    plain = judge({name: people[name][3] for name in specimen}, "source") if any(map(wanted, WALL_FAULTS)) else {}
    for code, (_, stage, faults) in WALL_FAULTS.items():
        if not wanted(code):
            continue
        # People in light blue shirts are no good pictures where clothes are judged against light blue.
        base = [name for name in specimen if code != "clothes_blend" or name not in {"p07", "p12", "p28"}]
        good_ones = finished_good if code == "matte_edge" else plain
        for name in good_ones:
            if name in base or (code == "matte_edge" and people[name][1]):
                result["good"][code].append((name, people[name][2], people[name][1], slim(good_ones[name].get(code))))

        def make(function, name, strength, random):
            extra = [truth[name]["chin"][1] + 20] if code == "clothes_blend" else []
            return function(pictures[name], specimen[name], strength, random, *extra)

        result["faulty"][code] = measure(judge, code, faults, base, people, stage, make)
        print(code, judge.asked, flush=True)
        if given.keep:
            given.keep.write_text(json.dumps(result))
    if wanted("skin"):
        for share in (1.0, 0.6, 0.4, 0.25, 0.15):
            dark = {name: darker_skin(*seen[name], share, randomness("skin", name)) for name in seen}
            for name, checks in judge(dark, "result").items():
                result["skin"].append((share, name, people[name][2], people[name][1], {code: slim(check) for code, check in checks.items()}))
    result["labelled"] = labelled(judge, given.shared)
    result["asked"] = judge.asked
    return result


def labelled(judge, shared):
    """The real pictures and what their labels say, judged as sources."""
    table = shared / "photos/PROVENANCE.tsv"
    if not table.is_file():
        return []
    rows = [line.split("\t") for line in table.read_text().splitlines()[1:]]
    rows = [row for row in rows if row[0].split("/")[0] in ("bad_faces", "portraits", "face_pairs") and not row[0].endswith(".py")]
    judged = judge({f"n{index:03}": (shared / "photos" / row[0]).resolve() for index, row in enumerate(rows)}, "source")
    return [(row[0], row[6], {code: slim(check) for code, check in judged.get(f"n{index:03}", {}).items()}) for index, row in enumerate(rows)]


if __name__ == "__main__":
    main()
