"""Draws job.json with ReportLab: `prepare` converts the Chinese font's outlines, `draw` writes job.pdf and says milliseconds of CPU and bytes."""

import json
import os
import sys
import time


def prepare():
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import TTFont, newTable

    import reportlab  # noqa: F401  a clear message now rather than later

    used = {c for part in ("backdrops", "pages") for c in json.dumps(json.load(open("job.json"))[part], ensure_ascii=False)}
    from fontTools import subset

    # The whole font would take minutes to convert and is never embedded whole: the same signs are in it as the job needs.
    options = subset.Options()
    options.glyph_names, options.notdef_outline = False, True
    font = TTFont("han.otf")
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(c) for c in used])
    cutter.subset(font)
    outlines, order = font.getGlyphSet(), font.getGlyphOrder()
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(outlines)
        outlines[name].draw(Cu2QuPen(pen, 1.0, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, glyphs
    for tag in ("CFF ", "VORG"):
        if tag in font:
            del font[tag]
    top = font["maxp"]
    top.tableVersion = 0x00010000
    for field in "maxZones maxTwilightPoints maxStorage maxFunctionDefs maxInstructionDefs maxStackElements maxSizeOfInstructions maxComponentElements".split():
        setattr(top, field, 0)
    top.maxZones = 1
    post = font["post"]
    post.formatType, post.extraNames, post.mapping, post.glyphOrder = 2.0, [], {}, order
    font.sfntVersion = "\x00\x01\x00\x00"
    font.save("han.ttf")


def item(canvas, height, one):
    kind = one[0]
    if kind == "text":
        _, x, baseline, size, colour, pieces = one
        canvas.setFillColorRGB(*colour)
        text = canvas.beginText(x, height - baseline)
        for font, run in pieces:
            text.setFont(font, size)
            text.textOut(run)
        canvas.drawText(text)
    elif kind == "photo":
        _, x, y, width, tall, name = one
        canvas.drawImage(name, x, height - y - tall, width, tall)
    elif kind == "fill":
        _, x, y, width, tall, colour, radius = one
        canvas.setFillColorRGB(*colour)
        if radius > 0:
            canvas.roundRect(x, height - y - tall, width, tall, radius, stroke=0, fill=1)
        else:
            canvas.rect(x, height - y - tall, width, tall, stroke=0, fill=1)
    elif kind == "stroke":
        _, points, width, colour = one
        canvas.setStrokeColorRGB(*colour)
        canvas.setLineWidth(width)
        path = canvas.beginPath()
        path.moveTo(points[0][0], height - points[0][1])
        for x, y in points[1:]:
            path.lineTo(x, height - y)
        canvas.drawPath(path)
    elif kind == "modules":
        _, x, y, wide, tall, runs = one
        canvas.setFillColorRGB(0, 0, 0)
        path = canvas.beginPath()
        for left, top, width, rows in runs:
            path.rect(x + left * wide, height - y - (top + rows) * tall, width * wide, rows * tall)
        canvas.drawPath(path, stroke=0, fill=1)


def draw():
    from reportlab import rl_config
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    job = json.load(open("job.json"))
    rl_config.useA85 = 0  # photos as they are, not as text
    start = time.process_time()
    for name in ("regular", "bold", "han"):
        pdfmetrics.registerFont(TTFont(name, name + ".ttf"))
    canvas = Canvas("job.pdf", pagesize=job["pages"][0]["size"], pageCompression=1)
    for number, items in enumerate(job["backdrops"]):
        canvas.beginForm(f"backdrop{number}")
        for one in items:
            item(canvas, job["pages"][number]["size"][1], one)
        canvas.endForm()
    for page in job["pages"]:
        canvas.setPageSize(page["size"])
        canvas.doForm(f"backdrop{page['backdrop']}")
        for one in page["items"]:
            item(canvas, page["size"][1], one)
        canvas.showPage()
    canvas.save()
    print((time.process_time() - start) * 1000, os.path.getsize("job.pdf"))


{"prepare": prepare, "draw": draw}[sys.argv[1]]()
