"""Cuts Noto Sans SC into the two files that the program embeds.

    cut.py NotoSansSC_400Regular.ttf

common.ttf.gz has GB 2312 and what our papers write beside it; rare.ttf.gz has
every other Chinese character of the font. `make fonts` runs it with Debian's
fonttools. The same source and fonttools give the same bytes.
"""

import gzip
import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

# Latin letters, punctuation, arrows, circled numbers, the zero 〇, full width.
EXTRA = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x2010, 0x2027), (0x2030, 0x203B), (0x20AC, 0x20AC),
    (0x2103, 0x2103), (0x2116, 0x2116), (0x2150, 0x218B), (0x2190, 0x2199), (0x2200, 0x22FF),
    (0x2460, 0x24FF), (0x2500, 0x25FF), (0x2600, 0x2606), (0x2713, 0x2717), (0x3000, 0x303F),
    (0x3041, 0x3105), (0x3220, 0x324F), (0x32FF, 0x33FF), (0xFE30, 0xFE4F), (0xFF01, 0xFFE6),
]


def ideograph(c):
    return 0x3400 <= c <= 0x4DBF or 0x4E00 <= c <= 0x9FFF or 0xF900 <= c <= 0xFAFF or 0x20000 <= c <= 0x3FFFF


def in_gb2312(c):
    try:
        return chr(c).encode("gb2312") != b""
    except UnicodeEncodeError:
        return False


def cut(source, codes, target):
    options = subset.Options(layout_features=[], hinting=False, glyph_names=False, name_IDs=[0, 1, 2, 5, 6, 13, 14],
                             name_languages=[0x409], notdef_outline=True, recalc_timestamp=False,
                             drop_tables=["BASE", "GDEF", "GPOS", "GSUB", "STAT", "vhea", "vmtx", "gasp", "prep"])
    font = TTFont(source, recalcTimestamp=False)
    s = subset.Subsetter(options)
    s.populate(unicodes=codes)
    s.subset(font)
    plain = target.with_suffix("")
    font.save(plain)
    target.write_bytes(gzip.compress(plain.read_bytes(), 9, mtime=0))
    print(f"{target.name}: {len(codes)} characters, {plain.stat().st_size} bytes, {target.stat().st_size} packed")
    plain.unlink()


def main():
    source, here = sys.argv[1], pathlib.Path(__file__).parent
    has = set(TTFont(source).getBestCmap())
    extra = {c for a, b in EXTRA for c in range(a, b + 1)}
    common = {c for c in has if c in extra or in_gb2312(c)}
    cut(source, common, here / "common.ttf.gz")
    cut(source, {c for c in has - common if ideograph(c)}, here / "rare.ttf.gz")


main()
