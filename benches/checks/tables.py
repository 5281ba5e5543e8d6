"""From measures to words: recall, false alarms and their bounds, threshold curves, and the document they stand in."""
import math
import re

# Labels of PROVENANCE.tsv and the checks that should speak of them.
LABELS = {
    "eyes_closed": ["eyes_open"], "eyes_closed / looking down": ["eyes_open", "pitch"], "hat (cap), three-quarter view": ["roll", "yaw"], "profile (yaw)": ["yaw"],
    "roll": ["roll"], "second face at edge": ["face_count"], "pixels rotated 90": ["roll"], "pixels rotated 180": ["roll"], "pixels rotated 270": ["roll"],
    "blurred": ["blur"], "screen re-photograph (spoof)": ["rephotographed"], "2 faces": ["face_count"], "several faces": ["face_count"], "5 faces": ["face_count"],
    "6 faces": ["face_count"], "8 faces": ["face_count"], "no_face": ["face_count"], "face cut by image edge": ["cut_off"],
    "head cut at top, too close": ["cut_off"], "mouth_open expression": ["mouth_open"],
}


def wilson(hits, count):
    """The 95 % bounds of a share (Wilson, 1927)."""
    if not count:
        return float("nan"), float("nan")
    z, share = 1.96, hits / count
    middle, spread = share + z * z / (2 * count), z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max((middle - spread) / (1 + z * z / count), 0.0), (middle + spread) / (1 + z * z / count)


def share(hits, count):
    low, high = wilson(hits, count)
    return f"{hits}/{count} = {hits / count:.2f} ({low:.2f}–{high:.2f})" if count else "—"


def failed(check, limits, word="fail"):
    """Whether a measure lies outside the standard's limits as they are now, so that raw measures can be read again with other limits."""
    if check is None or check["value"] is None:
        return False
    pairs = limits[check["id"]]
    out = lambda pair: check["value"] < pair.get("min", -math.inf) or check["value"] > pair.get("max", math.inf)
    return out(pairs.get("fail", {})) or (word == "warn" and out(pairs.get("warn", {})))


def at_first(faults):
    return {(name, start) for name, _, _, start in faults}


def beyond(value, limit, side):
    return {"max": value > limit, "min": value < limit, "both": abs(value) > limit}[side]


def rates(good, faulty, faults, limits, half, word, real=None):
    at = at_first(faults)
    good = [row for row in good if row[1] == half and row[3] is not None and (real is None or row[2] == real)]
    bad = [row for row in faulty if (row[0], row[1]) in at and row[3] == half and (real is None or row[4] == real)]
    return (sum(failed(row[5], limits, word) for row in bad), len(bad)), (sum(failed(row[3], limits, word) for row in good), len(good))


def curve(good, faulty, faults, side, half, around):
    """Recall and false alarms of half `half` over thresholds around the limit."""
    at = at_first(faults)
    value = lambda check: None if check is None or check["value"] is None else check["value"]
    good = [value(row[3]) for row in good if row[1] == half]
    bad = [value(row[5]) for row in faulty if (row[0], row[1]) in at and row[3] == half]
    lines = []
    for threshold in around:
        hits = sum(v is not None and beyond(v, threshold, side) for v in bad)
        alarms = sum(v is not None and beyond(v, threshold, side) for v in good)
        lines.append((threshold, hits / max(len(bad), 1), alarms / max(len(good), 1)))
    return lines


def thresholds(limit, side):
    factors = (0.4, 0.6, 0.8, 1, 1.25, 1.6, 2.2) if side != "min" else (0.45, 0.6, 0.8, 1, 1.15, 1.3, 1.6)
    return [limit * factor for factor in factors]


def limit_of(limits, code, side):
    pair = limits[code].get("fail") or limits[code]["warn"]
    return pair["min" if side == "min" else "max"], "fail" if "fail" in limits[code] else "warn"


def figures(code, side, faults, result, limits):
    limit, word = limit_of(limits, code, side)
    good, faulty = result["good"][code], result["faulty"][code]
    out = [f"Limit: {word} {'below' if side == 'min' else 'above'} {limit:g}." if side != "both" else f"Limit: {word} outside ±{limit:g}." if code != "face_count" else "Limit: exactly one."]
    out.append("")
    for half, title in (("B", "Half B, reported"), ("A", "Half A, chosen on")):
        (hits, bad), (alarms, fine) = rates(good, faulty, faults, limits, half, word)
        line = f"{title}: recall {share(hits, bad)}, false alarms {share(alarms, fine)}"
        if half == "B":
            (real_hits, real_bad), (real_alarms, real_fine) = rates(good, faulty, faults, limits, half, word, True)
            line += f"; of these on real people recall {share(real_hits, real_bad)}, false alarms {share(real_alarms, real_fine)}"
            if word == "fail" and "warn" in limits[code]:
                (soft, _), (soft_alarms, _) = rates(good, faulty, faults, limits, half, "warn")
                line += f"; with a warning counted, recall {share(soft, bad)}, false alarms {share(soft_alarms, fine)}"
        out.append(line + ".")
        out.append("")
    out += ["| fault | " + " | ".join(f"{index}" for index in ("weakest", "weak", "middle", "strong", "strongest")) + " |", "|---|---|---|---|---|---|"]
    for name, _, strengths, first in faults:
        cells = []
        for strength in strengths:
            rows = [row for row in faulty if row[0] == name and row[1] == strength and row[3] == "B"]
            mark = "**" if strength == first else ""
            cells.append(f"{strength:g}: {mark}{sum(failed(row[5], limits, word) for row in rows) / max(len(rows), 1):.2f}{mark}")
        out.append(f"| {name} | " + " | ".join(cells) + " |")
    if code != "face_count":
        lines = curve(good, faulty, faults, side, "B", thresholds(limit, side))
        out += ["", "| threshold | " + " | ".join(f"{line[0]:.3g}" for line in lines) + " |", "|---|" + "---|" * len(lines),
                "| recall | " + " | ".join(f"{line[1]:.2f}" for line in lines) + " |", "| false alarms | " + " | ".join(f"{line[2]:.2f}" for line in lines) + " |"]
    return "\n".join(out)


def summary(kinds, result, limits):
    out = ["| check | recall, half B | false alarms, half B | n faulty / good | with warnings: recall / false alarms |", "|---|---|---|---|---|"]
    for code, (side, faults) in kinds.items():
        if code not in result["faulty"]:
            continue
        word = limit_of(limits, code, side)[1]
        (hits, bad), (alarms, fine) = rates(result["good"][code], result["faulty"][code], faults, limits, "B", word)
        (soft, _), (soft_alarms, _) = rates(result["good"][code], result["faulty"][code], faults, limits, "B", "warn")
        bounds = lambda h, n: "{:.2f} ({:.2f}–{:.2f})".format(h / max(n, 1), *wilson(h, n))
        out.append(f"| `{code}`{' (warns)' if word == 'warn' else ''} | {bounds(hits, bad)} | {bounds(alarms, fine)} | {bad} / {fine} | {soft / max(bad, 1):.2f} / {soft_alarms / max(fine, 1):.2f} |")
    return "\n".join(out)


def skin(result, limits):
    codes = ["underexposed", "overexposed", "colour_cast", "uneven_light", "tinted_glasses", "blur", "red_eye"]
    out = ["| reflectance of the skin | n | " + " | ".join(f"`{code}`" for code in codes) + " |", "|---|---|" + "---|" * len(codes)]
    for level in sorted({row[0] for row in result["skin"]}, reverse=True):
        rows = [row for row in result["skin"] if row[0] == level]
        rows = [row for row in rows if row[4]]
        out.append(f"| {level:g} × own | {len(rows)} | " + " | ".join(f"{sum(failed(row[4].get(code), limits) for row in rows)}" for code in codes) + " |")
    return "\n".join(out)


def verdict(check, limits):
    if check is None or check["value"] is None:
        return "unknown"
    word = "fail" if failed(check, limits) else "warn" if failed(check, limits, "warn") else "pass"
    return f"{word} ({check['value']:.2f})"


def labelled(result, limits):
    out = ["| picture | label | asked | verdict and value | everything else that failed |", "|---|---|---|---|---|"]
    for file, label, checks in result["labelled"]:
        asked = LABELS.get(label, [])
        others = [code for code, check in checks.items() if failed(check, limits) and code not in asked]
        word = lambda code: f"{code} {verdict(checks.get(code), limits)}"
        if label or file.startswith("bad_faces"):
            out.append(f"| {file} | {label or '(none)'} | {', '.join(asked) or '—'} | {'; '.join(word(code) for code in asked) or '—'} | {', '.join(others) or '—'} |")
    return "\n".join(out)


def document(result, limits, words):
    from faults import FAULTS, WALL_FAULTS
    kinds = {code: (side, faults) for code, (side, faults, _) in FAULTS.items()} | {code: (side, faults) for code, (side, _, faults) in WALL_FAULTS.items()}
    parts = {f"figures {code}": figures(code, side, faults, result, limits) for code, (side, faults) in kinds.items() if code in result["faulty"]}
    parts |= {"summary": summary(kinds, result, limits), "skin": skin(result, limits) if result["skin"] else None, "labelled": labelled(result, limits) if result["labelled"] else None, "asked": str(result["asked"])}
    missing = "Not measured in this run."
    return re.sub(r"<!-- (.+?) -->", lambda found: parts.get(found[1]) or missing, words)
