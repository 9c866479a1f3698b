package manifest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// The icons are a speech bubble with a key in it. They are drawn with integers
// only, so that they are the same everywhere: a pixel is looked at in samples
// squared points, and how many of them are inside is how much of it is covered.
const (
	samples = 8
	// unit is one pixel; points lie between the units.
	unit = 2 * samples
)

// Accent is the background of the color icon.
const Accent = "#1F6F5C"

func accent() color.NRGBA { return color.NRGBA{R: 0x1f, G: 0x6f, B: 0x5c, A: 0xff} }

// shape reports whether a point is inside.
type shape func(x, y int) bool

// px is a length in tenths of a pixel, in units of the drawing times ten.
// Comparing ten times a point with it keeps to whole numbers.
func px(tenths int) int { return tenths * unit }

// box is a rectangle with rounded corners, in tenths of a pixel.
func box(left, top, right, bottom, radius int) shape {
	l, t, r, b, rad := px(left), px(top), px(right), px(bottom), px(radius)
	return func(x, y int) bool {
		x, y = 10*x, 10*y
		dx := max(l+rad-x, x-(r-rad), 0)
		dy := max(t+rad-y, y-(b-rad), 0)
		return dx*dx+dy*dy <= rad*rad && x >= l && x <= r && y >= t && y <= b
	}
}

// disc is a circle, in tenths of a pixel.
func disc(cx, cy, radius int) shape {
	return box(cx-radius, cy-radius, cx+radius, cy+radius, radius)
}

// triangle has its corners in clockwise order, in tenths of a pixel.
func triangle(x1, y1, x2, y2, x3, y3 int) shape {
	side := func(ax, ay, bx, by int) shape {
		ax, ay, bx, by = px(ax), px(ay), px(bx), px(by)
		return func(x, y int) bool { return (bx-ax)*(10*y-ay)-(by-ay)*(10*x-ax) >= 0 }
	}
	a, b, c := side(x1, y1, x2, y2), side(x2, y2, x3, y3), side(x3, y3, x1, y1)
	return func(x, y int) bool { return a(x, y) && b(x, y) && c(x, y) }
}

func union(all ...shape) shape {
	return func(x, y int) bool {
		for _, s := range all {
			if s(x, y) {
				return true
			}
		}
		return false
	}
}

// without is what of s is not in any other.
func without(s shape, others ...shape) shape {
	hole := union(others...)
	return func(x, y int) bool { return s(x, y) && !hole(x, y) }
}

// covered is how many of the points of a pixel are inside.
func covered(s shape, col, row int) int {
	n := 0
	for i := range samples {
		for j := range samples {
			if s(col*unit+2*i+1, row*unit+2*j+1) {
				n++
			}
		}
	}
	return n
}

// ColorIcon draws the icon of 192 pixels in full color, a PNG: white on the
// accent color, inside the 120 pixels in the middle that Teams never cuts.
func ColorIcon() ([]byte, error) {
	key := union(
		without(disc(720, 860, 220), disc(720, 860, 100)),
		box(900, 800, 1360, 920, 20),
		box(1110, 860, 1210, 1090, 20), box(1260, 860, 1360, 1050, 20),
	)
	bubble := union(box(360, 400, 1560, 1320, 220), triangle(560, 1280, 960, 1280, 560, 1560))
	white := without(bubble, key)
	img := image.NewNRGBA(image.Rect(0, 0, 192, 192))
	back := accent()
	const all = samples * samples
	for row := range 192 {
		for col := range 192 {
			n := covered(white, col, row)
			mix := func(v uint8) uint8 { return uint8((int(v)*(all-n) + 255*n + all/2) / all) }
			img.SetNRGBA(col, row, color.NRGBA{R: mix(back.R), G: mix(back.G), B: mix(back.B), A: 0xff})
		}
	}
	return encodePNG(img)
}

// OutlineIcon draws the icon of 32 pixels, a PNG in which everything is white
// and more or less transparent.
func OutlineIcon() ([]byte, error) {
	rim := without(union(box(10, 30, 310, 250, 50), triangle(60, 240, 150, 240, 60, 310)), box(30, 50, 290, 230, 30))
	key := union(
		without(disc(100, 140, 45), disc(100, 140, 20)),
		box(130, 130, 260, 150, 0),
		box(200, 140, 220, 190, 0), box(240, 140, 260, 180, 0),
	)
	lines := union(rim, key)
	img := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	for row := range 32 {
		for col := range 32 {
			n := covered(lines, col, row)
			img.SetNRGBA(col, row, color.NRGBA{R: 0xff, G: 0xff, B: 0xff, A: uint8((255*n + samples*samples/2) / (samples * samples))})
		}
	}
	return encodePNG(img)
}

func encodePNG(img image.Image) ([]byte, error) {
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, img); err != nil {
		return nil, fmt.Errorf("write an icon: %w", err)
	}
	return out.Bytes(), nil
}
