package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progress draws a bar on a terminal, on standard error while results go to a
// file or a pipe. A nil progress draws nothing, so that nobody has to ask.
type progress struct {
	w     io.Writer
	clock func() time.Time
	total int
	done  int
	last  time.Time // when the bar was drawn
	drawn bool
}

// interval is how often the bar moves: faster is flicker, slower looks stuck.
const interval = 100 * time.Millisecond

// expect adds to what there is to do.
func (p *progress) expect(n int) {
	if p != nil {
		p.total += n
	}
}

// step counts one thing as done.
func (p *progress) step() {
	if p == nil {
		return
	}
	p.done++
	if now := p.clock(); now.Sub(p.last) >= interval {
		p.last = now
		p.draw()
	}
}

func (p *progress) draw() {
	const width = 30
	if p.total == 0 {
		fmt.Fprintf(p.w, "\r%d", p.done)
	} else {
		full := min(width*p.done/p.total, width)
		fmt.Fprintf(p.w, "\r[%s%s] %d/%d", strings.Repeat("=", full), strings.Repeat(" ", width-full), p.done, p.total)
	}
	p.drawn = true
}

// clear takes the bar off the terminal, before something else is written there
// and at the end.
func (p *progress) clear() {
	if p != nil && p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K") // to the first column; erase the line
		p.drawn = false
	}
}
