"""Faults in graded strength, put into good pictures of 480 × 640 whose face is known. Each takes (picture, face, strength, random) and gives
the faulty picture; `FAULTS` says for each check which faults show it, at which strengths, and from which strength on people call it one.

A picture is an array of BGR bytes. A face is a dict: `box` (x, y, width, height of the oval), `eyes` (two irises), `mouth` (its middle and
half its width), `alpha` (finished pictures only: 1 where the person is)."""
import math
import cv2
import numpy as np

HEIGHT, WIDTH = 640, 480
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


LEVELS = np.arange(256) / 255
LINEAR = np.where(LEVELS <= 0.04045, LEVELS / 12.92, ((LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)
STEPS = np.arange(8192) / 8191
ENCODED = np.clip(np.where(STEPS <= 0.0031308, STEPS * 12.92, 1.055 * STEPS ** (1 / 2.4) - 0.055) * 255 + 0.5, 0, 255).astype(np.uint8)


def linear(picture):
    return LINEAR[picture]


def encoded(light):
    return ENCODED[(np.clip(light, 0, 1) * 8191 + 0.5).astype(np.int32)]


def width(face):
    return face["box"][2] / 1.08


def focus(picture, face, sigma, random):
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def shake(picture, face, length, random):
    angle, kernel = random.uniform(0, math.pi), np.zeros((25, 25), np.float32)
    for step in np.linspace(-length / 2, length / 2, 200):
        kernel[int(round(12 + step * math.sin(angle))), int(round(12 + step * math.cos(angle)))] += 1
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def exposure(picture, face, gain, random):
    return encoded(linear(picture) * gain)


def one_side(picture, face, ratio, random):
    middle, sign = np.mean([eye[0] for eye in face["eyes"]]), random.choice([-1, 1])
    ramp = 1 / (1 + np.exp(-sign * (COLUMNS - middle) / (0.12 * width(face))))
    return encoded(linear(picture) * (ratio + (1 - ratio) * ramp)[..., None])


def shadow(picture, face, ratio, random):
    """The edge of a hard shadow between the eyes."""
    middle, sign = np.mean([eye[0] for eye in face["eyes"]]) + random.uniform(-0.08, 0.08) * width(face), random.choice([-1, 1])
    ramp = np.clip(sign * (COLUMNS - middle) / (0.06 * width(face)) + 0.5, 0, 1)
    return encoded(linear(picture) * (ratio + (1 - ratio) * ramp)[..., None])


def light_of(colour):
    def cast(picture, face, strength, random):
        light = linear(picture)
        lit = light * np.array(colour, np.float32) ** strength
        luminance = np.array([0.0722, 0.7152, 0.2126])
        return encoded(lit * ((light @ luminance).mean() / (lit @ luminance).mean()))
    return cast


def grey(picture, face, share, random):
    plain = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return cv2.addWeighted(plain, share, picture, 1 - share, 0)


def squeezed(picture, quality, random):
    dx, dy = random.integers(0, 8, 2)
    moved = cv2.copyMakeBorder(picture, dy, 8 - dy, dx, 8 - dx, cv2.BORDER_REPLICATE)
    small = cv2.imdecode(cv2.imencode(".jpg", moved, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1], cv2.IMREAD_COLOR)
    return small[dy:dy + HEIGHT, dx:dx + WIDTH]


def jpeg(picture, face, quality, random):
    return squeezed(picture, quality, random)


def lids(picture, face, share, random):
    """The upper lids drawn down over a share of the opening, in their own colour, with lashes at their rim."""
    out = picture.astype(np.float32)
    for x, y in face["eyes"]:
        half, high = 0.12 * width(face), 0.041 * width(face)
        above = (np.hypot(COLUMNS - x, ROWS - y + 0.085 * width(face)) < 0.02 * width(face))
        lid = np.median(picture[above], 0) if above.any() else np.array([120, 140, 180])
        bow = np.sqrt(np.clip(1 - ((COLUMNS - x) / half) ** 2, 0, 1)) * high
        rim = y - bow + share * 2 * bow
        shaded = lid * (1 - 0.12 * np.clip((ROWS - y + high) / (2 * high), 0, 1))[..., None]
        cover = (np.clip(ROWS - y + bow + 1, 0, 1) * np.clip(rim - ROWS + 0.5, 0, 1) * (np.abs(COLUMNS - x) < half))[..., None]
        out = out * (1 - cover) + shaded * cover
        lashes = (np.clip(1.6 - np.abs(ROWS - rim), 0, 1) * (np.abs(COLUMNS - x) < 0.9 * half) * 0.8)[..., None]
        out = out * (1 - lashes) + np.array([45, 40, 45]) * lashes
    return out.astype(np.uint8)


def flash_in(size):
    def red(picture, face, strength, random):
        out, colour = picture.astype(np.float32), np.array([random.uniform(25, 60), random.uniform(15, 45), random.uniform(165, 225)])
        for x, y in face["eyes"]:
            weight = np.clip((size * 0.046 * width(face) - np.hypot(COLUMNS - x, ROWS - y)) / 1.5 + 0.5, 0, 1)[..., None] * strength
            out = out * (1 - weight) + colour * weight
        return out.astype(np.uint8)
    return red


def lenses(face):
    cover = np.zeros((HEIGHT, WIDTH), np.float32)
    for x, y in face["eyes"]:
        u, v = (COLUMNS - x) / (0.2 * width(face)), (ROWS - y - 0.02 * width(face)) / (0.16 * width(face))
        cover = np.maximum(cover, np.clip((1 - (u ** 4 + v ** 4)) * 6, 0, 1))
    return cover[..., None]


def tint_of(colour):
    def tint(picture, face, passing, random):
        cover = lenses(face)
        glass = encoded(linear(picture) * passing ** 2.2 * np.array(colour, np.float32))
        return (picture * (1 - cover) + glass * cover).astype(np.uint8)
    return tint


def window(picture, face, share, random):
    """A bright patch in each lens, by its share of the lens."""
    out = picture.astype(np.float32)
    for x, y in face["eyes"]:
        x, y = np.array([x, y]) + random.uniform(-0.07, 0.07, 2) * width(face)
        radius = 0.2 * width(face) * math.sqrt(share)
        weight = np.clip((1 - np.hypot((COLUMNS - x) / radius / 1.3, (ROWS - y) / radius * 1.3)) / 0.3, 0, 1)[..., None]
        out = out * (1 - weight) + np.array([252, 250, 248]) * weight
    return out.astype(np.uint8)


def lamp(picture, face, share, random):
    """A slanted bar across both lenses."""
    out = picture.astype(np.float32)
    for x, y in face["eyes"]:
        y = y + random.uniform(-0.05, 0.05) * width(face)
        across = np.abs((ROWS - y) - 0.35 * (COLUMNS - x)) / (0.2 * width(face) * share)
        weight = (np.clip((1 - across) / 0.3, 0, 1) * lenses(face)[..., 0] * (np.abs(COLUMNS - x) < 0.2 * width(face)))[..., None]
        out = out * (1 - weight) + np.array([250, 252, 252]) * weight
    return out.astype(np.uint8)


def mouth(picture, face, gap, random):
    """The lower lip and what is below it moved down by a share of the mouth's width, the mouth's dark or teeth between."""
    x, y, half = face["mouth"]
    profile = np.sqrt(np.clip(1 - ((COLUMNS - x) / half) ** 2, 0, 1)) * gap * 2 * half
    fade = np.clip(1 - (ROWS - y) / (1.6 * half), 0, 1)
    source = np.where(ROWS > y, np.maximum(y, ROWS - profile * fade), ROWS)
    out = cv2.remap(picture, COLUMNS, source.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    hole = (np.clip(ROWS - y + 0.5, 0, 1) * np.clip(y + profile - ROWS + 0.5, 0, 1))[..., None]
    inside = np.array([190, 205, 215] if random.random() < 0.5 else [30, 25, 60])
    return (out * (1 - hole) + inside * hole).astype(np.uint8)


def slope(picture, face, degrees, random):
    degrees = degrees * random.choice([-1, 1])
    middle, chin = np.mean([eye[0] for eye in face["eyes"]]), face["box"][1] + face["box"][3]
    weight = np.clip((ROWS - chin) / (0.25 * width(face)) + 0.5, 0, 1)
    source = ROWS - weight * math.tan(math.radians(degrees)) * (COLUMNS - middle)
    return cv2.remap(picture, COLUMNS, source.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def border_of(colour):
    def border(picture, face, thickness, random):
        out, thickness = picture.copy(), int(thickness)
        inset = int(random.integers(0, 12))
        corners = (inset + thickness // 2, inset + thickness // 2), (WIDTH - 1 - inset - thickness // 2, HEIGHT - 1 - inset - thickness // 2)
        return cv2.rectangle(out, *corners, colour, thickness)
    return border


def screen(picture, face, depth, random):
    """A screen's grid of dots as a camera sees it, then JPEG as the camera writes it."""
    angle, pitch = random.uniform(0.05, 0.7), random.uniform(2.3, 6)
    u, v = COLUMNS * math.cos(angle) + ROWS * math.sin(angle), ROWS * math.cos(angle) - COLUMNS * math.sin(angle)
    dots = 1 + depth / 2 * (np.cos(2 * math.pi * u / pitch) + np.cos(2 * math.pi * v / pitch))
    return squeezed(np.clip(picture * dots[..., None], 0, 255).astype(np.uint8), 88, random)


def moire(picture, face, depth, random):
    """Colour moiré: stripes that differ between the channels."""
    angle, pitch = random.uniform(0.1, 1.4), random.uniform(3, 9)
    u = COLUMNS * math.cos(angle) + ROWS * math.sin(angle)
    stripes = np.stack([1 + depth * np.cos(2 * math.pi * u / pitch + phase) for phase in (0, 1.2, 2.4)], -1)
    return squeezed(np.clip(picture * stripes, 0, 255).astype(np.uint8), 88, random)


def darker_skin(picture, face, share, random):
    """No fault: the skin's own colour darker, whites of the eyes, lips and highlights as they are."""
    x, y, w, h = face["box"]
    oval = (((COLUMNS - x - w / 2) / (w / 2)) ** 2 + ((ROWS - y - h / 2) / (h / 2)) ** 2 < 1).astype(np.float32)
    for ex, ey in face["eyes"]:
        oval[(((COLUMNS - ex) / (0.11 * width(face))) ** 2 + ((ROWS - ey) / (0.05 * width(face))) ** 2) < 1] = 0
    light = linear(picture)
    own = np.median(light[oval > 0], 0)
    shine = np.clip(light - 1.25 * own, 0, None)
    # Melanin takes more from blue than from red.
    dark = (light - shine) * share * np.array([0.8, 0.9, 1.0], np.float32) + shine
    weight = cv2.GaussianBlur(oval, (0, 0), 2)[..., None]
    return encoded(light * (1 - weight) + dark * weight)


def tilt(picture, face, degrees, random):
    middle = tuple(np.mean(face["eyes"], 0))
    turn = cv2.getRotationMatrix2D(middle, degrees * random.choice([-1, 1]), 1)
    return cv2.warpAffine(picture, turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def neighbour(picture, face, share, random):
    """A second person at the right, cut by the picture's edge so that this share of the face is left."""
    box, other = face["box"], face["other"]
    x0 = int(face["other_box"][0] - 0.25 * face["other_box"][2])
    x1 = int(face["other_box"][0] + share * face["other_box"][2] + (0.25 * face["other_box"][2] if share == 1 else 0))
    left, right = picture[:, :int(box[0] + 1.25 * box[2])], other[:, max(x0, 0):x1]
    return np.hstack([left, right])


# Faults that need the specimens' true matte: (source, matte 0–1, strength, random) -> source or finished picture.
def wall_shadow(source, matte, strength, random):
    """The person's own shadow on the wall behind, moved aside and softened."""
    height, wide = matte.shape
    dx, dy = random.choice([-1, 1]) * 0.07 * wide, 0.02 * height
    moved = cv2.warpAffine(matte, np.float32([[1, 0, dx], [0, 1, dy]]), (wide, height), borderMode=cv2.BORDER_REPLICATE)
    dark = 1 - strength * cv2.GaussianBlur(moved, (0, 0), 0.02 * wide)
    return on_wall(source, matte, encoded(linear(source) * (dark ** 2.2)[..., None]))


def wall_gradient(source, matte, strength, random):
    height, wide = matte.shape
    ramp = np.linspace(1, 1 - strength, wide)[None] if random.random() < 0.5 else np.linspace(1 - strength, 1, height)[:, None]
    return on_wall(source, matte, (source * np.broadcast_to(ramp, matte.shape)[..., None]).astype(np.uint8))


def wall_things(source, matte, share, random):
    """Pictures and shelves on the wall, by the share of it that they cover."""
    height, wide = matte.shape
    wall = source.copy()
    while (np.abs(wall.astype(int) - source).max(2) > 20)[matte < 0.5].mean() < share:
        x, y = random.integers(0, wide), random.integers(0, int(height * 0.6))
        size = random.integers(wide // 20, wide // 6, 2)
        cv2.rectangle(wall, (x, y), (x + int(size[0]), y + int(size[1])), tuple(int(c) for c in random.integers(20, 160, 3)), -1)
    return on_wall(source, matte, wall)


def on_wall(source, matte, wall):
    cover = matte[..., None]
    return (source * cover + wall * (1 - cover)).astype(np.uint8)


def blue_clothes(source, matte, share, random, chin):
    """The clothes' colour moved towards the background's by a share; the folds' light and shade stay."""
    light = cv2.cvtColor(source, cv2.COLOR_BGR2GRAY).astype(np.float32)
    rows = np.arange(source.shape[0])[:, None]
    lab = cv2.cvtColor(source, cv2.COLOR_BGR2Lab).astype(np.float32)
    skin = (lab[..., 1] > 136) & (lab[..., 2] > 134)
    body = np.clip((rows - chin) / 12, 0, 1) * matte * (1 - cv2.GaussianBlur(skin.astype(np.float32), (0, 0), 1.5))
    folds = np.clip(light - np.median(light[body > 0.9]), -25, 25)[..., None]
    cloth = np.clip(np.array([255, 197, 100]) + folds * 0.6, 0, 255)
    weight = (body * share)[..., None]
    return (source * (1 - weight) + cloth * weight).astype(np.uint8)


def old_wall(wall):
    def ring(source, matte, pixels, random):
        """Finished with a matte that is too large by `pixels` of the finished picture: a ring of old wall around the person."""
        picture = source if wall is None else on_wall(source, matte, np.full_like(source, wall))
        scale = 0.64
        grown = cv2.dilate(matte, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, [2 * int(round(pixels / scale)) + 1] * 2)) if pixels else matte
        cover = cv2.GaussianBlur(grown, (0, 0), 0.6)[..., None]
        finished = picture * cover + np.array([255, 197, 100]) * (1 - cover)
        move = np.float32([[scale, 0, WIDTH / 2 - 450 * scale], [0, scale, 250 - 515 * scale]])
        finished = cv2.GaussianBlur(finished.astype(np.float32), (0, 0), 0.5)
        return cv2.warpAffine(finished, move, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)
    return ring


WALL_FAULTS = {
    "source_background": ("max", "source", [("shadow", wall_shadow, [0.08, 0.16, 0.25, 0.35, 0.5], 0.35), ("gradient", wall_gradient, [0.08, 0.16, 0.25, 0.35, 0.5], 0.35),
                                            ("things", wall_things, [0.02, 0.05, 0.1, 0.2, 0.4], 0.2)]),
    "clothes_blend": ("min", "source", [("blue", blue_clothes, [0.4, 0.6, 0.8, 0.9, 1], 0.9)]),
    "matte_edge": ("max", "result", [("own wall", old_wall(None), [0.5, 1, 1.5, 2, 3], 1.5), ("beige wall", old_wall([160, 190, 205]), [0.5, 1, 1.5, 2, 3], 1.5),
                                     ("dark wall", old_wall([70, 80, 90]), [0.5, 1, 1.5, 2, 3], 1.5)]),
}

# check: (limit's side, [(fault, strengths from weak to strong, the first that people call a fault)], which bases)
FAULTS = {
    "blur": ("max", [("focus", focus, [0.6, 0.9, 1.3, 1.8, 2.6], 1.3), ("shake", shake, [3, 5, 7, 10, 14], 7)], "view"),
    "overexposed": ("max", [("exposure", exposure, [1.25, 1.6, 2.0, 2.7, 3.5], 2.0)], "view"),
    "underexposed": ("min", [("exposure", exposure, [0.7, 0.5, 0.3, 0.2, 0.12], 0.3)], "view"),
    "uneven_light": ("min", [("one side", one_side, [0.7, 0.5, 0.3, 0.18, 0.1], 0.3), ("shadow", shadow, [0.7, 0.5, 0.3, 0.18, 0.1], 0.3)], "view"),
    "colour_cast": ("max", [("yellow", light_of([0.35, 1, 1]), [0.2, 0.4, 0.6, 0.8, 1], 0.6), ("orange", light_of([0.35, 0.8, 1]), [0.2, 0.4, 0.6, 0.8, 1], 0.6),
                            ("blue", light_of([1, 0.75, 0.45]), [0.2, 0.4, 0.7, 0.85, 1], 0.85), ("green", light_of([0.7, 1, 0.65]), [0.2, 0.4, 0.6, 0.8, 1], 0.6),
                            ("magenta", light_of([1, 0.6, 1]), [0.2, 0.4, 0.6, 0.8, 1], 0.6)], "view"),
    "greyscale": ("min", [("grey", grey, [0.3, 0.6, 0.85, 0.95, 1], 0.95)], "view"),
    "compression": ("max", [("jpeg", jpeg, [60, 40, 25, 15, 8], 15)], "view"),
    "eyes_open": ("min", [("lids", lids, [0.3, 0.5, 0.7, 0.85, 1], 0.7)], "open"),
    "red_eye": ("max", [("small", flash_in(0.55), [0.2, 0.35, 0.5, 0.7, 0.9], 0.5), ("large", flash_in(0.8), [0.2, 0.35, 0.5, 0.7, 0.9], 0.5)], "open"),
    "tinted_glasses": ("min", [("grey", tint_of([1, 1, 1]), [0.85, 0.7, 0.55, 0.4, 0.25], 0.55), ("brown", tint_of([0.5, 0.8, 1]), [0.85, 0.7, 0.55, 0.4, 0.25], 0.55)], "open"),
    "glasses_glare": ("max", [("window", window, [0.01, 0.03, 0.08, 0.2, 0.4], 0.08), ("lamp", lamp, [0.03, 0.06, 0.12, 0.25, 0.4], 0.12)], "open"),
    "mouth_open": ("max", [("gap", mouth, [0.04, 0.08, 0.14, 0.22, 0.35], 0.14)], "shut"),
    "shoulders": ("both", [("slope", slope, [3, 6, 10, 13, 16], 10)], "finished"),
    "frame": ("max", [("red", border_of((40, 30, 200)), [1, 2, 4, 8, 16], 4), ("black", border_of((10, 10, 10)), [1, 2, 4, 8, 16], 4)], "view"),
    "roll": ("both", [("tilt", tilt, [3, 6, 10, 14, 20], 10)], "view"),
    "face_count": ("both", [("neighbour", neighbour, [0.4, 0.5, 0.6, 0.8, 1], 0.6)], "view"),
    "rephotographed": ("max", [("screen", screen, [0.02, 0.04, 0.07, 0.12, 0.2], 0.07), ("moire", moire, [0.02, 0.04, 0.07, 0.12, 0.2], 0.07)], "view"),
}
