package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"aws-access-bot/internal/provision"
)

// telling shows how far a sync or a plan is. told is called by one goroutine;
// end takes what must not stay away.
type telling interface {
	told(provision.Progress)
	end()
}

// silence tells nobody.
type silence struct{}

func (silence) told(provision.Progress) {}
func (silence) end()                    {}

// tells returns how progress is shown on stderr: on a terminal one line that is
// rewritten in place, elsewhere whatever otherwise makes. What p writes to stderr
// meanwhile does not run into that line.
func (p program) tells(otherwise func(io.Writer) telling) (program, telling) {
	if p.width == nil || p.getenv("TERM") == "dumb" {
		return p, otherwise(p.stderr)
	}
	if _, ok := p.width(p.stderr); !ok {
		return p, otherwise(p.stderr)
	}
	to := p.stderr
	l := &liveLine{to: to, width: func() int {
		columns, _ := p.width(to)
		return columns
	}, colour: p.getenv("NO_COLOR") == ""}
	p.stderr = l
	return p, l
}

// liveLine is a line on a terminal that shows how far it is, and the writer for
// everything else there.
type liveLine struct {
	to     io.Writer
	width  func() int // asked each time: windows change their size
	colour bool

	mu    sync.Mutex // guards what follows, and the order of what is written
	shown bool
}

// The control sequences of a terminal (ECMA-48) that a live line needs.
const (
	clearLine = "\r\x1b[K"
	redText   = "\x1b[31m"
	plainText = "\x1b[0m"
)

func (l *liveLine) told(at provision.Progress) {
	text := clip(progressText(at), l.width()-1) // a full line would wrap
	if w := at.Work; l.colour && w != nil && w.Failed > 0 {
		failed := fmt.Sprintf("%d failed", w.Failed)
		text = strings.Replace(text, failed, redText+failed+plainText, 1)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.to, clearLine+text)
	l.shown = true
}

func (l *liveLine) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
}

// clear takes the line away; mu is held.
func (l *liveLine) clear() {
	if l.shown {
		_, _ = io.WriteString(l.to, clearLine)
	}
	l.shown = false
}

// Write implements io.Writer: the line gives way to what is written, and comes
// back with the next news.
func (l *liveLine) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	return l.to.Write(data)
}

// clip cuts a text to some columns, with a mark where something is missing.
func clip(text string, columns int) string {
	if columns < 1 {
		return ""
	}
	if utf8.RuneCountInString(text) <= columns {
		return text
	}
	return string([]rune(text)[:columns-1]) + "…"
}

// plainLines says each stage once, a line each: for logs and pipes.
type plainLines struct {
	to   io.Writer
	said map[string]bool
}

func newPlainLines(w io.Writer) telling { return &plainLines{w, map[string]bool{}} }

func (l *plainLines) told(at provision.Progress) {
	line := stageText(at)
	if line == "" || l.said[line] || l.said[string(at.Stage)] {
		return
	}
	l.said[line], l.said[string(at.Stage)] = true, true
	_, _ = fmt.Fprintln(l.to, line)
}

func (l *plainLines) end() {}

// jsonLines says all news, an object a line: for machines.
type jsonLines struct{ enc *json.Encoder }

func newJSONLines(w io.Writer) telling { return jsonLines{json.NewEncoder(w)} }

func (l jsonLines) told(at provision.Progress) { _ = l.enc.Encode(at) }
func (l jsonLines) end()                       {}

// stageText says what is being done, without how far it is.
func stageText(at provision.Progress) string {
	switch at.Stage {
	case provision.StageReading:
		return "reading what is live in AWS"
	case provision.StageLooking:
		return fmt.Sprintf("looking for %d groups and users in Identity Center", at.Total)
	case provision.StageMembers:
		return fmt.Sprintf("reading %d groups and users in Entra", at.Total)
	case provision.StageOperating:
		if at.Total == 1 {
			return "1 operation is due in AWS"
		}
		return fmt.Sprintf("%d operations are due in AWS", at.Total)
	}
	return ""
}

// progressText says how far it is, on one line.
func progressText(at provision.Progress) string {
	if at.Work != nil {
		return "AWS: " + workText(*at.Work)
	}
	text := stageText(at)
	if at.Total > 0 {
		text += fmt.Sprintf(": %d of %d", at.Done, at.Total)
	}
	return text
}

// workText is how operations go: what there is none of is left out.
func workText(w provision.Work) string {
	text := fmt.Sprintf("%d of %d operations done", w.Done, w.Due)
	for _, x := range []struct {
		n    int
		what string
	}{{w.Failed, "failed"}, {w.Running, "under way"}, {w.Unlisted, "not listed yet"}, {w.Waiting, "waiting for Entra"}, {w.Held, "held back"}} {
		if x.n > 0 {
			text += fmt.Sprintf(", %d %s", x.n, x.what)
		}
	}
	if w.Rate > 0 {
		text += fmt.Sprintf("; %.1f a second, %s", w.Rate, provision.About(time.Duration(w.Seconds)*time.Second))
	}
	return text
}
